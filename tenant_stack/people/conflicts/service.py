"""Conflicts: list, read, and what a decision by hand changes. A decision is taken back within 24 hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.people.conflicts.resolution import restore, settle
from tenant_stack.people.conflicts.schemas import ConflictView, ManyResolved, ResolveIn, ResolveManyIn
from tenant_stack.tables.base import audited
from tenant_stack.tables.conflicts import ConflictRow
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of

UNDO = timedelta(hours=24)
MOST_AT_ONCE = 500


def _query() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(ConflictRow, Device.name.label("device_name"), Staff.name.label("staff_name"))
        .join(Device, Device.id == ConflictRow.device_id)
        .outerjoin(Staff, Staff.id == ConflictRow.staff_id)
    )


def _in_state(query: sa.Select[*tuple[Any, ...]], state: str) -> sa.Select[*tuple[Any, ...]]:
    resolved = ConflictRow.resolved_at
    return query.where(resolved.is_(None) if state == "open" else resolved.is_not(None))


def _undo_until(row: ConflictRow) -> datetime | None:
    if row.automatic or row.resolved_at is None or row.before is None:
        return None
    until = row.resolved_at + UNDO
    return until if until > utc_now() else None


def _view(row: Any) -> ConflictView:
    each: ConflictRow = row[0]
    return view_of(
        ConflictView,
        each,
        state="open" if each.resolved_at is None else "resolved",
        device_name=row.device_name,
        staff_name=row.staff_name,
        undo_until=_undo_until(each),
    )


async def list_conflicts(
    session: AsyncSession,
    page: PageRequest,
    *,
    state: str | None = None,
    kind: str | None = None,
    device_id: UUID | None = None,
    staff_id: UUID | None = None,
    q: str | None = None,
) -> Page[ConflictView]:
    """Conflicts, newest first. ``q`` looks in the person's name and the number."""
    query = _query()
    if state is not None:
        query = _in_state(query, state)
    for column, value in (
        (ConflictRow.kind, kind),
        (ConflictRow.device_id, device_id),
        (ConflictRow.staff_id, staff_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if q:
        columns = (Staff.name, ConflictRow.pin)
        query = query.where(sa.or_(*(column.icontains(q, autoescape=True) for column in columns)))
    table = ConflictRow.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.created_at, table.id], descending=True)
    return Page(items=[_view(row) for row in rows], next_cursor=cursor, total=total)


async def read_conflict(session: AsyncSession, conflict_id: UUID) -> ConflictView:
    """One conflict; `NotFound` when there is none."""
    query = _query().where(ConflictRow.id == conflict_id).execution_options(populate_existing=True)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("conflict_not_found", "There is no such conflict")
    return _view(row)


async def _get(session: AsyncSession, conflict_id: UUID) -> ConflictRow:
    found = await session.get(ConflictRow, conflict_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound("conflict_not_found", "There is no such conflict")
    return found


async def resolve(session: AsyncSession, actor: Actor, conflict_id: UUID, wanted: ResolveIn) -> ConflictView:
    """Decide, or overturn what a rule or a person decided; the clocks follow in the background."""
    if (wanted.take == "value") != (wanted.value is not None):
        raise Invalid("value_missing", "Give a value exactly when you take a value of your own", field="value")
    row = await _get(session, conflict_id)
    if wanted.take == "apart" and row.kind != "pin_collision":
        raise Invalid("not_a_collision", "Only a number with two names can be kept apart", field="take")
    before = _decision(row)
    value = wanted.value.model_dump(exclude_none=True) if wanted.value else {}
    changed = await settle(session, row, wanted.take, value)
    row.before = {**changed, "decision": before}
    row.taken = wanted.take if wanted.take != "apart" else "device"
    row.automatic = False
    row.resolved_at, row.resolved_by = utc_now(), actor.label[:200]
    if wanted.take == "apart":
        row.rule = "A person said that these are two people"
    await session.flush()
    audited(session, actor, "conflict.resolve", "conflict", row.id, before=before, after=_decision(row))
    await session.flush()
    return await read_conflict(session, conflict_id)


async def undo(session: AsyncSession, actor: Actor, conflict_id: UUID) -> ConflictView:
    """Take a decision by hand back within 24 hours; `Conflict` when there is none, or it is too late."""
    row = await _get(session, conflict_id)
    if _undo_until(row) is None or row.before is None:
        raise Conflict("nothing_to_undo", "There is no decision of the last 24 hours that could be taken back")
    before = _decision(row)
    earlier = row.before.get("decision")
    assert isinstance(earlier, dict)
    await restore(session, row, row.before)
    row.taken, row.result, row.rule = earlier["taken"], earlier["result"], str(earlier["rule"])
    row.automatic, row.resolved_by = bool(earlier["automatic"]), str(earlier["resolved_by"])
    row.resolved_at = datetime.fromisoformat(str(earlier["resolved_at"])) if earlier["resolved_at"] else None
    row.before = None
    await session.flush()
    audited(session, actor, "conflict.undo", "conflict", row.id, before=before, after=_decision(row))
    await session.flush()
    return await read_conflict(session, conflict_id)


def _decision(row: ConflictRow) -> dict[str, object]:
    return {
        "taken": row.taken,
        "result": row.result,
        "rule": row.rule,
        "automatic": row.automatic,
        "resolved_by": row.resolved_by,
        "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
    }


async def resolve_many(session: AsyncSession, actor: Actor, wanted: ResolveManyIn) -> ManyResolved:
    """The same decision for all of one kind, oldest first; a preview changes nothing."""
    if wanted.take == "apart" and wanted.kind != "pin_collision":
        raise Invalid("not_a_collision", "Only a number with two names can be kept apart", field="take")
    query = _in_state(sa.select(ConflictRow.id).where(ConflictRow.kind == wanted.kind), wanted.state)
    if wanted.state == "resolved":
        # A decision made by a person is not swept away with the rule's.
        query = query.where(ConflictRow.automatic)
    if wanted.device_id is not None:
        query = query.where(ConflictRow.device_id == wanted.device_id)
    matched = await session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    if wanted.preview:
        return ManyResolved(matched=matched, resolved=0)
    ids = list(await session.scalars(query.order_by(ConflictRow.id).limit(MOST_AT_ONCE)))
    for conflict_id in ids:
        await resolve(session, actor, conflict_id, ResolveIn(take=wanted.take))
    return ManyResolved(matched=matched, resolved=len(ids))
