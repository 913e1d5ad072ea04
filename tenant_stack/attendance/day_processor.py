"""Marked staff-days become records: claimed person by person, judged by the rules, written in bulk.

The statements of a batch are bounded, however many people and days it has. A batch is one transaction: killed in the
middle it never happened, and its marks are still there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from foundation.logs import get_logger
from tenant_stack.attendance.apply_corrections import corrected
from tenant_stack.attendance.batch_writes import Doubts, write_anomalies, write_differences, write_records
from tenant_stack.attendance.config_digest import TermsDigests
from tenant_stack.attendance.engine_inputs import (
    Period,
    current_period,
    read_corrections,
    read_periods,
    read_punches,
    read_reports,
    read_stored,
)
from tenant_stack.attendance.pairing_chains import MOST, chains_of, from_a_break
from tenant_stack.attendance.pending_days import StaffDay, claim, hold, postpone
from tenant_stack.attendance.recompute_ranges import Reach, Span, reach_of, spans_of
from tenant_stack.attendance.record_rows import NO_PUNCHES, Content, pack
from tenant_stack.attendance.record_settlement import Settlement, kept, period_of
from tenant_stack.rules.anomalies import anomaly
from tenant_stack.rules.engine import Shared, compute, reach
from tenant_stack.rules.inputs import Punch, StaffInput
from tenant_stack.rules.records import DayRecord, Result
from tenant_stack.rules.ruleset import PairingRule
from tenant_stack.schedules.terms import Terms, terms_of
from tenant_stack.tables.attendance import AttendanceRecord

# Small enough that a punch which comes meanwhile is shown within a second.
BATCH = 1000
# Weeks and two-week periods begin and end within this of the days that were marked.
TERMS_AROUND = timedelta(days=21)


@dataclass(slots=True)
class _Batch:
    """One batch: what was read, and what came of it."""

    now: datetime
    terms: Mapping[UUID, Terms]
    spans: dict[UUID, list[Span]]
    reaches: dict[UUID, Reach]
    stored: Mapping[StaffDay, AttendanceRecord]
    periods: Sequence[Period]
    settlement: Settlement = field(default_factory=Settlement)
    doubts: Doubts = field(default_factory=Doubts)
    digests: TermsDigests = field(default_factory=TermsDigests)


async def process_batch(
    session: AsyncSession, organisation_zone: str, *, most: int = BATCH, now: datetime | None = None
) -> tuple[int, list[UUID]]:
    """Compute up to ``most`` marked staff-days; returns how many there were and the ids of the records written."""
    days = await claim(session, most)
    return len(days), await _compute(session, days, organisation_zone, now or utc_now())


async def compute_now(
    session: AsyncSession, days: Collection[StaffDay], organisation_zone: str, *, now: datetime | None = None
) -> list[UUID]:
    """Compute these staff-days within this transaction, for somebody who waits for the answer."""
    await hold(session, days)
    return await _compute(session, days, organisation_zone, now or utc_now())


async def _compute(
    session: AsyncSession, days: Collection[StaffDay], organisation_zone: str, now: datetime
) -> list[UUID]:
    if not days:
        return []
    marked: dict[UUID, set[date]] = defaultdict(set)
    for staff_id, day in days:
        marked[staff_id].add(day)
    first, last = min(day for _, day in days) - TERMS_AROUND, max(day for _, day in days) + TERMS_AROUND
    terms = await terms_of(session, sorted(marked), first, last, organisation_zone)
    known: dict[int, Reach] = {}
    reaches: dict[UUID, Reach] = {}
    for staff_id in marked:
        rules = terms[staff_id].rules
        reaches[staff_id] = known.get(id(rules)) or known.setdefault(id(rules), reach_of(rules))
    runs = {staff_id: _around(dates, reaches[staff_id], terms[staff_id]) for staff_id, dates in marked.items()}
    raw = await read_punches(session, runs)
    corrections = await read_corrections(session, runs)
    reports = await read_reports(session, sorted(marked))
    periods = await read_periods(session, min(first for first, _ in runs.values()))
    punches: dict[UUID, tuple[Punch, ...]] = {}
    spans: dict[UUID, list[Span]] = {}
    for staff_id, dates in marked.items():
        mine = terms[staff_id]
        ordered = corrected(raw.get(staff_id, ()), corrections.get(staff_id, ()), mine.zone)
        pairings = pairings_of(mine)
        ordered = from_a_break(ordered, pairings, runs[staff_id][0], mine.zone)
        punches[staff_id] = tuple(ordered)
        spans[staff_id] = spans_of(dates, reaches[staff_id], chains_of(ordered, pairings, mine.zone))
    written = {staff_id: (found[0].first, found[-1].last) for staff_id, found in spans.items()}
    stored = await read_stored(session, written)

    batch = _Batch(now, terms, spans, reaches, stored, periods)
    shared: Shared = {}
    failed: list[StaffDay] = []
    for staff_id, found in spans.items():
        try:
            results = [
                compute(_input(batch, staff_id, span, punches[staff_id], reports.get(staff_id)), shared)
                for span in found
            ]
        except Exception:  # noqa: BLE001 - one person's configuration must not hold up everybody's records
            get_logger().error("attendance.failed", staff_id=str(staff_id), exc_info=True)
            failed.extend((staff_id, day) for day in marked[staff_id])
            continue
        for span, result in zip(found, results, strict=True):
            _judge(batch, staff_id, span, result)
    if failed:
        await postpone(session, failed)
    ids = await write_records(session, batch.settlement)
    await write_anomalies(session, batch.doubts)
    today = now.astimezone(zone(organisation_zone)).date()
    await write_differences(session, batch.settlement.differences, current_period(periods, today))
    return ids


def _around(dates: Collection[date], found: Reach, terms: Terms) -> tuple[date, date]:
    """The dates whose punches are needed to find the spans of these days and to judge them."""
    spans = spans_of(dates, found)
    last = found.end_of(spans[-1].last + MOST) + timedelta(days=found.after)
    first, last = reach(terms.rules, spans[0].run_first, max(last, spans[-1].run_last))
    return first - MOST, last


def pairings_of(terms: Terms) -> set[PairingRule]:
    """Every rule by which punches of a person may be paired."""
    found = {each.pairing for each in terms.rules}
    found.update(each.pairing for versions in terms.shifts.values() for each in versions if each.pairing is not None)
    return found


def input_of(
    staff_id: UUID,
    terms: Terms,
    span: tuple[date, date],
    punches: tuple[Punch, ...],
    now: datetime,
    reported: datetime | None,
) -> StaffInput:
    """What the rules are told about a person. Somebody who is no longer active keeps the records there are."""
    return StaffInput(
        staff_id=str(staff_id),
        first=span[0],
        last=span[1],
        zone=terms.zone,
        punches=punches,
        shifts=terms.shifts,
        assignments=terms.assignments,
        default_shift=terms.default_shift,
        rules=terms.rules,
        calendar=terms.calendar,
        leaves=terms.leaves,
        joined=terms.joined,
        left=terms.left,
        now=now,
        complete_until=reported,
    )


def _input(
    batch: _Batch, staff_id: UUID, span: Span, punches: tuple[Punch, ...], reported: datetime | None
) -> StaffInput:
    return input_of(staff_id, batch.terms[staff_id], (span.run_first, span.run_last), punches, batch.now, reported)


def _judge(batch: _Batch, staff_id: UUID, span: Span, result: Result) -> None:
    """Settle those days of a span that may change."""
    terms, together = batch.terms[staff_id], batch.reaches[staff_id]
    today = batch.now.astimezone(zone(terms.zone)).date()
    records = {record.work_date: record for record in result.records if record.punch_count or record.work_date <= today}
    settled: list[date] = []  # whose anomalies may be others: they are part of the digest
    weeks: set[StaffDay] = set()
    day = span.first
    while day <= span.last:
        key = (staff_id, day)
        stored, record = batch.stored.get(key), records.get(day)
        content = None if record is None else pack(str(staff_id), record, batch.digests.of(terms, day))
        content = kept(stored, content, active=terms.active)
        if day in span.marked or _concerned(stored, content):
            batch.settlement.settle(key, stored, content, period_of(batch.periods, day))
            if stored is None or content is None or stored.digest != content.digest or stored.manual:
                settled.append(day)
            weeks.add((staff_id, together.week_of(day)))
        day += timedelta(days=1)
    _doubt(batch, staff_id, settled, records)
    batch.doubts.add(staff_id, result.loose)
    if together.whole_weeks:
        batch.doubts.weeks |= weeks
    batch.doubts.add_weekly(staff_id, result.weekly)


def _doubt(batch: _Batch, staff_id: UUID, settled: Sequence[date], records: Mapping[date, DayRecord]) -> None:
    contradicted = {record_id for record_id, _ in batch.settlement.conflicts}
    for day in settled:
        batch.doubts.days.add((staff_id, day))
        if day in records:
            batch.doubts.add(staff_id, records[day].anomalies)
        stored = batch.stored.get((staff_id, day))
        if stored is not None and stored.manual and (stored.conflict or stored.id in contradicted):
            batch.doubts.add(staff_id, [anomaly("manual_conflict", day)])


def _concerned(stored: AttendanceRecord | None, content: Content | None) -> bool:
    """Do the new punches concern a day that nobody marked? Only if it has other punches than its record knows, or if
    it came out differently by the same configuration (rest after a night, overtime of the week): a change of the
    configuration must not reach earlier days by the way."""
    had = stored.punches_digest if stored is not None else NO_PUNCHES
    has = content.punches_digest if content is not None else NO_PUNCHES
    if had != has:
        return True
    return stored is not None and content is not None and stored.terms_digest == content.terms_digest
