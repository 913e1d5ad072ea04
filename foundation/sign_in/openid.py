"""OpenID Connect, authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0).

Authlib builds the authorization request and validates the claims of the ID token; joserfc verifies its signature. The
checks that they leave to the application are made here: the issuer of the discovery document and of the callback (RFC
9207), an ID token that must be present, the algorithms and headers that are accepted, a single audience.

Requests are sent by our own HTTP client, not by Authlib's: Authlib's reads a response of any size, keeps the tokens of
the last person in the client, and does not handle a response that is not JSON.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from foundation.errors import BadGateway, NotSignedIn
from foundation.logs import get_logger

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
LEEWAY_SECONDS = 60
METADATA_SECONDS = 300
LARGEST_ANSWER = 1_000_000
# Header fields by which a token would name its own key or require an extension (RFC 7515 §4.1).
FOREIGN_HEADERS = {"jwk", "jku", "x5c", "x5u", "crit", "b64"}
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Connection:
    """A client registration at a provider. ``group_claim`` names the claim of a person's groups, if they count."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    group_claim: str = ""


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: bound to one browser by a cookie, kept ten minutes, used once."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is. Accounts are keyed by (issuer, subject); the e-mail is only shown.

    ``authenticated_at`` (Unix seconds) is when the person last proved it there, None when the provider does not tell.
    ``groups`` are those of the connection's claim; None when the provider keeps them elsewhere, so they are not known.
    """

    issuer: str
    subject: str
    email: str
    name: str
    authenticated_at: int | None = None
    groups: tuple[str, ...] | None = ()


class Provider:
    """One OpenID provider as seen by one client; its metadata is cached for five minutes."""

    def __init__(self, connection: Connection, redirect_uri: str, http: httpx.AsyncClient) -> None:
        self.connection = connection
        self._redirect_uri = redirect_uri
        self._http = http
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0

    async def begin(self, *, again: bool = False) -> Attempt:
        """Start a sign-in with a fresh state, nonce and code verifier; ``again`` asks to prove it anew."""
        metadata = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        client = OAuth2Client(
            None,
            self.connection.client_id,
            scope=_scope(metadata, self.connection.group_claim),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )
        url, _ = client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            prompt="login" if again else None,
        )
        return Attempt(url, state, nonce, verifier)

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
        if claims.get("email_verified", True) is not True:
            raise NotSignedIn("email_unverified", "The sign-in provider has not verified this e-mail address")
        return Identity(
            issuer=self.connection.issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")),
            name=str(claims.get("name") or claims.get("email") or claims["sub"]),
            authenticated_at=_seconds(claims.get("auth_time")),
            groups=_groups(claims, self.connection.group_claim),
        )

    async def check_discovery(self) -> None:
        """Is the provider there, and who it should be? `BadGateway` says what is wrong."""
        await self._discover()

    async def check_keys(self) -> int:
        """How many keys that sign the provider publishes; `BadGateway` when there is none."""
        _, document = await self._request("GET", (await self._discover())["jwks_uri"])
        listed = document.get("keys")
        usable = [
            each
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict) and each.get("kty") in {"RSA", "EC", "OKP"} and each.get("use", "sig") == "sig"
        ]
        if not usable:
            raise BadGateway("provider_keyless", "The sign-in provider publishes no key to check its tokens with")
        return len(usable)

    async def _exchange(self, metadata: dict[str, Any], attempt: Attempt, code: str) -> dict[str, Any]:
        status, document = await self._request(
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
        if status != 200 or "error" in document:
            raise NotSignedIn("code_refused", "The sign-in provider refused the code; start again")
        return document

    async def _checked_claims(self, metadata: dict[str, Any], raw: str, nonce: str) -> dict[str, Any]:
        _, document = await self._request("GET", metadata["jwks_uri"])
        client_id = self.connection.client_id
        try:
            header = jws.extract_compact(raw.encode()).headers()
            if foreign := FOREIGN_HEADERS & header.keys():
                raise ValueError(f"the header names {sorted(foreign)[0]}")
            token = jwt.decode(raw, _signing_keys(document, header.get("kid")), algorithms=ALGORITHMS)
            options = {"iss": {"value": self.connection.issuer}}
            claims = CodeIDToken(token.claims, token.header, options, {"nonce": nonce})
            claims.validate(leeway=LEEWAY_SECONDS)
            if not isinstance(claims["sub"], str) or not claims["sub"]:
                raise ValueError("no subject")
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise _invalid(str(error)) from error
        # Stricter than OpenID Connect Core 1.0 §3.1.3.7, which allows further trusted audiences.
        if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
            raise NotSignedIn("id_token_foreign", "The ID token was made for another application")
        return dict(claims)

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() < self._metadata_until:
            return self._metadata
        issuer = self.connection.issuer
        status, metadata = await self._request("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
        if status != 200:
            raise BadGateway("provider_failed", "The sign-in provider failed; try again")
        if metadata.get("issuer") != issuer:
            raise BadGateway("issuer_mismatch", "The sign-in provider calls itself by another issuer than configured")
        for name in ENDPOINTS:
            scheme = urlsplit(str(metadata.get(name, ""))).scheme
            # What the issuer protects by TLS must not leave it half-way.
            if scheme not in {"http", "https"} or (issuer.startswith("https:") and scheme != "https"):
                raise BadGateway(
                    "provider_incomplete", f"The sign-in provider names no usable {name.replace('_', ' ')}"
                )
        self._metadata, self._metadata_until = metadata, time.monotonic() + METADATA_SECONDS
        return metadata

    async def _request(self, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer of at most a megabyte; `BadGateway` for everything else."""
        body = bytearray()
        try:
            async with self._http.stream(method, url, follow_redirects=False, **options) as response:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        raise BadGateway("provider_failed", "The sign-in provider's answer is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BadGateway("provider_away", "The sign-in provider does not answer; try again") from error
        if response.status_code >= 500:
            raise BadGateway("provider_failed", "The sign-in provider failed; try again")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadGateway("provider_failed", "The sign-in provider answered with something unreadable") from error
        if not isinstance(document, dict):
            raise BadGateway("provider_failed", "The sign-in provider answered with something unreadable")
        return response.status_code, document


def _invalid(reason: str) -> NotSignedIn:
    get_logger().warning("sign_in.id_token_refused", reason=reason[:200])
    return NotSignedIn("id_token_invalid", "The sign-in provider's ID token does not hold")


def _signing_keys(document: dict[str, Any], kid: object) -> KeySet:
    """The provider's key of that name; without a name there must be only one that signs."""
    listed = [each for each in document["keys"] if isinstance(each, dict)]
    keys = [each for each in listed if each.get("kty") != "oct" and each.get("use", "sig") == "sig"]
    if kid is not None:
        keys = [each for each in keys if each.get("kid") == kid]
    if len(keys) != 1:
        raise ValueError("the provider has no such key")
    return KeySet.import_key_set({"keys": keys})


def _scope(metadata: dict[str, Any], group_claim: str) -> str:
    """Groups are asked for only when they count, and only of a provider that knows such a scope."""
    offered = metadata.get("scopes_supported")
    asks = bool(group_claim) and isinstance(offered, list) and "groups" in offered
    return "openid email profile groups" if asks else "openid email profile"


def _groups(claims: dict[str, Any], name: str) -> tuple[str, ...] | None:
    if not name:
        return ()
    elsewhere = claims.get("_claim_names")  # distributed claims, OpenID Connect Core 1.0 §5.6.2
    if name not in claims and isinstance(elsewhere, dict) and name in elsewhere:
        return None
    value = claims.get(name, [])
    return tuple(str(each) for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))


def _seconds(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
