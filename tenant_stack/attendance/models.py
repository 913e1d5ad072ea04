"""Table of attendance records."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified
from tenant_stack.base import Base


class AttendanceRecord(Base, Identified):
    """What a person's punches of one local day amount to; rebuilt from them at any time."""

    __tablename__ = "attendance_records"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "work_date"),
        sa.CheckConstraint("status IN ('present', 'incomplete')", name="status"),
        sa.Index("ix_attendance_records_work_date_id", "work_date", "id"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    work_date: Mapped[date]
    zone: Mapped[str] = mapped_column(sa.String(64))
    first_in: Mapped[datetime | None]
    last_out: Mapped[datetime | None]
    worked_minutes: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(16))
    punch_count: Mapped[int]
    processed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
