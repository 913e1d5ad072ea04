"""Encryption of templates under the organisation's key. Nowhere else in this service is a template in plain text.

The context binds a ciphertext to its row (template id, staff id, type, index, format): moved to another row, it does
not decrypt. The plain text is the Base64 text itself, so that it comes back byte for byte as the device wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM, Actor
from foundation.logs import correlation_id, get_logger
from foundation.vault import Clear, KeyVersions, Sealed, Vault
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricAccess, BiometricTemplate

MARK_UNREADABLE = sa.text("""
UPDATE biometric_templates SET unreadable_at = now()
WHERE id = ANY(CAST(:ids AS uuid[])) AND unreadable_at IS NULL RETURNING id
""")
ALERT = sa.text("""
INSERT INTO alerts (kind, device_id, severity, text) VALUES ('template_unreadable', NULL, 'critical', :text)
ON CONFLICT (kind, device_id) WHERE closed_at IS NULL
DO UPDATE SET last_at = now(), times = alerts.times + 1, text = excluded.text
""")
UNREADABLE_TEXT = (
    "Biometric templates could not be decrypted: rows were changed or exchanged outside Punctual, or the key is gone. "
    "They are sent to no clock. Look at them under Biometrics, and at who had access to the database."
)


@dataclass(frozen=True)
class TemplateContext:
    """The row that a ciphertext belongs to; ``staff_id`` is None while the owner is unknown."""

    template_id: UUID
    staff_id: UUID | None
    template_type: str
    finger_index: int
    template_format: str

    @property
    def encoded(self) -> bytes:
        parts = (self.template_id, self.staff_id or "-", self.template_type, self.finger_index, self.template_format)
        return "|".join(str(part) for part in parts).encode()


@dataclass(frozen=True)
class PlainTemplate:
    """A template in plain text with the row it belongs to; ``repr`` omits the data."""

    context: TemplateContext
    data: str = field(repr=False)


def context_of(row: BiometricTemplate) -> TemplateContext:
    """The context of a row as it is now."""
    return TemplateContext(row.id, row.staff_id, row.template_type, row.finger_index, row.template_format)


class TemplateCipher:
    """The organisation's template key. Raises `Unavailable` when OpenBao does not answer or the key is gone."""

    def __init__(self, vault: Vault, key: str) -> None:
        self._vault = vault
        self._key = key

    async def encrypt(self, templates: Sequence[PlainTemplate]) -> list[Sealed]:
        """Ciphertexts in the order given."""
        clear = [Clear(each.data.encode(), each.context.encoded) for each in templates]
        texts = await self._vault.encrypt(self._key, clear) if clear else []
        return [Sealed(text, each.context) for text, each in zip(texts, clear, strict=True)]

    async def decrypt(self, rows: Sequence[BiometricTemplate]) -> list[str | None]:
        """The templates of the rows; None where one does not decrypt. Callers record the access and its purpose."""
        sealed = [Sealed(row.template_data or "", context_of(row).encoded) for row in rows]
        clear = await self._vault.decrypt(self._key, sealed) if sealed else []
        return [None if data is None else data.decode() for data in clear]

    async def rewrap(self, rows: Sequence[BiometricTemplate]) -> list[Sealed | None]:
        """The rows' ciphertexts under the newest version of the key; no plaintext leaves OpenBao."""
        sealed = [Sealed(row.template_data or "", context_of(row).encoded) for row in rows]
        texts = await self._vault.rewrap(self._key, sealed) if sealed else []
        return [Sealed(text, old.context) if text else None for text, old in zip(texts, sealed, strict=True)]

    async def versions(self) -> KeyVersions | None:
        """Versions of the key, None when it is gone."""
        return await self._vault.key_versions(self._key)

    async def rotate(self) -> None:
        """Create a new version of the key."""
        await self._vault.rotate_key(self._key)

    async def retire(self, oldest: int) -> None:
        """Refuse decryption of what versions before ``oldest`` encrypted."""
        await self._vault.retire_key_versions(self._key, oldest)


def record_access(
    session: AsyncSession,
    rows: Sequence[BiometricTemplate],
    purpose: str,
    *,
    actor: Actor = SYSTEM,
    device_id: UUID | None = None,
) -> None:
    """Record that these templates were accessed and for what purpose, in the transaction that does it."""
    session.add_all(
        BiometricAccess(
            template_id=row.id,
            staff_id=row.staff_id,
            device_id=device_id,
            purpose=purpose,
            actor_kind=actor.kind,
            actor_label=actor.label[:200],
            correlation_id=correlation_id.get(),
        )
        for row in rows
    )


async def report_unreadable(session: AsyncSession, rows: Sequence[BiometricTemplate]) -> None:
    """Mark templates that did not decrypt, audit them and raise an alert; once for each template."""
    if not rows:
        return
    ids = [row.id for row in rows]
    newly_marked = set(await session.scalars(MARK_UNREADABLE, {"ids": ids}))
    for row in rows:
        if row.id in newly_marked:
            audited(session, SYSTEM, "template.unreadable", "template", row.id, after={"staff_id": str(row.staff_id)})
    if newly_marked:
        record_access(session, [row for row in rows if row.id in newly_marked], "unreadable")
        await session.execute(ALERT, {"text": UNREADABLE_TEXT})
        get_logger().error("biometrics.unreadable", count=len(newly_marked))
