"""Is everything that is on a clock here? Counts are compared, and a difference is read again until it is explained.

A pull clock says its count at every contact. A push clock is asked for the sum of its log over the past until an hour
ago, of which no punch can be under way any more (``VERIFY SUM ATTLOG`` of the public Attendance PUSH protocol).

Not every difference is a loss: a clock may hold the same line twice, or have been emptied. Once a full reading has
shown that every line of the clock was received, what still differs is ``explained``, and only a change of it counts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM
from foundation.clock import LOCAL_TIME_FORMAT, utc_now, zone
from foundation.contracts.bridge import CommandKind, SyncSummary
from tenant_stack.devices.commands.queue import queue
from tenant_stack.devices.commands.results import Answered
from tenant_stack.devices.syncs import request_sync
from tenant_stack.tables.devices import Device, DeviceCompleteness

CHECK, REREAD = "check", "reread"
BEGINNING = "2000-01-01 00:00:00"
CLOSED = timedelta(hours=1)
QUIET = timedelta(seconds=15)
SETTLING = timedelta(minutes=10)
AGAIN = timedelta(minutes=15)
NIGHT_HOUR = 2

HELD = sa.text("""
SELECT d.stored_punches + (SELECT count(*) FROM quarantined_lines q WHERE q.device_id = d.id AND q.state <> 'replayed')
FROM devices d WHERE d.id = :device
""")
HELD_UNTIL = sa.text("""
SELECT (SELECT count(*) FROM punch_logs WHERE device_id = :device AND local_time <= CAST(:until AS timestamp))
     + (SELECT count(*) FROM quarantined_lines WHERE device_id = :device AND state <> 'replayed'
          AND fields ->> 'local_time' BETWEEN :beginning AND :until_text)
""")
DUE = sa.text("""
SELECT d.id FROM devices d LEFT JOIN device_completeness c ON c.device_id = d.id
WHERE d.connection = 'push' AND d.approved_at IS NOT NULL
  AND coalesce(c.next_check_at, d.approved_at + interval '1 hour') <= now()
  AND d.last_seen_at > now() - interval '10 minutes'
  AND NOT EXISTS (SELECT 1 FROM device_commands k WHERE k.device_id = d.id AND k.purpose = :check
                  AND k.state IN ('queued', 'sent'))
ORDER BY c.next_check_at NULLS FIRST LIMIT 50
""")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison says: the new state, and the part of the difference that is no loss."""

    state: str
    explained: int


def judge(on_clock: int, held: int, explained: int, before: int | None, capacity: int | None) -> Verdict:
    """Compare a clock's count with what is held here. Pure. ``before`` is the clock's count of the last comparison.

    A full log drops its oldest line for each new one, so its count proves nothing (``full_ring``). A count that went
    down means an emptied log: what is left is compared from now on. We may hold more, by punches that came meanwhile.
    """
    if capacity and on_clock >= capacity:
        return Verdict("full_ring", explained)
    emptied = on_clock - held < explained and (before is None or on_clock < before)
    if emptied:
        return Verdict("equal", on_clock - held)
    return Verdict("missing" if on_clock - held > explained else "equal", explained)


