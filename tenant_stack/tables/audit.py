"""Tables of the chain over the audit trail (see `chain`)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from foundation.database import Instant, column
from tenant_stack.tables.base import Base


class AuditLink(Base, table=True):
    """A line of the trail in the chain: its number without gaps, the hash over all before it, and the seal of both.

    No foreign key: a line that was removed must leave its link behind.
    """

    __tablename__ = "audit_chain"

    number: int = column(sa.BigInteger, autoincrement=False, primary_key=True)
    entry_id: int = column(sa.BigInteger, unique=True)
    hash: bytes = column(sa.LargeBinary)
    seal: bytes = column(sa.LargeBinary)
    sealed_at: datetime = column(Instant, server_default=sa.func.now())


class AuditWaiting(Base, table=True):
    """Lines not chained yet; a trigger writes them, the worker takes them away within seconds."""

    __tablename__ = "audit_waiting"

    entry_id: int = column(sa.BigInteger, autoincrement=False, primary_key=True)
