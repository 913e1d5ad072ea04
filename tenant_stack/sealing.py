"""Encryption of secrets in database rows by OpenBao, each bound to its kind and its row.

The key is the one for what leaves the stack (`TenantSettings.backups_key`). Kind and row are part of the plain text, so
a ciphertext moved to another row or column is refused.
"""

from __future__ import annotations

from uuid import UUID

from foundation.errors import Unavailable
from foundation.vault import Clear, Sealed, Vault


class Seals:
    """Encrypts and decrypts; ``key`` is the name of the transit key. `Unavailable` when OpenBao does not answer."""

    def __init__(self, vault: Vault, key: str) -> None:
        self._vault = vault
        self._key = key

    async def seal(self, kind: str, owner: UUID, secret: str) -> str:
        """The ciphertext for a row; ``kind`` is a word without a colon."""
        clear = Clear(f"{kind}:{owner}:{secret}".encode(), context=owner.bytes)
        return (await self._vault.encrypt(self._key, [clear]))[0]

    async def open(self, kind: str, owner: UUID, sealed: str) -> str:
        """The secret; `Unavailable` when it does not decrypt or belongs to another row."""
        clear = (await self._vault.decrypt(self._key, [Sealed(sealed, context=owner.bytes)]))[0]
        expected = f"{kind}:{owner}:"
        text = (clear or b"").decode()
        if not text.startswith(expected):
            raise Unavailable("secret_unreadable", "A stored secret cannot be read; enter it anew")
        return text.removeprefix(expected)
