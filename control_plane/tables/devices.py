"""Serials of clocks, and the organisation that each belongs to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from control_plane.tables.base import Base
from foundation.database import Instant, column


class DeviceClaim(Base, table=True):
    """A serial belongs to the organisation that claimed it first, until it lets go or is erased.

    ``serial`` is in capitals: two serials that differ only by that are one clock.
    """

    __tablename__ = "device_claims"
    __table_args__ = (sa.Index("ix_device_claims_organisation_id", "organisation_id"),)

    serial: str = Field(max_length=64, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisations.id", ondelete="RESTRICT")
    claimed_at: datetime = column(Instant, server_default=sa.func.now())
