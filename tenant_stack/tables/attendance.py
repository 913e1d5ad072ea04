"""Tables of attendance: records, what is doubtful about them, corrections, periods, deltas, runs."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base

Lines = list[dict[str, object]]

STATUSES = (
    "present",
    "absent",
    "half_day",
    "on_leave",
    "holiday",
    "weekly_off",
    "holiday_worked",
    "off_day_worked",
    "incomplete",
)
STATES = ("open", "submitted", "approved", "reopened", "locked")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """SQL of a check that a column has one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class AttendanceRecord(Base, Identified):
    """What a person's punches of one local day amount to; rebuilt from them at any time.

    Durations are seconds. ``digest`` is of everything computed: the same digest, nothing to write. ``punches_digest``
    is of the ids of the punches alone, ``terms_digest`` of the configuration of the day. ``snapshot`` holds the figures
    that somebody approved before late data came. ``manual``: the figures were set by hand; ``conflict``: punches
    contradict them. ``version`` counts changes.
    """

    __tablename__ = "attendance_records"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "work_date"),
        sa.CheckConstraint(one_of("status", STATUSES), name="status"),
        sa.CheckConstraint(one_of("state", STATES), name="state"),
        sa.Index("ix_attendance_records_work_date_id", "work_date", "id"),
        sa.Index("ix_attendance_records_changed_at", "changed_at"),
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

    shifts: Mapped[list[str]] = mapped_column(server_default=sa.text("'[]'"))
    presence_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    worked_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    break_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    deducted_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    paid_break_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    expected_seconds: Mapped[int | None]
    late_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    early_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    overtime_seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    balance_seconds: Mapped[int | None]
    pay: Mapped[Lines] = mapped_column(JSONB, server_default=sa.text("'[]'"))
    premiums: Mapped[Lines] = mapped_column(JSONB, server_default=sa.text("'[]'"))
    fractions: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    trace: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    estimated: Mapped[bool] = mapped_column(server_default=sa.false())
    state: Mapped[str] = mapped_column(sa.String(12), server_default="open")
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))
    digest: Mapped[str] = mapped_column(sa.String(32), server_default="")
    punches_digest: Mapped[str] = mapped_column(sa.String(32), server_default="")
    terms_digest: Mapped[str] = mapped_column(sa.String(32), server_default="")
    snapshot: Mapped[dict[str, object] | None]
    manual: Mapped[bool] = mapped_column(server_default=sa.false())
    conflict: Mapped[bool] = mapped_column(server_default=sa.false())
    # Kept by a trigger: the beginning of the transaction that last changed the row in any way.
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class AttendanceAnomaly(Base, Identified):
    """Something a person must look at; one a kind, person and day. Anomalies of a week lie on its first day.

    ``resolved`` stays as long as the cause stays the same; a changed cause makes it active again.
    """

    __tablename__ = "attendance_anomalies"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "work_date", "kind"),
        sa.CheckConstraint(one_of("severity", ("info", "low", "medium", "high")), name="severity"),
        sa.CheckConstraint(one_of("state", ("pending", "active", "resolved")), name="state"),
        sa.Index("ix_attendance_anomalies_work_date_id", "work_date", "id"),
        sa.Index(
            "ix_attendance_anomalies_unresolved",
            "work_date",
            "id",
            postgresql_where=sa.text("state <> 'resolved'"),
        ),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    work_date: Mapped[date]
    kind: Mapped[str] = mapped_column(sa.String(32))
    severity: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(8))
    text: Mapped[str] = mapped_column(sa.Text)
    seconds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    punches: Mapped[list[str]] = mapped_column(server_default=sa.text("'[]'"))
    owner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    resolution: Mapped[str] = mapped_column(sa.Text, server_default="")
    resolved_by: Mapped[str] = mapped_column(sa.String(200), server_default="")
    resolved_at: Mapped[datetime | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class AttendanceCorrection(Base, Identified, Timestamped):
    """A change somebody asked for. The raw punches stay as they are; approved changes are applied beside them."""

    __tablename__ = "attendance_corrections"
    __table_args__ = (
        sa.CheckConstraint(one_of("state", ("proposed", "approved", "rejected")), name="state"),
        sa.Index("ix_attendance_corrections_staff_id_work_date", "staff_id", "work_date"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    work_date: Mapped[date]
    changes: Mapped[dict[str, object]]
    reason: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(12), server_default="proposed")
    requested_by: Mapped[str] = mapped_column(sa.String(80))
    requested_name: Mapped[str] = mapped_column(sa.String(200))
    decided_by: Mapped[str | None] = mapped_column(sa.String(80))
    decided_name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(sa.Text, server_default="")


class AttendancePeriod(Base, Identified, Timestamped):
    """Dates that payroll closes together, both ends included; no two periods overlap."""

    __tablename__ = "attendance_periods"
    __table_args__ = (
        sa.UniqueConstraint("starts_on"),
        sa.CheckConstraint("ends_on >= starts_on", name="order"),
        sa.CheckConstraint(one_of("state", ("open", "locked")), name="state"),
    )

    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[str] = mapped_column(sa.String(8), server_default="open")
    locked_by: Mapped[str | None] = mapped_column(sa.String(80))
    locked_name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    locked_at: Mapped[datetime | None]


class AttendanceDelta(Base, Identified, Timestamped):
    """What late data changes about a locked day, in seconds (fractions of days in hundredths), to be paid in a later
    period. ``period_id`` None: in the next one that is opened."""

    __tablename__ = "attendance_deltas"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "work_date", "period_id", postgresql_nulls_not_distinct=True),
        sa.Index("ix_attendance_deltas_work_date_id", "work_date", "id"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    work_date: Mapped[date]
    period_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("attendance_periods.id", ondelete="RESTRICT"))
    figures: Mapped[dict[str, object]]
    reason: Mapped[str] = mapped_column(sa.String(40))


class ProcessingRun(Base, Identified):
    """Days somebody asked to be computed again. What is still to do is what is still marked."""

    __tablename__ = "processing_runs"

    first: Mapped[date]
    last: Mapped[date]
    staff_ids: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    total: Mapped[int]
    requested_by: Mapped[str] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
