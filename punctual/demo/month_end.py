"""The month end after the history has arrived: correct, approve, close and pay the last month."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from control_plane.local.problem import PlatformProblem
from punctual.demo.api import Api, Json, until
from punctual.demo.clock_events import ClockEvent, write_events
from punctual.demo.clock_users import enrolled_people
from punctual.demo.companies import Company, Person
from punctual.demo.history import IN, OUT
from punctual.demo.master_data import device_ids, staff_ids
from punctual.demo.scenario import Scenario, wall_time

NEW_NAME = "Moreno"


async def subscribe(tenant: Api, company: Company, port: int) -> None:
    """Send the payroll system closed periods, batches, corrections and alerts."""
    events = ["period.approved", "period.locked", "record.corrected", "payroll.batch.created", "alert.opened"]
    url = f"http://127.0.0.1:{port}/{company.slug}"
    if not await tenant.items("/api/webhooks"):
        await tenant.post("/api/webhooks", {"name": "Payroll system", "url": url, "events": events})


async def correct(tenant: Api, lead: Api, scenario: Scenario) -> None:
    """The forgotten punch of last month is added; that of this month is proposed by a lead, and waits for approval."""
    staff = await staff_ids(tenant)
    await tenant.post("/api/attendance/corrections", _missing_out(staff, *scenario.missing_out))
    if scenario.forgotten:
        await lead.post("/api/attendance/corrections", _missing_out(staff, *scenario.forgotten))


def _missing_out(staff: dict[str, str], person: Person, day: date) -> Json:
    end = wall_time(day, person.shift.end.hour, person.shift.end.minute)
    return {
        "staff_id": staff[person.badge_number],
        "work_date": str(day),
        "changes": {"add": [{"at": end, "direction": "out"}]},
        "reason": "Forgot to punch out; the shift lead saw them leave with the others",
    }


async def compute(tenant: Api, scenario: Scenario) -> None:
    """Wait until every day of the last month is computed from all its punches."""
    run = (await tenant.post("/api/attendance/process", {"from": str(scenario.first), "to": str(scenario.last)}))[
        "run_id"
    ]

    async def done() -> object:
        found = await tenant.get(f"/api/attendance/runs/{run}")
        return found["state"] == "done" or (found["done"], found["total"])

    await until(done, "The last month was not computed in time")


async def close(tenant: Api, company: Company, scenario: Scenario) -> None:
    """Approve and lock the last month, open this one, and pay the last with a batch."""
    day = timedelta(days=1)
    this_month = scenario.last + day
    end = (this_month + 31 * day).replace(day=1) - day
    for first, last in ((scenario.first, scenario.last), (this_month, end)):
        await tenant.add("/api/attendance/periods", {"starts_on": str(first), "ends_on": str(last)})
    periods = await tenant.items("/api/attendance/periods")
    period = next(each for each in periods if each["starts_on"] == str(scenario.first))

    async def locked() -> bool:
        wanted = {"from": str(scenario.first), "to": str(scenario.last), "action": "approve", "note": "Month end"}
        await tenant.post("/api/attendance/approve", wanted)
        # 409: a record has changed meanwhile and waits to be approved again.
        return await tenant.add(f"/api/attendance/periods/{period['id']}/lock", {}) is not None

    if period["state"] != "locked":
        await until(locked, f"The last month of {company.name} could not be closed")
    if not await tenant.items("/api/payroll/batches"):
        batch = {"from": str(scenario.first), "to": str(scenario.last), "profile": company.payroll_profile}
        made = await tenant.post("/api/payroll/batches", batch)
        if made["state"] == "failed":
            raise PlatformProblem(f"The payroll batch of {company.name} failed: {made['error']}")


async def late_punches(tenant: Api, company: Company, scenario: Scenario, folder: Path) -> None:
    """A clock that was offline sends an evening of a closed month: a difference for this month's pay."""
    person, day = scenario.late_punches
    serial = company.clocks[0].serial
    end = person.shift.end
    events = [
        ClockEvent(serial=serial, kind="punch", pin=person.badge_number, local_time=when, status=status)
        for when, status in (
            (wall_time(day, end.hour + 1, end.minute), IN),
            (wall_time(day, end.hour + 3, end.minute), OUT),
        )
    ]
    write_events(folder, f"{company.slug}-late-punches", events)

    async def booked() -> bool:
        return bool(await tenant.items("/api/attendance/deltas"))

    await until(booked, f"The late punches of {company.name} made no difference")


def renamed_person(company: Company) -> Person:
    """The person whose name changes: on the first clock and on another, so that the new name must be copied."""
    known = enrolled_people(company)
    return next(
        each for each in reversed(company.people) if len(each.clocks) > 1 and 0 in each.clocks and each not in known
    )


async def rename_at_clock(tenant: Api, company: Company, folder: Path) -> None:
    """Change a name at the clock: the server reads it back and reports a conflict."""
    person = renamed_person(company)
    staff, devices = await staff_ids(tenant), await device_ids(tenant)
    role = company.clocks[0]
    path = f"/api/staff/{staff[person.badge_number]}"

    async def there() -> bool:
        found = (await tenant.get(path))["enrollments"]
        return any(each["device_id"] == devices[role.serial] and each["status"] == "enrolled" for each in found)

    await until(there, f"{person.name} did not reach {role.name}")
    renamed = ClockEvent(serial=role.serial, kind="rename", pin=person.badge_number, name=f"{person.name}-{NEW_NAME}")
    write_events(folder, f"{company.slug}-rename", [renamed])

    async def travelled() -> bool:
        found = await tenant.items("/api/conflicts", staff_id=staff[person.badge_number])
        return bool(found)

    await until(travelled, f"The new name of {person.name} did not come back from {role.name}")


async def capture_finger(tenant: Api, company: Company) -> None:
    """Ask for a finger to be captured at the first clock; the result is not awaited."""
    person = renamed_person(company)
    staff, devices = await staff_ids(tenant), await device_ids(tenant)
    path = f"/api/staff/{staff[person.badge_number]}"
    await tenant.add(f"{path}/consents", {"how": "electronic"})
    wanted = {"device_id": devices[company.clocks[0].serial], "finger_index": 5}
    await tenant.add(f"{path}/enroll", {"biometric": wanted})
