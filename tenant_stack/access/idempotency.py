"""``Idempotency-Key``: a machine that repeats a change under the same key gets the first answer, and one effect.

The key is claimed in the transaction of the change: a repetition that comes meanwhile is refused (409), and one that
comes after a crash finds either the change with its claim or neither. Only the answer is kept afterwards, for 24 hours.
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
KEPT = timedelta(hours=24)
LARGEST_ANSWER = 256_000
VALID = re.compile(r"[!-~]{1,128}")
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
CLAIM = "idempotent_call"


class IdempotentWrites:
    """ASGI layer around the application's routes; only machines' writes with the header take the long way."""

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
            await self._once(connection, key, receive, send)
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

    async def _once(self, connection: HTTPConnection, key: str, receive: Receive, send: Send) -> None:
        scope = connection.scope
        if not VALID.fullmatch(key):
            raise BadRequest("idempotency_key_invalid", "An Idempotency-Key has 1 to 128 visible ASCII characters")
        caller: Principal = await connection.app.state.authenticate(connection)
        body, messages = await _read(receive)
        digest = hashlib.sha256(
            b"\0".join((scope["method"].encode(), scope["path"].encode(), scope["query_string"], body))
        ).hexdigest()
        database: Database = connection.app.state.database
        kept = await _kept(database, caller.id, key)
        if kept is not None:
            await _replay(kept, digest, send)
            return
        scope.setdefault("state", {})[CLAIM] = (caller.id, key, digest)
        answer = _Answer()
        await self.app(scope, messages, answer.send)
        if answer.status < 300:
            await _keep(database, caller.id, key, answer)
        for message in answer.messages:
            await send(message)


class _Answer:
    """What the application answers, held back until it is kept."""

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


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The body, and a way for the application to read it again."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    handed = False

    async def again() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def _kept(database: Database, client_id: str, key: str) -> IdempotentCall | None:
    async with database.transaction() as session:
        found: IdempotentCall | None = await session.scalar(
            sa.select(IdempotentCall).where(
                IdempotentCall.client_id == client_id,
                IdempotentCall.key == key,
                IdempotentCall.created_at > utc_now() - KEPT,
            )
        )
        return found


async def _replay(kept: IdempotentCall, digest: str, send: Send) -> None:
    if kept.digest != digest:
        raise Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request")
    if kept.status is None:
        raise Conflict("idempotency_done", "This was carried out before; its answer was not kept. Read what is there")
    headers = [(b"idempotency-replayed", b"true"), (b"content-length", str(len(kept.body)).encode())]
    if kept.media_type:
        headers.append((b"content-type", kept.media_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": kept.body})


async def _keep(database: Database, client_id: str, key: str, answer: _Answer) -> None:
    if len(answer.body) > LARGEST_ANSWER:
        return
    async with database.transaction() as session:
        await session.execute(
            sa.update(IdempotentCall)
            .where(IdempotentCall.client_id == client_id, IdempotentCall.key == key)
            .values(status=answer.status, body=answer.body, media_type=answer.media_type)
        )


async def claim(session: AsyncSession, connection: HTTPConnection) -> None:
    """Claim the request's key in its own transaction; `Conflict` when another one was faster."""
    claimed: tuple[str, str, str] | None = connection.scope.get("state", {}).get(CLAIM)
    if claimed is None:
        return
    client_id, key, digest = claimed
    old = IdempotentCall.created_at <= utc_now() - KEPT
    await session.execute(
        sa.delete(IdempotentCall).where(IdempotentCall.client_id == client_id, IdempotentCall.key == key, old)
    )
    # Not by waiting for the other transaction: fifty that wait would hold every connection it needs itself.
    lock = int.from_bytes(hashlib.sha256(f"{client_id} {key}".encode()).digest()[:8], "big", signed=True)
    if not await session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(lock))):
        raise Conflict("idempotency_busy", "The same request is being carried out; ask again for its answer")
    made: Any = await session.scalar(
        insert(IdempotentCall)
        .values(client_id=client_id, key=key, digest=digest)
        .on_conflict_do_nothing()
        .returning(IdempotentCall.key)
    )
    if made is None:
        raise Conflict("idempotency_busy", "The same request is being carried out; ask again for its answer")


async def forget_old(session: AsyncSession) -> None:
    """Remove answers older than a day."""
    await session.execute(sa.delete(IdempotentCall).where(IdempotentCall.created_at <= utc_now() - KEPT))
