"""What operators asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.organisations.models import Base
from foundation.database import Identified


class SupportAccess(Identified, Base):
    """One access that an operator asked for. The organisation decides: its stack holds the truth, ``state`` and
    ``ends_at`` are what was last heard of it."""

    __tablename__ = "support_requests"
    __table_args__ = (sa.Index("ix_support_requests_organisation_id", "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisations.id", ondelete="RESTRICT"))
    operator_id: Mapped[str] = mapped_column(sa.String(80))
    operator: Mapped[str] = mapped_column(sa.String(120))
    reason: Mapped[str] = mapped_column(sa.String(500))
    ticket: Mapped[str] = mapped_column(sa.String(60))
    minutes: Mapped[int]
    write: Mapped[bool]
    asked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    state: Mapped[str] = mapped_column(sa.String(8))
    ends_at: Mapped[datetime]
    ended_by: Mapped[str] = mapped_column(sa.String(200), server_default="")
