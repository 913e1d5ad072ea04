"""What the shared sign-in routes need of this organisation: its provider, its accounts, its clients."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import httpx
import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor, RefusalBudget
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Forbidden, NotFound, Problem, Unavailable
from foundation.outbound import http_client
from foundation.sign_in.openid import Connection, Identity, Provider
from foundation.sign_in.sessions import Sessions
from foundation.sign_in.tokens import Tokens
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.access.clients import check_secret
from tenant_stack.access.models import SignInConnectionRow, User
from tenant_stack.base import audited

CACHE_SECONDS = 60.0


class TenantSignIn:
    """A `SignInService`. The provider is read again after a minute, or at once after `forget`."""

    def __init__(
        self,
        *,
        public_url: str,
        database: Database,
        valkey: Valkey,
        sessions: Sessions,
        tokens: Tokens,
        vault: Vault,
        ca_file: Path | None,
    ) -> None:
        self.public_url = public_url
        self.valkey = valkey
        self.sessions = sessions
        self.tokens = tokens
        self._database = database
        self._vault = vault
        self._ca_file = ca_file
        self._http: httpx.AsyncClient | None = None
        self._provider: Provider | None = None
        self._until = 0.0
        self._refusals = RefusalBudget()

    async def close(self) -> None:
        """Give the connections to the provider back."""
        if self._http is not None:
            await self._http.aclose()

    def forget(self) -> None:
        """The connection changed."""
        self._until = 0.0

    async def provider(self) -> Provider:
        """The organisation's provider; `NotFound` when none is configured yet."""
        if self._provider is not None and time.monotonic() < self._until:
            return self._provider
        async with self._database.transaction() as session:
            row = await session.get(SignInConnectionRow, 1)
        if row is None:
            raise NotFound("sign_in_missing", "This organisation has no sign-in provider yet")
        secret = await self._vault.read_secret(row.secret_path)
        if secret is None or "client_secret" not in secret:
            raise Unavailable("sign_in_incomplete", "The sign-in provider's secret is not there yet; try again soon")
        connection = Connection(row.issuer, row.client_id, secret["client_secret"])
        if self._provider is None or self._provider.connection != connection:
            # Made when somebody signs in: the authorities it loads cost memory in every organisation's process.
            self._http = self._http or http_client(ca_file=self._ca_file)
            self._provider = Provider(connection, f"{self.public_url}/auth/callback", self._http)
        self._until = time.monotonic() + CACHE_SECONDS
        return self._provider

    async def admit(self, identity: Identity, request: Request, invitation: str = "") -> str:
        """The account of an identity; the same e-mail under another subject is somebody else.

        An account is first linked by its invitation's link, once, and only for the e-mail that was invited.
        """
        async with self._database.transaction() as session:
            user: User | None = await session.scalar(
                sa.select(User).where(User.issuer == identity.issuer, User.subject == identity.subject)
            )
            invited = await _invited(session, invitation) if user is None and invitation else None
            label = identity.email or identity.subject
            if invited is not None and invited.email.casefold() == identity.email.casefold():
                user = invited
                user.issuer, user.subject = identity.issuer, identity.subject
                user.invitation_hash = user.invitation_expires_at = None
                actor = Actor("user", str(user.id), label, _address(request))
                audited(session, actor, "user.join", "user", user.id, after={"subject": identity.subject})
            actor = Actor("user", str(user.id) if user else identity.subject[:80], label, _address(request))
            admitted = user is not None and user.active
            if user is not None and admitted:
                user.last_sign_in_at = sa.func.now()
                user.name = user.name or identity.name[:200]
                audited(session, actor, "user.sign_in", "user", user.id)
            else:
                audited(session, actor, "user.refused", "identity", identity.subject[:80])
        if user is None or not admitted:
            raise Forbidden(
                "no_account",
                f"{identity.email or identity.name} has no account in this organisation; ask its owner for one",
            )
        return str(user.id)

    async def refuse(self, problem: Problem, request: Request) -> None:
        """A sign-in that failed before anybody was known."""
        address = _address(request)
        if not self._refusals.allows(address):
            return
        actor = Actor("system", "sign-in", "Somebody who is not signed in", address)
        async with self._database.transaction() as session:
            audited(session, actor, "sign_in.refused", "sign_in", problem.code, after={"reason": problem.detail})

    async def client_scopes(self, client_id: str, secret: str, request: Request) -> frozenset[str] | None:
        """The scopes of a client whose secret fits, else None."""
        async with self._database.transaction() as session:
            actor = Actor("client", client_id[:80], client_id, _address(request))
            return await check_secret(session, actor, client_id, secret)


async def _invited(session: AsyncSession, invitation: str) -> User | None:
    """Whom an invitation's link is for, locked; None when it was used, has run out or never was."""
    user: User | None = await session.scalar(
        sa.select(User)
        .where(
            User.invitation_hash == hashlib.sha256(invitation.encode()).hexdigest(),
            User.invitation_expires_at > utc_now(),
            User.active,
        )
        .with_for_update()
    )
    return user


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
