"""Synchronisations: the row in `sync_logs` is the state, so a lost or doubled message changes nothing.

queued → running → done | failed, and running → retrying → running while failures may pass by themselves. The next
attempt lies a random time ahead (exponential backoff with full jitter), kept as ``next_attempt_at``.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.bridge import CommandKind, SyncSummary
from foundation.errors import Conflict
from tenant_stack.devices.commands.queue import queue
from tenant_stack.devices.commands.results import in_words
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device, SyncLog

PULL_LEASE_SECONDS = 360
PUSH_PATIENCE_SECONDS = 900
NO_ANSWER = "The clock did not fetch its commands within 15 minutes; it is switched off or cannot reach us"

OPEN = ("queued", "running", "retrying")

START = sa.text("""
UPDATE sync_logs s SET state = 'running', attempts = s.attempts + 1, started_at = coalesce(s.started_at, now()),
       leased_until = now() + make_interval(secs => CASE WHEN d.connection = 'pull' THEN CAST(:pull AS integer)
                                                         ELSE CAST(:push AS integer) END),
       stored_before = d.stored_punches, message = ''
FROM devices d
WHERE s.id = (SELECT id FROM sync_logs WHERE id = CAST(:id AS uuid) FOR UPDATE SKIP LOCKED) AND d.id = s.device_id
  AND (s.state = 'queued' OR (s.state = 'retrying' AND s.next_attempt_at <= now())
       OR (s.state = 'running' AND d.connection = 'pull' AND s.leased_until < now()))
RETURNING s.device_id, s.attempts, d.device_serial, d.connection, s.kind
""")

DUE = sa.text("""
SELECT s.id FROM sync_logs s JOIN devices d ON d.id = s.device_id
WHERE (s.state IN ('queued', 'retrying') AND s.next_attempt_at <= now())
   OR (s.state = 'running' AND d.connection = 'pull' AND s.leased_until < now())
ORDER BY s.next_attempt_at LIMIT 100
""")

GIVE_UP_ON_PUSH = sa.text("""
WITH late AS (
    UPDATE sync_logs s SET state = 'failed', finished_at = now(), message = :message
    FROM devices d
    WHERE d.id = s.device_id AND d.connection = 'push' AND s.state = 'running' AND s.leased_until < now()
    RETURNING s.id
)
UPDATE device_commands c SET state = 'failed', finished_at = now() FROM late
WHERE c.sync_id = late.id AND c.state IN ('queued', 'sent')
""")

SUCCEED = sa.text("""
WITH done AS (
    UPDATE sync_logs SET state = 'done', finished_at = now(), received = :received, stored = :stored,
           duplicate = :duplicate, quarantined = :quarantined, message = :message
    WHERE id = :id AND state = 'running'
    RETURNING device_id
)
UPDATE devices d SET last_sync_at = now() FROM done WHERE d.id = done.device_id
""")

FAIL = sa.text("""
UPDATE sync_logs SET state = CAST(:state AS text), message = :message,
       next_attempt_at = now() + make_interval(secs => CAST(:delay AS double precision)),
       finished_at = CASE WHEN CAST(:state AS text) = 'failed' THEN now() END
WHERE id = :id AND state = 'running'
""")

# A push synchronisation is over when each of its commands is answered; what came meanwhile is what it brought.
SETTLE_PUSH = sa.text("""
WITH answers AS (
    SELECT s.id, s.device_id, min(c.result_code) FILTER (WHERE c.state = 'failed') AS refused
    FROM sync_logs s JOIN device_commands c ON c.sync_id = s.id
    WHERE s.id = ANY(CAST(:ids AS uuid[])) AND s.state = 'running'
    GROUP BY s.id HAVING bool_and(c.state IN ('done', 'failed'))
)
UPDATE sync_logs s SET state = CASE WHEN a.refused IS NULL THEN 'done' ELSE 'failed' END, finished_at = now(),
       received = d.stored_punches - s.stored_before, stored = d.stored_punches - s.stored_before
