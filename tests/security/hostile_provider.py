"""An OpenID provider that lies: a real HTTP server on loopback, honest except for what a test changes."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Claims = dict[str, Any]


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@dataclass
class HostileProvider:
    """``claims`` change the token's claims, ``token`` makes it, ``answer`` and ``metadata`` change whole documents."""

    issuer: str = ""
    client_id: str = "punctual-acme"
    subject: str = "ann"
    nonces: dict[str, str] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    claims: Callable[[Claims], Claims] = lambda claims: claims
    token: Callable[[HostileProvider, Claims], str] = lambda provider, claims: provider.honest(claims)
    answer: Callable[[Claims], Any] = lambda answer: answer
    metadata: Callable[[Claims], Any] = lambda metadata: metadata
    jwks: Callable[[Claims], Any] = lambda jwks: jwks

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def honest(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def authorize(self, query: dict[str, str]) -> str:
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = query["nonce"]
        return code

    async def _metadata(self, _: Request) -> Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return self._response(self.metadata(document))

    async def _keys(self, _: Request) -> Response:
        return self._response(self.jwks({"keys": [self.key.as_dict(private=False)]}))

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        nonce = self.nonces[str(form["code"])]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": self.subject,
            "email": "ann@acme.test",
            "email_verified": True,
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
        }
        token = self.token(self, self.claims(claims))
        return self._response(self.answer({"access_token": "x", "token_type": "Bearer", "id_token": token}))

    @staticmethod
    def _response(document: Any) -> Response:
        return document if isinstance(document, Response) else JSONResponse(document)


def unsigned(_: HostileProvider, claims: Claims) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def signed_with_public_key(provider: HostileProvider, claims: Claims) -> str:
    """HS256 with the provider's public key as the secret: the classic confusion."""
    text = f"{part({'alg': 'HS256', 'kid': '1'})}.{part(claims)}"
    signature = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def brings_its_key(provider: HostileProvider, claims: Claims) -> str:
    header = {"alg": "RS256", "kid": "1", "jwk": provider.other.as_dict(private=False)}
    return jwt.encode(header, claims, provider.other)


def names_a_key_address(provider: HostileProvider, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "1", "jku": "https://evil.example/jwks"}, claims, provider.key)


def foreign_key(provider: HostileProvider, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, provider.other)


def unknown_kid(provider: HostileProvider, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "99"}, claims, provider.other)


def critical_header(provider: HostileProvider, claims: Claims) -> str:
    text = f"{part({'alg': 'RS256', 'kid': '1', 'crit': ['x'], 'x': 1})}.{part(claims)}"
    honest = provider.honest(claims)
    return f"{text}.{honest.rsplit('.', 1)[1]}"


def altered_after_signing(provider: HostileProvider, claims: Claims) -> str:
    head, _, signature = provider.honest({**claims, "sub": "somebody"}).split(".")
    return f"{head}.{part(claims)}.{signature}"
