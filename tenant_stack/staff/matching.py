"""Whose is a PIN? First the device's enrolments; else the one active person whose badge, then whose employee id, it is.

A match that the numbers alone made becomes an enrolment with its origin, so that people can see it and change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.staff.enrollment_status import refresh_status

MATCH = sa.text("""
SELECT w.pin,
       e.staff_id AS enrolled,
       CASE WHEN e.staff_id IS NULL AND array_length(b.ids, 1) = 1 THEN b.ids[1] END AS by_badge,
       CASE WHEN e.staff_id IS NULL AND b.ids IS NULL AND array_length(i.ids, 1) = 1 THEN i.ids[1] END AS by_employee_id
FROM unnest(CAST(:pins AS text[])) AS w(pin)
LEFT JOIN device_enrollments e ON e.device_id = :device AND e.pin = w.pin
LEFT JOIN LATERAL (SELECT array_agg(s.id) AS ids FROM staff s WHERE s.active AND s.badge_pin = w.pin) b ON true
LEFT JOIN LATERAL (SELECT array_agg(s.id) AS ids FROM staff s WHERE s.active AND s.employee_pin = w.pin) i ON true
""")

ENROL = sa.text("""
INSERT INTO device_enrollments (device_id, pin, staff_id, origin, status, confirmed_at)
SELECT CAST(:device AS uuid), t.pin, t.staff_id, t.origin, 'enrolled', now()
FROM unnest(CAST(:pins AS text[]), CAST(:staff AS uuid[]), CAST(:origins AS text[])) AS t(pin, staff_id, origin)
ORDER BY t.pin
ON CONFLICT (device_id, pin) DO UPDATE
    SET staff_id = excluded.staff_id, origin = excluded.origin, updated_at = now()
    WHERE device_enrollments.staff_id IS NULL
""")


@dataclass(frozen=True, slots=True)
class Match:
    """A person found for a PIN by their numbers, not by an enrolment that was there."""

    pin: str
    staff_id: UUID
    origin: str


async def match_pins(session: AsyncSession, device_id: UUID, pins: Sequence[str]) -> dict[str, UUID]:
    """Normalised PIN → staff id for one device; PINs that nobody answers to are absent.

    One statement, and two more only when somebody was matched by number for the first time.
    """
    owners: dict[str, UUID] = {}
    found: list[Match] = []
    for pin, enrolled, by_badge, by_employee_id in await session.execute(MATCH, {"device": device_id, "pins": pins}):
        owner = enrolled or by_badge or by_employee_id
        if owner is None:
            continue
        owners[pin] = owner
        if enrolled is None:
            found.append(Match(pin, owner, "matched_badge" if by_badge else "matched_employee_id"))
    if found:
        await session.execute(
            ENROL,
            {
                "device": device_id,
                "pins": [match.pin for match in found],
                "staff": [match.staff_id for match in found],
                "origins": [match.origin for match in found],
            },
        )
        await refresh_status(session, [match.staff_id for match in found])
    return owners
