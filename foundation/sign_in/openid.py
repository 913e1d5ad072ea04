"""OpenID Connect, authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0).

Authlib speaks the protocol; the checks it leaves to the application are made here: issuer of the discovery document and
of the callback (RFC 9207), an ID token that must be there, its signature, audience, time and nonce.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from foundation.errors import BadGateway, NotSignedIn
from foundation.logs import get_logger

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
LEEWAY_SECONDS = 60
METADATA_SECONDS = 300


@dataclass(frozen=True)
class Connection:
    """A client registration at a provider."""

    issuer: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: bound to one browser by a cookie, kept ten minutes, used once."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is. Accounts are keyed by (issuer, subject); the e-mail is only shown."""

    issuer: str
    subject: str
    email: str
    name: str


class Provider:
    """One OpenID provider as seen by one client; its metadata is cached for five minutes."""

    def __init__(self, connection: Connection, redirect_uri: str, http: httpx.AsyncClient) -> None:
        self.connection = connection
        self._redirect_uri = redirect_uri
        self._http = http
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0

    async def begin(self) -> Attempt:
        """Start a sign-in with a fresh state, nonce and code verifier."""
        metadata = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = httpx.URL(
            metadata["authorization_endpoint"],
            params={
                "response_type": "code",
                "client_id": self.connection.client_id,
                "redirect_uri": self._redirect_uri,
                "scope": "openid email profile",
                "state": state,
                "nonce": nonce,
                "code_challenge": create_s256_code_challenge(verifier),
                "code_challenge_method": "S256",
            },
        )
        return Attempt(str(url), state, nonce, verifier)

    async def finish(self, attempt: Attempt, *, code: str, issuer: str | None) -> Identity:
        """Exchange the code and check the ID token; raises `NotSignedIn` with the reason."""
        metadata = await self._discover()
        announced = metadata.get("authorization_response_iss_parameter_supported")
        if (issuer is not None or announced) and issuer != self.connection.issuer:
            raise NotSignedIn("issuer_mismatch", "The answer came from another sign-in provider")
        token = await self._exchange(metadata, attempt, code)
        raw = token.get("id_token")
        if not raw:
            raise NotSignedIn("id_token_missing", "The sign-in provider sent no ID token")
        claims = await self._checked_claims(metadata, str(raw), attempt.nonce)
        if claims.get("email_verified") is False:
            raise NotSignedIn("email_unverified", "The sign-in provider has not verified this e-mail address")
        return Identity(
            issuer=self.connection.issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")),
            name=str(claims.get("name") or claims.get("email") or claims["sub"]),
        )

    async def _exchange(self, metadata: dict[str, Any], attempt: Attempt, code: str) -> dict[str, Any]:
        response = await self._request(
            "POST",
            metadata["token_endpoint"],
            auth=(self.connection.client_id, self.connection.client_secret),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._redirect_uri,
                "code_verifier": attempt.code_verifier,
            },
        )
        if response.status_code >= 500:
            raise BadGateway("provider_failed", "The sign-in provider failed; try again")
        document: dict[str, Any] = response.json()
        if response.status_code != 200 or "error" in document:
            raise NotSignedIn("code_refused", "The sign-in provider refused the code; start again")
        return document

    async def _checked_claims(self, metadata: dict[str, Any], raw: str, nonce: str) -> dict[str, Any]:
        keys = KeySet.import_key_set((await self._request("GET", metadata["jwks_uri"])).json())
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.connection.issuer},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(raw, keys, algorithms=ALGORITHMS)
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            get_logger().warning("sign_in.id_token_refused", reason=str(error))
            raise NotSignedIn("id_token_invalid", "The sign-in provider's ID token does not hold") from error
        audience = token.claims.get("aud")
        if (audience if isinstance(audience, list) else [audience]) != [self.connection.client_id]:
            raise NotSignedIn("id_token_invalid", "The ID token was made for another application")
        return dict(token.claims)

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() < self._metadata_until:
            return self._metadata
        url = self.connection.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata: dict[str, Any] = (await self._request("GET", url)).json()
        if metadata.get("issuer") != self.connection.issuer:
            raise BadGateway("issuer_mismatch", "The sign-in provider calls itself by another issuer than configured")
        self._metadata, self._metadata_until = metadata, time.monotonic() + METADATA_SECONDS
        return metadata

    async def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, url, **options)
        except httpx.HTTPError as error:
            raise BadGateway("provider_away", "The sign-in provider does not answer; try again") from error
