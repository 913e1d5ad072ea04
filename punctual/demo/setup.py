"""Sets the demo up through the public roads only: the console's API, the tenants' API, the clocks' own protocols.

Every act may be repeated: a second run finds what is there and changes nothing.
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
from punctual.demo.clocks import Scene
from punctual.demo.companies import COMPANIES, Company
from punctual.demo.history import LOST_ITS_TIME
from punctual.demo.master_data import set_up
from punctual.demo.owner_sign_in import signed_in
from punctual.demo.reports import keep_reports
from punctual.demo.scenario import Script, script_of
from punctual.demo.tenant_api import Tenant, checked, until

# A program that looks after everything, and one that may propose but not approve.
SCOPES = [
    *("staff:read", "staff:create", "staff:update", "staff:sync", "settings:read", "settings:update"),
    *("devices:read", "devices:create", "devices:update", "devices:approve", "devices:sync"),
    *("attendance:read", "attendance:update", "attendance:approve"),
    *("biometrics:read", "biometrics:create", "biometrics:update"),
    *("reports:read", "reports:create", "reports:export"),
]
LEAD_SCOPES = ["staff:read", "attendance:read", "attendance:update"]
DESK, LEAD = "HR desk", "Shift lead"
ACTIVE_SECONDS = 60
HISTORY_SECONDS = 90

Progress = Callable[[str], None]


class Memory(BaseModel):
    """What the demo keeps between runs: its clients at the tenants' APIs, the ports of its pull clocks and of its
    payroll system, the local date on which each organisation's script began, and which acts are over."""

    model_config = ConfigDict(extra="ignore")

    programs: dict[str, tuple[str, str]] = {}
    ports: dict[str, int] = {}
    webhook_port: int = 0
    began: dict[str, date] = {}
    done: list[str] = []


@dataclass(frozen=True)
class SignIn:
    """How to look at one organisation of the demo."""

    name: str
    zone: str
    portal_url: str
    user_name: str
    password: str


