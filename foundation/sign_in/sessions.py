"""Browser sessions in Valkey: only a hash of the cookie is stored, with an idle and an absolute limit."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from foundation.clock import utc_now
from foundation.errors import Forbidden
from foundation.valkey import Valkey

COOKIE = "__Host-session"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Session:
    """A live session of one account."""

    account_id: str
    key: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Creates, reads and ends sessions. Limits are in seconds."""

    def __init__(self, valkey: Valkey, *, idle: int = 1800, absolute: int = 43_200) -> None:
        self._valkey = valkey
        self._idle = idle
        self._absolute = absolute

    async def create(self, account_id: str) -> str:
        """Begin a session and return the cookie's value."""
        token = secrets.token_urlsafe(32)
        document = {"account": account_id, "ends": int(utc_now().timestamp()) + self._absolute}
        await self._valkey.put(json.dumps(document), "session", _hash(token), seconds=self._idle)
        return token

    async def read(self, connection: HTTPConnection, *, keep_alive: bool = True) -> Session | None:
        """The session of a request, None when it has none or it has ended. ``keep_alive`` restarts the idle time."""
        token = connection.cookies.get(COOKIE)
        if not token:
            return None
        key = _hash(token)
        text = await self._valkey.get("session", key)
        if text is None:
            return None
        document = json.loads(text)
        left = int(document["ends"]) - int(utc_now().timestamp())
        if left <= 0:
            await self._valkey.delete("session", key)
            return None
        if keep_alive:
            await self._valkey.put(text, "session", key, seconds=min(self._idle, left))
        return Session(account_id=str(document["account"]), key=key)

    async def end(self, session: Session) -> None:
        await self._valkey.delete("session", session.key)


def set_cookie(response: Response, token: str) -> None:
    """Host-only, script-proof and never sent along from another site's form."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="lax", path="/")


def refuse_foreign_origin(connection: HTTPConnection, public_url: str) -> None:
    """Cross-site request forgery: with a cookie, an unsafe request must come from our own page and say so.

    Raises `Forbidden` unless Origin is ours (or absent with a same-origin fetch) and ``X-Punctual: 1`` is there. For a
    WebSocket only the origin counts: browsers cannot add headers to its handshake, and always send Origin.
    """
    origin = connection.headers.get("origin")
    is_socket = connection.scope["type"] == "websocket"
    if not is_socket and connection.scope["method"] in SAFE_METHODS:
        return
    same = origin == public_url if origin else connection.headers.get("sec-fetch-site") in {"same-origin", "none"}
    if not same or (not is_socket and connection.headers.get("x-punctual") != "1"):
        raise Forbidden("foreign_origin", "This request did not come from our own page")
