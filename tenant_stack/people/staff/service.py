"""People: enter, list, read, change, remove."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now, unique
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.people.enrollments.punch_owners import match_unknown
from tenant_stack.people.staff.schemas import EnrollmentView, StaffDetail, StaffIn, StaffView
from tenant_stack.schedules.sites import require_rule_set, require_site
from tenant_stack.tables.attendance import AttendanceRecord
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import DeviceEnrollment, Staff
from tenant_stack.views import view_of

TOLD_TO_CLOCKS = ("name", "badge_number", "card_number")
CONSTRAINTS = {"uq_staff_employee_id": "employee_id", "uq_staff_badge_number": "badge_number"}


def _query() -> sa.Select[*tuple[Any, ...]]:
    """People with their counts of devices and their last punch, by index and without touching the punches."""
    enrolled = (
        sa.select(
            sa.func.count().filter(DeviceEnrollment.status == "enrolled").label("enrolled"),
            sa.func.count().filter(DeviceEnrollment.status.not_in(["removing", "removed"])).label("assigned"),
        )
        .where(DeviceEnrollment.staff_id == Staff.id)
        .lateral("enrolled")
    )
    last = (
        sa.select(sa.func.greatest(AttendanceRecord.first_in, AttendanceRecord.last_out).label("at"))
        .where(AttendanceRecord.staff_id == Staff.id, AttendanceRecord.punch_count > 0)
        .order_by(AttendanceRecord.work_date.desc())
        .limit(1)
        .lateral("last")
    )
    return (
        sa.select(Staff, enrolled.c.enrolled, enrolled.c.assigned, last.c.at)
        .select_from(Staff)
        .join(enrolled, sa.true())
        .outerjoin(last, sa.true())
    )


def _view(row: Any) -> StaffView:
    return view_of(StaffView, row[0], devices_enrolled=row[1], devices_assigned=row[2], last_punch_at=row[3])


def _entered(person: Staff) -> dict[str, object]:
    """What the audit trail shows of a person."""
    facts = {name: getattr(person, name) for name in StaffIn.model_fields if name != "notes"}
    return {name: str(value) if isinstance(value, (date, UUID)) else value for name, value in facts.items()}


async def list_staff(
    session: AsyncSession,
    page: PageRequest,
    *,
    q: str | None = None,
    active: bool | None = None,
    department: str | None = None,
) -> Page[StaffView]:
    """People by name. ``q`` looks in name, employee id and badge."""
    query = _query()
    if active is not None:
        query = query.where(Staff.active == active)
    if department is not None:
        query = query.where(Staff.department == department)
    if q:
        columns = (Staff.name, Staff.employee_id, Staff.badge_number)
        query = query.where(sa.or_(*(column.icontains(q, autoescape=True) for column in columns)))
    table = Staff.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.name, table.id])
    return Page(items=[_view(row) for row in rows], next_cursor=cursor, total=total)


async def read_staff(session: AsyncSession, staff_id: UUID) -> StaffDetail:
    """One person with their enrolments; `NotFound` when there is none."""
    row = (await session.execute(_query().where(Staff.id == staff_id))).one_or_none()
    if row is None:
        raise NotFound("staff_not_found", "There is no such person")
    return StaffDetail(**_view(row).model_dump(), enrollments=await read_enrollments(session, staff_id))


async def read_enrollments(session: AsyncSession, staff_id: UUID) -> list[EnrollmentView]:
    rows = await session.execute(
        sa.select(DeviceEnrollment, Device.name)
        .join(Device, Device.id == DeviceEnrollment.device_id)
        .where(DeviceEnrollment.staff_id == staff_id, DeviceEnrollment.status != "removed")
        .order_by(Device.name, DeviceEnrollment.id)
    )
    return [
        view_of(
            EnrollmentView,
            each,
            device_name=name,
            retry_at=each.retry_at if each.status == "failed" else None,
        )
        for each, name in rows
    ]


async def get_staff(session: AsyncSession, staff_id: UUID) -> Staff:
    """One person, locked for a change; `NotFound` when there is none."""
    person = await session.get(Staff, staff_id, with_for_update={"key_share": True})
    if person is None:
        raise NotFound("staff_not_found", "There is no such person")
    return person


async def create_staff(session: AsyncSession, actor: Actor, entered: StaffIn) -> StaffDetail:
    """Enter a person; earlier punches of a PIN that is their number become theirs."""
    await _check_terms(session, entered)
    person = Staff(**entered.model_dump())
    async with unique(session, **CONSTRAINTS):
        session.add(person)
    await session.refresh(person)
    audited(session, actor, "staff.create", "staff", person.id, after=_entered(person))
    await _match(session, person)
    return await read_staff(session, person.id)


async def update_staff(session: AsyncSession, actor: Actor, staff_id: UUID, entered: StaffIn) -> StaffDetail:
    """Replace what was entered about a person."""
    person = await get_staff(session, staff_id)
    await _check_terms(session, entered)
    before = _entered(person)
    async with unique(session, **CONSTRAINTS):
        for name, value in entered.model_dump().items():
            setattr(person, name, value)
    await session.refresh(person)
    after = _entered(person)
    if any(after[name] != before[name] for name in TOLD_TO_CLOCKS):
        person.clock_facts_at = server_now()
        await session.flush()
        await session.refresh(person)
    if after != before:
        audited(session, actor, "staff.update", "staff", person.id, before=before, after=after)
    await _match(session, person)
    return await read_staff(session, person.id)


async def delete_staff(session: AsyncSession, actor: Actor, staff_id: UUID) -> None:
    """Remove a person of whom there is nothing but what was entered; `Conflict` otherwise."""
    person = await get_staff(session, staff_id)
    before = _entered(person)
    try:
        async with session.begin_nested():
            await session.delete(person)
            await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "staff_has_records",
            f"{person.name} has punches, records or enrolments, which must be kept; set them inactive instead",
        ) from error
    audited(session, actor, "staff.delete", "staff", staff_id, before=before)


async def _check_terms(session: AsyncSession, entered: StaffIn) -> None:
    await require_site(session, entered.site_id)
    await require_rule_set(session, entered.rule_set_code)


async def _match(session: AsyncSession, person: Staff) -> None:
    if person.active:
        await match_unknown(session, [pin for pin in (person.badge_pin, person.employee_pin) if pin])
        await session.refresh(person)
