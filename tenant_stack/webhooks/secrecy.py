"""Webhooks' secrets: ciphertexts of OpenBao's, each bound to its row.

They lie under the organisation's key for what leaves the stack, which is never renewed away under them; the row's id
is part of what is encrypted, so a ciphertext moved to another row opens nothing.
"""

from __future__ import annotations

from uuid import UUID

from foundation.errors import Unavailable
from foundation.vault import Clear, Sealed, Vault
from tenant_stack.settings import TenantSettings


class Secrecy:
    """Seals and opens; ``key`` is the name of the transit key."""

    def __init__(self, vault: Vault, key: str) -> None:
        self._vault = vault
        self._key = key

    async def seal(self, webhook_id: UUID, secret: str) -> str:
        """The ciphertext for a webhook's row."""
        clear = Clear(f"{webhook_id}:{secret}".encode(), context=webhook_id.bytes)
        return (await self._vault.encrypt(self._key, [clear]))[0]

    async def open(self, webhook_id: UUID, sealed: list[str]) -> list[str]:
        """The secrets of a row; `Unavailable` when one does not open or belongs to another row."""
        items = [Sealed(each, context=webhook_id.bytes) for each in sealed]
        found: list[str] = []
        for clear in await self._vault.decrypt(self._key, items):
            row, _, secret = (clear or b"").decode().partition(":")
            if row != str(webhook_id):
                raise Unavailable("secret_unreadable", "The webhook's secret cannot be read; make a new one")
            found.append(secret)
        return found


def secrecy_of(settings: TenantSettings) -> Secrecy:
    """For this organisation; connects on first use."""
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    return Secrecy(vault, f"{settings.organisation}-backups")
