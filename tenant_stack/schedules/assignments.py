"""Who works which shift when: assign, list, change, remove. Assignments whose shifts share time are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.rules.inputs import Assignment, Shift, StaffInput
from tenant_stack.rules.validation import HORIZON, overlap_problems
from tenant_stack.schedules.definition_errors import refusal
from tenant_stack.schedules.schemas import AssignmentIn, AssignmentView, BulkAssignmentIn
from tenant_stack.schedules.terms import among, assignment_of, load_shifts
from tenant_stack.tables import schedules as rows
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import ShiftAssignment
from tenant_stack.tables.staff import Staff

Shifts = Mapping[str, tuple[Shift, ...]]
NIGHT = timedelta(days=1)  # a shift of the day before may still run


def _entered(row: ShiftAssignment) -> dict[str, object]:
    return {
        "staff_id": str(row.staff_id),
        "rotation": row.rotation,
        "starts_on": str(row.starts_on),
        "ends_on": str(row.ends_on) if row.ends_on else None,
        "weekdays": row.weekdays,
        "anchor": str(row.anchor) if row.anchor else None,
    }


def _values(entered: AssignmentIn) -> dict[str, Any]:
    return {
        "rotation": entered.rotation,
        "starts_on": entered.starts_on,
        "ends_on": entered.ends_on,
        "weekdays": None if entered.weekdays is None else sorted(entered.weekdays),
        "anchor": entered.anchor,
    }


async def list_assignments(session: AsyncSession, staff_id: UUID, page: PageRequest) -> Page[AssignmentView]:
    """A person's assignments, oldest first; `NotFound` when there is no such person."""
    await _people(session, [staff_id])
    table = ShiftAssignment.__table__.c
    query = sa.select(ShiftAssignment).where(ShiftAssignment.staff_id == staff_id)
    found, cursor, total = await paginate(session, query, page, order=[table.starts_on, table.id])
    return Page(items=[AssignmentView.model_validate(row[0]) for row in found], next_cursor=cursor, total=total)


async def assign(session: AsyncSession, actor: Actor, staff_id: UUID, entered: AssignmentIn) -> AssignmentView:
    """Assign one person."""
    names = await _people(session, [staff_id], lock=True)
    (row,) = await _assign(session, actor, names, entered)
    return AssignmentView.model_validate(row)


async def assign_many(session: AsyncSession, actor: Actor, entered: BulkAssignmentIn) -> int:
    """Assign many people alike, all or none; returns how many."""
    names = await _people(session, set(entered.staff_ids), lock=True, field="staff_ids")
    return len(await _assign(session, actor, names, entered, several=True))


async def change_assignment(
    session: AsyncSession, actor: Actor, assignment_id: UUID, entered: AssignmentIn
) -> AssignmentView:
    """Replace an assignment, for example to end it."""
    row = await _get(session, assignment_id)
    names = await _people(session, [row.staff_id], lock=True)
    others = await _assignments(session, names, but=assignment_id)
    shifts = await _shifts(session, entered)
    _check(entered, others.get(row.staff_id, []), shifts, "")
    before = _entered(row)
    for name, value in _values(entered).items():
        setattr(row, name, value)
    await session.flush()
    await session.refresh(row)
    if (after := _entered(row)) != before:
        audited(session, actor, "assignment.update", "assignment", row.id, before=before, after=after)
    return AssignmentView.model_validate(row)


async def remove_assignment(session: AsyncSession, actor: Actor, assignment_id: UUID) -> None:
    """Remove an assignment, as if it had never been. Records stay until they are computed again."""
    row = await _get(session, assignment_id)
    before = _entered(row)
    await session.delete(row)
    await session.flush()
    audited(session, actor, "assignment.delete", "assignment", assignment_id, before=before)


async def _get(session: AsyncSession, assignment_id: UUID) -> ShiftAssignment:
    row = await session.get(ShiftAssignment, assignment_id, with_for_update=True)
    if row is None:
        raise NotFound("assignment_not_found", "There is no such assignment")
    return row


