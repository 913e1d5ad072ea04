"""Browser sessions in Valkey: only a hash of the cookie is stored, with an idle and an absolute limit.

Only what a person does restarts the idle time: a page that polls, or an open socket, does not (see `caused_by_person`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import HTTPConnection
from starlette.responses import Response

from foundation.clock import utc_now
from foundation.errors import Forbidden
from foundation.valkey import Valkey

COOKIE = "__Host-session"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
ID_LENGTH = 24


@dataclass(frozen=True)
class Session:
    """A live session of one account. ``id`` may be shown; ``logged_in_at`` is when the person last proved who they are.

    ``seen_at`` is when the person last did something; ``ends_at`` when the session is over whatever they do.
    ``means`` is how they came in when not by the provider: ``break_glass``.
    """

    account_id: str
    key: str
    began_at: datetime
    logged_in_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str = ""
    agent: str = ""
    means: str = ""

    @property
    def id(self) -> str:
        return self.key[:ID_LENGTH]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _session(key: str, text: str) -> Session:
    document = json.loads(text)
    return Session(
        account_id=str(document["account"]),
        key=key,
        began_at=_instant(document["began"]),
        logged_in_at=_instant(document["login"]),
        seen_at=_instant(document["seen"]),
        ends_at=_instant(document["ends"]),
        address=str(document["address"]),
        agent=str(document["agent"]),
        means=str(document.get("means", "")),
    )


def _text(session: Session) -> str:
    document = {
        "account": session.account_id,
        "began": int(session.began_at.timestamp()),
        "login": int(session.logged_in_at.timestamp()),
        "seen": int(session.seen_at.timestamp()),
        "ends": int(session.ends_at.timestamp()),
        "address": session.address,
        "agent": session.agent,
        "means": session.means,
    }
    return json.dumps(document)


def caused_by_person(connection: HTTPConnection) -> bool:
    """Did a person cause this request? Changes and opened pages are; a page's reading is when it says so.

    The portals say ``X-Punctual-Active: 1`` while somebody uses mouse, keyboard or screen; a poll of a page that was
    left alone does not, so an abandoned desk signs itself out.
    """
    if connection.scope["type"] != "http":
        return False
    headers = connection.headers
    return (
        connection.scope["method"] not in SAFE_METHODS
        or headers.get("x-punctual-active") == "1"
        or headers.get("sec-fetch-mode") == "navigate"
    )


class Sessions:
    """Creates, reads, lists and ends sessions. Limits are in seconds. `Unavailable` when Valkey does not answer."""

    def __init__(self, valkey: Valkey, *, idle: int = 1800, absolute: int = 43_200) -> None:
        self._valkey = valkey
        self._idle = idle
        self._absolute = absolute

    async def create(
        self,
        account_id: str,
        *,
        address: str = "",
        agent: str = "",
        authenticated_at: int | None = None,
        means: str = "",
        absolute: int | None = None,
    ) -> str:
        """Begin a session and return the cookie's value. ``authenticated_at`` is the provider's ``auth_time``.

        ``absolute`` shortens the time after which the session is over whatever the person does (seconds).
        """
        lasts = min(self._absolute, absolute or self._absolute)
        token = secrets.token_urlsafe(32)
        now = int(utc_now().timestamp())
        session = Session(
            account_id=account_id,
            key=_hash(token),
            began_at=_instant(now),
            logged_in_at=_instant(min(now, authenticated_at or now)),
            seen_at=_instant(now),
            ends_at=_instant(now + lasts),
            address=address[:64],
            agent=agent[:200],
            means=means,
        )
        await self._valkey.collect(session.key, "sessions-of", account_id, seconds=self._absolute)
        await self._valkey.put(_text(session), "session", session.key, seconds=min(self._idle, lasts))
        return token

    async def read(self, connection: HTTPConnection, *, keep_alive: bool = True) -> Session | None:
        """The session of a request, None when it has none or it has ended.

        With ``keep_alive`` a request that a person caused restarts the idle time.
        """
        token = connection.cookies.get(COOKIE)
        if not token:
            return None
        session = await self._find(_hash(token))
        if session is not None and keep_alive and caused_by_person(connection):
            now = utc_now()
            left = int((session.ends_at - now).total_seconds())
            seen = Session(**{**session.__dict__, "seen_at": now})
            # Never brings a session back that was ended between the reading and now.
            if not await self._valkey.renew(_text(seen), "session", session.key, seconds=max(1, min(self._idle, left))):
                return None
        return session

    async def end(self, session: Session) -> None:
        """End a session; its next request, and its open sockets within seconds, are refused."""
        await self._valkey.delete("session", session.key)
        await self._valkey.discard(session.key, "sessions-of", session.account_id)

    async def of_account(self, account_id: str) -> list[Session]:
        """An account's live sessions, newest first."""
        found = []
        for key in await self._valkey.members("sessions-of", account_id):
            session = await self._find(key)
            if session is None:
                await self._valkey.discard(key, "sessions-of", account_id)
            else:
                found.append(session)
        return sorted(found, key=lambda each: (each.began_at, each.key), reverse=True)

    async def end_all(self, account_id: str, *, but: str | None = None) -> int:
        """End an account's sessions, except the one with the id ``but``; answers how many."""
        ended = [each for each in await self.of_account(account_id) if each.id != but]
        for session in ended:
            await self.end(session)
        return len(ended)

    async def _find(self, key: str) -> Session | None:
        text = await self._valkey.get("session", key)
        if text is None:
            return None
        session = _session(key, text)
        if session.ends_at <= utc_now():
            await self.end(session)
            return None
        return session


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