class Stage:
    """The demo of one platform."""

    def __init__(self, platform: Platform, progress: Progress) -> None:
        self._platform = platform
        self._say = progress
        self._folder = platform.home.root / "demo"
        self._lock = Lock(self._folder / "clocks.lock")
        self._memory_file = self._folder / "memory.json"
        self._desks: dict[str, Tenant] = {}

    async def set_up(self) -> list[SignIn]:
        """Onboard, fill, connect, and wait until the history and a live punch are on the dashboards."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._memory = (
            Memory.model_validate_json(self._memory_file.read_text()) if self._memory_file.exists() else Memory()
        )
        self._allot_ports()
        async with http_client(ca_file=self._platform.places.ca_file, timeout=30) as http:
            self._http = http
            self._console = await self._console_headers()
            await asyncio.gather(*(self._onboard(company) for company in COMPANIES))
            await asyncio.gather(*(self._before(company) for company in COMPANIES))
            began = time.monotonic()
            self._switch_clocks_on()
            await asyncio.gather(*(self._await_history(company) for company in COMPANIES))
            self._say(f"Clocks are connected, their history is in ({time.monotonic() - began:.1f} s)")
            await asyncio.gather(*(self._after(company) for company in COMPANIES))
            await asyncio.gather(*(self._await_live_punch(company) for company in COMPANIES))
            return [await self._sign_in(company) for company in COMPANIES]

    async def switch_clocks_off(self) -> None:
        """End the clocks' process; fine when there is none."""
        await self._lock.end(5)

    # -- the console ------------------------------------------------------------------------------------------------

    async def _console_headers(self) -> dict[str, str]:
        client = (CLI_CLIENT, self._platform.state.cli_client_secret)
        return await self._token(self._platform.places.console_url, client)

    async def _token(self, base_url: str, client: tuple[str, str]) -> dict[str, str]:
        answer = await self._http.post(
            f"{base_url}/oauth/token", auth=client, data={"grant_type": "client_credentials"}
        )
        return {"authorization": f"Bearer {checked(answer)['access_token']}"}

    async def _onboard(self, company: Company) -> None:
        began = time.monotonic()
        console = self._platform.places.console_url
        answer = await self._http.get(f"{console}/organisations/{company.slug}", headers=self._console)
        known = answer.status_code == 200
        if not known:
            document = {
                "slug": company.slug,
                "name": company.name,
                "zone": company.zone,
                "owner_email": company.owner_email,
                "owner_name": company.owner_name,
            }
            checked(await self._http.post(f"{console}/organisations", json=document, headers=self._console))

        async def active() -> bool:
            found = await self._http.get(f"{console}/organisations/{company.slug}", headers=self._console)
            return found.status_code == 200 and found.json()["phase"] == "active"

        await until(active, ACTIVE_SECONDS, f"{company.name} did not become active; see {console}")
        if not known:
            self._say(f"{company.name} is onboarded ({time.monotonic() - began:.1f} s)")

    async def _sign_in(self, company: Company) -> SignIn:
        console = self._platform.places.console_url
        answer = checked(await self._http.get(f"{console}/organisations/{company.slug}/sign-in", headers=self._console))
        return SignIn(
            name=company.name,
            zone=company.zone,
            portal_url=str(answer["portal_url"]),
            user_name=str(answer["user_name"]),
            password=str(answer["initial_password"]),
        )

    # -- the tenants ------------------------------------------------------------------------------------------------

    def _api(self, company: Company) -> str:
        return f"https://{company.slug}.{self._platform.base_domain}"

    async def _tenant(self, company: Company, name: str = DESK, scopes: list[str] = SCOPES) -> Tenant:
        """The organisation's API, as the program of that name."""
        key = f"{company.slug} {name}"
        if key not in self._memory.programs:
            console = self._platform.places.console_url
            url = f"{console}/organisations/{company.slug}/clients"
            made = checked(await self._http.post(url, json={"name": name, "scopes": scopes}, headers=self._console))
            self._memory.programs[key] = (str(made["client_id"]), str(made["client_secret"]))
            self._remember()
        headers = await self._token(self._api(company), self._memory.programs[key])
        return Tenant(self._http, self._api(company), headers)

    async def _act(self, company: Company, name: str, play: Callable[[], Awaitable[None]]) -> None:
        """Play an act once; one that was interrupted is played again."""
        key = f"{company.slug} {name}"
        if key not in self._memory.done:
            await play()
            self._memory.done.append(key)
            self._remember()

    def _script(self, company: Company) -> Script:
        today = datetime.now(ZoneInfo(company.zone)).date()
        return script_of(company, self._memory.began.setdefault(company.slug, today))

    async def _before(self, company: Company) -> None:
        desk, script = await self._tenant(company), self._script(company)
        self._desks[company.slug] = desk
        await self._act(company, "premises", lambda: set_up(desk, company, script, self._memory.ports))
        port = self._memory.webhook_port
        await self._act(company, "webhook", lambda: month_end.subscribe(desk, company, port))

    async def _after(self, company: Company) -> None:
        began = time.monotonic()
        desk, script = self._desks[company.slug], self._script(company)
        fresh = f"{company.slug} reports" not in self._memory.done
        lead = await self._tenant(company, LEAD, LEAD_SCOPES)
        await self._act(company, "compute", lambda: month_end.compute(desk, script))
        await self._act(company, "corrections", lambda: month_end.correct(desk, lead, script))
        await self._act(company, "close", lambda: month_end.close(desk, company, script))
        await self._act(company, "late news", lambda: month_end.late_news(desk, company, script, self._folder))
        await self._act(company, "rename", lambda: month_end.rename_at_a_clock(desk, company, self._folder))
        await self._act(company, "finger", lambda: month_end.take_a_finger(desk, company))
        await self._act(company, "reports", lambda: self._keep_reports(company))
        if fresh:
            self._say(f"{company.name}: {script.first:%B} is approved, closed, paid ({time.monotonic() - began:.1f} s)")

    async def _keep_reports(self, company: Company) -> None:
        person = await self._sign_in(company)
        async with http_client(ca_file=self._platform.places.ca_file, timeout=30) as http:
            owner = await signed_in(http, person.portal_url, person.user_name, person.password)
            await keep_reports(owner, company)

    def _remember(self) -> None:
        write_private(self._memory_file, self._memory.model_dump_json())

    async def _await_history(self, company: Company) -> None:
        """Every clock's log so far is stored: the counts are compared, clock by clock."""
        expected = {role.serial: _good_lines(self._folder / f"{role.serial}.csv") for role in company.clocks}

        async def complete() -> bool:
            found = await self._desks[company.slug].items("/api/devices")
            stored = {each["device_serial"]: each["stored_punches"] for each in found}
            return all(count and stored.get(serial, 0) >= count for serial, count in expected.items())

        async def written() -> bool:
            expected.update({serial: _good_lines(self._folder / f"{serial}.csv") for serial in expected})
            return all(expected.values())

        await until(written, HISTORY_SECONDS, "The demo's clocks did not start; see logs/demo-clocks.log")
        await until(complete, HISTORY_SECONDS, f"The clocks of {company.name} did not deliver their history")

    async def _await_live_punch(self, company: Company) -> None:
        began = time.time()

        async def seen() -> bool:
            items = (await self._desks[company.slug].get("/api/attendance/logs", limit=1))["items"]
            return bool(items) and datetime.fromisoformat(str(items[0]["received_at"])).timestamp() >= began

        await until(seen, 30, f"No live punch of {company.name} arrived")

    # -- the clocks -------------------------------------------------------------------------------------------------

    def _allot_ports(self) -> None:
        pulled = [role.serial for company in COMPANIES for role in company.clocks if role.connection == "pull"]
        if set(pulled) != set(self._memory.ports) or not self._memory.webhook_port:
            *ports, self._memory.webhook_port = free_ports(len(pulled) + 1)
            self._memory.ports = dict(zip(pulled, ports, strict=True))
            self._remember()

    def _switch_clocks_on(self) -> None:
        scene = Scene(
            folder=self._folder,
            ca_file=self._platform.places.ca_file,
            push_urls={each.slug: f"https://{each.slug}.devices.{self._platform.base_domain}" for each in COMPANIES},
            ports=self._memory.ports,
            webhook_port=self._memory.webhook_port,
        )
        path = self._folder / "scene.json"
        write_private(path, scene.model_dump_json())
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
    return sum(LOST_ITS_TIME not in line for line in path.read_text().splitlines())
