"""OAuth clients: machines with scopes. A secret is shown once and stored as a hash; two may be valid at a time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.control import ClientCreated, ClientRequest
from foundation.database import server_now
from foundation.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.access.client_schemas import ClientIn, ClientView, NewSecret, SecretView
from tenant_stack.access.permissions import PERMISSIONS
from tenant_stack.tables.access import ClientSecret, OAuthClient, User
from tenant_stack.tables.base import audited
from tenant_stack.views import view_of

SECRET_PREFIX = "pnc_"
MOST_SECRETS = 2
# A machine must not be able to give rights away: these need a person who signed in just now.
PERSONS_ONLY = frozenset(
    f"{resource}:{action}" for resource in ("users", "clients") for action in ("create", "update", "delete")
)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def create_client(session: AsyncSession, actor: Actor, request: ClientRequest) -> ClientCreated:
    """Register a machine for the platform's operator; `Invalid` names a scope that does not exist."""
    client, secret = await _register(session, actor, request.name, request.scopes)
    return ClientCreated(client_id=client.client_id, client_secret=secret, scopes=client.scopes)


async def _register(
    session: AsyncSession, actor: Actor, name: str, scopes: Sequence[str], **more: Any
) -> tuple[OAuthClient, str]:
    client = OAuthClient(client_id=f"client-{secrets.token_hex(8)}", name=name, scopes=_known_scopes(scopes), **more)
    session.add(client)
    await session.flush()
    secret = await _add_secret(session, client)
    audited(session, actor, "client.create", "client", client.client_id, after=_entered(client))
    return client, secret


def _known_scopes(scopes: Sequence[str]) -> list[str]:
    if unknown := sorted(set(scopes) - PERMISSIONS):
        raise Invalid("unknown_scope", f"There is no scope {unknown[0]}", field="scopes")
    if person := sorted(set(scopes) & PERSONS_ONLY):
        raise Invalid("scope_for_people", f"{person[0]} is for people only", field="scopes")
    return sorted(set(scopes))


def _entered(client: OAuthClient) -> dict[str, object]:
    return {
        "name": client.name,
        "scopes": list(client.scopes),
        "requests_per_minute": client.requests_per_minute,
    }


async def _add_secret(session: AsyncSession, client: OAuthClient) -> str:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    session.add(ClientSecret(owner_id=client.id, digest=_digest(secret)))
    await session.flush()
    return secret


async def find_client(session: AsyncSession, client_id: str) -> OAuthClient | None:
    """A client that exists and was not revoked."""
    return await session.scalar(
        sa.select(OAuthClient).where(OAuthClient.client_id == client_id, OAuthClient.revoked_at.is_(None))
    )


async def check_secret(session: AsyncSession, actor: Actor, client_id: str, secret: str) -> frozenset[str] | None:
    """The scopes of a client whose secret fits, else None; a wrong secret of a real client goes into the trail."""
    client = await find_client(session, client_id)
    stored = await _secrets(session, client.id) if client else []
    offered = _digest(secret)
    # Compare in any case, so that the time taken does not tell whether the client exists.
    fitting = [each for each in stored if hmac.compare_digest(offered, each.digest)]
    hmac.compare_digest(offered, _digest(""))
    if client is None:
        return None
    if not fitting:
        audited(session, actor, "client.refused", "client", client_id)
        return None
    client.last_used_at = server_now()
    fitting[0].last_used_at = server_now()
    return frozenset(client.scopes)


async def _secrets(session: AsyncSession, owner_id: UUID) -> list[ClientSecret]:
    query = sa.select(ClientSecret).where(ClientSecret.owner_id == owner_id).order_by(ClientSecret.id)
    return list(await session.scalars(query))


def _query() -> sa.Select[*tuple[Any, ...]]:
    grantor = sa.func.coalesce(sa.func.nullif(User.name, ""), User.email)
    return sa.select(OAuthClient, grantor, User.active).outerjoin(User, User.id == OAuthClient.granted_by)


async def list_clients(session: AsyncSession, page: PageRequest, *, q: str | None = None) -> Page[ClientView]:
    """Clients by name, revoked ones too."""
    query = _query()
    if q:
        query = query.where(
            sa.or_(OAuthClient.name.icontains(q, autoescape=True), OAuthClient.client_id.icontains(q, autoescape=True))
        )
    table = OAuthClient.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.name, table.id])
    items = [await _view(session, *row[:3]) for row in rows]
    return Page(items=items, next_cursor=cursor, total=total)


