"""Staff-days that were marked become records: claimed with SKIP LOCKED, computed by the pure rule, written in bulk.

Four statements a batch of staff-days, however many there are in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.attendance.rules.first_last import DayPunch, DaySummary, summarise

BATCH = 500

# Unmarking comes first: whoever marks one of these days again waits for our commit and is then computed again.
CLAIM = sa.text("""
DELETE FROM pending_staff_days p
USING (
    SELECT staff_id, work_date FROM pending_staff_days
    ORDER BY marked_at LIMIT CAST(:most AS integer) FOR UPDATE SKIP LOCKED
) c
WHERE p.staff_id = c.staff_id AND p.work_date = c.work_date
RETURNING p.staff_id, p.work_date
""")

PUNCHES = sa.text("""
SELECT d.staff_id, d.work_date, p.punched_at, p.zone
FROM unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS d(staff_id, work_date)
JOIN punch_logs p ON p.staff_id = d.staff_id AND p.local_time >= d.work_date AND p.local_time < d.work_date + 1
WHERE p.local_time >= CAST(:earliest AS date) AND p.local_time < CAST(:latest AS date) + 1
""")

WRITE = sa.text("""
INSERT INTO attendance_records (staff_id, work_date, zone, first_in, last_out, worked_minutes, status, punch_count)
SELECT * FROM unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[]), CAST(:zones AS text[]),
                     CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[]), CAST(:minutes AS integer[]),
                     CAST(:statuses AS text[]), CAST(:counts AS integer[]))
    AS t(staff_id, work_date, zone, first_in, last_out, worked_minutes, status, punch_count)
ORDER BY 1, 2
ON CONFLICT (staff_id, work_date) DO UPDATE SET
    zone = excluded.zone, first_in = excluded.first_in, last_out = excluded.last_out,
    worked_minutes = excluded.worked_minutes, status = excluded.status, punch_count = excluded.punch_count,
    processed_at = now()
RETURNING id
""")

REMOVE = sa.text("""
DELETE FROM attendance_records r
USING unnest(CAST(:staff AS uuid[]), CAST(:dates AS date[])) AS d(staff_id, work_date)
WHERE r.staff_id = d.staff_id AND r.work_date = d.work_date
""")

MARK = sa.text("""
WITH days AS (
    SELECT staff_id, CAST(local_time AS date) AS work_date FROM punch_logs
    WHERE staff_id IS NOT NULL AND local_time >= CAST(:first AS date) AND local_time < CAST(:last AS date) + 1
    UNION
    SELECT staff_id, work_date FROM attendance_records
    WHERE work_date BETWEEN CAST(:first AS date) AND CAST(:last AS date)
)
INSERT INTO pending_staff_days (staff_id, work_date)
SELECT staff_id, work_date FROM days
WHERE CAST(:staff AS uuid[]) IS NULL OR staff_id = ANY(CAST(:staff AS uuid[]))
ORDER BY 1, 2
ON CONFLICT (staff_id, work_date) DO UPDATE SET marked_at = pending_staff_days.marked_at
RETURNING staff_id
""")

StaffDay = tuple[UUID, date]


async def process_batch(session: AsyncSession, *, most: int = BATCH) -> tuple[int, list[UUID]]:
    """Compute up to ``most`` marked staff-days; returns how many there were and the ids of the records written."""
    days: list[StaffDay] = [(row[0], row[1]) for row in await session.execute(CLAIM, {"most": most})]
    if not days:
        return 0, []
    punches: dict[StaffDay, list[DayPunch]] = defaultdict(list)
    dates = [day for _, day in days]
    values = {
        "staff": [staff for staff, _ in days],
        "dates": dates,
        "earliest": min(dates),
        "latest": max(dates),
    }
    for staff_id, work_date, punched_at, zone in await session.execute(PUNCHES, values):
        punches[staff_id, work_date].append(DayPunch(punched_at, zone))
    summaries = {day: summary for day in days if (summary := summarise(punches[day])) is not None}
    empty = [day for day in days if day not in summaries]
    if empty:
        await session.execute(REMOVE, {"staff": [staff for staff, _ in empty], "dates": [day for _, day in empty]})
    return len(days), await _write(session, summaries) if summaries else []


async def _write(session: AsyncSession, summaries: dict[StaffDay, DaySummary]) -> list[UUID]:
    found = list(summaries.values())
    values = {
        "staff": [staff for staff, _ in summaries],
        "dates": [day for _, day in summaries],
        "zones": [each.zone for each in found],
        "firsts": [each.first_in for each in found],
        "lasts": [each.last_out for each in found],
        "minutes": [each.worked_minutes for each in found],
        "statuses": [each.status for each in found],
        "counts": [each.punch_count for each in found],
    }
    return list(await session.scalars(WRITE, values))


async def mark_days(session: AsyncSession, first: date, last: date, staff_ids: Collection[UUID] | None) -> int:
    """Mark every staff-day of a period (both ends included) that has punches or a record; returns how many."""
    values = {"first": first, "last": last, "staff": sorted(staff_ids) if staff_ids is not None else None}
    return len((await session.execute(MARK, values)).all())
