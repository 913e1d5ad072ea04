"""Tables of attendance: records, what is doubtful about them, corrections, periods, deltas, runs."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, Timestamped, column
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


class AttendanceRecord(Identified, Base, table=True):
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

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="RESTRICT")
    work_date: date
    zone: str = Field(max_length=64)
    first_in: datetime | None = column(Instant)
    last_out: datetime | None = column(Instant)
    worked_minutes: int
    status: str = Field(max_length=16)
    punch_count: int
    processed_at: datetime = column(Instant, server_default=sa.func.now())

    shifts: list[str] = column(Json, server_default=sa.text("'[]'"))
    presence_seconds: int = column(server_default=sa.text("0"))
    worked_seconds: int = column(server_default=sa.text("0"))
    break_seconds: int = column(server_default=sa.text("0"))
    deducted_seconds: int = column(server_default=sa.text("0"))
    paid_break_seconds: int = column(server_default=sa.text("0"))
    expected_seconds: int | None = None
    late_seconds: int = column(server_default=sa.text("0"))
    early_seconds: int = column(server_default=sa.text("0"))
    overtime_seconds: int = column(server_default=sa.text("0"))
    balance_seconds: int | None = None
    pay: Lines = column(Json, server_default=sa.text("'[]'"))
    premiums: Lines = column(Json, server_default=sa.text("'[]'"))
    fractions: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    trace: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    estimated: bool = column(server_default=sa.false())
    state: str = column(server_default="open", max_length=12)
    version: int = column(server_default=sa.text("1"))
    digest: str = column(server_default="", max_length=32)
    punches_digest: str = column(server_default="", max_length=32)
    terms_digest: str = column(server_default="", max_length=32)
    snapshot: dict[str, object] | None = column(Json)
    manual: bool = column(server_default=sa.false())
    conflict: bool = column(server_default=sa.false())
    # Kept by a trigger: the beginning of the transaction that last changed the row in any way.
    changed_at: datetime = column(Instant, server_default=sa.func.now())


class AttendanceAnomaly(Identified, Base, table=True):
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

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="RESTRICT")
    work_date: date
    kind: str = Field(max_length=32)
    severity: str = Field(max_length=8)
    state: str = Field(max_length=8)
    text: str = column(sa.Text)
    seconds: int = column(server_default=sa.text("0"))
    punches: list[str] = column(Json, server_default=sa.text("'[]'"))
    owner_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    resolution: str = column(sa.Text, server_default="")
    resolved_by: str = column(server_default="", max_length=200)
    resolved_at: datetime | None = column(Instant)
    seen_at: datetime = column(Instant, server_default=sa.func.now())


class AttendanceCorrection(Identified, Timestamped, Base, table=True):
    """A change somebody asked for. The raw punches stay as they are; approved changes are applied beside them."""

    __tablename__ = "attendance_corrections"
    __table_args__ = (
        sa.CheckConstraint(one_of("state", ("proposed", "approved", "rejected")), name="state"),
        sa.Index("ix_attendance_corrections_staff_id_work_date", "staff_id", "work_date"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="RESTRICT")
    work_date: date
    changes: dict[str, object] = column(Json)
    reason: str = column(sa.Text)
    state: str = column(server_default="proposed", max_length=12)
    requested_by: str = Field(max_length=80)
    requested_name: str = Field(max_length=200)
    decided_by: str | None = Field(default=None, max_length=80)
    decided_name: str = column(server_default="", max_length=200)
    decided_at: datetime | None = column(Instant)
    note: str = column(sa.Text, server_default="")


class AttendancePeriod(Identified, Timestamped, Base, table=True):
    """Dates that payroll closes together, both ends included; no two periods overlap."""

    __tablename__ = "attendance_periods"
    __table_args__ = (
        sa.UniqueConstraint("starts_on"),
        sa.CheckConstraint("ends_on >= starts_on", name="order"),
        sa.CheckConstraint(one_of("state", ("open", "locked")), name="state"),
    )

    starts_on: date
    ends_on: date
    state: str = column(server_default="open", max_length=8)
    locked_by: str | None = Field(default=None, max_length=80)
    locked_name: str = column(server_default="", max_length=200)
    locked_at: datetime | None = column(Instant)


class AttendanceDelta(Identified, Timestamped, Base, table=True):
    """What late data changes about a locked day, in seconds (fractions of days in hundredths), to be paid in a later
    period. ``period_id`` None: in the next one that is opened."""

    __tablename__ = "attendance_deltas"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "work_date", "period_id", postgresql_nulls_not_distinct=True),
        sa.Index("ix_attendance_deltas_work_date_id", "work_date", "id"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="RESTRICT")
    work_date: date
    period_id: UUID | None = Field(default=None, foreign_key="attendance_periods.id", ondelete="RESTRICT")
    figures: dict[str, object] = column(Json)
    reason: str = Field(max_length=40)


class ProcessingRun(Identified, Base, table=True):
    """Days somebody asked to be computed again. What is still to do is what is still marked."""

    __tablename__ = "processing_runs"

    first: date
    last: date
    staff_ids: list[str] | None = column(Json)
    total: int
    requested_by: str = Field(max_length=200)
    created_at: datetime = column(Instant, server_default=sa.func.now())
