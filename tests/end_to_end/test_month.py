"""A month through the real programs: punched, approved, closed, paid. API, CSV, XLSX, paper and payroll agree."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import openpyxl
from pypdf import PdfReader

from device_bridge.simulator.memory import SimulatedPunch
from device_bridge.simulator.push_clock import PushClock
from tests.operator import EVERYTHING, Operator, until

SEED = 20_260_401
SCOPES = [*EVERYTHING, "attendance:approve", "reports:read", "reports:export"]
DAY = timedelta(days=1)
RULES = {
    "breaks": [{"code": "lunch", "method": "deduct", "steps_minutes": [[360, 60]]}],
    "overtime": {"tiers": [{"code": "OT125", "basis": "over_schedule", "rate": "1.25"}]},
}
SHIFT = {"start": "09:00", "end": "18:00", "before_minutes": 120, "after_minutes": 240, "unpaid_break_minutes": 60}
PEOPLE = [(str(701 + number), f"Person {number}", "Stores" if number % 2 else "Sales") for number in range(6)]


@dataclass(frozen=True)
class Desk:
    """The organisation's API; every call says what went wrong."""

    api: httpx.AsyncClient

    async def call(self, method: str, path: str, status: int, document: Any = None, **query: Any) -> httpx.Response:
        answer = await self.api.request(method, path, json=document, params=query or None)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.call("GET", path, 200, **query)).json()

    async def post(self, path: str, document: Any, status: int = 201) -> Any:
        return (await self.call("POST", path, status, document)).json()


def last_month() -> tuple[date, date]:
    last = datetime.now(UTC).date().replace(day=1) - DAY
    return last.replace(day=1), last


def punches(first: date, last: date) -> list[SimulatedPunch]:
    """Ins and outs of every weekday by chance, to the second; some people miss some days."""
    chance = random.Random(SEED)
    lines = []
    for number in range((last - first).days + 1):
        day = first + DAY * number
        for pin, _, _ in PEOPLE:
            if day.weekday() > 4 or chance.random() < 0.1:
                continue
            arrival = timedelta(hours=9, seconds=chance.randint(-1200, 1800))
            departure = timedelta(hours=18, seconds=chance.randint(-900, 7200))
            lines += [SimulatedPunch(pin, f"{day} {arrival}".replace(" 8:", " 08:").replace(" 9:", " 09:"), 0)]
            lines += [SimulatedPunch(pin, f"{day} {departure}", 1)]
    return sorted(lines, key=lambda line: line.local_time)


def seconds_of(text: str) -> int:
    hours, minutes, seconds = (int(each) for each in text.lstrip("-").split(":"))
    return (-1 if text.startswith("-") else 1) * (hours * 3600 + minutes * 60 + seconds)


