"""What the shared sign-in routes need of this organisation: its provider, its accounts, its clients."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import sqlalchemy as sa
from fastapi import Request

from foundation.audit import Actor
from foundation.database import Database
from foundation.errors import Forbidden, NotFound, Unavailable
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

    async def admit(self, identity: Identity, request: Request) -> str:
        """The account of an identity; the same e-mail under another subject is somebody else."""
        async with self._database.transaction() as session:
            user: User | None = await session.scalar(
                sa.select(User).where(User.issuer == identity.issuer, User.subject == identity.subject, User.active)
            )
            actor = Actor("user", str(user.id) if user else identity.subject, identity.email, _address(request))
            if user is not None:
                user.last_sign_in_at = sa.func.now()
                user.name = user.name or identity.name
                audited(session, actor, "user.sign_in", "user", user.id)
            else:
                audited(session, actor, "user.refused", "identity", identity.subject)
        if user is None:
            raise Forbidden(
                "no_account",
                f"{identity.email or identity.name} has no account in this organisation; ask its owner for one",
            )
        return str(user.id)

    async def client_scopes(self, client_id: str, secret: str, request: Request) -> frozenset[str] | None:
        """The scopes of a client whose secret fits, else None."""
        async with self._database.transaction() as session:
            actor = Actor("client", client_id[:80], client_id, _address(request))
            return await check_secret(session, actor, client_id, secret)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
