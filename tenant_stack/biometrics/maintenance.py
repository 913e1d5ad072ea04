"""What time asks of templates: walk-ups without consent, leavers, people found for unknown PINs, keys, integrity."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM
from foundation.clock import utc_now
from foundation.logs import get_logger
from tenant_stack.biometrics.erasure import erase
from tenant_stack.biometrics.schemas import BiometricSettings, KeyView
from tenant_stack.biometrics.template_encryption import Place, Sealer, Unsealed, note_access, report_unreadable
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricAccess, BiometricTemplate

BATCH = 200
RETIRE_AFTER = timedelta(minutes=10)
"""A change that began before a rotation may still commit what the old version made, and who read a row before it was
rewrapped may still be about to decrypt it; longer than any request lives."""

LEAVERS = sa.text("""
UPDATE biometric_templates t SET leaver_since = CASE WHEN s.active THEN NULL ELSE now() END
FROM staff s WHERE s.id = t.staff_id AND t.state <> 'revoked' AND s.active = (t.leaver_since IS NOT NULL)
""")
# Of a person who was found for an unknown PIN; the person's own template of that finger, if any, is worth more.
FOUND = sa.text("""
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
REMOVE_AGAIN = sa.text("""
UPDATE device_templates SET command_id = NULL, message = '', updated_at = now()
WHERE state = 'removing' AND message <> '' AND updated_at < now() - interval '1 day'
""")


async def keep_periods(session: AsyncSession, settings: BiometricSettings) -> int:
    """Erase what nobody agreed to in time and what leavers left; returns how many templates went."""
    await session.execute(LEAVERS)
    await session.execute(REMOVE_AGAIN)
    now = utc_now()
    unasked = sa.and_(
        BiometricTemplate.state == "quarantined",
        BiometricTemplate.created_at < now - timedelta(days=settings.walk_up_days),
    )
    left = BiometricTemplate.leaver_since < now - timedelta(days=settings.leaver_days)
    gone = await erase(session, SYSTEM, unasked, "no consent in time")
    return gone + await erase(session, SYSTEM, left, "left the organisation")


async def adopt(session: AsyncSession, sealer: Sealer) -> int:
    """Give quarantined templates of unknown PINs to the people found since, under their own context."""
    found = {row.id: row for row in await session.execute(FOUND, {"most": BATCH})}
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
    spare = [row for row in rows if found[row.id].has_own]
    rows = [row for row in rows if not found[row.id].has_own]
    clear = await sealer.open(rows)
    await report_unreadable(session, [row for row, data in zip(rows, clear, strict=True) if data is None])
    readable = [(row, data) for row, data in zip(rows, clear, strict=True) if data is not None]
    places = [
        Place(row.id, found[row.id].staff_id, row.template_type, row.finger_index, row.template_format)
        for row, _ in readable
    ]
    sealed = await sealer.seal([Unsealed(at, data) for at, (_, data) in zip(places, readable, strict=True)])
    for (row, _), cipher in zip(readable, sealed, strict=True):
        row.staff_id, row.template_data, row.key_version = found[row.id].staff_id, cipher.text, cipher.version
        audited(session, SYSTEM, "template.adopt", "template", row.id, after={"staff_id": str(row.staff_id)})
    note_access(session, [row for row, _ in readable], "given to its person")
    for row in spare:
        note_access(session, [row], "erased")
        audited(session, SYSTEM, "template.erase", "template", row.id, after={"because": "the person has their own"})
        await session.delete(row)
    await session.flush()
    return len(readable)


async def rewrap_some(session: AsyncSession, sealer: Sealer, latest: int) -> int:
    """Renew up to a batch of templates of older key versions; returns how many there were, 0 at the end."""
    rows = list(
        await session.scalars(
            sa.select(BiometricTemplate)
            .where(BiometricTemplate.key_version < latest, BiometricTemplate.unreadable_at.is_(None))
            .order_by(BiometricTemplate.key_version, BiometricTemplate.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )
    renewed = await sealer.rewrap(rows)
    kept = []
    for row, cipher in zip(rows, renewed, strict=True):
        if cipher is not None:
            row.template_data, row.key_version = cipher.text, cipher.version
            kept.append(row)
    note_access(session, kept, "rewrapped")
    await report_unreadable(session, [row for row, cipher in zip(rows, renewed, strict=True) if cipher is None])
    return len(rows)


async def retire_old_versions(session: AsyncSession, sealer: Sealer) -> bool:
    """Refuse old versions of the key once nothing readable is left under them; True when that was done now."""
    versions = await sealer.versions()
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
    await sealer.retire(versions.latest)
    audited(session, SYSTEM, "template_key.retire", "key", "templates", after={"oldest_readable": versions.latest})
    return True


async def rotate_if_old(session: AsyncSession, sealer: Sealer, settings: BiometricSettings) -> bool:
    """Make a new version of the key when the newest has had its time."""
    versions = await sealer.versions()
    if versions is None or utc_now() < versions.latest_made_at + timedelta(days=settings.rotation_days):
        return False
    await sealer.rotate()
    audited(session, SYSTEM, "template_key.rotate", "key", "templates", after={"version": versions.latest + 1})
    return True


async def verify_some(
    session: AsyncSession, sealer: Sealer, after: BiometricTemplate | None
) -> BiometricTemplate | None:
    """Check that the next batch still decrypts, without a plaintext leaving the key store; the last one checked."""
    query = sa.select(BiometricTemplate).where(
        BiometricTemplate.template_data.is_not(None), BiometricTemplate.unreadable_at.is_(None)
    )
    if after is not None:
        query = query.where(BiometricTemplate.id > after.id)
    rows = list(await session.scalars(query.order_by(BiometricTemplate.id).limit(BATCH)))
    renewed = await sealer.rewrap(rows)
    broken = [row for row, cipher in zip(rows, renewed, strict=True) if cipher is None]
    await report_unreadable(session, broken)
    if broken:
        get_logger().error("biometrics.verify", broken=len(broken))
    return rows[-1] if rows else None


async def read_key(session: AsyncSession, sealer: Sealer) -> KeyView:
    """The state of the key and of what it made."""
    versions = await sealer.versions()
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
