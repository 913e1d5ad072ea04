"""What operators asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from control_plane.tables.base import Base
from foundation.database import Identified, Instant, column


class SupportAccess(Identified, Base, table=True):
    """One access that an operator asked for. The organisation decides: its stack holds the truth, ``state`` and
    ``ends_at`` are what was last heard of it."""

    __tablename__ = "support_requests"
    __table_args__ = (sa.Index("ix_support_requests_organisation_id", "organisation_id"),)

    organisation_id: UUID = Field(foreign_key="organisations.id", ondelete="RESTRICT")
    operator_id: str = Field(max_length=80)
    operator: str = Field(max_length=120)
    reason: str = Field(max_length=500)
    ticket: str = Field(max_length=60)
    minutes: int
    write: bool
    asked_at: datetime = column(Instant, server_default=sa.func.now())
    state: str = Field(max_length=8)
    ends_at: datetime = column(Instant)
    ended_by: str = column(server_default="", max_length=200)
