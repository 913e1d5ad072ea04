"""OAuth clients: machines with scopes. A secret is shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.control import ClientCreated, ClientRequest
from foundation.errors import Invalid
from tenant_stack.access.models import OAuthClient
from tenant_stack.access.permissions import PERMISSIONS
from tenant_stack.base import audited

SECRET_PREFIX = "pnc_"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def create_client(session: AsyncSession, actor: Actor, request: ClientRequest) -> ClientCreated:
    """Register a machine; `Invalid` names a scope that does not exist."""
    if unknown := sorted(set(request.scopes) - PERMISSIONS):
        raise Invalid("unknown_scope", f"There is no scope {unknown[0]}", field="scopes")
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    client = OAuthClient(
        client_id=f"client-{secrets.token_hex(8)}",
        name=request.name,
        secret_hash=_digest(secret),
        scopes=sorted(set(request.scopes)),
    )
    session.add(client)
    await session.flush()
    audited(
        session,
        actor,
        "client.create",
        "client",
        client.client_id,
        after={"name": client.name, "scopes": list(client.scopes)},
    )
    return ClientCreated(client_id=client.client_id, client_secret=secret, scopes=client.scopes)


async def find_client(session: AsyncSession, client_id: str) -> OAuthClient | None:
    """A client that exists and was not revoked."""
    client: OAuthClient | None = await session.scalar(
        sa.select(OAuthClient).where(OAuthClient.client_id == client_id, OAuthClient.revoked_at.is_(None))
    )
    return client


async def check_secret(session: AsyncSession, actor: Actor, client_id: str, secret: str) -> frozenset[str] | None:
    """The scopes of a client whose secret fits, else None; a wrong secret of a real client goes into the trail."""
    client = await find_client(session, client_id)
    # Compare in any case, so that the time taken does not tell whether the client exists.
    fits = hmac.compare_digest(_digest(secret), client.secret_hash if client else _digest(""))
    if client is None:
        return None
    if not fits:
        audited(session, actor, "client.refused", "client", client_id)
        return None
    client.last_used_at = sa.func.now()
    return frozenset(client.scopes)