async def read_client(session: AsyncSession, client_id: str) -> ClientView:
    """One client; `NotFound` when there is none."""
    await session.flush()
    query = _query()
    row = (await session.execute(query.where(OAuthClient.client_id == client_id))).one_or_none()
    if row is None:
        raise NotFound("client_not_found", "There is no such client")
    await session.refresh(row[0])
    return await _view(session, *row[:3])


async def _view(
    session: AsyncSession, client: OAuthClient, grantor: str | None, grantor_active: bool | None
) -> ClientView:
    stored = [view_of(SecretView, each) for each in await _secrets(session, client.id)]
    return view_of(ClientView, client, granted_by=grantor, grantor_active=grantor_active is not False, secrets=stored)


def _refuse_more_than_own(caller: Principal, scopes: Sequence[str]) -> None:
    if more := sorted(set(scopes) - caller.permissions):
        raise Forbidden("grant_exceeds_own", f"You do not hold {more[0]} yourself, so you cannot give it to a client")


async def _get(session: AsyncSession, client_id: str) -> OAuthClient:
    client: OAuthClient | None = await session.scalar(
        sa.select(OAuthClient).where(OAuthClient.client_id == client_id).with_for_update()
    )
    if client is None:
        raise NotFound("client_not_found", "There is no such client")
    if client.revoked_at is not None:
        raise Conflict("client_revoked", "This client was revoked; make a new one")
    return client


async def add_client(session: AsyncSession, caller: Principal, entered: ClientIn) -> NewSecret:
    """Register a machine that never may more than whoever registers it."""
    scopes = _known_scopes(entered.scopes)
    _refuse_more_than_own(caller, scopes)
    client, secret = await _register(
        session,
        caller.actor,
        entered.name,
        scopes,
        granted_by=UUID(caller.id),
        requests_per_minute=entered.requests_per_minute,
    )
    return NewSecret(client=await read_client(session, client.client_id), client_secret=secret)


async def update_client(session: AsyncSession, caller: Principal, client_id: str, entered: ClientIn) -> ClientView:
    """Replace name, scopes and rate; from now on the caller answers for what the client may do."""
    client = await _get(session, client_id)
    scopes = _known_scopes(entered.scopes)
    _refuse_more_than_own(caller, scopes)
    before = {**_entered(client), "granted_by": str(client.granted_by) if client.granted_by else None}
    client.name, client.scopes, client.requests_per_minute = entered.name, scopes, entered.requests_per_minute
    client.granted_by = UUID(caller.id)
    await session.flush()
    after = {**_entered(client), "granted_by": str(client.granted_by)}
    audited(session, caller.actor, "client.update", "client", client_id, before=before, after=after)
    return await read_client(session, client_id)


async def rotate_secret(session: AsyncSession, caller: Principal, client_id: str) -> NewSecret:
    """A second secret; the first stays valid until it is removed. `Conflict` when there are two already."""
    client = await _get(session, client_id)
    _refuse_more_than_own(caller, client.scopes)
    if len(await _secrets(session, client.id)) >= MOST_SECRETS:
        raise Conflict("two_secrets", "There are two secrets already; remove the one that is no longer used")
    secret = await _add_secret(session, client)
    audited(session, caller.actor, "client.secret_add", "client", client_id)
    return NewSecret(client=await read_client(session, client_id), client_secret=secret)


async def remove_secret(session: AsyncSession, caller: Principal, client_id: str, secret_id: UUID) -> ClientView:
    """The secret is refused from now on; the last one stays (revoke the client instead)."""
    client = await _get(session, client_id)
    kept = await _secrets(session, client.id)
    found = next((each for each in kept if each.id == secret_id), None)
    if found is None:
        raise NotFound("secret_not_found", "There is no such secret")
    if len(kept) == 1:
        raise Conflict("last_secret", "This is the only secret; add another first, or revoke the client")
    await session.delete(found)
    audited(session, caller.actor, "client.secret_remove", "client", client_id, before={"secret": str(secret_id)})
    return await read_client(session, client_id)


async def revoke_client(session: AsyncSession, caller: Principal, client_id: str) -> None:
    """The next request of the client is refused, with whatever token."""
    client = await _get(session, client_id)
    client.revoked_at = server_now()
    audited(session, caller.actor, "client.revoke", "client", client_id, before=_entered(client))
    await session.execute(sa.delete(ClientSecret).where(ClientSecret.owner_id == client.id))
