"""Sets the demo up through the public roads only: the console's API, the tenants' API, the clocks' own protocols.

Every act may be repeated: a second run finds what is there and changes nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel, ConfigDict

from control_plane.drivers.processes import process
from control_plane.drivers.processes.home import free_ports, write_private
from control_plane.drivers.processes.platform import CLI_CLIENT, Platform
from control_plane.drivers.processes.problem import PlatformProblem
from control_plane.drivers.processes.process import Lock, Program
from foundation.outbound import http_client
from punctual.demo.cast import COMPANIES, Company
from punctual.demo.clocks import Scene

SCOPES = ["staff:read", "staff:create", "devices:read", "devices:create", "attendance:read", "attendance:update"]
SCHEDULED_DAYS = 45
BREAK_MINUTES = 60
RULES = {
    "breaks": [{"code": "lunch", "method": "deduct", "steps_minutes": [[360, BREAK_MINUTES]]}],
    "punctuality": {"late_grace_minutes": 5, "early_grace_minutes": 5},
    "overtime": {
        "tiers": [
            {"code": "OT125", "basis": "over_schedule", "rate": "1.25"},
            {"code": "OFF150", "basis": "off_day", "rate": "1.5"},
        ],
        "minimum_minutes": 15,
    },
}
ACTIVE_SECONDS = 60
HISTORY_SECONDS = 90

Progress = Callable[[str], None]


class Memory(BaseModel):
    """What the demo keeps between runs: its clients at the tenants' APIs, and the ports of its pull clocks."""

    model_config = ConfigDict(extra="forbid")

    clients: dict[str, tuple[str, str]] = {}
    ports: dict[str, int] = {}
    scheduled: list[str] = []


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
            headers = dict(zip(COMPANIES, [await self._tenant_headers(each) for each in COMPANIES], strict=True))
            await asyncio.gather(*(self._fill(company, headers[company]) for company in COMPANIES))
            began = time.monotonic()
            self._switch_clocks_on()
            await asyncio.gather(*(self._await_history(company, headers[company]) for company in COMPANIES))
            self._say(f"Clocks are connected, their history is in ({time.monotonic() - began:.1f} s)")
            await asyncio.gather(*(self._await_live_punch(company, headers[company]) for company in COMPANIES))
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
        return {"authorization": f"Bearer {_checked(answer)['access_token']}"}

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
            _checked(await self._http.post(f"{console}/organisations", json=document, headers=self._console))

        async def active() -> bool:
            found = await self._http.get(f"{console}/organisations/{company.slug}", headers=self._console)
            return found.status_code == 200 and found.json()["phase"] == "active"

        await _until(active, ACTIVE_SECONDS, f"{company.name} did not become active; see {console}")
        if not known:
            self._say(f"{company.name} is onboarded ({time.monotonic() - began:.1f} s)")

    async def _sign_in(self, company: Company) -> SignIn:
        console = self._platform.places.console_url
        answer = _checked(
            await self._http.get(f"{console}/organisations/{company.slug}/sign-in", headers=self._console)
        )
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

    async def _tenant_headers(self, company: Company) -> dict[str, str]:
        if company.slug not in self._memory.clients:
            console = self._platform.places.console_url
            document = {"name": "Demo", "scopes": SCOPES}
            url = f"{console}/organisations/{company.slug}/clients"
            made = _checked(await self._http.post(url, json=document, headers=self._console))
            self._memory.clients[company.slug] = (str(made["client_id"]), str(made["client_secret"]))
            write_private(self._memory_file, self._memory.model_dump_json())
        return await self._token(self._api(company), self._memory.clients[company.slug])

    async def _fill(self, company: Company, headers: dict[str, str]) -> None:
        """People and clocks; whoever is there already is left alone (409)."""
        for person in company.people:
            document: dict[str, object] = {
                "employee_id": person.employee_id,
                "badge_number": person.badge_number,
                "name": person.name,
                "department": person.department,
                "job_title": person.job_title,
                "email": f"{person.name.lower().replace(' ', '.')}@{company.slug}.example",
            }
            await self._put(f"{self._api(company)}/api/staff", document, headers)
        for role in company.clocks:
            document = {
                "device_serial": role.serial,
                "name": role.name,
                "location": role.location,
                "connection": role.connection,
                "zone": company.zone,
            }
            if role.connection == "pull":
                document |= {"ip_address": "127.0.0.1", "port": self._memory.ports[role.serial]}
            await self._put(f"{self._api(company)}/api/devices", document, headers)

        if company.slug not in self._memory.scheduled:
            await self._schedule(company, headers)
            self._memory.scheduled.append(company.slug)
            write_private(self._memory_file, self._memory.model_dump_json())

    async def _schedule(self, company: Company, headers: dict[str, str]) -> None:
        """Shifts for every department, everybody assigned, rules with breaks and overtime, the country's holidays."""
        api = f"{self._api(company)}/api"
        answer = await self._http.get(f"{api}/staff?limit=200", headers=headers)
        staff: dict[str, list[str]] = {}
        for each in _items(answer):
            staff.setdefault(each["department"], []).append(each["id"])
        today = datetime.now(ZoneInfo(company.zone)).date()
        since = (today - timedelta(days=SCHEDULED_DAYS)).isoformat()
        for department, shift in company.shifts.items():
            code = department.upper()
            definition = {
                "start": f"{shift.start:%H:%M}",
                "end": f"{shift.end:%H:%M}",
                "before_minutes": 120,
                "after_minutes": 240,
                "unpaid_break_minutes": BREAK_MINUTES,
            }
            document: dict[str, object] = {"code": code, "name": department, "definition": definition}
            await self._put(f"{api}/shifts", document, headers)
            assignment = {"rotation": [code], "starts_on": since, "weekdays": sorted(shift.weekdays)}
            await self._put(f"{api}/assignments/bulk", {"staff_ids": staff[department], **assignment}, headers)
        rules = _items(await self._http.get(f"{api}/rule-sets", headers=headers))
        default = next(each for each in rules if each["is_default"])
        version: dict[str, object] = {"effective": since, "definition": RULES}
        await self._put(f"{api}/rule-sets/{default['id']}/versions", version, headers)
        for year in sorted({today.year, (today - timedelta(days=SCHEDULED_DAYS)).year}):
            await self._put(f"{api}/holidays/import", {"country": company.country, "year": year}, headers)

    async def _put(self, url: str, document: dict[str, object], headers: dict[str, str]) -> None:
        answer = await self._http.post(url, json=document, headers=headers)
        if answer.status_code != 409:
            _checked(answer)

    async def _await_history(self, company: Company, headers: dict[str, str]) -> None:
        """Every clock's log so far is stored: the counts are compared, clock by clock."""
        expected = {role.serial: _lines(self._folder / f"{role.serial}.csv") for role in company.clocks}

        async def complete() -> bool:
            answer = await self._http.get(f"{self._api(company)}/api/devices", headers=headers)
            if answer.status_code != 200:
                return False
            stored = {each["device_serial"]: each["stored_punches"] for each in answer.json()["items"]}
            return all(stored.get(serial, 0) >= count for serial, count in expected.items())

        await _until(complete, HISTORY_SECONDS, f"The clocks of {company.name} did not deliver their history")

    async def _await_live_punch(self, company: Company, headers: dict[str, str]) -> None:
        began = time.time()

        async def seen() -> bool:
            url = f"{self._api(company)}/api/attendance/logs?limit=1"
            items = _checked(await self._http.get(url, headers=headers))["items"]
            assert isinstance(items, list)
            return bool(items) and datetime.fromisoformat(str(items[0]["received_at"])).timestamp() >= began

        await _until(seen, 30, f"No live punch of {company.name} arrived")

    # -- the clocks -------------------------------------------------------------------------------------------------

    def _allot_ports(self) -> None:
        pulled = [role.serial for company in COMPANIES for role in company.clocks if role.connection == "pull"]
        if set(pulled) != set(self._memory.ports):
            self._memory.ports = dict(zip(pulled, free_ports(len(pulled)), strict=True))
            write_private(self._memory_file, self._memory.model_dump_json())

    def _switch_clocks_on(self) -> None:
        scene = Scene(
            folder=self._folder,
            ca_file=self._platform.places.ca_file,
            push_urls={each.slug: f"https://{each.slug}.devices.{self._platform.base_domain}" for each in COMPANIES},
            ports=self._memory.ports,
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


def _checked(answer: httpx.Response) -> dict[str, object]:
    """The JSON of a good answer; a bad one becomes one sentence."""
    if answer.is_success:
        body: dict[str, object] = answer.json()
        return body
    raise PlatformProblem(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}")


def _items(answer: httpx.Response) -> list[dict[str, Any]]:
    """The rows of a list."""
    items = _checked(answer)["items"]
    assert isinstance(items, list)
    return items


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise PlatformProblem(otherwise)
        await asyncio.sleep(0.2)


def _lines(path: Path) -> int:
    """How many punches a clock's kept log has; 0 until the clock has written it."""
    return len(path.read_text().splitlines()) if path.exists() else 1
