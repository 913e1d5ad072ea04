"""Neighbours with behaviour of their own: a sign-in provider and a device bridge, served on real sockets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp


@asynccontextmanager
async def served(app: ASGIApp, *, uds: str | None = None) -> AsyncIterator[str]:
    """Serve an application on a Unix socket, or on a free loopback port; yields its base address."""
    config = uvicorn.Config(app, uds=uds, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # without its signal handlers: the test keeps its own
    while not server.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    try:
        yield f"unix:{uds}" if uds else f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@dataclass
class FakeProvider:
    """An OpenID provider that signs in whoever ``claims`` says, without asking."""

    client_id: str = "punctual-acme"
    client_secret: str = "s3"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "ann", "email": "ann@acme.test", "name": "Ann"})
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def authorize(self, query: dict[str, str]) -> str:
        """What the provider's page does once somebody has signed in there; returns the code."""
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return code

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        fits = asked is not None and challenge.rstrip(b"=").decode() == asked["code_challenge"]
        if not fits or request.headers["authorization"] != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        assert asked is not None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "nonce": asked["nonce"], "iat": now, "exp": now + 60}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, **self.claims}, self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})


@dataclass
class FakeBridge:
    """A device bridge: answers synchronisations from a list of (status, body), the last one again and again."""

    answers: list[tuple[int, dict[str, Any]]]
    synced: list[str] = field(default_factory=list)
    refreshed: int = 0
    token: str = "bridge-token"

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/internal/terminals/refresh", self._refresh, methods=["POST"]),
                Route("/internal/terminals/{serial}/sync", self._sync, methods=["POST"]),
            ]
        )

    async def _refresh(self, request: Request) -> Response:
        assert request.headers["authorization"] == f"Bearer {self.token}"
        self.refreshed += 1
        return Response(status_code=204)

    async def _sync(self, request: Request) -> Response:
        assert request.headers["authorization"] == f"Bearer {self.token}"
        self.synced.append(request.path_params["serial"])
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return JSONResponse(body, status_code=status)
