"""Erasure of templates: the ciphertext is deleted at once, each device removes its copy and confirms that."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.template_encryption import record_access
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate


async def erase_templates(session: AsyncSession, actor: Actor, which: sa.ColumnElement[bool], because: str) -> int:
    """Erase the templates that ``which`` selects, here and on the devices; returns how many. Audited."""
    rows: Sequence[BiometricTemplate] = list(
        await session.scalars(
            sa.select(BiometricTemplate)
            .where(which, BiometricTemplate.state != "revoked")
            .order_by(BiometricTemplate.id)
            .with_for_update()
        )
    )
    if not rows:
        return 0
    record_access(session, rows, "erased", actor=actor)
    for row in rows:
        row.state, row.template_data, row.key_version = "revoked", None, None
        row.erased_at, row.erased_because = server_now(), because[:40]
        audited(
            session,
            actor,
            "template.erase",
            "template",
            row.id,
            before={
                "staff_id": str(row.staff_id) if row.staff_id else None,
                "template_type": row.template_type,
                "finger_index": row.finger_index,
            },
            after={"because": because},
        )
    await session.flush()
    owners: set[UUID] = {row.staff_id for row in rows if row.staff_id}
    # A template of an unknown owner has no staff id to limit the comparison to.
    await distribute(session, sorted(owners) if all(row.staff_id for row in rows) else None)
    return len(rows)