async def _people(
    session: AsyncSession, staff_ids: Collection[UUID], *, lock: bool = False, field: str | None = None
) -> dict[UUID, str]:
    """Names by id. Locked, so that two assignments of one person are checked one after the other."""
    query = sa.select(Staff.id, Staff.name).where(among(Staff.id, list(staff_ids))).order_by(Staff.id)
    found = {
        row.id: row.name for row in await session.execute(query.with_for_update(key_share=True) if lock else query)
    }
    if len(found) < len(staff_ids):
        if field is None:
            raise NotFound("staff_not_found", "There is no such person")
        missing = next(each for each in staff_ids if each not in found)
        raise Invalid("unknown_staff", f"There is no person {missing}", field=field)
    return found


async def _assign(
    session: AsyncSession, actor: Actor, names: Mapping[UUID, str], entered: AssignmentIn, *, several: bool = False
) -> list[ShiftAssignment]:
    shifts = await _shifts(session, entered)
    others = await _assignments(session, names)
    _check(entered, [], shifts, "")
    for staff_id, name in names.items():
        if others.get(staff_id):
            _check(entered, others[staff_id], shifts, f"{name}: " if several else "")
    made = [ShiftAssignment(staff_id=staff_id, **_values(entered)) for staff_id in names]
    session.add_all(made)
    await session.flush()
    for row in made:
        audited(session, actor, "assignment.create", "assignment", row.id, after=_entered(row))
    if not several:
        await session.refresh(made[0])
    return made


async def _assignments(
    session: AsyncSession, staff_ids: Iterable[UUID], but: UUID | None = None
) -> dict[UUID, list[Assignment]]:
    found: dict[UUID, list[Assignment]] = {}
    query = sa.select(ShiftAssignment).where(among(ShiftAssignment.staff_id, list(staff_ids)))
    for row in await session.scalars(query.order_by(ShiftAssignment.starts_on)):
        if row.id != but:
            found.setdefault(row.staff_id, []).append(assignment_of(row))
    return found


async def _shifts(session: AsyncSession, entered: AssignmentIn) -> Shifts:
    """All shifts; those that the rotation names exist and stay until the transaction ends."""
    codes = {code for code in entered.rotation if code is not None}
    query = sa.select(rows.Shift.code).where(rows.Shift.code.in_(codes)).with_for_update(read=True)
    known = set(await session.scalars(query))
    for index, code in enumerate(entered.rotation):
        if code is not None and code not in known:
            raise Invalid("unknown_shift", f"There is no shift {code}", field=f"rotation.{index}")
    return await load_shifts(session)


def _check(entered: AssignmentIn, others: Iterable[Assignment], shifts: Shifts, whose: str) -> None:
    """Refuse an assignment that cannot be, or whose shifts share time with those there are."""
    if not any(entered.rotation):
        raise refusal("rotation", "the rotation is empty: it names no shift")
    if entered.ends_on is not None and entered.ends_on < entered.starts_on:
        raise refusal("ends_on", "the assignment ends before it starts")
    new = Assignment(tuple(entered.rotation), entered.starts_on, entered.ends_on, entered.weekdays, entered.anchor)
    reason = _clash([new], entered.starts_on, shifts)
    for other in others:
        reason = reason or _clash([new, other], max(new.start, other.start) - NIGHT, shifts)
    if reason:
        raise Invalid("assignments_overlap", f"{whose}{reason[:1].upper()}{reason[1:]}", field="starts_on")


def _clash(assignments: list[Assignment], first: date, shifts: Shifts) -> str | None:
    """Where shifts share time, looked for from ``first`` on for as long as the engine looks; None when nowhere."""
    last = first + timedelta(days=HORIZON)
    near = [
        replace(each, anchor=each.anchor or each.start, start=max(each.start, first), end=min(each.end or last, last))
        for each in assignments
        if each.start <= last and (each.end is None or each.end >= first)
    ]
    if len(near) < len(assignments):
        return None
    problems = overlap_problems(StaffInput("", first, last, "UTC", shifts=shifts, assignments=tuple(near)))
    return problems[0].reason if problems else None
