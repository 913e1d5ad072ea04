"""Whose is a PIN? First the device's enrolments; else the one active person whose badge, then whose employee id, it is;
else, for a user list, whoever has the same number and a name alike on another clock.

A match that the numbers alone made becomes an enrolment with its origin, so that people can see it and change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.people.enrollments.clock_person import alike
from tenant_stack.people.enrollments.status import refresh_status

MATCH = sa.text("""
SELECT w.pin,
       e.staff_id AS enrolled,
       CASE WHEN e.staff_id IS NULL AND array_length(b.ids, 1) = 1 THEN b.ids[1] END AS by_badge,
       CASE WHEN e.staff_id IS NULL AND b.ids IS NULL AND array_length(i.ids, 1) = 1 THEN i.ids[1] END AS by_employee,
       e.kept_apart IS TRUE AS kept_apart,
       e.reported_name
FROM unnest(CAST(:pins AS text[])) AS w(pin)
LEFT JOIN device_enrollments e ON e.device_id = :device AND e.pin = w.pin
LEFT JOIN LATERAL (SELECT array_agg(s.id) AS ids FROM staff s WHERE s.active AND s.badge_pin = w.pin) b ON true
LEFT JOIN LATERAL (SELECT array_agg(s.id) AS ids FROM staff s WHERE s.active AND s.employee_pin = w.pin) i ON true
""")

ENROL = sa.text("""
INSERT INTO device_enrollments (device_id, pin, staff_id, origin, status, confirmed_at, on_device, facts_at)
SELECT CAST(:device AS uuid), t.pin, t.staff_id, t.origin, 'enrolled', now(), true, now()
FROM unnest(CAST(:pins AS text[]), CAST(:staff AS uuid[]), CAST(:origins AS text[])) AS t(pin, staff_id, origin)
ORDER BY t.pin
ON CONFLICT (device_id, pin) DO UPDATE
    SET staff_id = excluded.staff_id, origin = excluded.origin, updated_at = now()
    WHERE device_enrollments.staff_id IS NULL
""")

ONE_NUMBER = "This number is somebody else's on another clock; until a person decides, these stay two"
ELSEWHERE = sa.text("""
SELECT e.pin, s.id, s.name FROM device_enrollments e JOIN staff s ON s.id = e.staff_id AND s.active
WHERE e.device_id <> :device AND e.pin = ANY(CAST(:pins AS text[])) AND e.status IN ('pending', 'enrolled', 'failed')
  AND NOT EXISTS (SELECT 1 FROM device_enrollments o WHERE o.pin = e.pin AND o.staff_id <> e.staff_id
                  AND o.status IN ('pending', 'enrolled', 'failed'))
GROUP BY e.pin, s.id, s.name
""")
CONTEST = sa.text("""
WITH apart AS (
    UPDATE device_enrollments e SET kept_apart = true
    FROM unnest(CAST(:pins AS text[]), CAST(:staff AS uuid[])) AS t(pin, staff_id)
    WHERE e.device_id = :device AND e.pin = t.pin AND e.staff_id IS NULL
    RETURNING e.*, t.staff_id AS claimed_by
)
INSERT INTO conflicts (kind, enrollment_id, device_id, staff_id, pin, fields, ours, theirs, ours_at, theirs_at, rule)
SELECT 'pin_collision', e.id, e.device_id, s.id, e.pin, CAST('["name"]' AS jsonb),
       jsonb_build_object('name', s.name, 'card', coalesce(s.card_number, 0), 'privilege', 0),
       jsonb_build_object('name', e.reported_name, 'card', coalesce(e.reported_card, 0),
                          'privilege', coalesce(e.reported_privilege, 0)),
       s.clock_facts_at, coalesce(e.reported_at, now()), :rule
FROM apart e JOIN staff s ON s.id = e.claimed_by
ON CONFLICT (enrollment_id) WHERE resolved_at IS NULL DO NOTHING
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
    nobody: dict[str, str] = {}
    for row in await session.execute(MATCH, {"device": device_id, "pins": pins}):
        pin, enrolled, by_badge, by_employee_id, kept_apart, reported_name = row
        owner = enrolled or (None if kept_apart else by_badge or by_employee_id)
        if owner is None:
            if reported_name and not kept_apart:
                nobody[pin] = reported_name
            continue
        owners[pin] = owner
        if enrolled is None:
            found.append(Match(pin, owner, "matched_badge" if by_badge else "matched_employee_id"))
    for match in await _elsewhere(session, device_id, nobody) if nobody else []:
        owners[match.pin] = match.staff_id
        found.append(match)
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


async def _elsewhere(session: AsyncSession, device_id: UUID, names: dict[str, str]) -> list[Match]:
    """The same number on another clock: its person if the names are alike, a question to a person if they are not."""
    rows = await session.execute(ELSEWHERE, {"device": device_id, "pins": sorted(names)})
    matches: list[Match] = []
    contested: list[tuple[str, UUID]] = []
    for pin, staff_id, name in rows:
        if alike(name, names[pin]):
            matches.append(Match(pin, staff_id, "matched_device"))
        else:
            contested.append((pin, staff_id))
    if contested:
        values = {
            "device": device_id,
            "pins": [pin for pin, _ in contested],
            "staff": [staff_id for _, staff_id in contested],
        }
        await session.execute(CONTEST, {**values, "rule": ONE_NUMBER})
    return matches
