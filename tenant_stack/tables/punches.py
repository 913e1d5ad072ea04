"""Tables of raw punches, of lines that could not be read, and of staff-days to compute again."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, column
from tenant_stack.tables.base import Base


class PunchLog(Base, table=True):
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

    id: UUID = column(server_default=sa.text("uuidv7()"))
    device_id: UUID = Field(foreign_key="devices.id", ondelete="RESTRICT")
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", ondelete="RESTRICT")
    pin: str = Field(max_length=24)
    raw_pin: str = Field(max_length=24)
    local_time: datetime = column(Instant, sa.DateTime(timezone=False))
    zone: str = Field(max_length=64)
    punched_at: datetime = column(Instant)
    status: int = column(sa.SmallInteger)
    verify: int = column(sa.SmallInteger)
    work_code: str = Field(max_length=24)
    source: str = Field(max_length=8)
    clock_offset_seconds: int | None = None
    received_at: datetime = column(Instant)
    raw: str = column(sa.Text)
    unconfirmed_source: bool = column(server_default=sa.text("false"))


class QuarantinedLine(Identified, Base, table=True):
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

    device_id: UUID = Field(foreign_key="devices.id", ondelete="RESTRICT")
    raw: str = column(sa.Text)
    digest: bytes = column(sa.LargeBinary)
    reason: str = Field(max_length=300)
    source: str = Field(max_length=8)
    received_at: datetime = column(Instant)
    fields: dict[str, object] | None = column(Json)
    state: str = column(server_default="open", max_length=12)
    attempts: int = column(server_default=sa.text("0"))
    settled_at: datetime | None = column(Instant)
    settled_by: str | None = Field(default=None, max_length=200)
    note: str = column(server_default="", max_length=500)


class PendingStaffDay(Base, table=True):
    """A staff-day whose record must be computed again. Whoever marks it locks it until their commit.

    ``priority`` 0 is computed before 1, which is for days that somebody asked to have computed again.
    """

    __tablename__ = "pending_staff_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("staff_id", "work_date"),
        sa.Index("ix_pending_staff_days_turn", "priority", "marked_at", "staff_id", "work_date"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE")
    work_date: date
    marked_at: datetime = column(Instant, server_default=sa.func.now())
    priority: int = column(sa.SmallInteger, server_default=sa.text("0"))
