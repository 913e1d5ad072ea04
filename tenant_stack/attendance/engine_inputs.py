"""What the rules need to know about a batch of people beside their terms: a fixed number of statements a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import LOCAL_TIME_FORMAT
from tenant_stack.rules.inputs import Direction, Punch
from tenant_stack.rules.walltime import EPOCH_ORDINAL, instant_of, resolve
from tenant_stack.tables.attendance import AttendanceRecord

# Status codes of the clocks' log lines; all others (255 among them) say nothing.
DIRECTIONS = {
    0: Direction.IN,
    1: Direction.OUT,
    2: Direction.BREAK_OUT,
    3: Direction.BREAK_IN,
    4: Direction.OVERTIME_IN,
    5: Direction.OVERTIME_OUT,
}
# A clock in another zone than its people may write another date.
AROUND = timedelta(days=1)

Days = Mapping[UUID, tuple[date, date]]

PUNCHES = sa.text("""
SELECT d.staff_id, CAST(p.id AS text), p.punched_at, p.zone, p.status, CAST(p.device_id AS text),
       p.clock_offset_seconds, s.latitude, s.longitude, p.received_at, p.local_time
FROM unnest(CAST(:staff AS uuid[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS d(staff_id, first, last)
JOIN punch_logs p ON p.staff_id = d.staff_id AND p.local_time >= d.first AND p.local_time < d.last + 1
JOIN devices v ON v.id = p.device_id
LEFT JOIN sites s ON s.id = v.site_id
WHERE p.local_time >= CAST(:earliest AS date) AND p.local_time < CAST(:latest AS date) + 1
""")

CORRECTIONS = sa.text("""
SELECT c.staff_id, CAST(c.id AS text), c.changes
FROM unnest(CAST(:staff AS uuid[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS d(staff_id, first, last)
JOIN attendance_corrections c ON c.staff_id = d.staff_id AND c.work_date BETWEEN d.first AND d.last
WHERE c.state = 'approved'
ORDER BY c.decided_at, c.id
""")

# A clock that is connected sends what it has; of a clock that is read, the reading counts.
REPORTS = sa.text("""
SELECT e.staff_id, min(coalesce(
    CASE WHEN v.connection = 'push' THEN v.last_seen_at
         ELSE greatest(v.last_sync_at, CAST(v.last_seen ->> 'pull' AS timestamptz)) END,
    CAST('1970-01-01 00:00:00+00' AS timestamptz)))
FROM device_enrollments e JOIN devices v ON v.id = e.device_id
WHERE e.staff_id = ANY(CAST(:staff AS uuid[])) AND v.approved_at IS NOT NULL AND e.status <> 'removing'
GROUP BY e.staff_id
""")

PERIODS = sa.text("""
SELECT id, starts_on, ends_on, state FROM attendance_periods
WHERE ends_on >= CAST(:first AS date) OR state = 'open' ORDER BY starts_on FOR SHARE
""")


@dataclass(frozen=True, slots=True)
class Period:
    id: UUID
    starts_on: date
    ends_on: date
    state: str

    def has(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


def _arrays(days: Days, around: timedelta) -> dict[str, object]:
    firsts = [first - around for first, _ in days.values()]
    lasts = [last + around for _, last in days.values()]
    return {
        "staff": list(days),
        "firsts": firsts,
        "lasts": lasts,
        "earliest": min(firsts),
        "latest": max(lasts),
    }


async def read_punches(session: AsyncSession, days: Days) -> dict[UUID, list[Punch]]:
    """Each person's punches of their days, in no order."""
    found: dict[UUID, list[Punch]] = defaultdict(list)
    places: dict[tuple[float, float], tuple[float, float]] = {}
    for row in await session.execute(PUNCHES, _arrays(days, AROUND)):
        staff_id, punch_id, at, zone, status, device, ahead, latitude, longitude, received_at, local = row
        place = None
        if latitude is not None and longitude is not None:
            place = places.setdefault((latitude, longitude), (latitude, longitude))
        found[staff_id].append(
            Punch(
                id=punch_id,
                at=at,
                zone=zone,
                direction=DIRECTIONS.get(status, Direction.UNKNOWN),
                device=device,
                flags=_doubts(local, zone),
                clock_ahead=ahead,
                place=place,
                received_at=received_at,
            )
        )
    return found


def _doubts(local: datetime, zone: str) -> tuple[str, ...]:
    """Does this wall time of a clock exist twice, or not at all?"""
    if not _has_change(zone, local.toordinal()):
        return ()
    doubt = resolve(local.strftime(LOCAL_TIME_FORMAT), zone).doubt
    return (doubt,) if doubt else ()


@lru_cache(maxsize=10_000)
def _has_change(zone: str, ordinal: int) -> bool:
    elapsed = instant_of(zone, ordinal + 1, 0) - instant_of(zone, ordinal, 0)
    return elapsed != 86400 and ordinal > EPOCH_ORDINAL


async def read_corrections(session: AsyncSession, days: Days) -> dict[UUID, list[tuple[str, dict[str, Any]]]]:
    """Each person's approved corrections (id, changes), in the order in which they were decided."""
    found: dict[UUID, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for staff_id, correction_id, changes in await session.execute(CORRECTIONS, _arrays(days, AROUND)):
        found[staff_id].append((correction_id, changes))
    return found


async def read_reports(session: AsyncSession, staff_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Until when every clock has reported on which the person is enrolled; no entry for people on no clock."""
    rows = await session.execute(REPORTS, {"staff": list(staff_ids)})
    return {row[0]: row[1] for row in rows}


async def read_stored(session: AsyncSession, days: Days) -> dict[tuple[UUID, date], AttendanceRecord]:
    """The records there are within each person's days, locked until the transaction ends."""
    arrays = _arrays(days, timedelta(0))
    wanted = sa.func.unnest(
        sa.cast(arrays["staff"], sa.ARRAY(sa.Uuid)),
        sa.cast(arrays["firsts"], sa.ARRAY(sa.Date)),
        sa.cast(arrays["lasts"], sa.ARRAY(sa.Date)),
    ).table_valued(sa.column("staff_id", sa.Uuid), sa.column("first", sa.Date), sa.column("last", sa.Date))
    wanted = wanted.render_derived(name="d")
    query = (
        sa.select(AttendanceRecord)
        .join(
            wanted,
            sa.and_(
                AttendanceRecord.staff_id == wanted.c.staff_id,
                AttendanceRecord.work_date.between(wanted.c.first, wanted.c.last),
            ),
        )
        .options(sa.orm.defer(AttendanceRecord.trace))
        .order_by(AttendanceRecord.staff_id, AttendanceRecord.work_date)
        .with_for_update(of=AttendanceRecord)
        .execution_options(populate_existing=True)
    )
    return {(row.staff_id, row.work_date): row for row in await session.scalars(query)}


async def read_periods(session: AsyncSession, first: date) -> list[Period]:
    """Periods from a date on, and all open ones, by date; nobody can lock or unlock one until the transaction ends."""
    return [Period(*row) for row in await session.execute(PERIODS, {"first": first})]


def current_period(periods: Sequence[Period], today: date) -> Period | None:
    """Where differences of locked days are paid: the open period of today, else the next one, else the last open."""
    opened = [each for each in periods if each.state == "open"]
    for each in opened:
        if each.ends_on >= today:
            return each
    return opened[-1] if opened else None
