"""Operators' sessions: begun with a pass, ended with the grant, never with more than its permissions."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.errors import NotSignedIn
from foundation.sign_in.principal import Principal
from foundation.sign_in.sessions import Session, Sessions
from foundation.valkey import Valkey
from tenant_stack.access.support import service
from tenant_stack.access.support.permission_limit import permissions_of
from tenant_stack.tables.base import audited

PREFIX = "support:"
OVER = "This support access is over"


def grant_of(session: Session) -> UUID | None:
    """The grant behind a session, None for a session of a user."""
    account = session.account_id
    return UUID(account.removeprefix(PREFIX)) if account.startswith(PREFIX) else None


async def begin(
    session: AsyncSession,
    valkey: Valkey,
    organisation: str,
    grant_id: UUID,
    operator: str,
    *,
    address: str,
    agent: str,
) -> str:
    """The cookie of a session that lasts as long as the grant."""
    grant = await service.find_open(session, grant_id)
    if grant is None or grant.operator_id != operator:
        raise NotSignedIn("support_over", OVER)
    seconds = max(1, int((grant.ends_at - utc_now()).total_seconds()))
    cookie = await Sessions(valkey, idle=seconds, absolute=seconds).create(
        f"{PREFIX}{grant_id}", address=address, agent=agent
    )
    audited(session, service.operator_of(grant, organisation, address), "support.sign_in", "support", grant_id)
    return cookie


async def principal(
    session: AsyncSession, organisation: str, grant_id: UUID, address: str, session_id: str
) -> Principal:
    """The principal of such a session, with the permissions of the grant at this moment."""
    grant = await service.find_open(session, grant_id)
    if grant is None:
        raise NotSignedIn("support_over", OVER)
    actor = service.operator_of(grant, organisation, address)
    return Principal(actor.kind, actor.id, actor.label, permissions_of(grant.write), address, session_id=session_id)
