"""The life of a support grant, from the request to its end. Every change is audited by the organisation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.contracts.control import SupportRequest, SupportState
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, page_of
from tenant_stack.access.support.schemas import SupportNow, SupportPolicyView, SupportView
from tenant_stack.tables.base import audited
from tenant_stack.tables.support import State, SupportGrant, SupportPolicy
from tenant_stack.views import view_of

WAITING_HOURS = 24
MOST_SHOWN = 20


def state_at(grant: SupportGrant, now: datetime) -> State:
    """The state at this time: a grant ends by time without a change of its row."""
    if grant.state in ("waiting", "open") and grant.ends_at <= now:
        return "ended"
    return grant.state


def operator_of(grant: SupportGrant, organisation: str, address: str = "") -> Actor:
    """The operator as the audit trail names them: who, for which organisation, and why."""
    return Actor("support", grant.operator_id, f"{grant.operator} for {organisation}, {grant.ticket}", address)


def _view(grant: SupportGrant) -> SupportView:
    state = state_at(grant, utc_now())
    ended_at = grant.ends_at if state == "ended" and grant.ended_at is None else grant.ended_at
    return view_of(SupportView, grant, state=state, ended_at=ended_at)


def _state_of(grant: SupportGrant) -> SupportState:
    return SupportState(id=grant.id, state=state_at(grant, utc_now()), ends_at=grant.ends_at, ended_by=grant.ended_by)


async def find(session: AsyncSession, grant_id: UUID, *, lock: bool = False) -> SupportGrant:
    grant: SupportGrant | None = await session.get(SupportGrant, grant_id, with_for_update=lock)
    if grant is None:
        raise NotFound("support_unknown", "No such support access was asked for")
    return grant


async def request_access(session: AsyncSession, organisation: str, wanted: SupportRequest) -> SupportState:
    """Record an operator's request; access begins at once unless an administrator must approve it.

    The same id again changes nothing.
    """
    now = utc_now()
    waits = (await read_policy(session)).approval_required
    values = wanted.model_dump() | {
        "state": "waiting" if waits else "open",
        "began_at": None if waits else now,
        "ends_at": now + (timedelta(hours=WAITING_HOURS) if waits else timedelta(minutes=wanted.minutes)),
    }
    added = await session.scalar(
        insert(SupportGrant).values(**values).on_conflict_do_nothing().returning(SupportGrant.id)
    )
    grant = await find(session, wanted.id)
    if added is not None:
        after = wanted.model_dump(mode="json", exclude={"id", "operator_id"}) | {"state": grant.state}
        audited(session, operator_of(grant, organisation), "support.ask", "support", grant.id, after=after)
    return _state_of(grant)


async def read_state(session: AsyncSession, grant_id: UUID) -> SupportState:
    return _state_of(await find(session, grant_id))


async def decide(session: AsyncSession, actor: Actor, grant_id: UUID, *, approve: bool) -> SupportView:
    """An administrator approves the request, from now on, or declines it."""
    grant, now = await find(session, grant_id, lock=True), utc_now()
    if state_at(grant, now) != "waiting":
        raise Conflict("support_not_waiting", "This access does not wait for an approval any more")
    if approve:
        grant.state, grant.approved_by, grant.began_at = "open", actor.label[:200], now
        grant.ends_at = now + timedelta(minutes=grant.minutes)
    else:
        grant.state, grant.ended_at, grant.ended_by = "declined", now, actor.label[:200]
    action = "support.approve" if approve else "support.decline"
    audited(session, actor, action, "support", grant.id, after={"operator": grant.operator, "ticket": grant.ticket})
    await session.flush()
    return _view(grant)


async def end(session: AsyncSession, actor: Actor, grant_id: UUID) -> SupportGrant:
    """End the grant now; one that is over stays as it is."""
    grant, now = await find(session, grant_id, lock=True), utc_now()
    if state_at(grant, now) in ("waiting", "open"):
        grant.state, grant.ended_at, grant.ended_by = "ended", now, actor.label[:200]
        audited(session, actor, "support.end", "support", grant.id, after={"operator": grant.operator})
        await session.flush()
    return grant


async def end_by_person(session: AsyncSession, actor: Actor, grant_id: UUID) -> SupportView:
    return _view(await end(session, actor, grant_id))


async def end_by_operator(session: AsyncSession, organisation: str, grant_id: UUID) -> SupportState:
    """The operator returns the grant."""
    grant = await find(session, grant_id)
    return _state_of(await end(session, operator_of(grant, organisation), grant_id))


async def find_open(session: AsyncSession, grant_id: UUID) -> SupportGrant | None:
    """The grant if it is open at this moment."""
    grant: SupportGrant | None = await session.get(SupportGrant, grant_id)
    return grant if grant is not None and state_at(grant, utc_now()) == "open" else None


async def read_current(session: AsyncSession, *, decides: bool, own: UUID | None) -> SupportNow:
    """Open grants; waiting ones only for those who decide."""
    live = (
        sa.select(SupportGrant)
        .where(SupportGrant.state.in_(("waiting", "open") if decides else ("open",)), SupportGrant.ends_at > utc_now())
        .order_by(SupportGrant.asked_at.desc(), SupportGrant.id)
        .limit(MOST_SHOWN)
    )
    grants = [_view(each) for each in await session.scalars(live)]
    return SupportNow(
        open=[each for each in grants if each.state == "open"],
        waiting=[each for each in grants if each.state == "waiting"],
        own=own,
    )


async def list_grants(session: AsyncSession, page: PageRequest) -> Page[SupportView]:
    """All grants that were ever requested, newest first."""
    order: list[sa.ColumnElement[Any]] = [SupportGrant.asked_at.expression, SupportGrant.id.expression]
    query = sa.select(SupportGrant)
    return await page_of(session, query, page, lambda row: _view(row[0]), order=order, descending=True)


async def read_policy(session: AsyncSession) -> SupportPolicyView:
    row = await session.get(SupportPolicy, 1)
    return SupportPolicyView(approval_required=bool(row and row.approval_required))


async def set_policy(session: AsyncSession, actor: Actor, wanted: SupportPolicyView) -> SupportPolicyView:
    """Choose whether an administrator must approve; applies to later requests."""
    before = await read_policy(session)
    if before != wanted:
        values = wanted.model_dump()
        statement = insert(SupportPolicy).values(id=1, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        audited(session, actor, "support.policy", "support_policy", 1, before=before.model_dump(), after=values)
    return wanted
