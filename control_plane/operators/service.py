"""Who may run the platform: people by issuer and subject, machines by client id and secret."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import HTTPConnection, Request

from control_plane.settings import ControlSettings
from control_plane.tables.base import AuditEntry
from control_plane.tables.operators import OAuthClient, Operator
from foundation import audit
from foundation.audit import Actor, RefusalBudget
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Forbidden, NotSignedIn, Problem
from foundation.outbound import http_client
from foundation.sign_in.openid import Connection, Identity, Provider
from foundation.sign_in.principal import Principal, bearer_token
from foundation.sign_in.sessions import Sessions, refuse_foreign_origin
from foundation.sign_in.tokens import Tokens
from foundation.valkey import Valkey
from foundation.vault import Vault

IDLE_SECONDS, ABSOLUTE_SECONDS = 900, 28_800

PERMISSIONS = frozenset(
    {
        "organisations:create",
        "organisations:read",
        "organisations:update",
        "clients:create",
        "credentials:read",
        "audit:read",
        "support:create",
    }
)


def secret_hash(secret: str) -> str:
    """What is stored of a machine's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


class Operators:
    """Signs operators and machines in (a `SignInService`), and tells who calls."""

    def __init__(self, settings: ControlSettings, database: Database, valkey: Valkey, vault: Vault) -> None:
        self.public_url = settings.public_url
        self.valkey = valkey
        self.sessions = Sessions(valkey, idle=IDLE_SECONDS, absolute=ABSOLUTE_SECONDS)
        self._refusals = RefusalBudget()
        self.tokens = Tokens(vault, settings.tokens_key, settings.public_url)
        self._settings = settings
        self._database = database
        self._http = http_client(ca_file=settings.ca_file)
        self._provider = Provider(
            Connection(
                settings.operators_issuer,
                settings.console_client_id,
                settings.console_client_secret.get_secret_value(),
            ),
            f"{settings.public_url}/auth/callback",
            self._http,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def seed(self) -> None:
        """Make the accounts that the settings name: the operators, and the command line's client."""
        settings = self._settings
        client = {
            "name": "Command line",
            "secret_sha256": secret_hash(settings.cli_client_secret.get_secret_value()),
            "scopes": sorted(PERMISSIONS),
        }
        async with self._database.transaction() as session:
            for subject in settings.operator_subjects:
                await session.execute(
                    insert(Operator)
                    .values(issuer=settings.operators_issuer, subject=subject)
                    .on_conflict_do_nothing(constraint="uq_operators_issuer_subject")
                )
            await session.execute(
                insert(OAuthClient)
                .values(client_id=settings.cli_client_id, **client)
                .on_conflict_do_update(constraint="uq_oauth_clients_client_id", set_=client)
            )

    async def provider(self) -> Provider:
        return self._provider

    async def admit(self, identity: Identity, request: Request, invitation: str = "") -> str:
        """The operator's id. Accounts are never made by signing in."""
        async with self._database.transaction() as session:
            operator = await session.scalar(
                sa.select(Operator).where(Operator.issuer == identity.issuer, Operator.subject == identity.subject)
            )
            label = identity.email or identity.subject
            actor = Actor("user", str(operator.id) if operator else identity.subject[:80], label, _address(request))
            if operator is not None and operator.active:
                operator.email, operator.name = identity.email[:254], identity.name[:200]
                operator.last_sign_in_at = utc_now()
                audit.record(session, AuditEntry, actor, "operator.sign_in", "operator", operator.id)
                return str(operator.id)
            audit.record(session, AuditEntry, actor, "operator.refused", "operator", actor.id)
        raise Forbidden("not_an_operator", "You are signed in, but you are not an operator of this platform")

    async def refuse(self, problem: Problem, request: Request) -> None:
        """A sign-in that failed before anybody was known."""
        address = _address(request)
        if not self._refusals.allows(address):
            return
        actor = Actor("system", "sign-in", "Somebody who is not signed in", address)
        async with self._database.transaction() as session:
            audit.record(
                session, AuditEntry, actor, "sign_in.refused", "sign_in", problem.code, after={"reason": problem.detail}
            )

    async def client_scopes(self, client_id: str, secret: str, request: Request) -> frozenset[str] | None:
        async with self._database.transaction() as session:
            client = await session.scalar(sa.select(OAuthClient).where(OAuthClient.client_id == client_id))
            stored = client.secret_sha256 if client else ""
            if not hmac.compare_digest(stored, secret_hash(secret)) or client is None or not client.active:
                return None
            client.last_used_at = utc_now()
            return frozenset(client.scopes) & PERMISSIONS

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """Who calls: a machine by its token, a person by their session. Revoking either acts on the next request."""
        token = bearer_token(connection)
        if token is not None:
            return await self._machine(token, connection)
        session = await self.sessions.read(connection)
        if session is None:
            raise NotSignedIn("not_signed_in", "Sign in first")
        refuse_foreign_origin(connection, self.public_url)
        async with self._database.transaction() as transaction:
            operator = await transaction.get(Operator, UUID(session.account_id))
        if operator is None or not operator.active:
            await self.sessions.end(session)
            raise NotSignedIn("not_signed_in", "This account is no longer an operator's")
        label = operator.email or operator.subject
        return Principal(
            "user",
            str(operator.id),
            label,
            PERMISSIONS,
            _address(connection),
            logged_in_at=session.logged_in_at,
            session_id=session.id,
        )

    async def _machine(self, token: str, connection: HTTPConnection) -> Principal:
        claims = await self.tokens.verify(token)
        async with self._database.transaction() as transaction:
            client = await transaction.scalar(
                sa.select(OAuthClient).where(OAuthClient.client_id == claims.client_id, OAuthClient.active)
            )
        if client is None:
            raise NotSignedIn("token_invalid", "This client is no longer known")
        permissions = claims.scopes & frozenset(client.scopes) & PERMISSIONS
        return Principal("client", client.client_id, client.name, permissions, _address(connection))
