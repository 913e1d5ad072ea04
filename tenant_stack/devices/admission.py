"""May this serial speak to us? An unknown clock is remembered as waiting, and refused, so that it keeps its log."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database
from foundation.errors import Forbidden

MOST_WAITING = 100

FIND = sa.text(
    "SELECT id, zone, approved_at IS NOT NULL AS approved, claim_state FROM devices WHERE device_serial = :serial"
)
# The lock makes batches of one device follow one another, so that its counter and its punches agree.
FIND_LOCKED = sa.text(
    "SELECT id, zone, approved_at IS NOT NULL AS approved, claim_state FROM devices WHERE device_serial = :serial "
    "FOR NO KEY UPDATE"
)

SEEN_AGAIN = sa.text("""
UPDATE devices SET attempts = attempts + 1, source_address = :address, last_seen_at = now(),
       last_seen = last_seen || jsonb_build_object(CAST(:kind AS text), now())
WHERE device_serial = :serial AND approved_at IS NULL
""")
SEEN_FIRST = sa.text("""
INSERT INTO devices (device_serial, name, connection, zone, source_address, attempts, last_seen_at, last_seen)
SELECT CAST(:serial AS text), CAST(:serial AS text), 'push', CAST(:zone AS text), CAST(:address AS text), 1, now(),
       jsonb_build_object(CAST(:kind AS text), now())
WHERE (SELECT count(*) FROM devices WHERE approved_at IS NULL) < CAST(:most AS bigint)
ON CONFLICT (device_serial) DO NOTHING
RETURNING id
""")
COUNT_ONLY = sa.text("""
INSERT INTO refused_contacts (day, attempts, last_serial, last_address)
VALUES (current_date, 1, :serial, :address)
ON CONFLICT (day) DO UPDATE SET attempts = refused_contacts.attempts + 1,
    last_serial = excluded.last_serial, last_address = excluded.last_address
""")


@dataclass(frozen=True, slots=True)
class Admitted:
    """An approved device."""

    id: UUID
    zone: str


class DeviceRefused(Forbidden):
    """The serial is not one of ours (yet)."""


def _unknown(serial: str) -> DeviceRefused:
    return DeviceRefused("device_unknown", f"This organisation does not know the clock {serial}")


async def admit(session: AsyncSession, serial: str, *, lock: bool = False) -> Admitted:
    """The approved device of that serial; `DeviceRefused` with ``device_unknown`` or ``device_waiting`` otherwise."""
    row = (await session.execute(FIND_LOCKED if lock else FIND, {"serial": serial})).one_or_none()
    if row is None:
        raise _unknown(serial)
    if not row.approved:
        raise DeviceRefused("device_waiting", f"The clock {serial} waits for somebody to approve it")
    if row.claim_state == "elsewhere":
        raise DeviceRefused("device_elsewhere", f"The clock {serial} is registered by another organisation")
    return Admitted(row.id, row.zone)


async def record_sighting(database: Database, serial: str, *, address: str, kind: str, zone: str) -> None:
    """Remember the contact of a refused serial in a transaction of its own.

    At most a hundred serials wait at a time; contacts of further ones are only counted, since anybody can make them up.
    """
    values = {"serial": serial, "address": address[:64], "kind": kind}
    async with database.transaction() as session:
        again = await session.execute(SEEN_AGAIN, values)
        if again.rowcount:  # type: ignore[attr-defined]
            return
        first = await session.execute(SEEN_FIRST, {**values, "zone": zone, "most": MOST_WAITING})
        if first.one_or_none() is None:
            await session.execute(COUNT_ONLY, {"serial": serial, "address": address[:64]})
