"""The declarative base of this service's tables, and the two tables that every change may write to."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from foundation import audit, outbox
from foundation.audit import Actor, AuditColumns
from foundation.database import Table, service_registry
from foundation.outbox import OutboxColumns


class Base(Table, registry=service_registry()):
    """Base of all tables of a tenant stack."""


class AuditEntry(AuditColumns, Base, table=True):
    """The organisation's audit trail."""

    __tablename__ = "audit_log"


class OutboxEntry(OutboxColumns, Base, table=True):
    """What still has to happen because of a committed change."""

    __tablename__ = "outbox"


def audited(
    session: AsyncSession,
    actor: Actor,
    action: str,
    target_kind: str,
    target_id: object,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write a line of the organisation's trail in the transaction of the change."""
    audit.record(session, AuditEntry, actor, action, target_kind, target_id, before=before, after=after)


def remember(session: AsyncSession, topic: str, payload: dict[str, object]) -> None:
    """Put a message in the outbox, to be handled after this transaction has committed."""
    outbox.add(session, OutboxEntry, topic, payload)
