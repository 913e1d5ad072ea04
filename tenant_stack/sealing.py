"""Secrets in rows of the database: ciphertexts of OpenBao's, each bound to its kind and its row.

They lie under the organisation's key for what leaves the stack. What it is and whose it is are part of what is
encrypted, so a ciphertext moved to another row or column opens nothing.
"""

from __future__ import annotations

from uuid import UUID

from foundation.errors import Unavailable
from foundation.vault import Clear, Sealed, Vault
from tenant_stack.settings import TenantSettings


class Seals:
    """Seals and opens; ``key`` is the name of the transit key. `Unavailable` when OpenBao does not answer."""

    def __init__(self, vault: Vault, key: str) -> None:
        self._vault = vault
        self._key = key

    async def seal(self, kind: str, owner: UUID, secret: str) -> str:
        """The ciphertext for a row; ``kind`` is a word without a colon."""
        clear = Clear(f"{kind}:{owner}:{secret}".encode(), context=owner.bytes)
        return (await self._vault.encrypt(self._key, [clear]))[0]

    async def open(self, kind: str, owner: UUID, sealed: str) -> str:
        """The secret; `Unavailable` when it does not open or belongs elsewhere."""
        clear = (await self._vault.decrypt(self._key, [Sealed(sealed, context=owner.bytes)]))[0]
        expected = f"{kind}:{owner}:"
        text = (clear or b"").decode()
        if not text.startswith(expected):
            raise Unavailable("secret_unreadable", "A stored secret cannot be read; enter it anew")
        return text.removeprefix(expected)


def seals_of(settings: TenantSettings) -> Seals:
    """For this organisation; connects on first use."""
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    return Seals(vault, settings.backups_key)
