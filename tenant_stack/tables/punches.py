"""Tables of raw punches, of lines that could not be read, and of staff-days to compute again."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified
from tenant_stack.tables.base import Base


class PunchLog(Base):
    """One line of a clock's log: never edited, never deleted; only ``staff_id`` is set when the PIN becomes known.

    ``local_time`` is the clock's wall time as it wrote it, ``zone`` the site's IANA zone, ``punched_at`` the instant of
    both. ``unconfirmed_source``: it came from an address that nobody had confirmed. A month is a partition.
    """

    __tablename__ = "punch_logs"
    __table_args__ = (
        sa.PrimaryKeyConstraint("id", "local_time"),
        sa.UniqueConstraint("device_id", "pin", "local_time", "status", name="uq_punch_logs_identity"),
        sa.Index("ix_punch_logs_staff_id_local_time", "staff_id", "local_time"),
        sa.Index("ix_punch_logs_punched_at_id", "punched_at", "id"),
        sa.Index("ix_punch_logs_unknown", "pin", "device_id", postgresql_where=sa.text("staff_id IS NULL")),
        {"postgresql_partition_by": "RANGE (local_time)"},
    )

    id: Mapped[UUID] = mapped_column(server_default=sa.text("uuidv7()"))
    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    staff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    pin: Mapped[str] = mapped_column(sa.String(24))
    raw_pin: Mapped[str] = mapped_column(sa.String(24))
    local_time: Mapped[datetime] = mapped_column(sa.DateTime(timezone=False))
    zone: Mapped[str] = mapped_column(sa.String(64))
    punched_at: Mapped[datetime]
    status: Mapped[int] = mapped_column(sa.SmallInteger)
    verify: Mapped[int] = mapped_column(sa.SmallInteger)
    work_code: Mapped[str] = mapped_column(sa.String(24))
    source: Mapped[str] = mapped_column(sa.String(8))
    clock_offset_seconds: Mapped[int | None]
    received_at: Mapped[datetime]
    raw: Mapped[str] = mapped_column(sa.Text)
    unconfirmed_source: Mapped[bool] = mapped_column(server_default=sa.text("false"))


class QuarantinedLine(Base, Identified):
    """A line that is no punch we can place in time: kept as it came, with the reason. ``digest`` is SHA-256 of it.

    ``fields`` are its parts as the bridge read them, None when it could not. A row is never deleted: replayed, it
    became a punch; dismissed, somebody said why it is none.
    """

    __tablename__ = "quarantined_lines"
    __table_args__ = (
        sa.UniqueConstraint("device_id", "digest"),
        sa.CheckConstraint("state IN ('open', 'replayed', 'dismissed')", name="state"),
        sa.Index("ix_quarantined_lines_received_at_id", "received_at", "id"),
        sa.Index("ix_quarantined_lines_open", "device_id", "id", postgresql_where=sa.text("state = 'open'")),
    )

    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    raw: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary)
    reason: Mapped[str] = mapped_column(sa.String(300))
    source: Mapped[str] = mapped_column(sa.String(8))
    received_at: Mapped[datetime]
    fields: Mapped[dict[str, object] | None]
    state: Mapped[str] = mapped_column(sa.String(12), server_default="open")
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(sa.String(200))
    note: Mapped[str] = mapped_column(sa.String(500), server_default="")


class PendingStaffDay(Base):
    """A staff-day whose record must be computed again. Whoever marks it locks it until their commit.

    ``priority`` 0 is computed before 1, which is for days that somebody asked to have computed again.
    """

    __tablename__ = "pending_staff_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("staff_id", "work_date"),
        sa.Index("ix_pending_staff_days_turn", "priority", "marked_at", "staff_id", "work_date"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))
    work_date: Mapped[date]
    marked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    priority: Mapped[int] = mapped_column(sa.SmallInteger, server_default=sa.text("0"))
