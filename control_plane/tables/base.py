"""The base of the control plane's tables, and the two tables that every change may write to."""

from __future__ import annotations

from foundation.audit import AuditColumns
from foundation.database import Table, service_registry
from foundation.outbox import OutboxColumns


class Base(Table, registry=service_registry()):
    """Everything in the control database."""


class AuditEntry(AuditColumns, Base, table=True):
    """Who did what on the platform. Rows are only inserted."""

    __tablename__ = "audit_log"


class OutboxEntry(OutboxColumns, Base, table=True):
    """What must still happen because of a committed change."""

    __tablename__ = "outbox"
