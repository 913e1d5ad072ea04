"""``Idempotency-Key``: a machine that repeats a change under the same key gets the first response, and one effect.

The key is inserted in the transaction of the change: a repetition that arrives meanwhile is refused (409), and one that
arrives after a crash finds either the change with its key or neither. Only the response is stored afterwards, for 24
hours.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import BadRequest, Conflict, Invalid, Problem
from foundation.sign_in.principal import Principal, bearer_token
from foundation.web import problem_response
from tenant_stack.tables.access import IdempotentCall

HEADER = "idempotency-key"
RETENTION = timedelta(hours=24)
LARGEST_ANSWER = 256_000
VALID = re.compile(r"[!-~]{1,128}")
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
STATE_KEY = "idempotent_call"


class IdempotentWrites:
    """ASGI middleware around the application's routes; it acts only on machines' writes with the header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WRITES or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        key = connection.headers.get(HEADER)
        if key is None or bearer_token(connection) is None:
            await self.app(scope, receive, send)
            return
        try:
            await self._run_once(connection, key, receive, send)
        except Problem as problem:
            answer = problem_response(
                problem.status,
                problem.code,
                problem.title,
                problem.detail,
                field=problem.field,
                retry_after=problem.retry_after,
            )
            await answer(scope, receive, send)
        except HTTPException as error:  # the edge's ceiling on bodies, met while reading
            answer = problem_response(error.status_code, f"http_{error.status_code}", error.detail, error.detail)
            await answer(scope, receive, send)

    async def _run_once(self, connection: HTTPConnection, key: str, receive: Receive, send: Send) -> None:
        scope = connection.scope
        if not VALID.fullmatch(key):
            raise BadRequest("idempotency_key_invalid", "An Idempotency-Key has 1 to 128 visible ASCII characters")
        caller: Principal = await connection.app.state.authenticate(connection)
        body, messages = await _read_body(receive)
        digest = hashlib.sha256(
            b"\0".join((scope["method"].encode(), scope["path"].encode(), scope["query_string"], body))
        ).hexdigest()
        database: Database = connection.app.state.database
        stored = await _read_stored(database, caller.id, key)
        if stored is not None:
            await _replay(stored, digest, send)
            return
        scope.setdefault("state", {})[STATE_KEY] = (caller.id, key, digest)
        answer = _BufferedResponse()
        await self.app(scope, messages, answer.send)
        if answer.status < 300:
            await _store_response(database, caller.id, key, answer)
        for message in answer.messages:
            await send(message)


class _BufferedResponse:
    """The application's response, held back until it is stored."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"]) if self.messages else 500

    @property
    def body(self) -> bytes:
        return b"".join(each.get("body", b"") for each in self.messages[1:])

    @property
    def media_type(self) -> str:
        headers = dict(self.messages[0]["headers"])
        return str(headers.get(b"content-type", b"").decode("latin-1"))[:120]


async def _read_body(receive: Receive) -> tuple[bytes, Receive]:
    """The body, and a receive function for the application to read it again."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    delivered = False

    async def again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def _read_stored(database: Database, client_id: str, key: str) -> IdempotentCall | None:
    async with database.transaction() as session:
        return await session.scalar(
            sa.select(IdempotentCall).where(
                IdempotentCall.client_id == client_id,
                IdempotentCall.key == key,
                IdempotentCall.created_at > utc_now() - RETENTION,
            )
        )


async def _replay(stored: IdempotentCall, digest: str, send: Send) -> None:
    if stored.digest != digest:
        raise Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request")
    if stored.status is None:
        raise Conflict("idempotency_done", "This was carried out before; its answer was not kept. Read what is there")
    headers = [(b"idempotency-replayed", b"true"), (b"content-length", str(len(stored.body)).encode())]
    if stored.media_type:
        headers.append((b"content-type", stored.media_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": stored.status, "headers": headers})
    await send({"type": "http.response.body", "body": stored.body})


async def _store_response(database: Database, client_id: str, key: str, answer: _BufferedResponse) -> None:
    if len(answer.body) > LARGEST_ANSWER:
        return
    async with database.transaction() as session:
        await session.execute(
            sa.update(IdempotentCall)
            .where(IdempotentCall.client_id == client_id, IdempotentCall.key == key)
            .values(status=answer.status, body=answer.body, media_type=answer.media_type)
        )


async def acquire_key(session: AsyncSession, connection: HTTPConnection) -> None:
    """Insert the request's key in its own transaction; `Conflict` when another request was faster."""
    requested: tuple[str, str, str] | None = connection.scope.get("state", {}).get(STATE_KEY)
    if requested is None:
        return
    client_id, key, digest = requested
    old = IdempotentCall.created_at <= utc_now() - RETENTION
    await session.execute(
        sa.delete(IdempotentCall).where(IdempotentCall.client_id == client_id, IdempotentCall.key == key, old)
    )
    # Without waiting for the other transaction: fifty waiting requests would hold every connection that it needs.
    lock = int.from_bytes(hashlib.sha256(f"{client_id} {key}".encode()).digest()[:8], "big", signed=True)
    if not await session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(lock))):
        raise Conflict("idempotency_busy", "The same request is being carried out; ask again for its answer")
    inserted: Any = await session.scalar(
        insert(IdempotentCall)
        .values(client_id=client_id, key=key, digest=digest)
        .on_conflict_do_nothing()
        .returning(IdempotentCall.key)
    )
    if inserted is None:
        raise Conflict("idempotency_busy", "The same request is being carried out; ask again for its answer")


async def delete_expired_responses(session: AsyncSession) -> None:
    """Delete responses older than a day."""
    await session.execute(sa.delete(IdempotentCall).where(IdempotentCall.created_at <= utc_now() - RETENTION))
