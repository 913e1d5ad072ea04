"""Tables of the chain over the audit trail (see `chain`)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tenant_stack.tables.base import Base


class AuditLink(Base):
    """A line of the trail in the chain: its number without gaps, the hash over all before it, and the seal of both.

    No foreign key: a line that was removed must leave its link behind.
    """

    __tablename__ = "audit_chain"

    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    hash: Mapped[bytes]
    seal: Mapped[bytes]
    sealed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class AuditWaiting(Base):
    """Lines not chained yet; a trigger writes them, the worker takes them away within seconds."""

    __tablename__ = "audit_waiting"

    entry_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
