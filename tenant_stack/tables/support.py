"""Tables of support access."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tenant_stack.tables.base import Base


class SupportGrant(Base):
    """One access that an operator asked for. Its id is the control plane's.

    ``waiting`` for an administrator's approval (until ``ends_at``), then ``open`` (until ``ends_at``), then ``ended``;
    or ``declined``. An open one whose time is over counts as ended, whatever the column says.
    """

    __tablename__ = "support_grants"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'open', 'ended', 'declined')", name="state"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name="minutes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operator_id: Mapped[str] = mapped_column(sa.String(80))
    operator: Mapped[str] = mapped_column(sa.String(120))
    reason: Mapped[str] = mapped_column(sa.String(500))
    ticket: Mapped[str] = mapped_column(sa.String(60))
    write: Mapped[bool]
    minutes: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(8))
    asked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), index=True)
    approved_by: Mapped[str] = mapped_column(sa.String(200), server_default="")
    began_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(sa.String(200), server_default="")


class SupportPolicy(Base):
    """Must an administrator approve before an operator gets in? One row, or none while nobody has chosen."""

    __tablename__ = "support_policy"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    approval_required: Mapped[bool]
