"""Intake of punches: one transaction per batch, a bounded number of statements whatever the size of the batch.

A punch is identified by (device, normalised PIN, device-local second, status). A unique constraint, not a watermark,
removes duplicates: the same log by push, by pull and by replay adds nothing.
received = stored + duplicate + quarantined, always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from foundation.contracts.bridge import BatchResult, BatchSource, PunchBatch
from foundation.database import Database, after_commit
from tenant_stack.devices.admission import DeviceRefused, admit, record_sighting
from tenant_stack.devices.sources import FOLLOW_ADDRESS
from tenant_stack.people.enrollments.pin_matches import match_pins
from tenant_stack.punch_lines import RejectedLine, ValidPunch, printable, validate_punch
from tenant_stack.punches.partitions import Month, Months, month_of
from tenant_stack.worker_hints import Hints

TOPIC = "punches.stored"

# Punches, affected staff-days, the device's counters and the outbox row in one round trip. Marking a day again takes
# its row lock, so that a worker that is computing the day cannot miss this batch.
STORE = sa.text(
    """
WITH incoming AS (
    SELECT * FROM unnest(
        CAST(:pins AS text[]), CAST(:raw_pins AS text[]), CAST(:local_times AS timestamp[]),
        CAST(:instants AS timestamptz[]), CAST(:statuses AS smallint[]), CAST(:verifies AS smallint[]),
        CAST(:work_codes AS text[]), CAST(:raws AS text[]), CAST(:staff AS uuid[])
    ) AS t(pin, raw_pin, local_time, punched_at, status, verify, work_code, raw, staff_id)
), stored AS (
    INSERT INTO punch_logs (device_id, pin, raw_pin, local_time, zone, punched_at, status, verify, work_code, source,
                            clock_offset_seconds, received_at, raw, staff_id, unconfirmed_source)
    SELECT CAST(:device AS uuid), pin, raw_pin, local_time, CAST(:zone AS text), punched_at, status, verify, work_code,
           CAST(:source AS text), CAST(:clock_offset AS integer), CAST(:at AS timestamptz), raw, staff_id,
           (SELECT (connection = 'push' AND (new_address IS NOT NULL OR pinned_address <> CAST(:address AS text))
                    AND CAST(:address AS text) <> '') IS TRUE
            FROM devices WHERE id = CAST(:device AS uuid))
    FROM incoming
    ON CONFLICT (device_id, pin, local_time, status) DO NOTHING
    RETURNING id, staff_id, local_time, punched_at
), marked AS (
    INSERT INTO pending_staff_days (staff_id, work_date)
    SELECT DISTINCT staff_id, CAST(local_time AS date) FROM stored WHERE staff_id IS NOT NULL ORDER BY 1, 2
    ON CONFLICT (staff_id, work_date) DO UPDATE SET marked_at = least(pending_staff_days.marked_at, now()), priority = 0
), counted AS (
    UPDATE devices SET"""  # noqa: S608 - put together from constants
    + FOLLOW_ADDRESS
    + """,
        received_lines = received_lines + CAST(:received AS bigint),
        quarantined_lines = quarantined_lines + CAST(:quarantined AS bigint),
        duplicate_lines = duplicate_lines + CAST(:received AS bigint) - CAST(:quarantined AS bigint)
                          - (SELECT count(*) FROM stored),
        stored_punches = stored_punches + (SELECT count(*) FROM stored),
        last_punch_at = greatest(last_punch_at, (SELECT max(punched_at) FROM stored)),
        last_seen_at = greatest(last_seen_at, CAST(:at AS timestamptz)),
        last_sync_at = greatest(last_sync_at, CAST(:at AS timestamptz)),
        last_seen = last_seen || jsonb_build_object(CAST(:kind AS text), CAST(:at AS timestamptz)),
        clock_offset_seconds = coalesce(CAST(:clock_offset AS integer), clock_offset_seconds)
    WHERE id = CAST(:device AS uuid)
), remembered AS (
    INSERT INTO outbox (topic, payload)
    SELECT CAST(:topic AS text),
           jsonb_build_object('ids', jsonb_agg(id), 'first', min(local_time), 'last', max(local_time))
    FROM stored HAVING count(*) > 0
)
SELECT count(*) FROM stored
"""
)

QUARANTINE = sa.text("""
WITH kept AS (
    INSERT INTO quarantined_lines (device_id, raw, digest, reason, source, received_at, fields)
    SELECT CAST(:device AS uuid), raw, digest, reason, CAST(:source AS text), CAST(:received_at AS timestamptz),
           CAST(fields AS jsonb)
    FROM unnest(CAST(:raws AS text[]), CAST(:digests AS bytea[]), CAST(:reasons AS text[]), CAST(:fields AS text[]))
         AS t(raw, digest, reason, fields)
    ON CONFLICT (device_id, digest) DO NOTHING
    RETURNING id
)
SELECT count(*) FROM kept
""")


class PartitionsMissing(Exception):
    """The batch has punches of months that may have no partition yet."""

    def __init__(self, months: set[Month]) -> None:
        super().__init__(f"months without a partition: {sorted(months)}")
        self.months = months


@dataclass(frozen=True)
class Intake:
    """Stores batches; opens and commits their transactions.

    ``organisation_zone`` is assumed for a device that is not approved yet.
    """

    database: Database
    months: Months
    hints: Hints
    organisation_zone: str

    async def receive(self, batch: PunchBatch) -> BatchResult:
        """Store a batch, committed on return; `Forbidden` when the serial is unknown or not approved."""
        try:
            try:
                return await self._store(batch)
            except PartitionsMissing as missing:
                await self.months.create(missing.months)
                return await self._store(batch)
        except DeviceRefused:
            await record_sighting(
                self.database,
                batch.serial,
                address=batch.source_address,
                kind=contact_kind(batch.source),
                zone=self.organisation_zone,
            )
            raise

    async def _store(self, batch: PunchBatch) -> BatchResult:
        async with self.database.transaction() as session:
            result = await store(session, batch, self.months)
            if result.stored:
                after_commit(session, self.hints.drain)
            return result


async def store(session: AsyncSession, batch: PunchBatch, months: Months) -> BatchResult:
    """Store a batch in the caller's transaction; raises `PartitionsMissing` before anything is written."""
    device = await admit(session, batch.serial, lock=True)
    site = zone(device.zone)
    now = utc_now()
    valid: list[ValidPunch] = []
    rejected = [RejectedLine(printable(line.raw), printable(line.reason)[:300]) for line in batch.rejected]
    for punch in batch.punches:
        line = validate_punch(punch, site, now)
        if isinstance(line, ValidPunch):
            valid.append(line)
        else:
            rejected.append(line)
    if missing := months.missing({month_of(line.local_time) for line in valid}):
        raise PartitionsMissing(missing)

    owners = await match_pins(session, device.id, sorted({line.pin for line in valid})) if valid else {}
    quarantined = await _quarantine(session, device.id, batch, rejected) if rejected else 0
    received = len(batch.punches) + len(batch.rejected)
    receipt = Receipt(
        source=batch.source.value,
        kind=contact_kind(batch.source),
        at=batch.received_at,
        received=received,
        quarantined=quarantined,
        address=batch.source_address[:64],
        clock_offset=batch.clock_offset_seconds,
    )
    stored = await insert_punches(session, device.id, device.zone, valid, owners, receipt)
    return BatchResult(
        received=received, stored=stored, duplicate=received - stored - quarantined, quarantined=quarantined
    )


