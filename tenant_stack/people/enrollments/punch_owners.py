"""Punches of PINs that nobody answered to get their owner later, and their days are computed again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.people.enrollments.pin_matches import match_pins

ATTACH = sa.text("""
WITH attached AS (
    UPDATE punch_logs p SET staff_id = e.staff_id
    FROM device_enrollments e
    WHERE p.staff_id IS NULL AND e.staff_id IS NOT NULL AND e.device_id = p.device_id AND e.pin = p.pin
      AND (CAST(:device AS uuid) IS NULL OR e.device_id = CAST(:device AS uuid))
      AND (CAST(:staff AS uuid) IS NULL OR e.staff_id = CAST(:staff AS uuid))
    RETURNING p.staff_id, p.local_time
)
INSERT INTO pending_staff_days (staff_id, work_date)
SELECT DISTINCT staff_id, CAST(local_time AS date) FROM attached ORDER BY 1, 2
ON CONFLICT (staff_id, work_date) DO UPDATE SET marked_at = least(pending_staff_days.marked_at, now()), priority = 0
RETURNING staff_id
""")

UNKNOWN = sa.text("""
SELECT u.device_id, array_agg(u.pin ORDER BY u.pin) AS pins
FROM (
    SELECT DISTINCT device_id, pin FROM punch_logs
    WHERE staff_id IS NULL AND (CAST(:pins AS text[]) IS NULL OR pin = ANY(CAST(:pins AS text[])))
    UNION
    SELECT device_id, pin FROM device_enrollments
    WHERE staff_id IS NULL AND (CAST(:pins AS text[]) IS NULL OR pin = ANY(CAST(:pins AS text[])))
) u
GROUP BY u.device_id
ORDER BY u.device_id
""")


async def attach_known(session: AsyncSession, *, device_id: UUID | None = None, staff_id: UUID | None = None) -> int:
    """Give unknown punches to the owners that the enrolments now name; returns how many staff-days were marked."""
    rows = await session.execute(ATTACH, {"device": device_id, "staff": staff_id})
    return len(rows.all())


async def match_unknown(session: AsyncSession, pins: Sequence[str] | None = None) -> int:
    """Look again for the owners of unknown PINs (all of them, or these), and attach what was found.

    Called when a person's numbers change, and from time to time by the worker, since a punch may arrive in the very
    moment in which its owner is entered.
    """
    waiting = list(await session.execute(UNKNOWN, {"pins": list(pins) if pins is not None else None}))
    found = 0
    for device_id, device_pins in waiting:
        if await match_pins(session, device_id, device_pins):
            found += await attach_known(session, device_id=device_id)
    return found