FROM answers a JOIN devices d ON d.id = a.device_id
WHERE s.id = a.id
RETURNING s.id, s.device_id, a.refused
""")

COMPARE_SOON = sa.text("""
INSERT INTO device_completeness (device_id, next_check_at) VALUES (:device, now() + interval '1 minute')
ON CONFLICT (device_id) DO UPDATE SET next_check_at = least(device_completeness.next_check_at, excluded.next_check_at)
""")


@dataclass(frozen=True, slots=True)
class Started:
    """A synchronisation that this worker now carries out."""

    sync_id: UUID
    device_id: UUID
    serial: str
    connection: str
    attempts: int
    kind: str


@dataclass(frozen=True, slots=True)
class Backoff:
    """``base`` doubles with each attempt up to ``cap`` (seconds); after ``attempts`` it is given up."""

    base: float
    cap: float
    attempts: int

    @classmethod
    def of(cls, settings: TenantSettings) -> Self:
        """As the organisation's settings say."""
        return cls(settings.sync_base_seconds, settings.sync_cap_seconds, settings.sync_attempts)

    def delay(self, attempts: int) -> float:
        """Full jitter: any time up to the exponential bound, so that many clocks do not come back together."""
        return random.uniform(0, min(self.cap, self.base * 2 ** max(0, attempts - 1)))


async def request_sync(session: AsyncSession, actor: Actor, device: Device, *, kind: str = "requested") -> SyncLog:
    """Ask for a synchronisation; one that is open already is returned instead of a second."""
    if device.approved_at is None:
        raise Conflict("device_waiting", "Approve this clock before synchronising it")
    await session.execute(sa.select(Device.id).where(Device.id == device.id).with_for_update(key_share=True))
    running: SyncLog | None = await session.scalar(
        sa.select(SyncLog).where(SyncLog.device_id == device.id, SyncLog.state.in_(OPEN))
    )
    if running is not None:
        return running
    sync = SyncLog(device_id=device.id, kind=kind, requested_by=actor.label[:200])
    session.add(sync)
    await session.flush()
    audited(session, actor, "device.sync", "device", device.id, after={"sync_id": str(sync.id)})
    return sync


async def start(session: AsyncSession, sync_id: UUID) -> Started | None:
    """Take a due synchronisation; None when somebody else has it or it is over. A push one is queued on the clock."""
    values = {"id": sync_id, "pull": PULL_LEASE_SECONDS, "push": PUSH_PATIENCE_SECONDS}
    row = (await session.execute(START, values)).one_or_none()
    if row is None:
        return None
    if row.connection == "push":
        for kind in (CommandKind.CHECK, CommandKind.INFO):
            await queue(session, row.device_id, kind, sync_id=sync_id)
    return Started(sync_id, row.device_id, row.device_serial, row.connection, row.attempts, row.kind)


async def succeed(session: AsyncSession, sync_id: UUID, summary: SyncSummary) -> None:
    """The bridge has read the clock."""
    message = "" if summary.log_read else "Nothing new: the clock's count had not moved, so its log was not read"
    values = {
        "id": sync_id,
        "received": summary.received,
        "stored": summary.stored,
        "duplicate": summary.duplicate,
        "quarantined": summary.quarantined,
        "message": message,
    }
    await session.execute(SUCCEED, values)


async def fail(session: AsyncSession, started: Started, message: str, *, transient: bool, backoff: Backoff) -> None:
    """It went wrong: try again later, or give up when that cannot help or was tried often enough."""
    again = transient and started.attempts < backoff.attempts
    values = {
        "id": started.sync_id,
        "state": "retrying" if again else "failed",
        "message": message,
        "delay": backoff.delay(started.attempts) if again else 0.0,
    }
    await session.execute(FAIL, values)


async def settle_push_syncs(session: AsyncSession, sync_ids: Collection[UUID]) -> None:
    """Close the push synchronisations whose commands are all answered."""
    if not sync_ids:
        return
    for row in list(await session.execute(SETTLE_PUSH, {"ids": sorted(sync_ids)})):
        if row.refused is not None:
            await session.execute(sa.update(SyncLog).where(SyncLog.id == row.id).values(message=in_words(row.refused)))
        else:
            await session.execute(
                sa.text("UPDATE devices SET last_sync_at = now() WHERE id = :id"), {"id": row.device_id}
            )
            # After a synchronisation the log is compared; what came with it is counted at leisure.
            await session.execute(COMPARE_SOON, {"device": row.device_id})


async def due_syncs(session: AsyncSession) -> list[UUID]:
    """Synchronisations that should be under way and are not; push ones that no clock fetched are given up."""
    await session.execute(GIVE_UP_ON_PUSH, {"message": NO_ANSWER})
    return list(await session.scalars(DUE))
