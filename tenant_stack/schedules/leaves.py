"""Leave and duty away from the clocks, a date each."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.schedules.definition_errors import refusal
from tenant_stack.schedules.quantities import time_of_seconds
from tenant_stack.schedules.schemas import LeaveIn, LeaveView
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import LeaveRow
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of

Query = sa.Select[*tuple[Any, ...]]


def _query() -> Query:
    return sa.select(LeaveRow, Staff.employee_id, Staff.name).join(Staff, Staff.id == LeaveRow.staff_id)


def _view(found: Any) -> LeaveView:
    row: LeaveRow = found[0]
    times = {
        name: None if seconds is None else time_of_seconds(seconds)
        for name, seconds in (("start", row.starts), ("end", row.ends))
    }
    return view_of(LeaveView, row, **times, employee_id=found[1], staff_name=found[2])


def _entered(row: LeaveRow) -> dict[str, object]:
    return {
        "staff_id": str(row.staff_id),
        "day": str(row.day),
        "part": row.part,
        "kind": row.kind,
        "code": row.code,
        "starts": row.starts,
        "ends": row.ends,
    }


async def list_leaves(
    session: AsyncSession,
    page: PageRequest,
    *,
    first: date | None = None,
    last: date | None = None,
    staff_id: UUID | None = None,
) -> Page[LeaveView]:
    """Leave by date, newest first."""
    query = _query()
    if first is not None:
        query = query.where(LeaveRow.day >= first)
    if last is not None:
        query = query.where(LeaveRow.day <= last)
    if staff_id is not None:
        query = query.where(LeaveRow.staff_id == staff_id)
    table = LeaveRow.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.day, table.id], descending=True)
    return Page(items=[_view(row) for row in rows], next_cursor=cursor, total=total)


async def add_leave(session: AsyncSession, actor: Actor, entered: LeaveIn) -> LeaveView:
    """Enter leave; `Conflict` when the person has some on that date."""
    person = sa.select(Staff.id).where(Staff.id == entered.staff_id).with_for_update(key_share=True, read=True)
    if await session.scalar(person) is None:
        raise Invalid("unknown_staff", "There is no such person", field="staff_id")
    by_hours = entered.part == "hours"
    if by_hours and (entered.start is None or entered.end is None or entered.end <= entered.start):
        raise refusal("end", "leave by the hour needs a start and a later end")
    if not by_hours and (entered.start is not None or entered.end is not None):
        raise refusal("start", "only leave by the hour has times")
    row = LeaveRow(
        **entered.model_dump(exclude={"start", "end"}),
        starts=entered.start,
        ends=entered.end,
    )
    async with unique(session, uq_leaves_staff_id_day="day"):
        session.add(row)
    audited(session, actor, "leave.create", "leave", row.id, after=_entered(row))
    return _view((await session.execute(_query().where(LeaveRow.id == row.id))).one())


async def remove_leave(session: AsyncSession, actor: Actor, leave_id: UUID) -> None:
    """Remove leave."""
    row = await session.get(LeaveRow, leave_id, with_for_update=True)
    if row is None:
        raise NotFound("leave_not_found", "There is no such leave")
    before = _entered(row)
    await session.delete(row)
    await session.flush()
    audited(session, actor, "leave.delete", "leave", leave_id, before=before)
