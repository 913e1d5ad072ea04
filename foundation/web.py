"""The HTTP edge that every service shares: problem+json, correlation ids, security headers, size limits, serving.

Pure ASGI middleware on purpose: it sees WebSockets too and never buffers a body.
"""

from __future__ import annotations

import os
import secrets
import socket
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


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem_response(
        error.status, error.code, error.title, error.detail, field=error.field, retry_after=error.retry_after
    )


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": _field_of(item["loc"]), "reason": str(item["msg"])} for item in error.errors()]
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
    """Outermost layer: correlation id in and out, security headers on every answer, a ceiling on body size.

    A fault of ours ends here too, so that its answer carries the same headers and the id under which it was logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int = 1_000_000,
        larger_bodies: Mapping[str, int] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.larger_bodies = larger_bodies or {}
        self.headers = SECURITY_HEADERS if headers is None else headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        offered = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
        known = offered if 8 <= len(offered) <= 64 and offered.replace("-", "").isalnum() else secrets.token_hex(8)
        token = correlation_id.set(known)
        paths = self.larger_bodies.items()
        most = next((size for path, size in paths if scope["path"].startswith(path)), self.max_body_bytes)
        received = 0
        answered = False

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > most:
                    raise HTTPException(413, f"The body is larger than {most} bytes")
            return message

        async def stamped_send(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(name.encode(), value.encode()) for name, value in self.headers.items()]
                extra.append((b"x-correlation-id", known.encode()))
                extra.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in present)]
            await send(message)

        try:
            await self.app(scope, limited_receive, stamped_send)
        except Exception as error:
            get_logger().error("request.fault", method=scope.get("method"), path=scope["path"], exc_info=error)
            if answered or scope["type"] != "http":
                raise
            await _fault_response()(scope, receive, stamped_send)
        finally:
            correlation_id.reset(token)


def create_app(
    title: str,
    version: str,
    *,
    lifespan: Lifespan,
    max_body_bytes: int = 1_000_000,
    larger_bodies: Mapping[str, int] | None = None,
    docs: bool = False,
) -> FastAPI:
    """A FastAPI application with the house's edge. Documentation pages are off unless asked for.

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