@dataclass(frozen=True)
class Receipt:
    """How and when lines of a device arrived.

    ``received`` and ``quarantined`` are added to the device's counters; what is neither new nor quarantined is a
    duplicate. ``kind`` is the kind of contact by which the device was seen at ``at``; ``clock_offset`` in seconds.
    """

    source: str
    kind: str
    at: datetime
    received: int
    quarantined: int
    address: str = ""
    clock_offset: int | None = None


async def insert_punches(
    session: AsyncSession,
    device_id: UUID,
    zone_name: str,
    valid: Sequence[ValidPunch],
    owners: Mapping[str, UUID],
    receipt: Receipt,
) -> int:
    """Insert punches and apply what follows from them; returns how many were new."""
    values = {
        **asdict(receipt),
        "device": device_id,
        "zone": zone_name,
        "topic": TOPIC,
        "pins": [line.pin for line in valid],
        "raw_pins": [line.raw_pin for line in valid],
        "local_times": [line.local_time for line in valid],
        "instants": [line.punched_at for line in valid],
        "statuses": [line.status for line in valid],
        "verifies": [line.verify for line in valid],
        "work_codes": [line.work_code for line in valid],
        "raws": [line.raw for line in valid],
        "staff": [owners.get(line.pin) for line in valid],
    }
    return int((await session.execute(STORE, values)).scalar_one())


async def _quarantine(session: AsyncSession, device_id: UUID, batch: PunchBatch, rejected: list[RejectedLine]) -> int:
    values = {
        "device": device_id,
        "source": batch.source.value,
        "received_at": batch.received_at,
        "raws": [line.raw for line in rejected],
        "digests": [line.digest for line in rejected],
        "reasons": [line.reason for line in rejected],
        "fields": [line.fields for line in rejected],
    }
    return int((await session.execute(QUARANTINE, values)).scalar_one())


def contact_kind(source: BatchSource) -> str:
    """The kind of contact that a batch counts as."""
    return "upload" if source is BatchSource.PUSH else "pull"