def shown(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


async def set_up(desk: Desk, first: date) -> str:
    """People, a clock, a shift for all from the first of the month, rules; the id of a person in the stores."""
    ids = []
    for badge, name, department in PEOPLE:
        facts = {"employee_id": f"M-{badge}", "badge_number": badge, "name": name, "department": department}
        ids.append((await desk.post("/api/staff", facts))["id"])
    await desk.post("/api/devices", {"device_serial": "MONTH1", "name": "Gate", "connection": "push"})
    await desk.post("/api/shifts", {"code": "DAY", "name": "Day", "definition": SHIFT})
    assignment = {"staff_ids": ids, "rotation": ["DAY"], "starts_on": str(first), "weekdays": [0, 1, 2, 3, 4]}
    await desk.post("/api/assignments/bulk", assignment)
    rules = next(each for each in (await desk.get("/api/rule-sets"))["items"] if each["is_default"])
    await desk.post(f"/api/rule-sets/{rules['id']}/versions", {"effective": str(first), "definition": RULES})
    return str(ids[1])


async def close(desk: Desk, first: date, last: date) -> None:
    """Wait until all is computed, approve everything, lock the month and open the next one."""
    days = {"from": str(first), "to": str(last)}
    run = (await desk.post("/api/attendance/process", days, 202))["run_id"]

    async def computed() -> bool:
        return bool((await desk.get(f"/api/attendance/runs/{run}"))["state"] == "done")

    await until(computed, seconds=40, what="the month computed")
    period = await desk.post("/api/attendance/periods", {"starts_on": str(first), "ends_on": str(last)})
    following = {"starts_on": str(last + DAY), "ends_on": str(last + 28 * DAY)}
    await desk.post("/api/attendance/periods", following)

    async def locked() -> bool:
        await desk.post("/api/attendance/approve", {**days, "action": "approve"}, 200)
        answer = await desk.api.post(f"/api/attendance/periods/{period['id']}/lock")
        return answer.status_code == 200

    await until(locked, seconds=40, what="the month locked")


async def compare_forms(desk: Desk, first: date, last: date) -> dict[str, int]:
    """One filter in every form, to the second; the totals."""
    wanted = {"from": str(first), "to": str(last), "department": "Stores"}
    report = await desk.get("/api/reports/period", **wanted)
    totals: dict[str, int] = report["totals"]
    assert report["total"] == 3
    assert totals["worked"] > 3 * 100 * 3600
    assert totals["days_absent"] > 0
    titles = {column["name"]: column["title"] for column in report["columns"]}
    durations = [column["name"] for column in report["columns"] if column["kind"] == "duration"]

    text = (await desk.call("GET", "/api/reports/period", 200, **wanted, format="csv")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {name: sum(seconds_of(row[titles[name]]) for row in rows) for name in durations} == {
        name: totals[name] for name in durations
    }

    data = (await desk.call("GET", "/api/reports/period", 200, **wanted, format="xlsx")).content
    sheet = list(openpyxl.load_workbook(io.BytesIO(data))["Report"].iter_rows(values_only=True))
    summed = dict(zip([str(each) for each in sheet[0]], sheet[-1], strict=True))
    for name in durations:
        value = summed[titles[name]]
        assert isinstance(value, timedelta)
        assert round(value.total_seconds()) == totals[name], name

    data = (await desk.call("GET", "/api/reports/period", 200, **wanted, format="pdf")).content
    paper = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    for name in ("worked", "expected", "overtime", "late"):
        assert shown(totals[name]) in paper, (name, paper)
    return totals


def sums(file: str) -> Counter[str]:
    """Of a file with a row per pay code: the figures by code, in hundredths."""
    found: Counter[str] = Counter()
    for row in csv.DictReader(io.StringIO(file)):
        figure = row["hours"] or row["days"]
        found[row["pay_code"]] += round(float(figure) * 100)
    return found


def promised(answer: Any) -> dict[str, int]:
    return {each["code"]: round(float(each["figure"]) * 100) for each in answer["totals"]}


async def test_a_month_is_the_same_on_screen_on_paper_and_in_the_payroll_file(operator: Operator) -> None:
    first, last = last_month()
    async with operator.console() as console:
        await operator.onboard(console, "monthly", zone="Asia/Dubai")
        client = await operator.client(console, "monthly", SCOPES)
    log = punches(first, last)
    clock = PushClock(client.push_url, "MONTH1", log=log, ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    async with operator.tenant(client) as api:
        desk = Desk(api)
        late_comer = await set_up(desk, first)
        await clock.start()
        try:
            await clock.wait_until_sent(40)
            await close(desk, first, last)
            totals = await compare_forms(desk, first, last)
            await pay(desk, first, last, totals)
            await late_news(desk, clock, late_comer, last)
        finally:
            await clock.stop()


async def pay(desk: Desk, first: date, last: date, totals: dict[str, int]) -> None:
    """Preview = file = batch, and payroll's exact seconds are those of the report."""
    days = {"from": str(first), "to": str(last), "profile": "generic-long"}
    exact = await desk.get("/api/reports/payroll", **days, department="Stores", preview=True)
    seconds = {each["code"]: each["seconds"] for each in exact["totals"]}
    assert seconds["REG"] + seconds["OT125"] == totals["worked"]
    assert seconds["OT125"] == totals["overtime"]

    preview = await desk.get("/api/reports/payroll", **days, preview=True)
    file = (await desk.call("GET", "/api/reports/payroll", 200, **days)).content
    batch = await desk.post("/api/payroll/batches", days)
    kept = (await desk.call("GET", f"/api/payroll/batches/{batch['id']}/file", 200)).content
    assert hashlib.sha256(kept).hexdigest() == batch["sha256"]
    for content in (file, kept):
        assert sums(content.decode("utf-8-sig")) == promised(preview) == promised(batch)
    assert preview["row_count"] == batch["rows"]
    assert batch["people"] == len(PEOPLE)


async def late_news(desk: Desk, clock: PushClock, person: str, last: date) -> None:
    """An evening that comes to light after the month was paid is paid with the next one, alone, and once."""
    day = next(
        last - DAY * back
        for back in range(31)
        if any(line.pin == "702" and line.local_time.startswith(str(last - DAY * back)) for line in clock.log)
    )
    clock.punch("702", f"{day} 20:30:00", status=0)
    clock.punch("702", f"{day} 21:30:00", status=1)

    async def booked() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await desk.get("/api/attendance/deltas"))["items"]
        return found if found and found[0]["figures"].get("pay_OT125", 0) > 0 else []

    (delta,) = await until(booked, seconds=40, what="the difference")
    assert (delta["staff_id"], delta["work_date"]) == (person, str(day))
    following = {"from": str(last + DAY), "to": str(last + 28 * DAY), "profile": "generic-long"}
    batch = await desk.post("/api/payroll/batches", following)
    paid = {each["code"]: each["seconds"] for each in batch["totals"] if each["seconds"]}
    assert paid == {
        name.removeprefix("pay_"): value for name, value in delta["figures"].items() if name.startswith("pay_")
    }
    assert batch["people"] == 1
    again = await desk.get("/api/reports/payroll", **following, preview=True, differences=True)
    assert again["row_count"] == 0
