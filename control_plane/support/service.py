"""Support access as operators see it. Every step is on record here, and in the organisation's own trail."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.organisations.naming import Names
from control_plane.ports.bundle import Ports
from control_plane.provisioning.stack_client import ask_stack, content_of
from control_plane.support.schemas import SupportIn, SupportLink, SupportOut
from control_plane.tables.base import AuditEntry
from control_plane.tables.organisations import Organisation
from control_plane.tables.support import SupportAccess
from foundation import audit
from foundation.clock import utc_now
from foundation.contracts.control import SupportExchange, SupportRequest, SupportState, SupportToken
from foundation.errors import Conflict, Forbidden, NotFound, Problem
from foundation.sign_in.principal import Principal

MOST_LISTED = 100
LIVE = ("waiting", "open")


def view(access: SupportAccess, caller: Principal) -> SupportOut:
    """What was last heard; one whose time is over has ended, whether that was heard or not."""
    over = access.state in LIVE and access.ends_at <= utc_now()
    shown = {name: getattr(access, name) for name in SupportOut.model_fields if name != "own"}
    return SupportOut(**shown | {"state": "ended" if over else access.state}, own=access.operator_id == caller.id)


async def _ask(ports: Ports, slug: str, method: str, path: str, message: BaseModel | None = None) -> bytes:
    """The answer of the organisation's own back end about support access."""
    answer = await ask_stack(ports, slug, method, f"support{path}", message)
    if answer.status_code == 404:
        raise NotFound("support_unknown", "The organisation knows of no such support access")
    if answer.status_code == 409:
        raise Conflict("support_not_open", "This access is not open: it waits for approval, or is over")
    return content_of(answer)


def _heard(access: SupportAccess, told: SupportState) -> None:
    access.state, access.ends_at, access.ended_by = told.state, told.ends_at, told.ended_by


def _record(session: AsyncSession, caller: Principal, action: str, access: SupportAccess) -> None:
    after: dict[str, object] = {"support": str(access.id), "ticket": access.ticket, "state": access.state}
    if action == "support.ask":
        after |= {"reason": access.reason, "minutes": access.minutes, "write": access.write}
    audit.record(session, AuditEntry, caller.actor, action, "organisation", access.organisation_id, after=after)


async def ask(
    session: AsyncSession, ports: Ports, caller: Principal, organisation: Organisation, wanted: SupportIn
) -> SupportAccess:
    """Ask the organisation to let the caller in. Nothing is kept when its back end does not hear of it."""
    access = SupportAccess(
        organisation_id=organisation.id,
        operator_id=caller.id,
        operator=caller.label[:120],
        state="waiting",
        ends_at=utc_now(),
        **wanted.model_dump(),
    )
    session.add(access)
    await session.flush()
    await session.refresh(access)
    request = SupportRequest(
        id=access.id, operator_id=access.operator_id, operator=access.operator, **wanted.model_dump()
    )
    _heard(access, SupportState.model_validate_json(await _ask(ports, organisation.slug, "PUT", "", request)))
    _record(session, caller, "support.ask", access)
    await session.flush()
    return access


async def find(session: AsyncSession, organisation: Organisation, access_id: UUID) -> SupportAccess:
    access: SupportAccess | None = await session.get(SupportAccess, access_id)
    if access is None or access.organisation_id != organisation.id:
        raise NotFound("support_unknown", "No such support access was asked for")
    return access


async def list_of(
    session: AsyncSession, ports: Ports, caller: Principal, organisation: Organisation
) -> list[SupportOut]:
    """The newest, with what the organisation says of those that may still live."""
    query = sa.select(SupportAccess).where(SupportAccess.organisation_id == organisation.id)
    found = list(await session.scalars(query.order_by(SupportAccess.id.desc()).limit(MOST_LISTED)))
    for access in found:
        if access.state in LIVE and access.ends_at > utc_now():
            await _listen(ports, organisation.slug, access)
    return [view(each, caller) for each in found]


async def _listen(ports: Ports, slug: str, access: SupportAccess) -> None:
    try:
        told = SupportState.model_validate_json(await _ask(ports, slug, "GET", f"/{access.id}"))
    except Problem:
        return  # it does not answer now; what was last heard stands
    _heard(access, told)


async def link(
    session: AsyncSession, ports: Ports, caller: Principal, organisation: Organisation, access_id: UUID
) -> SupportLink:
    """The way in, for the operator who asked and nobody else."""
    access = await find(session, organisation, access_id)
    if access.operator_id != caller.id:
        raise Forbidden("support_not_yours", "Only the operator who asked for this access may use it")
    wanted = SupportExchange(operator_id=caller.id)
    token = SupportToken.model_validate_json(
        await _ask(ports, organisation.slug, "POST", f"/{access.id}/token", wanted)
    )
    _record(session, caller, "support.open", access)
    place = Names(organisation.slug, ports.base_domain).public_url
    return SupportLink(url=f"{place}/auth/support?token={quote(token.access_token)}", expires_in=token.expires_in)


async def end(
    session: AsyncSession, ports: Ports, caller: Principal, organisation: Organisation, access_id: UUID
) -> SupportOut:
    """Any operator may end an access."""
    access = await find(session, organisation, access_id)
    _heard(
        access,
        SupportState.model_validate_json(await _ask(ports, organisation.slug, "POST", f"/{access.id}/end")),
    )
    _record(session, caller, "support.end", access)
    return view(access, caller)
