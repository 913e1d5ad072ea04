"""Sets the demo up through public interfaces only: the console's API, the tenants' API, the clocks' own protocols.

Every part may be repeated: a second run finds what exists and changes nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from control_plane.local import process
from control_plane.local.home import free_ports, write_private
from control_plane.local.platform import CLI_CLIENT, Platform
from control_plane.local.process import Lock, Program
from foundation.outbound import http_client
from punctual.demo import month_end
from punctual.demo.api import Api, token_headers, until
from punctual.demo.clocks import ClocksConfig
from punctual.demo.companies import COMPANIES, Company
from punctual.demo.history import RESET_CLOCK_TIME
from punctual.demo.master_data import enter_master_data
from punctual.demo.owner_sign_in import sign_in
from punctual.demo.reports import create_reports
from punctual.demo.scenario import Scenario, scenario_of

# One OAuth client with all rights that the demo needs, and one that may propose corrections but not approve them.
SCOPES = [
    *("staff:read", "staff:create", "staff:update", "staff:sync", "settings:read", "settings:update"),
    *("devices:read", "devices:create", "devices:update", "devices:approve", "devices:sync"),
    *("attendance:read", "attendance:update", "attendance:approve"),
    *("biometrics:read", "biometrics:create", "biometrics:update"),
    *("reports:read", "reports:create", "reports:export"),
]
LEAD_SCOPES = ["staff:read", "attendance:read", "attendance:update"]
DESK, LEAD = "HR desk", "Shift lead"

Progress = Callable[[str], None]


class DemoState(BaseModel):
    """What the demo keeps between runs: its clients at the tenants' APIs, the ports of its pull clocks and of its
    payroll system, the local date on which each organisation's scenario began, and which parts are done."""

    model_config = ConfigDict(extra="forbid")

    clients: dict[str, tuple[str, str]] = {}
    ports: dict[str, int] = {}
    webhook_port: int = 0
    began: dict[str, date] = {}
    done: list[str] = []


@dataclass(frozen=True)
class SignIn:
    """Address and account with which to sign in at one portal."""

    name: str
    zone: str
    portal_url: str
    user_name: str
    password: str


