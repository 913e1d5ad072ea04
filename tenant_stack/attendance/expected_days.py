"""Days on which somebody is expected and has no punch: marked when there is something to say about them.

Somebody late is *not yet arrived* from the start of the shift on; an absence needs its window's end and, by the rules,
the word of the clocks; holidays, days off and leave are said when their day has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from tenant_stack.attendance.day_processor import input_of
from tenant_stack.attendance.engine_inputs import read_reports
from tenant_stack.attendance.pending_days import StaffDay, mark
from tenant_stack.rules.completeness import may_conclude
from tenant_stack.rules.engine import Shared
from tenant_stack.rules.roster import Instance, Roster
from tenant_stack.rules.shift_match import NEAR
from tenant_stack.schedules.terms import Terms, terms_of

PEOPLE_A_TIME = 1000

PEOPLE = sa.text(
    "SELECT id FROM staff WHERE active AND id > CAST(:after AS uuid) ORDER BY id LIMIT CAST(:most AS integer)"
)

# Days without a record that nobody has marked yet; ``said``: that the person has not arrived is known.
SILENT = sa.text("""
SELECT s.id, d.day, EXISTS (SELECT 1 FROM attendance_anomalies a
                            WHERE a.staff_id = s.id AND a.work_date = d.day AND a.kind = 'not_arrived') AS said
FROM unnest(CAST(:staff AS uuid[])) AS s(id) CROSS JOIN unnest(CAST(:days AS date[])) AS d(day)
WHERE NOT EXISTS (SELECT 1 FROM attendance_records r WHERE r.staff_id = s.id AND r.work_date = d.day)
  AND NOT EXISTS (SELECT 1 FROM pending_staff_days p WHERE p.staff_id = s.id AND p.work_date = d.day)
ORDER BY s.id, d.day
""")
FIRST = UUID(int=0)


async def mark_expected(
    session: AsyncSession, organisation_zone: str, *, back: int = 1, now: datetime | None = None
) -> int:
    """Mark the silent days from ``back`` days ago until today about which the rules have something to say now."""
    now = now or utc_now()
    today = now.astimezone(zone(organisation_zone)).date()
    # Sites east of the organisation's zone are a day ahead.
    days = [today + timedelta(days=1) - timedelta(days=n) for n in range(back + 2)]
    after, marked = FIRST, 0
    while people := list(await session.scalars(PEOPLE, {"after": after, "most": PEOPLE_A_TIME})):
        rows = [(row[0], row[1], row[2]) for row in await session.execute(SILENT, {"staff": people, "days": days})]
        found = await _due(session, rows, organisation_zone, now)
        if found:
            await mark(session, found)
        marked += len(found)
        after = people[-1]
    return marked


async def _due(
    session: AsyncSession, silent: Sequence[tuple[UUID, date, bool]], organisation_zone: str, now: datetime
) -> list[StaffDay]:
    if not silent:
        return []
    days = [day for _, day, _ in silent]
    terms = await terms_of(session, sorted({row[0] for row in silent}), min(days), max(days), organisation_zone)
    reports = await read_reports(session, sorted(terms))
    shared: Shared = {}
    rosters: dict[UUID, Roster] = {}
    found: list[StaffDay] = []
    for staff_id, day, said in silent:
        mine = terms[staff_id]
        if staff_id not in rosters:
            rosters[staff_id] = Roster(input_of(staff_id, mine, (day, day), (), now, None), shared)
        instances = rosters[staff_id].on(day)
        if _something_to_say(mine, instances, day, now, reports.get(staff_id), said=said):
            found.append((staff_id, day))
    return found


def _something_to_say(
    terms: Terms, instances: Iterable[Instance], day: date, now: datetime, reported: datetime | None, *, said: bool
) -> bool:
    if (terms.joined is not None and day < terms.joined) or day > now.astimezone(zone(terms.zone)).date():
        return False
    rules = next((each for each in reversed(terms.rules) if each.effective <= day), terms.rules[0])
    leave = next((each for each in terms.leaves if each.day == day and each.part == "full"), None)
    if leave is not None and leave.kind == "on_duty":
        return True
    if leave is not None or day in terms.calendar.holidays or terms.calendar.is_off(day):
        return rules.rest_records
    at, complete = int(now.timestamp()), None if reported is None else int(reported.timestamp())
    return any(
        (at > instance.due_in and not said)
        or may_conclude(_closes(instance), now=at, complete=complete, wait=rules.anomalies.wait)
        for instance in instances
    )


def _closes(instance: Instance) -> int:
    return instance.closes if instance.closes is not None else instance.ends + NEAR
