"""Access tokens for machines: JWTs of the RFC 9068 shape, signed by an OpenBao key that never leaves it."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from foundation.errors import NotSignedIn
from foundation.vault import Vault

LIFETIME_SECONDS = 600
KEY_REFRESH_SECONDS = 30
TYPE = "at+jwt"


@dataclass(frozen=True)
class AccessClaims:
    """What a valid token says."""

    client_id: str
    scopes: frozenset[str]


def _part(document: dict[str, object]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).rstrip(b"=")


class Tokens:
    """Issues and verifies the tokens of one organisation. ``issuer`` is its public address, and the audience."""

    def __init__(self, vault: Vault, key: str, issuer: str) -> None:
        self._vault = vault
        self._key = key
        self._issuer = issuer
        self._keys: KeySet | None = None
        self._newest = ""
        self._read_at = 0.0

    async def issue(self, client_id: str, scopes: list[str]) -> str:
        """A signed token for a client, valid for ten minutes."""
        await self._public_keys(fresh=False)
        now = int(time.time())
        header: dict[str, object] = {"alg": "Ed25519", "typ": TYPE, "kid": self._newest}
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": client_id,
            "client_id": client_id,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        return await sign_jwt(self._vault, self._key, header, claims)

    async def verify(self, token: str) -> AccessClaims:
        """The claims of a token of ours; raises `NotSignedIn` for every other."""
        refusal = NotSignedIn("token_invalid", "The access token is not valid here, or has run out")
        for fresh in (False, True):
            keys = await self._public_keys(fresh=fresh)
            try:
                decoded = jwt.decode(token, keys, algorithms=["Ed25519"])
                break
            except (JoseError, ValueError) as error:
                if fresh:
                    raise refusal from error
        if decoded.header.get("typ") != TYPE:
            raise refusal
        registry = jwt.JWTClaimsRegistry(
            leeway=0,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._issuer},
            exp={"essential": True},
            client_id={"essential": True},
        )
        try:
            registry.validate(decoded.claims)
        except JoseError as error:
            raise refusal from error
        return AccessClaims(str(decoded.claims["client_id"]), frozenset(str(decoded.claims.get("scope", "")).split()))

    async def _public_keys(self, *, fresh: bool) -> KeySet:
        """Keys by version; read again when a token names one we do not know, at most every 30 s."""
        if self._keys is None or (fresh and time.monotonic() - self._read_at > KEY_REFRESH_SECONDS):
            raw = await self._vault.public_keys(self._key)
            self._newest = max(raw, key=int)
            self._keys = key_set(raw)
            self._read_at = time.monotonic()
        return self._keys


async def sign_jwt(vault: Vault, key: str, header: dict[str, object], claims: dict[str, object]) -> str:
    """A compact JWT signed by OpenBao's key (Ed25519)."""
    message = _part(header) + b"." + _part(claims)
    signature = await vault.sign(key, message)
    return (message + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def key_set(public_keys: Mapping[str, bytes]) -> KeySet:
    """Raw Ed25519 public keys by version, as keys whose ``kid`` is the version."""
    return KeySet(
        [
            OKPKey.import_key(
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
                    "kid": version,
                    "use": "sig",
                }
            )
            for version, public in public_keys.items()
        ]
    )