class DemoSetup:
    """The demo of one platform."""

    def __init__(self, platform: Platform, progress: Progress) -> None:
        self._platform = platform
        self._say = progress
        self._folder = platform.home.root / "demo"
        self._lock = Lock(self._folder / "clocks.lock")
        self._state_file = self._folder / "state.json"
        self._desks: dict[str, Api] = {}

    async def run(self) -> list[SignIn]:
        """Onboard, enter data, connect clocks, and wait until the history and a live punch are on the dashboards."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = self._state_file.exists()
        self._state = DemoState.model_validate_json(self._state_file.read_text()) if found else DemoState()
        self._allot_ports()
        places = self._platform.places
        async with http_client(ca_file=places.ca_file, timeout=30) as http:
            self._http = http
            client = (CLI_CLIENT, self._platform.state.cli_client_secret)
            self._console = Api(http, places.console_url, await token_headers(http, places.console_url, client))
            await asyncio.gather(*(self._onboard(company) for company in COMPANIES))
            await asyncio.gather(*(self._enter_master_data(company) for company in COMPANIES))
            began = time.monotonic()
            self._start_clocks()
            await asyncio.gather(*(self._await_history(company) for company in COMPANIES))
            self._say(f"Clocks are connected, their history is in ({time.monotonic() - began:.1f} s)")
            await asyncio.gather(*(self._close_month(company) for company in COMPANIES))
            await asyncio.gather(*(self._await_live_punch(company) for company in COMPANIES))
            return [await self._sign_in(company) for company in COMPANIES]

    async def stop_clocks(self) -> None:
        """End the clocks' process; fine when there is none."""
        await self._lock.end(5)

    # -- the console ------------------------------------------------------------------------------------------------

    async def _onboard(self, company: Company) -> None:
        began = time.monotonic()
        document = {
            "slug": company.slug,
            "name": company.name,
            "zone": company.zone,
            "owner_email": company.owner_email,
            "owner_name": company.owner_name,
        }
        created = await self._console.add("/organisations", document)

        async def active() -> object:
            found = await self._console.get(f"/organisations/{company.slug}")
            return found["phase"] == "active" or [step["state"] for step in found["steps"]]

        await until(active, f"{company.name} did not become active; see {self._platform.places.console_url}")
        if created:
            self._say(f"{company.name} is onboarded ({time.monotonic() - began:.1f} s)")

    async def _sign_in(self, company: Company) -> SignIn:
        answer = await self._console.get(f"/organisations/{company.slug}/sign-in")
        return SignIn(
            name=company.name,
            zone=company.zone,
            portal_url=str(answer["portal_url"]),
            user_name=str(answer["user_name"]),
            password=str(answer["initial_password"]),
        )

    # -- the tenants ------------------------------------------------------------------------------------------------

    async def _tenant(self, company: Company, name: str = DESK, scopes: list[str] = SCOPES) -> Api:
        """The organisation's API, as the OAuth client of that name."""
        key = f"{company.slug} {name}"
        if key not in self._state.clients:
            made = await self._console.post(f"/organisations/{company.slug}/clients", {"name": name, "scopes": scopes})
            self._state.clients[key] = (str(made["client_id"]), str(made["client_secret"]))
            self._save_state()
        url = f"https://{company.slug}.{self._platform.base_domain}"
        return Api(self._http, url, await token_headers(self._http, url, self._state.clients[key]))

    async def _once(self, company: Company, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do a part of the setup once; one that was interrupted is done again."""
        key = f"{company.slug} {name}"
        if key not in self._state.done:
            await work()
            self._state.done.append(key)
            self._save_state()

    def _scenario(self, company: Company) -> Scenario:
        today = datetime.now(ZoneInfo(company.zone)).date()
        return scenario_of(company, self._state.began.setdefault(company.slug, today))

    async def _enter_master_data(self, company: Company) -> None:
        desk, scenario = await self._tenant(company), self._scenario(company)
        self._desks[company.slug] = desk
        ports, webhook_port = self._state.ports, self._state.webhook_port
        await self._once(company, "master data", lambda: enter_master_data(desk, company, scenario, ports))
        await self._once(company, "webhook", lambda: month_end.subscribe(desk, company, webhook_port))

    async def _close_month(self, company: Company) -> None:
        began = time.monotonic()
        desk, scenario, folder = self._desks[company.slug], self._scenario(company), self._folder
        fresh = f"{company.slug} reports" not in self._state.done
        lead = await self._tenant(company, LEAD, LEAD_SCOPES)
        await self._once(company, "compute", lambda: month_end.compute(desk, scenario))
        await self._once(company, "corrections", lambda: month_end.correct(desk, lead, scenario))
        await self._once(company, "close", lambda: month_end.close(desk, company, scenario))
        await self._once(company, "late punches", lambda: month_end.late_punches(desk, company, scenario, folder))
        await self._once(company, "rename", lambda: month_end.rename_at_clock(desk, company, folder))
        await self._once(company, "finger", lambda: month_end.capture_finger(desk, company))
        await self._once(company, "reports", lambda: self._create_reports(company))
        if fresh:
            took = time.monotonic() - began
            self._say(f"{company.name}: {scenario.first:%B} is approved, closed, paid ({took:.1f} s)")

    async def _create_reports(self, company: Company) -> None:
        person = await self._sign_in(company)
        async with http_client(ca_file=self._platform.places.ca_file, timeout=30) as http:
            await create_reports(await sign_in(http, person.portal_url, person.user_name, person.password), company)

    def _save_state(self) -> None:
        write_private(self._state_file, self._state.model_dump_json())

    async def _await_history(self, company: Company) -> None:
        """Every clock's log so far is stored: the counts are compared, clock by clock."""
        expected: dict[str, int] = {}

        async def written() -> object:
            expected.update({role.serial: _good_lines(self._folder / f"{role.serial}.csv") for role in company.clocks})
            return all(expected.values()) or sum(expected.values())

        async def complete() -> object:
            found = await self._desks[company.slug].items("/api/devices")
            stored = {each["device_serial"]: each["stored_punches"] for each in found}
            missing = sum(max(0, count - stored.get(serial, 0)) for serial, count in expected.items())
            return missing == 0 or missing

        await until(written, "The demo's clocks did not start; see logs/demo-clocks.log")
        await until(complete, f"The clocks of {company.name} did not deliver their history")

    async def _await_live_punch(self, company: Company) -> None:
        began = time.time()

        async def seen() -> bool:
            items = (await self._desks[company.slug].get("/api/attendance/logs", limit=1))["items"]
            return bool(items) and datetime.fromisoformat(str(items[0]["received_at"])).timestamp() >= began

        await until(seen, f"No live punch of {company.name} arrived")

    # -- the clocks -------------------------------------------------------------------------------------------------

    def _allot_ports(self) -> None:
        pulled = [role.serial for company in COMPANIES for role in company.clocks if role.connection == "pull"]
        if set(pulled) != set(self._state.ports) or not self._state.webhook_port:
            *ports, self._state.webhook_port = free_ports(len(pulled) + 1)
            self._state.ports = dict(zip(pulled, ports, strict=True))
            self._save_state()

    def _start_clocks(self) -> None:
        config = ClocksConfig(
            folder=self._folder,
            ca_file=self._platform.places.ca_file,
            push_urls={each.slug: f"https://{each.slug}.devices.{self._platform.base_domain}" for each in COMPANIES},
            ports=self._state.ports,
            webhook_port=self._state.webhook_port,
        )
        path = self._folder / "clocks.json"
        write_private(path, config.model_dump_json())
        program = Program(
            name="The demo's clocks",
            command=(sys.executable, "-m", "punctual.demo.clocks", str(path)),
            cwd=self._folder,
            log=self._platform.home.logs / "demo-clocks.log",
            environment={"PYTHONUNBUFFERED": "1"},
        )
        process.start(program, self._lock)


def _good_lines(path: Path) -> int:
    """How many punches a clock's kept log has that will be stored; 0 until the clock has written it."""
    if not path.exists():
        return 0
    return sum(RESET_CLOCK_TIME not in line for line in path.read_text().splitlines())
