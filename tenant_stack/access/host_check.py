"""Refuses requests under any other host name than the organisation's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.web import problem_response

# Services of the stack use another address and a token; probes only check that the process lives.
EXEMPT_PATHS = ("/internal/", "/api/health")


class KnownHost:
    """ASGI middleware that refuses a foreign ``Host``: nothing is cached, linked or signed under a forged name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or scope["path"].startswith(EXEMPT_PATHS):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        expected = urlsplit(connection.app.state.settings.public_url).netloc
        if connection.headers.get("host", "").lower() == expected.lower():
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "Unknown host"})
        else:
            answer = problem_response(400, "host_unknown", "Bad request", "This address is not one of ours")
            await answer(scope, receive, send)
