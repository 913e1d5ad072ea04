"""Marked staff-days: which days must be computed again, and who computes them now.

A person is computed by one worker at a time: their row in ``staff`` is locked before their marks are taken. Taking a
mark deletes it, so whoever marks the day again waits for our commit and the day is then computed once more.
Days somebody asked to have computed again (priority 1) wait behind the days of new punches (0).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

StaffDay = tuple[UUID, date]

# How many times a batch the window of marks is in which free people are looked for: that many workers find work.
WINDOW = 4

# After so many marks at once the planner's idea of the table is stale: it would sort all of it for every batch.
MANY = 2_000
LEARN = sa.text("ANALYZE pending_staff_days")

CLAIM = sa.text("""
WITH turn AS MATERIALIZED (
    SELECT staff_id, row_number() OVER () AS place FROM (
        SELECT staff_id FROM pending_staff_days WHERE marked_at <= clock_timestamp()
        ORDER BY priority, marked_at, staff_id, work_date LIMIT CAST(:window AS integer)
    ) q
), people AS MATERIALIZED (
    SELECT s.id FROM staff s
    JOIN (SELECT staff_id, min(place) AS place FROM turn GROUP BY staff_id) t ON t.staff_id = s.id
    ORDER BY t.place
    LIMIT (SELECT greatest(1, ceil(CAST(:most AS numeric) * count(DISTINCT staff_id) / greatest(1, count(*))))
           FROM turn)
    FOR NO KEY UPDATE OF s SKIP LOCKED
), claimed AS (
    SELECT p.staff_id, p.work_date FROM pending_staff_days p JOIN people ON people.id = p.staff_id
    WHERE p.marked_at <= clock_timestamp()
    ORDER BY p.priority, p.staff_id, p.work_date LIMIT CAST(:most AS integer)
    FOR UPDATE OF p SKIP LOCKED
)
DELETE FROM pending_staff_days p USING claimed c
WHERE p.staff_id = c.staff_id AND p.work_date = c.work_date
RETURNING p.staff_id, p.work_date
""")

HOLD = sa.text("SELECT id FROM staff WHERE id = ANY(CAST(:staff AS uuid[])) ORDER BY id FOR NO KEY UPDATE")

UNMARK = sa.text("""
DELETE FROM pending_staff_days p
USING unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS d(staff_id, work_date)
WHERE p.staff_id = d.staff_id AND p.work_date = d.work_date
""")

MARK = sa.text("""
INSERT INTO pending_staff_days (staff_id, work_date)
SELECT DISTINCT staff_id, work_date
FROM unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS d(staff_id, work_date)
ORDER BY 1, 2
ON CONFLICT (staff_id, work_date) DO UPDATE SET marked_at = least(pending_staff_days.marked_at, now()), priority = 0
""")

# A person whose days cannot be computed is tried again later; a new punch tries at once.
POSTPONE = sa.text("""
INSERT INTO pending_staff_days (staff_id, work_date, priority, marked_at)
SELECT staff_id, work_date, 1, now() + interval '10 minutes'
FROM unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS d(staff_id, work_date)
ON CONFLICT (staff_id, work_date) DO NOTHING
""")

# Beside days with punches or a record: days on which somebody is expected, so that absence is found again too.
MARK_PERIOD = sa.text("""
WITH asked AS (
    SELECT id, coalesce(hired_on, '-infinity') AS hired_on FROM staff
    WHERE active AND (CAST(:staff AS uuid[]) IS NULL OR id = ANY(CAST(:staff AS uuid[])))
), general AS (
    SELECT EXISTS (SELECT 1 FROM organisation_settings WHERE key = 'default_shift' AND value <> 'null') AS found
), spans AS (
    SELECT a.staff_id, greatest(a.starts_on, CAST(:first AS date)) AS starts_on,
           least(a.ends_on, CAST(:last AS date), CAST(:today AS date)) AS ends_on
    FROM shift_assignments a
    UNION ALL
    SELECT id, CAST(:first AS date), least(CAST(:last AS date), CAST(:today AS date)) FROM asked, general
    WHERE general.found
), days AS (
    SELECT staff_id, CAST(local_time AS date) AS work_date FROM punch_logs
    WHERE staff_id IS NOT NULL AND local_time >= CAST(:first AS date) AND local_time < CAST(:last AS date) + 1
      AND (CAST(:staff AS uuid[]) IS NULL OR staff_id = ANY(CAST(:staff AS uuid[])))
    UNION
    SELECT staff_id, work_date FROM attendance_records
    WHERE work_date BETWEEN CAST(:first AS date) AND CAST(:last AS date)
      AND (CAST(:staff AS uuid[]) IS NULL OR staff_id = ANY(CAST(:staff AS uuid[])))
    UNION
    SELECT l.staff_id, l.day FROM leaves l JOIN asked ON asked.id = l.staff_id
    WHERE l.day BETWEEN CAST(:first AS date) AND least(CAST(:last AS date), CAST(:today AS date))
    UNION
    SELECT s.staff_id, CAST(d.day AS date) FROM spans s JOIN asked ON asked.id = s.staff_id
    CROSS JOIN LATERAL generate_series(greatest(s.starts_on, asked.hired_on), s.ends_on, interval '1 day') AS d(day)
)
INSERT INTO pending_staff_days (staff_id, work_date, priority)
SELECT staff_id, work_date, 1 FROM days
ORDER BY 1, 2
ON CONFLICT (staff_id, work_date) DO UPDATE SET marked_at = least(pending_staff_days.marked_at, now())
RETURNING staff_id
""")


async def claim(session: AsyncSession, most: int) -> list[StaffDay]:
    """Take up to ``most`` marks of people whom nobody computes at the moment, and keep these people to ourselves."""
    rows = await session.execute(CLAIM, {"most": most, "window": most * WINDOW})
    return [(row[0], row[1]) for row in rows]


async def hold_people(session: AsyncSession, staff_ids: Collection[UUID]) -> None:
    """Wait until nobody computes these people, and keep them to ourselves."""
    await session.execute(HOLD, {"staff": sorted(staff_ids)})


async def hold(session: AsyncSession, days: Collection[StaffDay]) -> None:
    """Wait until nobody computes these people, then take the marks of these days (if there are any)."""
    await hold_people(session, {staff for staff, _ in days})
    await session.execute(UNMARK, _arrays(days))


async def mark(session: AsyncSession, days: Collection[StaffDay]) -> None:
    """Mark these days, before those that somebody asked to have computed again."""
    await session.execute(MARK, _arrays(days))


async def postpone(session: AsyncSession, days: Collection[StaffDay]) -> None:
    """Mark days again that could not be computed, for ten minutes from now."""
    await session.execute(POSTPONE, _arrays(sorted(days)))


async def mark_period(
    session: AsyncSession, first: date, last: date, staff_ids: Collection[UUID] | None, today: date
) -> int:
    """Mark every staff-day of a period (both ends included) that has punches, a record, leave or, up to ``today``, a
    roster; returns how many."""
    values = {
        "first": first,
        "last": last,
        "today": today,
        "staff": sorted(staff_ids) if staff_ids is not None else None,
    }
    marked = len((await session.execute(MARK_PERIOD, values)).all())
    if marked >= MANY:
        await session.execute(LEARN)
    return marked


def _arrays(days: Collection[StaffDay]) -> dict[str, list[object]]:
    return {"staff": [staff for staff, _ in days], "dates": [day for _, day in days]}
