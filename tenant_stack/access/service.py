"""Callers: accounts with their roles, and the principal behind a cookie or a bearer token."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from foundation.audit import SYSTEM, RefusalBudget
from foundation.contracts.control import Owner, SignInConnection
from foundation.database import Database
from foundation.errors import NotSignedIn, TooManyRequests
from foundation.sign_in.principal import Principal, bearer_token
from foundation.sign_in.sessions import Sessions, refuse_foreign_origin
from foundation.sign_in.tokens import Tokens
from foundation.valkey import Valkey
from tenant_stack.access.clients import find_client
from tenant_stack.access.permissions import OWNER
from tenant_stack.access.roles import PERMISSION_NAME
from tenant_stack.access.scope import parts_of
from tenant_stack.access.support import operator_sessions
from tenant_stack.tables.access import Permission, Role, RolePermission, SignInConnectionRow, User, UserRole
from tenant_stack.tables.base import audited


@dataclass(frozen=True)
class Account:
    """A user account with all its permissions."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    permissions: frozenset[str]
    parts: frozenset[str] | None = None


async def find_account(session: AsyncSession, user_id: UUID) -> Account | None:
    """An active account by id; None when it is gone or disabled."""
    query = (
        sa.select(
            User.id,
            User.name,
            User.email,
            User.sites,
            User.departments,
            sa.func.array_agg(Role.name.distinct()).filter(Role.name.is_not(None)).label("roles"),
            sa.func.array_agg(PERMISSION_NAME.distinct()).filter(Permission.id.is_not(None)).label("permissions"),
        )
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .outerjoin(Role, Role.id == UserRole.role_id)
        .outerjoin(RolePermission, RolePermission.role_id == Role.id)
        .outerjoin(Permission, Permission.id == RolePermission.permission_id)
        .where(User.id == user_id, User.active)
        .group_by(User.id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    return Account(
        id=row.id,
        name=row.name,
        email=row.email,
        roles=tuple(sorted(row.roles or ())),
        permissions=frozenset(row.permissions or ()),
        parts=parts_of(row.sites, row.departments),
    )


async def ensure_owner(session: AsyncSession, owner: Owner) -> None:
    """The organisation's first account: created if missing, given the role ``owner`` if it lacks it."""
    key = {"issuer": owner.issuer, "subject": owner.subject}
    added = await session.scalar(
        insert(User)
        .values(**key, email=owner.email, name=owner.name or owner.email)
        .on_conflict_do_nothing(index_elements=["issuer", "subject"])
        .returning(User.id)
    )
    user_id = added or (await session.scalars(sa.select(User.id).filter_by(**key))).one()
    role_id = (await session.scalars(sa.select(Role.id).where(Role.name == OWNER))).one()
    granted = await session.scalar(
        insert(UserRole).values(user_id=user_id, role_id=role_id).on_conflict_do_nothing().returning(UserRole.user_id)
    )
    if added or granted:
        audited(session, SYSTEM, "owner.set", "user", user_id, after={"email": owner.email, "role": OWNER})


async def set_sign_in(session: AsyncSession, connection: SignInConnection) -> None:
    """Replace the organisation's OpenID connection."""
    values = connection.model_dump()
    row = await session.get(SignInConnectionRow, 1)
    before = {name: getattr(row, name) for name in values} if row else None
    if before == values:
        return
    statement = insert(SignInConnectionRow).values(id=1, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={**values, "updated_at": sa.func.now()})
    )
    audited(session, SYSTEM, "sign_in.set", "sign_in_connection", 1, before=before, after=dict(values))


@dataclass(frozen=True)
class Authenticator:
    """`app.state.authenticate`: the principal behind a request or a WebSocket handshake, else `NotSignedIn`."""

    database: Database
    sessions: Sessions
    tokens: Tokens
    public_url: str
    valkey: Valkey

    async def __call__(self, connection: HTTPConnection) -> Principal:
        # Once per request: a second lookup would need a second database connection while the request's transaction
        # holds the first, and enough concurrent requests would deadlock on the pool.
        known: Principal | None = getattr(connection.state, "principal", None)
        if known is not None:
            return known
        address = connection.client.host if connection.client else ""
        if connection.scope["type"] == "websocket":
            return await self.account_principal(connection, address)
        token = bearer_token(connection)
        if token is not None:
            caller = await self._client_principal(token, address)
        else:
            caller = await self.account_principal(connection, address)
        connection.state.principal = caller  # the request's queries are limited to what this caller sees
        return caller

    async def account_principal(
        self, connection: HTTPConnection, address: str = "", *, keep_alive: bool = True
    ) -> Principal:
        """By session cookie. ``keep_alive`` is False for checks that no person caused."""
        session = await self.sessions.read(connection, keep_alive=keep_alive)
        if session is None:
            raise NotSignedIn("not_signed_in", "Sign in first")
        refuse_foreign_origin(connection, self.public_url)
        grant_id = operator_sessions.grant_of(session)
        if grant_id is not None:
            organisation = connection.app.state.settings.organisation_name
            async with self.database.transaction() as transaction:
                return await operator_sessions.principal(transaction, organisation, grant_id, address, session.id)
        async with self.database.transaction() as transaction:
            account = await find_account(transaction, UUID(session.account_id))
        if account is None:
            raise NotSignedIn("account_disabled", "This account is disabled")
        return Principal(
            "user",
            str(account.id),
            # Told apart in the audit trail: whoever obtained the emergency code acts under the owner's name.
            (account.name or account.email) + (" (break-glass)" if session.means == "break_glass" else ""),
            account.permissions,
            address,
            parts=account.parts,
            logged_in_at=session.logged_in_at,
            session_id=session.id,
            means=session.means,
        )

    async def _client_principal(self, token: str, address: str) -> Principal:
        claims = await self.tokens.verify(token)
        async with self.database.transaction() as transaction:
            client = await find_client(transaction, claims.client_id)
            if client is None:
                raise NotSignedIn("client_revoked", "This client was revoked")
            # A revoked scope, or one that the grantor lost, is lost at once, whatever the token says.
            scopes, parts = claims.scopes & frozenset(client.scopes), None
            if client.granted_by is not None:
                grantor = await find_account(transaction, client.granted_by)
                scopes &= grantor.permissions if grantor else frozenset()
                parts = grantor.parts if grantor else frozenset()
        await self._check_rate_limit(client.client_id, client.requests_per_minute)
        return Principal("client", client.client_id, client.name, scopes, address, parts=parts)

    async def _check_rate_limit(self, client_id: str, per_minute: int) -> None:
        now = time.time()
        if await self.valkey.count("rate", client_id, str(int(now // 60)), seconds=120) > per_minute:
            raise TooManyRequests(
                "too_many_requests",
                f"This client may make {per_minute} requests a minute",
                retry_after=60 - int(now % 60),
            )


@dataclass
class DenialLog:
    """`app.state.refused`: audits denied calls, at most a number per minute and caller."""

    database: Database
    budget: RefusalBudget = field(default_factory=RefusalBudget)

    async def __call__(self, connection: HTTPConnection, caller: Principal, permission: str) -> None:
        if not self.budget.allows(caller.id):
            return
        async with self.database.transaction() as session:
            audited(
                session,
                caller.actor,
                "access.refused",
                "route",
                connection.scope["path"][:80],
                after={"permission": permission, "method": connection.scope.get("method", "WEBSOCKET")},
            )
