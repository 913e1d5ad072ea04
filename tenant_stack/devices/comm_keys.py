"""Keys of pull clocks: ciphertexts of OpenBao's, each bound to its row, opened only to be handed to the bridge.

They lie under the organisation's key for what leaves the stack, which is never renewed away under them. The device's
id is part of what is encrypted, so that a ciphertext moved to another row opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from foundation.logs import get_logger
from foundation.vault import Clear, Sealed, Vault
from tenant_stack.settings import TenantSettings

KEYED = sa.text("""
SELECT id, sealed_comm_key, comm_key FROM devices
WHERE connection = 'pull' AND approved_at IS NOT NULL AND (sealed_comm_key IS NOT NULL OR comm_key <> 0)
""")
CLEAR = sa.text("SELECT id, comm_key FROM devices WHERE comm_key <> 0 ORDER BY id LIMIT 200 FOR NO KEY UPDATE")
SEAL = sa.text("UPDATE devices SET sealed_comm_key = :sealed, comm_key = 0 WHERE id = :device")


class CommKeys:
    """Seals and opens; what was opened once is kept in memory, since the bridge asks for it every few seconds."""

    def __init__(self, vault: Vault, key: str) -> None:
        self._vault = vault
        self._key = key
        self._opened: dict[str, int] = {}

    async def seal(self, device_id: UUID, comm_key: int) -> str | None:
        """The ciphertext for a device's row; None for no key (0)."""
        if comm_key == 0:
            return None
        clear = Clear(f"{device_id}:{comm_key}".encode(), context=device_id.bytes)
        return (await self._vault.encrypt(self._key, [clear]))[0]

    async def of_terminals(self, session: AsyncSession) -> Mapping[UUID, int]:
        """The keys of all pull clocks that have one; `Unavailable` while OpenBao is away and a key is not known yet."""
        rows = list(await session.execute(KEYED))
        sealed = {row.sealed_comm_key: row.id for row in rows if row.sealed_comm_key}
        if unknown := [text for text in sealed if text not in self._opened]:
            opened = await self._open(unknown, sealed)
            self._opened = {text: key for text, key in self._opened.items() if text in sealed} | opened
        return {row.id: self._opened.get(row.sealed_comm_key, row.comm_key) for row in rows}

    async def _open(self, texts: list[str], owners: Mapping[str, UUID]) -> dict[str, int]:
        items = [Sealed(text, context=owners[text].bytes) for text in texts]
        found: dict[str, int] = {}
        for text, clear in zip(texts, await self._vault.decrypt(self._key, items), strict=True):
            row, _, key = (clear or b"").decode().partition(":")
            if row == str(owners[text]) and key.isdecimal():
                found[text] = int(key)
            else:
                # Without its key the clock refuses us and says so on its page; the others are read all the same.
                get_logger().error("comm_key.unreadable", device=str(owners[text]))
        return found


async def seal_clear_keys(session: AsyncSession, keys: CommKeys) -> int:
    """Seal the keys of before they were sealed; returns how many."""
    rows = list(await session.execute(CLEAR))
    for row in rows:
        await session.execute(SEAL, {"device": row.id, "sealed": await keys.seal(row.id, row.comm_key)})
    return len(rows)


async def has_clear_keys(session: AsyncSession) -> bool:
    """Whether a key still lies here in clear."""
    return bool(await session.scalar(sa.text("SELECT EXISTS (SELECT 1 FROM devices WHERE comm_key <> 0)")))


def comm_keys_of(settings: TenantSettings) -> CommKeys:
    """The organisation's; making it opens nothing."""
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    return CommKeys(vault, f"{settings.organisation}-backups")


def _comm_keys(connection: HTTPConnection) -> CommKeys:
    state = connection.app.state
    if getattr(state, "comm_keys", None) is None:
        state.comm_keys = comm_keys_of(state.settings)
    found: CommKeys = state.comm_keys
    return found


Keys = Annotated[CommKeys, Depends(_comm_keys)]
