"""Under which number a person goes on a clock: the one they have elsewhere, else their own, else the next free one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.people.enrollments.clock_person import alike
from tenant_stack.people.groups.wanted_pairs import Candidate

LONGEST_PIN = 9

OWN_NUMBERS = sa.text("""
SELECT s.id, s.badge_pin, s.employee_pin,
       (SELECT e.pin FROM device_enrollments e WHERE e.staff_id = s.id ORDER BY e.created_at, e.id LIMIT 1) AS used
FROM staff s WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")
HOLDERS = sa.text("""
SELECT id, device_id, pin, staff_id, status, kept_apart, reported_name FROM device_enrollments
WHERE device_id = ANY(CAST(:devices AS uuid[])) AND pin = ANY(CAST(:pins AS text[]))
""")
NEXT_FREE = sa.text("""
SELECT 1 + coalesce(max(CAST(pin AS bigint)), 0) FROM device_enrollments WHERE pin ~ '^[0-9]{1,8}$'
""")
PIN_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203413)")


@dataclass(frozen=True, slots=True)
class Contest:
    """The number that a person would have is somebody else's on this clock: its enrolment, and the person."""

    enrollment_id: UUID
    device_id: UUID
    staff_id: UUID


@dataclass(frozen=True, slots=True)
class Numbered:
    """Who goes on which clock under which number, and who waits for a decision."""

    pins: dict[tuple[UUID, UUID], str]
    contests: list[Contest]


async def choose_numbers(session: AsyncSession, people: Sequence[Candidate]) -> Numbered:
    """A number for each (device, person) of ``people``; in four statements however many they are.

    A number that a clock gave to somebody we don't know stays theirs until a person decides, unless the names agree.
    """
    if not people:
        return Numbered({}, [])
    own = {row.id: row for row in await session.execute(OWN_NUMBERS, {"ids": list({p.staff_id for p in people})})}
    first = {
        staff: next((pin for pin in (r.used, r.badge_pin, r.employee_pin) if usable(pin)), None)
        for staff, r in own.items()
    }
    await session.execute(PIN_LOCK)
    free = int(await session.scalar(NEXT_FREE) or 1)
    values = {"devices": list({p.device_id for p in people}), "pins": [pin for pin in first.values() if pin]}
    holders = {(row.device_id, row.pin): row for row in await session.execute(HOLDERS, values)}
    pins: dict[tuple[UUID, UUID], str] = {}
    contests: list[Contest] = []
    taken = {(device, pin) for device, pin in holders}
    spare: dict[UUID, str] = {}
    for person in people:
        pin = first[person.staff_id]
        holder = holders.get((person.device_id, pin)) if pin else None
        if holder is not None and holder.staff_id is None and not holder.kept_apart:
            if not alike(person.name, holder.reported_name or ""):
                contests.append(Contest(holder.id, person.device_id, person.staff_id))
                continue
        elif pin is None or ((person.device_id, pin) in taken and not (holder and holder.staff_id == person.staff_id)):
            if person.staff_id not in spare:
                spare[person.staff_id], free = str(free), free + 1
            pin = spare[person.staff_id]
        taken.add((person.device_id, str(pin)))
        pins[person.device_id, person.staff_id] = str(pin)
    return Numbered(pins, contests)


def usable(pin: str | None) -> bool:
    """Whether every kind of clock takes this number as a PIN."""
    return bool(pin and pin.isascii() and pin.isdigit() and len(pin) <= LONGEST_PIN and pin != "0")
