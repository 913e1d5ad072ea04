"""The `SignInService` of an organisation: its provider, its accounts, its OAuth clients."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor, RefusalBudget
from foundation.clock import utc_now
from foundation.database import Database, server_now
from foundation.errors import BadRequest, Forbidden, NotFound, Problem, Unavailable
from foundation.outbound import http_client
from foundation.sign_in.openid import Connection, Identity, Provider
from foundation.sign_in.sessions import Sessions
from foundation.sign_in.tokens import Tokens
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.access.clients import check_secret
from tenant_stack.access.connections import SECRET, domain_refusal
from tenant_stack.access.identities import active_connection, find_user, link, mapped_roles, sync_group_roles
from tenant_stack.access.provider_addresses import provider_client
from tenant_stack.sealing import Seals
from tenant_stack.tables.access import OwnConnection, SignInConnectionRow, User
from tenant_stack.tables.base import audited

CACHE_SECONDS = 60.0


@dataclass(kw_only=True)
class TenantSignIn:
    """The provider is read again after a minute, or at once after `forget`.

    ``loopback``: this machine may be an organisation's own provider, as in local mode.
    """

    public_url: str
    database: Database
    valkey: Valkey
    sessions: Sessions
    tokens: Tokens
    vault: Vault
    seals: Seals
    ca_file: Path | None
    loopback: bool
    _http: httpx.AsyncClient | None = field(default=None, init=False)
    _own_http: httpx.AsyncClient | None = field(default=None, init=False)
    _provider: Provider | None = field(default=None, init=False)
    _until: float = field(default=0.0, init=False)
    _refusals: RefusalBudget = field(default_factory=RefusalBudget, init=False)

    async def close(self) -> None:
        """Close the connections to the provider."""
        for client in (self._http, self._own_http):
            if client is not None:
                await client.aclose()

    def own_client(self) -> httpx.AsyncClient:
        """A client for addresses that the organisation entered."""
        return provider_client(ca_file=self.ca_file, loopback=self.loopback)

    def forget(self) -> None:
        """Read the connection again at the next sign-in: it changed."""
        self._until = 0.0

    async def provider(self) -> Provider:
        """The organisation's provider; `NotFound` when none is configured yet."""
        if self._provider is not None and time.monotonic() < self._until:
            return self._provider
        async with self.database.transaction() as session:
            own = await active_connection(session)
            row = await session.get(SignInConnectionRow, 1)
        # Created at the first sign-in: the certificate authorities cost memory in every process.
        if own is not None:
            secret = await self.seals.open(SECRET, own.id, own.sealed_secret)
            connection = Connection(own.issuer, own.client_id, secret, own.group_claim if own.group_roles else "")
            http = self._own_http = self._own_http or self.own_client()
        elif row is not None:
            connection = await self._platform_connection(row)
            http = self._http = self._http or http_client(ca_file=self.ca_file)
        else:
            raise NotFound("sign_in_missing", "This organisation has no sign-in provider yet")
        if self._provider is None or self._provider.connection != connection:
            self._provider = Provider(connection, f"{self.public_url}/auth/callback", http)
        self._until = time.monotonic() + CACHE_SECONDS
        return self._provider

    async def _platform_connection(self, row: SignInConnectionRow) -> Connection:
        secret = await self.vault.read_secret(row.secret_path)
        if secret is None or "client_secret" not in secret:
            raise Unavailable("sign_in_incomplete", "The sign-in provider's secret is not there yet; try again soon")
        return Connection(row.issuer, row.client_id, secret["client_secret"])

    async def admit(self, identity: Identity, request: Request, invitation: str = "") -> str:
        """The account of an identity; the same e-mail address under another subject is another person.

        An account is linked by its invitation link, once, and only for the e-mail address that was invited.
        """
        address, label = client_address(request), identity.email or identity.subject
        refusal = f"{identity.email or identity.name} has no account in this organisation; ask its owner for one"
        async with self.database.transaction() as session:
            own = await active_connection(session)
            if own is not None and own.issuer != identity.issuer:
                raise BadRequest("sign_in_expired", "The sign-in provider was changed meanwhile; start again")
            user = await find_user(session, identity.issuer, identity.subject)
            refusal_of_domain = domain_refusal(own, identity) if own is not None else None
            if refusal_of_domain is not None:
                user, refusal = None, refusal_of_domain
            elif user is None:
                user = await _accept_invitation(session, identity, invitation, address)
            actor = Actor("user", str(user.id) if user else identity.subject[:80], label, address)
            admitted = user is not None and user.active
            if user is not None and admitted:
                await _sync_roles(session, actor, user, own, identity)
                user.last_sign_in_at = server_now()
                user.name = user.name or identity.name[:200]
                audited(session, actor, "user.sign_in", "user", user.id)
            else:
                why: dict[str, object] | None = {"reason": refusal_of_domain} if refusal_of_domain is not None else None
                audited(session, actor, "user.refused", "identity", identity.subject[:80], after=why)
        if user is None or not admitted:
            raise Forbidden("domain_refused" if refusal_of_domain is not None else "no_account", refusal)
        return str(user.id)

    async def refuse(self, problem: Problem, request: Request) -> None:
        """Audit a sign-in that failed before the person was identified."""
        address = client_address(request)
        if not self._refusals.allows(address):
            return
        actor = Actor("system", "sign-in", "Somebody who is not signed in", address)
        async with self.database.transaction() as session:
            audited(session, actor, "sign_in.refused", "sign_in", problem.code, after={"reason": problem.detail})

    async def client_scopes(self, client_id: str, secret: str, request: Request) -> frozenset[str] | None:
        """The scopes of a client whose secret is valid, else None."""
        async with self.database.transaction() as session:
            actor = Actor("client", client_id[:80], client_id, client_address(request))
            return await check_secret(session, actor, client_id, secret)


async def _accept_invitation(session: AsyncSession, identity: Identity, invitation: str, address: str) -> User | None:
    """Link the identity of a person who came by an invitation link, which is used up."""
    user = await _find_invited(session, invitation) if invitation else None
    if user is None or user.email.casefold() != identity.email.casefold():
        return None
    await link(session, user, identity.issuer, identity.subject)
    user.invitation_hash = user.invitation_expires_at = user.invitation_sealed = None
    actor = Actor("user", str(user.id), identity.email, address)
    audited(session, actor, "user.join", "user", user.id, after={"subject": identity.subject})
    return user


async def _sync_roles(
    session: AsyncSession, actor: Actor, user: User, own: OwnConnection | None, identity: Identity
) -> None:
    """Roles from groups are updated at each sign-in; groups that are not known change nothing."""
    if identity.groups is None:
        return
    given, taken = await sync_group_roles(
        session, user, mapped_roles(own.group_roles, identity.groups) if own else set()
    )
    if given or taken:
        audited(session, actor, "user.groups", "user", user.id, after={"given": given, "taken": taken})


async def _find_invited(session: AsyncSession, invitation: str) -> User | None:
    """The user of an invitation link, locked; None when it was used, has expired or never existed."""
    return await session.scalar(
        sa.select(User)
        .where(
            User.invitation_hash == hashlib.sha256(invitation.encode()).hexdigest(),
            User.invitation_expires_at > utc_now(),
            User.active,
        )
        .with_for_update()
    )


def client_address(request: Request) -> str:
    """The address of the caller, empty when unknown."""
    return request.client.host if request.client else ""
