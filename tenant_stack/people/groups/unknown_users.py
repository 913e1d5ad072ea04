"""People that clocks know and nobody wants there: shown, adopted, or taken off by a person; never by ourselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.people.enrollments.clock_person import Facts, our_facts
from tenant_stack.people.enrollments.punch_owners import attach_known
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.people.groups.apply_plan import take_off
from tenant_stack.people.groups.schemas import AdoptIn, Named, StrangerView
from tenant_stack.people.staff.schemas import StaffIn
from tenant_stack.people.staff.service import create_staff, get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.conflicts import ConflictRow
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import DeviceEnrollment, Staff
from tenant_stack.views import view_of

SUGGESTIONS = sa.text("""
SELECT DISTINCT ON (u.id) u.id, s.id AS staff_id, s.name
FROM device_enrollments u
JOIN LATERAL (
    SELECT s.id, s.name, 1 AS rank FROM device_enrollments e JOIN staff s ON s.id = e.staff_id AND s.active
    WHERE e.pin = u.pin AND e.device_id <> u.device_id
    UNION ALL
    SELECT s.id, s.name, 0 FROM staff s
    WHERE s.active AND u.reported_name <> '' AND lower(s.name) = lower(u.reported_name)
) s ON true
WHERE u.id = ANY(CAST(:ids AS uuid[]))
ORDER BY u.id, s.rank, s.id
""")


def _query() -> sa.Select[*tuple[Any, ...]]:
    row = DeviceEnrollment
    return (
        sa.select(row, Device.name, Staff.name)
        .join(Device, Device.id == row.device_id)
        .outerjoin(Staff, Staff.id == row.staff_id)
        .where(
            sa.or_(
                sa.and_(row.staff_id.is_(None), row.on_device.is_not(False), row.status.in_(["enrolled", "removing"])),
                sa.and_(row.status == "removed", row.on_device.is_(True)),
            )
        )
    )


async def list_strangers(
    session: AsyncSession, page: PageRequest, *, device_id: UUID | None = None, q: str | None = None
) -> Page[StrangerView]:
    """Whom clocks know without anybody here wanting it, by number. ``q`` looks in number and name."""
    query = _query()
    if device_id is not None:
        query = query.where(DeviceEnrollment.device_id == device_id)
    if q:
        columns = (DeviceEnrollment.pin, DeviceEnrollment.reported_name)
        query = query.where(sa.or_(*(column.icontains(q, autoescape=True) for column in columns)))
    table = DeviceEnrollment.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.pin, table.id])
    found = await session.execute(SUGGESTIONS, {"ids": [row[0].id for row in rows if row[0].staff_id is None]})
    offered = list(found)
    # The statement is text and sees everybody; whom the caller may see is asked through the model.
    seen = set(await session.scalars(sa.select(Staff.id).where(Staff.id.in_({row.staff_id for row in offered}))))
    suggestions = {row.id: Named(id=row.staff_id, name=row.name) for row in offered if row.staff_id in seen}
    items = [_view(row, suggestions.get(row[0].id)) for row in rows]
    return Page(items=items, next_cursor=cursor, total=total)


def _view(row: Any, suggestion: Named | None) -> StrangerView:
    return view_of(StrangerView, row[0], device_name=row[1], staff_name=row[2], suggestion=suggestion)


async def adopt(session: AsyncSession, actor: Actor, enrollment_id: UUID, entered: AdoptIn) -> UUID:
    """Say whose number it is; their earlier punches under it become theirs. Returns the person."""
    enrollment = await _get(session, enrollment_id)
    if enrollment.staff_id is not None:
        raise Conflict("number_has_owner", "This number has an owner already")
    device_id, pin = enrollment.device_id, enrollment.pin
    staff_id = await _whose(session, actor, enrollment, entered)
    enrollment = await _get(session, enrollment_id)
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    enrollment.staff_id, enrollment.origin, enrollment.kept_apart = staff_id, "adopted", False
    enrollment.status, enrollment.privilege = "enrolled", enrollment.reported_privilege or 0
    ours = our_facts(person.name, person.card_number, person.badge_number, enrollment.privilege)
    theirs = Facts(enrollment.reported_name or "", enrollment.reported_card or 0, enrollment.privilege)
    enrollment.agreed, enrollment.seen = ours.as_json(), theirs.as_json()
    await session.execute(
        sa.update(ConflictRow)
        .where(ConflictRow.enrollment_id == enrollment_id, ConflictRow.resolved_at.is_(None))
        .values(resolved_at=sa.func.now(), resolved_by=actor.label[:200], taken="ours", staff_id=staff_id)
    )
    facts: dict[str, object] = {"device_id": str(device_id), "pin": pin}
    audited(session, actor, "staff.adopt", "staff", staff_id, after=facts)
    await session.flush()
    await attach_known(session, device_id=device_id)
    await refresh_status(session, [staff_id])
    session.expire_all()
    return staff_id


async def _whose(session: AsyncSession, actor: Actor, enrollment: DeviceEnrollment, entered: AdoptIn) -> UUID:
    if entered.staff_id is not None:
        return (await get_staff(session, entered.staff_id)).id
    if entered.employee_id is None:
        raise Invalid("staff_missing", "Choose a person, or enter the employee id of a new one", field="staff_id")
    name = entered.name or enrollment.reported_name or f"PIN {enrollment.pin}"
    made = await create_staff(
        session,
        actor,
        StaffIn(employee_id=entered.employee_id, name=name, card_number=enrollment.reported_card or None),
    )
    return made.id


async def remove_stranger(session: AsyncSession, actor: Actor, enrollment_id: UUID) -> None:
    """Take somebody whom nobody wants there off a clock; asked by a person, never by a rule."""
    enrollment = await _get(session, enrollment_id)
    if enrollment.staff_id is not None and enrollment.status != "removed":
        raise Conflict("number_has_owner", "This number has an owner; take the person off the clock on their page")
    before: dict[str, object] = {
        "device_id": str(enrollment.device_id),
        "pin": enrollment.pin,
        "name": enrollment.reported_name,
    }
    enrollment.status = "removing"
    audited(session, actor, "device.remove_user", "device", enrollment.device_id, before=before)
    await session.flush()
    await take_off(session, [enrollment_id])
    session.expire_all()


async def _get(session: AsyncSession, enrollment_id: UUID) -> DeviceEnrollment:
    found = await session.get(
        DeviceEnrollment, enrollment_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if found is None:
        raise NotFound("enrollment_not_found", "No clock knows this number (any more)")
    return found
