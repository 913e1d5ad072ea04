"""Serials of clocks, and the organisation that each belongs to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.organisations.models import Base


class DeviceClaim(Base):
    """A serial belongs to the organisation that claimed it first, until it lets go or is erased.

    ``serial`` is in capitals: two serials that differ only by that are one clock.
    """

    __tablename__ = "device_claims"
    __table_args__ = (sa.Index("ix_device_claims_organisation_id", "organisation_id"),)

    serial: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisations.id", ondelete="RESTRICT"))
    claimed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
