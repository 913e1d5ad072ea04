"""What a decision about a conflict changes: the person, and their number on the clock. The planner tells the clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import server_now
from foundation.errors import Conflict
from tenant_stack.people.enrollments.clock_person import Facts, our_facts
from tenant_stack.people.enrollments.punch_owners import attach_known
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.tables.conflicts import ConflictRow
from tenant_stack.tables.staff import DeviceEnrollment, Staff

LINK = ("staff_id", "origin", "kept_apart", "by_hand", "privilege", "status")


async def settle(
    session: AsyncSession, conflict: ConflictRow, take: str, value: Mapping[str, Any]
) -> dict[str, object]:
    """Carry out a decision; returns what it changed, as it was, for `restore`. Sets the conflict's ``result``."""
    enrollment = await _enrollment(session, conflict)
    person = await _person(session, conflict)
    before: dict[str, object] = {"person": _person_facts(person), "link": _link(enrollment)}
    if take == "apart":
        await _keep_apart(session, enrollment, person)
        conflict.result = None
        return before
    if enrollment.staff_id is None:
        enrollment.staff_id, enrollment.origin, enrollment.kept_apart = person.id, "adopted", False
        enrollment.status = "enrolled"
    theirs = Facts.of(conflict.theirs)
    assert theirs is not None
    ours = Facts.of(conflict.ours) or our_facts(person.name, person.card_number, person.badge_number)
    result = theirs if take == "device" else replace(ours, **value)
    _write(person, conflict.fields if not value else [*conflict.fields, *value], result, ours, conflict)
    enrollment.privilege = result.privilege if "privilege" in {*conflict.fields, *value} else enrollment.privilege
    conflict.result = result.as_json()
    await _follow(session, enrollment, person, theirs, wants_ours=take != "device")
    return before


async def restore(session: AsyncSession, conflict: ConflictRow, before: Mapping[str, Any]) -> None:
    """Put person and number back to what they were before a decision."""
    enrollment = await _enrollment(session, conflict)
    person = await _person(session, conflict)
    person.name, person.card_number = before["person"]["name"], before["person"]["card_number"]
    link = before["link"]
    for name in LINK:
        setattr(enrollment, name, link[name])
    enrollment.staff_id = UUID(link["staff_id"]) if link["staff_id"] else None
    theirs = Facts.of(conflict.theirs)
    assert theirs is not None
    await _follow(session, enrollment, person, theirs, wants_ours=False)


async def _enrollment(session: AsyncSession, conflict: ConflictRow) -> DeviceEnrollment:
    found = await session.get(
        DeviceEnrollment, conflict.enrollment_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if found is None:
        raise Conflict("enrollment_gone", "The clock does not know this number any more")
    return found


async def _person(session: AsyncSession, conflict: ConflictRow) -> Staff:
    if conflict.staff_id is not None:
        found = await session.get(Staff, conflict.staff_id, with_for_update={"key_share": True}, populate_existing=True)
        if found is not None:
            return found
    raise Conflict("staff_gone", "The person of this conflict is not here any more")


def _person_facts(person: Staff) -> dict[str, object]:
    return {"name": person.name, "card_number": person.card_number}


def _link(enrollment: DeviceEnrollment) -> dict[str, object]:
    facts: dict[str, object] = {name: getattr(enrollment, name) for name in LINK}
    return {**facts, "staff_id": str(enrollment.staff_id) if enrollment.staff_id else None}


def _write(person: Staff, fields: list[str], result: Facts, ours: Facts, conflict: ConflictRow) -> None:
    if "name" in fields and result.name:
        # Our own name may be longer than what clocks are told of it.
        person.name = person.name if person.name.startswith(result.name) and result == ours else result.name
    if "card" in fields:
        person.card_number = result.card


async def _keep_apart(session: AsyncSession, enrollment: DeviceEnrollment, person: Staff) -> None:
    """Two people: the number on this clock is nobody's here. What was punched under it stays where it is."""
    enrollment.kept_apart = True
    if enrollment.staff_id == person.id:
        enrollment.staff_id, enrollment.origin, enrollment.status = None, "reported", "enrolled"
        enrollment.by_hand = enrollment.by_group = False
        enrollment.agreed = enrollment.sent = None
    await session.flush()
    await refresh_status(session, [person.id])


async def _follow(
    session: AsyncSession, enrollment: DeviceEnrollment, person: Staff, theirs: Facts, *, wants_ours: bool
) -> None:
    """Let the planner look at this person on every clock; on this one, what the clock said has been dealt with."""
    ours = our_facts(person.name, person.card_number, person.badge_number, enrollment.privilege)
    enrollment.seen = theirs.as_json()
    # Agreed is what the clock shows: whatever of ours is different is then sent to it.
    enrollment.agreed = theirs.as_json()
    enrollment.facts_at = None
    if wants_ours and ours != theirs and not enrollment.by_group and enrollment.staff_id is not None:
        # Somebody wants our values on a clock that was only observed so far.
        enrollment.by_hand = True
    person.clock_facts_at = server_now()
    await session.flush()
    if enrollment.staff_id is not None:
        await attach_known(session, device_id=enrollment.device_id)
    await refresh_status(session, [person.id])
