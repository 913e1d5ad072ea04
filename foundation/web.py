"""HTTP as every service serves it: problem+json, correlation ids, security headers, size limits, access lines.

Pure ASGI middleware on purpose: it sees WebSockets too and never buffers a body.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.errors import Problem
from foundation.logs import correlation_id, get_logger
from foundation.openapi import complete

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

SECURITY_HEADERS: dict[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
ENCODED_HEADERS = [*((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())]
ENCODED_HEADERS.append((b"cache-control", b"no-store"))

DISCARD_SECONDS = 30
UNLOGGED_PATHS = ("/iclock/", "/internal/")
"""Requests of clocks and between our own services: thousands a minute, so only the refused ones have an access line."""
LOGGED_FIELDS, LOGGED_FIELD_LENGTH = 20, 100
"""How much of a validation failure is logged: names of unknown fields are whatever the caller wrote."""


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    errors: Sequence[dict[str, str]] = (),
    retry_after: int | None = None,
) -> JSONResponse:
    """One problem+json answer. ``field`` and ``errors`` (field, reason) tell a form where to point."""
    body: dict[str, Any] = {
        "type": f"urn:punctual:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "correlation_id": correlation_id.get(),
    }
    if field:
        body["field"] = field
    if errors:
        body["errors"] = list(errors)
    headers = {"retry-after": str(retry_after)} if retry_after is not None else None
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def _field_of(location: Sequence[int | str]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:]
    return ".".join(parts)


def _entry_of(error: Mapping[str, Any]) -> dict[str, str]:
    if error["type"] == "json_invalid":  # its location is ("body", character)
        reason = f"Not valid JSON at character {error['loc'][-1]}: {error['ctx']['error']}"
        return {"field": "body", "reason": reason}
    return {"field": _field_of(error["loc"]), "reason": str(error["msg"])}


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    request.state.problem = error.code
    if error.field:
        request.state.invalid_fields = [error.field]
    return problem_response(
        error.status, error.code, error.title, error.detail, field=error.field, retry_after=error.retry_after
    )


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [_entry_of(item) for item in error.errors()]
    request.state.problem = "invalid_input"
    request.state.invalid_fields = [each["field"][:LOGGED_FIELD_LENGTH] for each in errors[:LOGGED_FIELDS]]
    first = errors[0] if errors else {"field": "", "reason": "The input could not be read"}
    detail = f"{first['field']}: {first['reason']}" if first["field"] else first["reason"]
    return problem_response(422, "invalid_input", "Invalid input", detail, field=first["field"] or None, errors=errors)


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 401: "not_signed_in", 403: "not_allowed"}
    code = codes.get(error.status_code, f"http_{error.status_code}")
    return problem_response(error.status_code, code, str(error.detail), str(error.detail))


def _fault_response() -> JSONResponse:
    return problem_response(
        500, "internal_error", "Internal error", "Something went wrong on our side; quote the correlation id to support"
    )


class Edge:
    """The outermost middleware: correlation id in and out, security headers on every response, a limit on the size of
    bodies, and one access line a request.

    An unhandled exception ends here too, so that its response carries the same headers and the id under which it was
    logged. A body over the limit is read to its end and discarded (for `DISCARD_SECONDS` at most) before the 413 is
    sent: a connection closed under a client that is still sending loses the response.
    """

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: int = 1_000_000, larger_bodies: Mapping[str, int] | None = None
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.larger_bodies = larger_bodies or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        paths = self.larger_bodies.items()
        limit = next((size for path, size in paths if scope["path"].startswith(path)), self.max_body_bytes)
        exchange = _Exchange(scope, receive, send, limit)
        token = correlation_id.set(exchange.id)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:
            get_logger().error("request.fault", method=scope.get("method"), path=scope["path"], exc_info=error)
            if exchange.status or scope["type"] != "http":
                raise
            await _fault_response()(scope, receive, exchange.send)
        finally:
            exchange.log()
            correlation_id.reset(token)


class _Exchange:
    """One request and its response on their way through `Edge`."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        offered = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
        valid = 8 <= len(offered) <= 64 and offered.replace("-", "").isalnum()
        self.id = offered if valid else secrets.token_hex(8)
        self.status = 0
        self._scope, self._receive, self._send = scope, receive, send
        self._limit = limit
        self._received = 0
        self._began = time.perf_counter()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._limit:
                await self._discard(message)
                raise HTTPException(413, f"The body is larger than {self._limit} bytes")
        return message

    async def _discard(self, message: Message) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while message.get("more_body"):
                    message = await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            extra = [*ENCODED_HEADERS, (b"x-correlation-id", self.id.encode())]
            message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in present)]
        await self._send(message)

    def log(self) -> None:
        """The access line: route and not path, ids and not names, so that it holds no personal data."""
        scope = self._scope
        if scope["type"] != "http" or (self.status < 400 and scope["path"].startswith(UNLOGGED_PATHS)):
            return
        state = scope.get("state", {})
        noted = {name: state[name] for name in ("problem", "invalid_fields") if name in state}
        if (caller := state.get("principal")) is not None:
            noted["principal"] = f"{caller.kind}:{caller.id}"
        get_logger().info(
            "request",
            method=scope["method"],
            route=getattr(scope.get("route"), "path", None),
            status=self.status,
            milliseconds=round((time.perf_counter() - self._began) * 1000, 1),
            **noted,
        )


def create_app(
    title: str,
    version: str,
    *,
    lifespan: Lifespan,
    max_body_bytes: int = 1_000_000,
    larger_bodies: Mapping[str, int] | None = None,
    docs: bool = False,
) -> FastAPI:
    """A FastAPI application with the common middleware and error handlers; documentation pages only if asked for.

    ``larger_bodies``: bytes that paths beginning so may take, where others take ``max_body_bytes``.
    """
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url="/docs" if docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.openapi = lambda: complete(app)  # type: ignore[method-assign]
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(Edge, max_body_bytes=max_body_bytes, larger_bodies=larger_bodies)
    return app


def _bound_socket(listen: str) -> socket.socket:
    """Listen on ``unix:/path`` (owner only) or ``host:port``."""
    if listen.startswith("unix:"):
        path = listen.removeprefix("unix:")
        Path(path).unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o177)
        try:
            bound.bind(path)
        finally:
            os.umask(previous)
        return bound
    host, _, port = listen.rpartition(":")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host.strip("[]"), int(port)))
    return bound


async def serve(app: ASGIApp, listen: str, *, on_ready: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serve an application until SIGTERM, then finish what is running (20 s at most).

    ``on_ready`` is awaited once the server accepts connections.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips="*" if listen.startswith("unix:") else "127.0.0.1",
        server_header=False,
        ws_max_size=16_384,
        timeout_graceful_shutdown=20,
        timeout_keep_alive=75,
    )
    bound = _bound_socket(listen)
    server = _ReadyServer(config, on_ready)
    await server.serve(sockets=[bound])


class _ReadyServer(uvicorn.Server):
    """Uvicorn that says when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], Awaitable[None]] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._on_ready:
            await self._on_ready()
