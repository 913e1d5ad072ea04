"""What the desk does once the history is in: correct, approve, close and pay the last month; and reports of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from control_plane.local.problem import PlatformProblem
from punctual.demo.clock_events import Cue, give
from punctual.demo.clock_users import fingered
from punctual.demo.companies import Company, Person
from punctual.demo.history import IN, OUT
from punctual.demo.master_data import device_ids, staff_ids
from punctual.demo.scenario import Script, wall
from punctual.demo.tenant_api import Json, Tenant, until

COMPUTE_SECONDS = 90
LATE_SECONDS = 45
NEW_NAME = "Moreno"


async def subscribe(tenant: Tenant, company: Company, port: int) -> None:
    """The payroll system wants to hear of closed periods, batches, corrections and alerts."""
    events = ["period.approved", "period.locked", "record.corrected", "payroll.batch.created", "alert.opened"]
    url = f"http://127.0.0.1:{port}/{company.slug}"
    if not await tenant.items("/api/webhooks"):
        await tenant.post("/api/webhooks", {"name": "Payroll system", "url": url, "events": events})


async def correct(tenant: Tenant, lead: Tenant, script: Script) -> None:
    """The forgotten punch of last month is added; that of this month is proposed by a lead, and waits for approval."""
    staff = await staff_ids(tenant)
    await tenant.post("/api/attendance/corrections", _way_out(staff, *script.missing_out))
    if script.forgotten:
        await lead.post("/api/attendance/corrections", _way_out(staff, *script.forgotten))


def _way_out(staff: dict[str, str], person: Person, day: date) -> Json:
    end = wall(day, person.shift.end.hour, person.shift.end.minute)
    return {
        "staff_id": staff[person.badge_number],
        "work_date": str(day),
        "changes": {"add": [{"at": end, "direction": "out"}]},
        "reason": "Forgot to punch out; the shift lead saw them leave with the others",
    }


async def compute(tenant: Tenant, script: Script) -> None:
    """Wait until every day of the last month is computed from all its punches."""
    run = (await tenant.post("/api/attendance/process", {"from": str(script.first), "to": str(script.last)}))["run_id"]

    async def done() -> bool:
        return bool((await tenant.get(f"/api/attendance/runs/{run}"))["state"] == "done")

    await until(done, COMPUTE_SECONDS, "The last month was not computed in time")


async def close(tenant: Tenant, company: Company, script: Script) -> None:
    """Approve and lock the last month, open this one, and pay the last with a batch."""
    day = timedelta(days=1)
    this_month = script.last + day
    end = (this_month + 31 * day).replace(day=1) - day
    for first, last in ((script.first, script.last), (this_month, end)):
        await tenant.add("/api/attendance/periods", {"starts_on": str(first), "ends_on": str(last)})
    periods = await tenant.items("/api/attendance/periods")
    period = next(each for each in periods if each["starts_on"] == str(script.first))

    async def locked() -> bool:
        wanted = {"from": str(script.first), "to": str(script.last), "action": "approve", "note": "Month end"}
        await tenant.post("/api/attendance/approve", wanted)
        # 409: a record has changed meanwhile and waits to be approved again.
        return await tenant.add(f"/api/attendance/periods/{period['id']}/lock", {}) is not None

    if period["state"] != "locked":
        await until(locked, COMPUTE_SECONDS, f"The last month of {company.name} could not be closed")
    if not await tenant.items("/api/payroll/batches"):
        batch = {"from": str(script.first), "to": str(script.last), "profile": company.payroll_profile}
        made = await tenant.post("/api/payroll/batches", batch)
        if made["state"] == "failed":
            raise PlatformProblem(f"The payroll batch of {company.name} failed: {made['error']}")


async def late_news(tenant: Tenant, company: Company, script: Script, folder: Path) -> None:
    """A clock that had lost its network sends an evening of a closed month: a difference for this month's pay."""
    person, day = script.late_news
    serial = company.clocks[0].serial
    end = person.shift.end
    cues = [
        Cue(serial=serial, what="punch", pin=person.badge_number, local_time=when, status=status)
        for when, status in (
            (wall(day, end.hour + 1, end.minute), IN),
            (wall(day, end.hour + 3, end.minute), OUT),
        )
    ]
    give(folder, f"{company.slug}-late-news", cues)

    async def booked() -> bool:
        return bool(await tenant.items("/api/attendance/deltas"))

    await until(booked, LATE_SECONDS, f"The late punches of {company.name} made no difference")


def bride(company: Company) -> Person:
    """Who takes another name: somebody of the first clock who is on another too, so that the name has to travel."""
    known = fingered(company)
    return next(
        each for each in reversed(company.people) if len(each.clocks) > 1 and 0 in each.clocks and each not in known
    )


async def rename_at_a_clock(tenant: Tenant, company: Company, folder: Path) -> None:
    """Somebody marries, and changes the name at the clock: it comes back and travels on."""
    person = bride(company)
    staff, devices = await staff_ids(tenant), await device_ids(tenant)
    role = company.clocks[0]
    path = f"/api/staff/{staff[person.badge_number]}"

    async def there() -> bool:
        found = (await tenant.get(path))["enrollments"]
        return any(each["device_id"] == devices[role.serial] and each["status"] == "enrolled" for each in found)

    await until(there, LATE_SECONDS, f"{person.name} did not reach {role.name}")
    renamed = Cue(serial=role.serial, what="rename", pin=person.badge_number, name=f"{person.name}-{NEW_NAME}")
    give(folder, f"{company.slug}-rename", [renamed])

    async def travelled() -> bool:
        found = await tenant.items("/api/conflicts", staff_id=staff[person.badge_number])
        return bool(found)

    await until(travelled, LATE_SECONDS, f"The new name of {person.name} did not come back from {role.name}")


async def take_a_finger(tenant: Tenant, company: Company) -> None:
    """A finger is taken at the first clock from a desk; nobody waits for it."""
    person = bride(company)
    staff, devices = await staff_ids(tenant), await device_ids(tenant)
    path = f"/api/staff/{staff[person.badge_number]}"
    await tenant.add(f"{path}/consents", {"how": "electronic"})
    wanted = {"device_id": devices[company.clocks[0].serial], "finger_index": 5}
    await tenant.add(f"{path}/enroll", {"biometric": wanted})
