"""Who calls, what they may do, and the rule that every route says what it needs."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Forbidden, NotSignedIn


@dataclass(frozen=True)
class Principal:
    """A signed-in caller. ``kind`` is ``user`` or ``client``; ``permissions`` are ``resource:action``.

    ``parts`` limits what they see to parts of the organisation (``site:ID``, ``department:NAME``); None is everything.
    ``logged_in_at`` is when a person last proved who they are; ``session_id`` names the session they use, ``means`` how
    they came in when not by the provider (``break_glass``).
    """

    kind: str
    id: str
    label: str
    permissions: frozenset[str]
    address: str = ""
    parts: frozenset[str] | None = None
    logged_in_at: datetime | None = None
    session_id: str = ""
    means: str = ""

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    @property
    def actor(self) -> Actor:
        return Actor(self.kind, self.id, self.label, self.address)


RECENT = timedelta(minutes=5)


def require_recent_login(caller: Principal) -> None:
    """For what must not be done by whoever finds an open desk: `NotSignedIn` unless the login is at most 5 min old.

    A machine cannot prove that a person is there, so it is refused (`Forbidden`).
    """
    if caller.kind != "user":
        raise Forbidden("person_required", "Only a person who is signed in may do this")
    if caller.logged_in_at is None or utc_now() - caller.logged_in_at > RECENT:
        raise NotSignedIn("step_up_required", "Confirm that it is you: sign in again, then repeat this")


Authenticate = Callable[[HTTPConnection], Awaitable[Principal]]


# ``app.state.refused``, if there is one, writes a denied call into the audit trail.
Refused = Callable[[HTTPConnection, Principal, str], Awaitable[None]]


class Requires:
    """Dependency: the caller is signed in and holds ``permission``. ``app.state.authenticate`` tells who calls."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await _authenticated(connection)
        if not principal.may(self.permission):
            refused: Refused | None = getattr(connection.app.state, "refused", None)
            if refused is not None:
                await refused(connection, principal, self.permission)
            raise Forbidden("permission_missing", f"This needs the permission {self.permission}")
        return principal


class SignedIn:
    """Dependency: the caller is signed in, whatever they may do."""

    async def __call__(self, connection: HTTPConnection) -> Principal:
        return await _authenticated(connection)


async def _authenticated(connection: HTTPConnection) -> Principal:
    """The caller, noted for the access line."""
    authenticate: Authenticate = connection.app.state.authenticate
    principal = await authenticate(connection)
    connection.state.principal = principal
    return principal


class Public:
    """Dependency that declares a route open to everybody."""

    async def __call__(self) -> None:
        return None


class ServiceToken:
    """Dependency: the caller is another service of this stack, known by a bearer token in ``app.state``."""

    def __init__(self, state_name: str) -> None:
        self.state_name = state_name

    async def __call__(self, connection: HTTPConnection) -> None:
        expected = str(getattr(connection.app.state, self.state_name))
        offered = bearer_token(connection) or ""
        if not hmac.compare_digest(offered.encode(), expected.encode()):
            raise NotSignedIn("service_token_invalid", "This route is for another service of this stack")


class RecentLogin(Requires):
    """Dependency: as `Requires`, and the person signed in within the last five minutes (`require_recent_login`).

    With ``machines`` a client may do it too: its scope was given by a person for exactly this.
    """

    def __init__(self, permission: str, *, machines: bool = False) -> None:
        super().__init__(permission)
        self.machines = machines

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await super().__call__(connection)
        if not (self.machines and principal.kind == "client"):
            require_recent_login(principal)
        return principal


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token of ``Authorization: Bearer …``, None without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
