"""One-time tokens by which an operator begins a support session: signed (RFC 8693), ``act`` names the operator.

A pass is valid for a minute, once, in this organisation, and only to begin a session: its type and audience differ from
those of API tokens.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError

from foundation.contracts.control import SupportToken
from foundation.errors import NotSignedIn
from foundation.sign_in.tokens import key_set, sign_jwt
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.tables.support import SupportGrant

TYPE = "support+jwt"
LIFETIME_SECONDS = 60


@dataclass(frozen=True)
class Passes:
    """Issues and takes the passes of one organisation. ``issuer`` is its public address."""

    vault: Vault
    valkey: Valkey
    key: str
    issuer: str

    @property
    def audience(self) -> str:
        return f"{self.issuer}/auth/support"

    async def issue(self, grant: SupportGrant) -> SupportToken:
        now, name = int(time.time()), secrets.token_urlsafe(24)
        version = max(await self.vault.public_keys(self.key), key=int)
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": f"support:{grant.id}",
            "act": {"sub": grant.operator_id, "name": grant.operator},
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": name,
        }
        header: dict[str, object] = {"alg": "Ed25519", "typ": TYPE, "kid": version}
        token = await sign_jwt(self.vault, self.key, header, claims)
        await self.valkey.put(str(grant.id), "support-pass", name, seconds=LIFETIME_SECONDS)
        return SupportToken(access_token=token, expires_in=LIFETIME_SECONDS)

    async def take(self, token: str) -> tuple[UUID, str]:
        """The grant and the operator of a pass, which is used up. `NotSignedIn` for every other text."""
        refusal = NotSignedIn("support_pass_invalid", "This link was used before or has run out; open it anew")
        keys = key_set(await self.vault.public_keys(self.key))
        try:
            decoded = jwt.decode(token, keys, algorithms=["Ed25519"])
            required = {"iss": self.issuer, "aud": self.audience}
            rules: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in required.items()}
            jwt.JWTClaimsRegistry(exp={"essential": True}, **rules).validate(decoded.claims)
            claims = decoded.claims
            subject, operator, name = str(claims["sub"]), str(claims["act"]["sub"]), str(claims["jti"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise refusal from error
        if decoded.header.get("typ") != TYPE:
            raise refusal
        kept = await self.valkey.take("support-pass", name)
        if kept is None or subject != f"support:{kept}":
            raise refusal
        return UUID(kept), operator
