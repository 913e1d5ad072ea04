"""Periodic maintenance of templates: retention, owners found for unknown PINs, key rotation, integrity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM
from foundation.clock import utc_now
from foundation.vault import Sealed
from tenant_stack.biometrics.erasure import erase_templates
from tenant_stack.biometrics.schemas import BiometricSettings, KeyView
from tenant_stack.biometrics.template_encryption import (
    PlainTemplate,
    TemplateCipher,
    TemplateContext,
    record_access,
    report_unreadable,
)
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricAccess, BiometricTemplate

BATCH = 200
RETIRE_AFTER = timedelta(minutes=10)
"""Longer than any request: a transaction from before a rotation may still commit a ciphertext of the old version, and a
row that was read before it was rewrapped may still be decrypted."""

MARK_LEAVERS = sa.text("""
UPDATE biometric_templates t SET leaver_since = CASE WHEN s.active THEN NULL ELSE now() END
FROM staff s WHERE s.id = t.staff_id AND t.state <> 'revoked' AND s.active = (t.leaver_since IS NOT NULL)
""")
# Owners found for unknown PINs. The person's own template of that finger, if any, is kept instead.
FOUND_OWNERS = sa.text("""
SELECT t.id, e.staff_id, EXISTS (
    SELECT 1 FROM biometric_templates o
    WHERE o.staff_id = e.staff_id AND o.state <> 'revoked' AND o.template_type = t.template_type
      AND o.finger_index = t.finger_index AND o.part = t.part AND o.template_format = t.template_format
) AS has_own
FROM biometric_templates t
JOIN device_enrollments e ON e.device_id = t.origin_device_id AND e.pin = t.origin_pin AND e.staff_id IS NOT NULL
WHERE t.state = 'quarantined' AND t.staff_id IS NULL AND t.unreadable_at IS NULL
ORDER BY t.id LIMIT :most
""")
RETRY_REMOVALS = sa.text("""
UPDATE device_templates SET command_id = NULL, message = '', updated_at = now()
WHERE state = 'removing' AND message <> '' AND updated_at < now() - interval '1 day'
""")


async def erase_expired(session: AsyncSession, settings: BiometricSettings) -> int:
    """Erase templates without consent and of leavers after their retention periods; returns how many."""
    await session.execute(MARK_LEAVERS)
    await session.execute(RETRY_REMOVALS)
    now = utc_now()
    unasked = sa.and_(
        BiometricTemplate.state == "quarantined",
        BiometricTemplate.created_at < now - timedelta(days=settings.walk_up_days),
    )
    left = BiometricTemplate.leaver_since < now - timedelta(days=settings.leaver_days)
    gone = await erase_templates(session, SYSTEM, unasked, "no consent in time")
    return gone + await erase_templates(session, SYSTEM, left, "left the organisation")


async def assign_found_owners(session: AsyncSession, cipher: TemplateCipher) -> int:
    """Assign quarantined templates of unknown PINs to the people found since, encrypted under the new context."""
    found = {row.id: row for row in await session.execute(FOUND_OWNERS, {"most": BATCH})}
    if not found:
        return 0
    rows = list(
        await session.scalars(
            sa.select(BiometricTemplate)
            .where(BiometricTemplate.id.in_(found))
            .order_by(BiometricTemplate.id)
            .with_for_update()
        )
    )
    superseded = [row for row in rows if found[row.id].has_own]
    rows = [row for row in rows if not found[row.id].has_own]
    clear = await cipher.decrypt(rows)
    await report_unreadable(session, [row for row, data in zip(rows, clear, strict=True) if data is None])
    readable = [(row, data) for row, data in zip(rows, clear, strict=True) if data is not None]
    contexts = [
        TemplateContext(row.id, found[row.id].staff_id, row.template_type, row.finger_index, row.template_format)
        for row, _ in readable
    ]
    sealed = await cipher.encrypt([PlainTemplate(at, data) for at, (_, data) in zip(contexts, readable, strict=True)])
    for (row, _), ciphertext in zip(readable, sealed, strict=True):
        row.staff_id, row.template_data, row.key_version = found[row.id].staff_id, ciphertext.text, ciphertext.version
        audited(session, SYSTEM, "template.adopt", "template", row.id, after={"staff_id": str(row.staff_id)})
    record_access(session, [row for row, _ in readable], "given to its person")
    for row in superseded:
        record_access(session, [row], "erased")
        audited(session, SYSTEM, "template.erase", "template", row.id, after={"because": "the person has their own"})
        await session.delete(row)
    await session.flush()
    return len(readable)


async def rewrap_batch(session: AsyncSession, cipher: TemplateCipher, latest: int) -> int:
    """Rewrap up to a batch of templates of older key versions; returns how many there were, 0 at the end."""
    rows = list(
        await session.scalars(
            sa.select(BiometricTemplate)
            .where(BiometricTemplate.key_version < latest, BiometricTemplate.unreadable_at.is_(None))
            .order_by(BiometricTemplate.key_version, BiometricTemplate.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )
    updated = await _rewrap_readable(session, cipher, rows)
    for row, ciphertext in updated:
        row.template_data, row.key_version = ciphertext.text, ciphertext.version
    record_access(session, [row for row, _ in updated], "rewrapped")
    return len(rows)


async def _rewrap_readable(
    session: AsyncSession, cipher: TemplateCipher, rows: Sequence[BiometricTemplate]
) -> list[tuple[BiometricTemplate, Sealed]]:
    """Rows that decrypt, with their ciphertexts under the newest version; the others are reported."""
    pairs = list(zip(rows, await cipher.rewrap(rows), strict=True))
    await report_unreadable(session, [row for row, ciphertext in pairs if ciphertext is None])
    return [(row, ciphertext) for row, ciphertext in pairs if ciphertext is not None]


async def retire_old_versions(session: AsyncSession, cipher: TemplateCipher) -> bool:
    """Retire old versions of the key once nothing readable is left under them; True when that was done now."""
    versions = await cipher.versions()
    if versions is None or versions.min_decryption >= versions.latest:
        return False
    left = await session.scalar(
        sa.select(sa.func.count()).where(
            BiometricTemplate.key_version < versions.latest, BiometricTemplate.unreadable_at.is_(None)
        )
    )
    if left or utc_now() < versions.latest_made_at + RETIRE_AFTER:
        return False
    rewrapped_at = await session.scalar(
        sa.select(BiometricAccess.at)
        .where(BiometricAccess.purpose == "rewrapped")
        .order_by(BiometricAccess.id.desc())
        .limit(1)
    )
    if rewrapped_at is not None and utc_now() < rewrapped_at + RETIRE_AFTER:
        return False
    await cipher.retire(versions.latest)
    audited(session, SYSTEM, "template_key.retire", "key", "templates", after={"oldest_readable": versions.latest})
    return True


async def rotate_expired_key(session: AsyncSession, cipher: TemplateCipher, settings: BiometricSettings) -> bool:
    """Create a new version of the key when the newest is older than the rotation period."""
    versions = await cipher.versions()
    if versions is None or utc_now() < versions.latest_made_at + timedelta(days=settings.rotation_days):
        return False
    await cipher.rotate()
    audited(session, SYSTEM, "template_key.rotate", "key", "templates", after={"version": versions.latest + 1})
    return True


async def verify_batch(
    session: AsyncSession, cipher: TemplateCipher, after: BiometricTemplate | None
) -> BiometricTemplate | None:
    """Check by rewrapping (no plain text leaves the key store) that the next batch decrypts; returns the last row."""
    query = sa.select(BiometricTemplate).where(
        BiometricTemplate.template_data.is_not(None), BiometricTemplate.unreadable_at.is_(None)
    )
    if after is not None:
        query = query.where(BiometricTemplate.id > after.id)
    rows = list(await session.scalars(query.order_by(BiometricTemplate.id).limit(BATCH)))
    await _rewrap_readable(session, cipher, rows)
    return rows[-1] if rows else None


async def read_key(session: AsyncSession, cipher: TemplateCipher) -> KeyView:
    """State of the key and of the templates encrypted with it."""
    versions = await cipher.versions()
    latest = versions.latest if versions else 0
    counts = (
        await session.execute(
            sa.select(
                sa.func.count().filter(
                    BiometricTemplate.key_version < latest, BiometricTemplate.unreadable_at.is_(None)
                ),
                sa.func.count().filter(
                    BiometricTemplate.unreadable_at.is_not(None), BiometricTemplate.state != "revoked"
                ),
            ).select_from(BiometricTemplate)
        )
    ).one()
    oldest = versions.min_decryption if versions else 0
    return KeyView(latest=latest, oldest_readable=oldest, to_renew=counts[0], unreadable=counts[1])