async def row_of(session: AsyncSession, device_id: UUID) -> DeviceCompleteness:
    """The state of a clock's comparison, made when it is missing, locked."""
    await session.execute(
        sa.text("INSERT INTO device_completeness (device_id) VALUES (:device) ON CONFLICT DO NOTHING"),
        {"device": device_id},
    )
    return (
        await session.scalars(
            sa.select(DeviceCompleteness)
            .where(DeviceCompleteness.device_id == device_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()


async def compared(session: AsyncSession, device_id: UUID) -> DeviceCompleteness | None:
    """The state of a clock's comparison as it is now, None when it was never compared."""
    return await session.get(DeviceCompleteness, device_id, populate_existing=True)


async def compare_counts(session: AsyncSession, device_id: UUID) -> None:
    """A pull clock has said its counts and handed its log over. A new loss asks for a full reading."""
    device = await session.get_one(Device, device_id, populate_existing=True)
    row = await row_of(session, device_id)
    row.method, row.checked_at = "counts", utc_now()
    on_clock = device.counts.get("logs")
    if not isinstance(on_clock, int):
        row.state, row.on_clock = "unsaid", None
        return
    held = int(await session.scalar(HELD, {"device": device_id}) or 0)
    quiet = device.last_punch_at is None or device.last_punch_at < utc_now() - QUIET
    if row.reread_from is not None and quiet:
        # A full reading has shown that nothing is missing: what differs now is the clock's own.
        row.explained, row.reread_from = on_clock - held, None
    capacity = device.counts.get("punch_capacity")
    _settle(row, on_clock, held, capacity if isinstance(capacity, int) else None)
    if row.state == "missing" and (row.reread_at is None or row.reread_at < utc_now() - timedelta(hours=1)):
        row.reread_at = utc_now()
        await request_sync(session, SYSTEM, device, kind="full")


async def take_full_read(session: AsyncSession, device_id: UUID, summary: SyncSummary) -> None:
    """A pull clock's whole log was read: if as many lines came as it has, nothing is missing."""
    if not summary.log_read or summary.received < summary.device_records:
        return
    row = await row_of(session, device_id)
    row.reread_from = summary.device_records
    row.state, row.differs_since, row.verified_at = "equal", None, utc_now()


async def due_checks(session: AsyncSession) -> None:
    """Ask the push clocks whose turn it is for the sum of their log; a night later again."""
    for device_id in list(await session.scalars(DUE, {"check": CHECK})):
        device = await session.get_one(Device, device_id, populate_existing=True)
        row = await row_of(session, device_id)
        row.next_check_at = next_night(device.zone, utc_now())
        until = (utc_now() - CLOSED).astimezone(zone(device.zone)).strftime(LOCAL_TIME_FORMAT)
        await queue(session, device_id, CommandKind.VERIFY_PUNCHES, since=BEGINNING, until=until, purpose=CHECK)


def next_night(zone_name: str, now: datetime) -> datetime:
    """Some time between two and four in the coming night of the clock's site, another for each clock."""
    local = now.astimezone(zone(zone_name))
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    if night <= local:
        night += timedelta(days=1)
    return night + timedelta(seconds=random.uniform(0, 7200))


async def check_soon(session: AsyncSession, device_id: UUID) -> None:
    """Compare at the next opportunity."""
    row = await row_of(session, device_id)
    row.next_check_at = utc_now()
    await session.flush()


async def take_answers(session: AsyncSession, device_id: UUID, answered: list[Answered]) -> None:
    """What a push clock said of the sum of its log."""
    for each in answered:
        if each.kind is CommandKind.VERIFY_PUNCHES and each.purpose == CHECK:
            if each.outcome == "done" and each.count is not None:
                await _take_sum(session, device_id, each.count, str(each.payload["until"]))
            elif each.outcome in {"done", "failed"}:
                row = await row_of(session, device_id)
                row.method, row.state, row.on_clock, row.checked_at = "sum", "unsaid", None, utc_now()
    await session.flush()


async def _take_sum(session: AsyncSession, device_id: UUID, on_clock: int, until: str) -> None:
    device = await session.get_one(Device, device_id, populate_existing=True)
    row = await row_of(session, device_id)
    values: dict[str, Any] = {
        "device": device_id,
        "until": datetime.strptime(until, LOCAL_TIME_FORMAT),  # noqa: DTZ007 - a clock's wall time has no zone
        "until_text": until,
        "beginning": BEGINNING,
    }
    held = int(await session.scalar(HELD_UNTIL, values) or 0)
    now = utc_now()
    row.method, row.until_local, row.checked_at = "sum", until, now
    if row.next_check_at <= now:
        row.next_check_at = next_night(device.zone, now)
    if on_clock - held > row.explained:
        uploaded = device.last_seen.get("upload")
        if isinstance(uploaded, str) and datetime.fromisoformat(uploaded) > now - timedelta(minutes=2):
            # It is sending just now, perhaps what is missing.
            row.next_check_at = now + SETTLING
            return
        if row.reread_from is not None and device.received_lines - row.reread_from >= on_clock:
            # Every line of the clock came again since it was asked to: it holds some of them twice.
            row.explained, row.reread_from = on_clock - held, None
    _settle(row, on_clock, held, None)
    if row.state != "missing":
        row.reread_from = None
    elif row.reread_at is None or row.reread_at < now - timedelta(hours=12):
        row.reread_at, row.reread_from, row.next_check_at = now, device.received_lines, now + AGAIN
        await queue(session, device_id, CommandKind.QUERY_PUNCHES, since=BEGINNING, until=until, purpose=REREAD)


def _settle(row: DeviceCompleteness, on_clock: int, held: int, capacity: int | None) -> None:
    verdict = judge(on_clock, held, row.explained, row.on_clock, capacity)
    row.on_clock, row.held = on_clock, held
    row.state, row.explained = verdict.state, verdict.explained
    now = utc_now()
    if row.state == "equal":
        row.verified_at, row.differs_since, row.reread_at = now, None, None
    elif row.state == "missing" and row.differs_since is None:
        row.differs_since = now


def in_words(device: Device, row: DeviceCompleteness | None) -> str:
    """The state as a sentence."""
    if row is None or row.checked_at is None:
        return "Not compared yet"
    if row.state == "unsaid":
        return "The clock does not say how many punches it holds; its log is read in full from time to time"
    if row.state == "full_ring":
        return "The clock's log is full and overwrites its oldest punches, so its count proves nothing"
    if row.state == "missing":
        lost = (row.on_clock or 0) - (row.held or 0) - row.explained
        return f"{lost} punches of the clock are not here yet; its whole log is read again"
    return "Everything on the clock is here"
