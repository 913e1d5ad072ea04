"""Tables of support access."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from foundation.database import Instant, column
from tenant_stack.tables.base import Base

State = Literal["waiting", "open", "ended", "declined"]


class SupportFields(SQLModel):
    """What everybody in the organisation may know of an access."""

    operator: str = Field(max_length=120)
    reason: str = Field(max_length=500)
    ticket: str = Field(max_length=60)
    write: bool
    minutes: int
    state: State = column(sa.String(8))
    asked_at: datetime = column(Instant, server_default=sa.func.now(), index=True)
    approved_by: str = column(server_default="", max_length=200)
    began_at: datetime | None = column(Instant)
    ends_at: datetime = column(Instant)
    ended_at: datetime | None = column(Instant)
    ended_by: str = column(server_default="", max_length=200)


class SupportGrant(SupportFields, Base, table=True):
    """One access that an operator asked for. Its id is the control plane's.

    ``waiting`` for an administrator's approval (until ``ends_at``), then ``open`` (until ``ends_at``), then ``ended``;
    or ``declined``. An open one whose time is over counts as ended, whatever the column says.
    """

    __tablename__ = "support_grants"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'open', 'ended', 'declined')", name="state"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name="minutes"),
    )

    id: UUID = Field(primary_key=True)
    operator_id: str = Field(max_length=80)


class SupportPolicy(Base, table=True):
    """Must an administrator approve before an operator gets in? One row, or none while nobody has chosen."""

    __tablename__ = "support_policy"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: int = column(autoincrement=False, primary_key=True)
    approval_required: bool
