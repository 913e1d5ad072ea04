"""Who is missing on a clock. Only a whole, readable, non-empty list proves that, once the clock's own count agrees."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.people.enrollments.status import refresh_status

VERIFY = sa.text("""
UPDATE device_lists l SET verified_at = now()
FROM devices d
WHERE d.id = l.device_id AND d.device_serial = :serial AND l.verified_at IS NULL AND l.people > 0
  AND l.people = CAST(:people AS integer)
RETURNING l.device_id, l.taken_at
""")
# People whom somebody wants there are written again; people who only were there are there no more.
ABSENT = sa.text("""
UPDATE device_enrollments e SET
    on_device = false, seen = NULL, updated_at = now(),
    status = CASE WHEN e.status = 'enrolled' AND (e.by_hand OR e.by_group) THEN 'pending'
                  WHEN e.status = 'removing' OR (e.status = 'enrolled' AND e.staff_id IS NOT NULL) THEN 'removed'
                  ELSE e.status END,
    message = CASE WHEN e.status = 'enrolled' AND (e.by_hand OR e.by_group)
                   THEN 'The clock no longer had this person; they are sent again' ELSE '' END,
    sent = NULL, facts_at = NULL
WHERE e.device_id = :device AND e.listed_at IS DISTINCT FROM CAST(:taken_at AS timestamptz)
  AND (e.confirmed_at IS NULL OR e.confirmed_at < CAST(:taken_at AS timestamptz))
  AND e.status IN ('enrolled', 'removing') AND e.on_device IS DISTINCT FROM false
RETURNING e.staff_id
""")


async def settle_list(session: AsyncSession, serial: str, people: int | None) -> UUID | None:
    """The clock has said how many people it holds (None: it did not): if its newest list has as many, trust that list.

    Returns the device whose list was verified by this, None otherwise.
    """
    if people is None:
        return None
    row = (await session.execute(VERIFY, {"serial": serial, "people": people})).one_or_none()
    if row is None:
        return None
    touched = await session.scalars(ABSENT, {"device": row.device_id, "taken_at": row.taken_at})
    await refresh_status(session, [each for each in touched if each])
    device: UUID = row.device_id
    return device
