"""The one-use pass by which an operator enters: a signed token (RFC 8693) whose ``act`` names who acts.

It is good for a minute, once, in this organisation, and for nothing but beginning a session: its type and audience
differ from those of the API's tokens.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from foundation.contracts.control import SupportToken
from foundation.errors import NotSignedIn
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.tables.support import SupportGrant

TYPE = "support+jwt"
LIFETIME_SECONDS = 60


def _encode(document: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


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
        message = f"{_encode({'alg': 'Ed25519', 'typ': TYPE, 'kid': version})}.{_encode(claims)}"
        signature = base64.urlsafe_b64encode(await self.vault.sign(self.key, message.encode())).rstrip(b"=").decode()
        await self.valkey.put(str(grant.id), "support-pass", name, seconds=LIFETIME_SECONDS)
        return SupportToken(access_token=f"{message}.{signature}", expires_in=LIFETIME_SECONDS)

    async def take(self, token: str) -> tuple[UUID, str]:
        """The access and the operator a pass is for; it is used up. `NotSignedIn` for any other text."""
        refusal = NotSignedIn("support_pass_invalid", "This link was used before or has run out; open it anew")
        try:
            head, body, signature = token.split(".")
            header, claims = json.loads(_decode(head)), json.loads(_decode(body))
            public = (await self.vault.public_keys(self.key))[str(header["kid"])]
            Ed25519PublicKey.from_public_bytes(public).verify(_decode(signature), f"{head}.{body}".encode())
            told = (header["typ"], header["alg"], claims["iss"], claims["aud"])
            subject, operator, name = str(claims["sub"]), str(claims["act"]["sub"]), str(claims["jti"])
            over = int(claims["exp"]) <= time.time()
        except (ValueError, KeyError, TypeError, InvalidSignature) as error:
            raise refusal from error
        if told != (TYPE, "Ed25519", self.issuer, self.audience) or over:
            raise refusal
        kept = await self.valkey.take("support-pass", name)
        if kept is None or subject != f"support:{kept}":
            raise refusal
        return UUID(kept), operator
