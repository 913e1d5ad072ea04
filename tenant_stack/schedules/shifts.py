"""Shifts: enter, list, read, change, remove, and their versions."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.schedules.definition_errors import check_shift
from tenant_stack.schedules.definitions import ShiftDefinition
from tenant_stack.schedules.schemas import NamedIn, ShiftIn, ShiftVersionIn, ShiftVersionView, ShiftView
from tenant_stack.schedules.stored_definitions import Stored, shift_of, stored_shift
from tenant_stack.schedules.terms import load_default_shift
from tenant_stack.schedules.versions import (
    add_version,
    in_force,
    remove_version,
    replace_version,
    shown_date,
    versions_of,
)
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import Shift, ShiftAssignment, ShiftVersion


def _view(shift: Shift, versions: list[ShiftVersion], today: date) -> ShiftView:
    definitions = {
        each.id: ShiftDefinition.from_engine(shift_of(shift.code, each.effective, each.definition)) for each in versions
    }
    return ShiftView(
        id=shift.id,
        code=shift.code,
        name=shift.name,
        definition=definitions[in_force(versions, today).id],
        versions=[
            ShiftVersionView(id=each.id, effective=shown_date(each.effective), definition=definitions[each.id])
            for each in versions
        ],
        created_at=shift.created_at,
        updated_at=shift.updated_at,
    )


def _checked(code: str, definition: ShiftDefinition) -> Stored:
    shift = definition.shift(code)
    check_shift(shift)
    return stored_shift(shift)


async def list_shifts(session: AsyncSession, page: PageRequest, today: date) -> Page[ShiftView]:
    """Shifts by code."""
    table = Shift.__table__.c
    rows, cursor, total = await paginate(session, sa.select(Shift), page, order=[table.code, table.id])
    shifts: list[Shift] = [row[0] for row in rows]
    versions = await versions_of(session, ShiftVersion, [each.id for each in shifts])
    items = [_view(each, versions[each.id], today) for each in shifts]
    return Page(items=items, next_cursor=cursor, total=total)


async def read_shift(session: AsyncSession, shift_id: UUID, today: date) -> ShiftView:
    """One shift; `NotFound` when there is none."""
    await session.flush()
    shift = await session.get(Shift, shift_id)
    if shift is None:
        raise NotFound("shift_not_found", "There is no such shift")
    return _view(shift, (await versions_of(session, ShiftVersion, [shift_id]))[shift_id], today)


async def _locked(session: AsyncSession, shift_id: UUID) -> Shift:
    shift = await session.get(Shift, shift_id, with_for_update=True)
    if shift is None:
        raise NotFound("shift_not_found", "There is no such shift")
    return shift


async def create_shift(session: AsyncSession, actor: Actor, entered: ShiftIn, today: date) -> ShiftView:
    """Enter a shift with its first version."""
    definition = _checked(entered.code, entered.definition)
    shift = Shift(code=entered.code, name=entered.name)
    async with unique(session, uq_shifts_code="code"):
        session.add(shift)
    await session.refresh(shift)
    audited(session, actor, "shift.create", "shift", shift.id, after={"code": shift.code, "name": shift.name})
    await add_version(session, actor, ShiftVersion, shift.id, entered.effective, definition)
    return await read_shift(session, shift.id, today)


async def update_shift(session: AsyncSession, actor: Actor, shift_id: UUID, entered: NamedIn, today: date) -> ShiftView:
    """Rename a shift; its code stays once somebody is assigned to it."""
    shift = await _locked(session, shift_id)
    before: dict[str, object] = {"code": shift.code, "name": shift.name}
    if entered.code != shift.code:
        await _refuse_if_used(session, shift.code, field="code")
    async with unique(session, uq_shifts_code="code"):
        shift.code, shift.name = entered.code, entered.name
    await session.refresh(shift)
    after: dict[str, object] = {"code": shift.code, "name": shift.name}
    if after != before:
        audited(session, actor, "shift.update", "shift", shift_id, before=before, after=after)
    return await read_shift(session, shift_id, today)


async def delete_shift(session: AsyncSession, actor: Actor, shift_id: UUID) -> None:
    """Remove a shift that no roster names, past ones included; `Conflict` otherwise."""
    shift = await _locked(session, shift_id)
    await _refuse_if_used(session, shift.code)
    before: dict[str, object] = {"code": shift.code, "name": shift.name}
    await session.delete(shift)
    await session.flush()
    audited(session, actor, "shift.delete", "shift", shift_id, before=before)


async def add_shift_version(
    session: AsyncSession, actor: Actor, shift_id: UUID, entered: ShiftVersionIn, today: date
) -> ShiftView:
    """A shift changes from a date on; earlier dates keep what they had."""
    shift = await _locked(session, shift_id)
    definition = _checked(shift.code, entered.definition)
    await add_version(session, actor, ShiftVersion, shift_id, entered.effective, definition)
    return await read_shift(session, shift_id, today)


async def replace_shift_version(
    session: AsyncSession, actor: Actor, shift_id: UUID, version_id: UUID, entered: ShiftVersionIn, today: date
) -> ShiftView:
    """Correct a version that was entered wrongly."""
    shift = await _locked(session, shift_id)
    definition = _checked(shift.code, entered.definition)
    await replace_version(session, actor, ShiftVersion, shift_id, version_id, entered.effective, definition)
    return await read_shift(session, shift_id, today)


async def remove_shift_version(session: AsyncSession, actor: Actor, shift_id: UUID, version_id: UUID) -> None:
    """Remove a version; the one before it holds instead."""
    await _locked(session, shift_id)
    await remove_version(session, actor, ShiftVersion, shift_id, version_id)


async def _refuse_if_used(session: AsyncSession, code: str, field: str | None = None) -> None:
    used = await session.scalar(sa.select(ShiftAssignment.id).where(ShiftAssignment.rotation.contains([code])).limit(1))
    if used is not None or await load_default_shift(session) == code:
        raise Conflict("shift_in_use", f"Shift {code} is in somebody's roster or the default shift", field=field)
