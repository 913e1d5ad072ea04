"""Tables of saved reports, of runs with their files, of schedules and deliveries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, Timestamped, column
from tenant_stack.tables.attendance import one_of
from tenant_stack.tables.base import Base

RUN_STATES = ("queued", "running", "done", "failed", "cancelled")
DELIVERY_STATES = ("pending", "sent", "failed")
FORMATS = ("csv", "xlsx", "pdf")


class SavedReport(Identified, Timestamped, Base, table=True):
    """A report somebody described and named. ``request`` is the report as the API takes it."""

    __tablename__ = "saved_reports"

    name: str = Field(max_length=120, unique=True)
    request: dict[str, object] = column(Json)
    created_by: str = Field(max_length=200)


class ReportSchedule(Identified, Timestamped, Base, table=True):
    """A report that is made and sent again and again. ``next_at`` is the next due instant; ``at`` is wall time in
    ``zone``. ``requester_id`` is the account on whose behalf runs are made."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        sa.CheckConstraint(one_of("every", ("day", "week", "month")), name="every"),
        sa.CheckConstraint(one_of("format", FORMATS), name="format"),
        sa.Index("ix_report_schedules_next_at", "next_at", postgresql_where=sa.text("active")),
    )

    name: str = Field(max_length=120, unique=True)
    request: dict[str, object] = column(Json)
    format: str = Field(max_length=4)
    every: str = Field(max_length=5)
    weekday: int | None = column(sa.SmallInteger)
    day: int | None = column(sa.SmallInteger)
    at: str = Field(max_length=5)
    zone: str = Field(max_length=64)
    recipients: list[str] = column(Json)
    active: bool = column(server_default=sa.true())
    next_at: datetime = column(Instant)
    requester_id: str = Field(max_length=80)
    created_by: str = Field(max_length=200)


class ReportRun(Identified, Base, table=True):
    """A report written to a file. The row is the state of the work; a worker that holds it renews ``beat_at``.

    ``request`` names its days by date; ``parts`` is what its requester may see (None: everything). ``checksum`` is the
    SHA-256 of the file in hex. The file's chunks are deleted after ``expires_at``; the row stays as history.
    """

    __tablename__ = "report_runs"
    __table_args__ = (
        sa.CheckConstraint(one_of("state", RUN_STATES), name="state"),
        sa.CheckConstraint(one_of("format", FORMATS), name="format"),
        sa.Index("ix_report_runs_requester_id_id", "requester_id", "id"),
        sa.Index("ix_report_runs_open", "id", postgresql_where=sa.text("state IN ('queued', 'running')")),
        sa.Index("ix_report_runs_expires_at", "expires_at", postgresql_where=sa.text("stored")),
    )

    kind: str = Field(max_length=24)
    title: str = Field(max_length=120)
    request: dict[str, object] = column(Json)
    about: list[str] = column(Json, server_default=sa.text("'[]'"))
    format: str = Field(max_length=4)
    state: str = column(server_default="queued", max_length=12)
    step: str = column(server_default="waiting", max_length=80)
    attempts: int = column(server_default=sa.text("0"))
    rows: int = column(server_default=sa.text("0"))
    rows_total: int | None = None
    bytes: int = column(sa.BigInteger, server_default=sa.text("0"))
    checksum: str = column(server_default="", max_length=64)
    file_name: str = column(server_default="", max_length=160)
    stored: bool = column(server_default=sa.false())
    message: str = column(sa.Text, server_default="")
    requester_kind: str = Field(max_length=16)
    requester_id: str = Field(max_length=80)
    requester_name: str = Field(max_length=200)
    parts: list[str] | None = column(Json)
    schedule_id: UUID | None = Field(default=None, foreign_key="report_schedules.id", ondelete="SET NULL")
    created_at: datetime = column(Instant, server_default=sa.func.now())
    started_at: datetime | None = column(Instant)
    beat_at: datetime | None = column(Instant)
    finished_at: datetime | None = column(Instant)
    expires_at: datetime | None = column(Instant)


class ReportChunk(Base, table=True):
    """A piece of a run's file, in order from 0: any process of the stack can read what another one wrote."""

    __tablename__ = "report_chunks"
    __table_args__ = (sa.PrimaryKeyConstraint("run_id", "number"),)

    run_id: UUID = Field(foreign_key="report_runs.id", ondelete="CASCADE")
    number: int
    data: bytes = column(sa.LargeBinary)


class ReportDelivery(Identified, Base, table=True):
    """One due time of a schedule: there is at most one row, so at most one run and one message."""

    __tablename__ = "report_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("schedule_id", "due_at"),
        sa.CheckConstraint(one_of("state", DELIVERY_STATES), name="state"),
        sa.Index("ix_report_deliveries_pending", "id", postgresql_where=sa.text("state = 'pending'")),
    )

    schedule_id: UUID = Field(foreign_key="report_schedules.id", ondelete="CASCADE")
    due_at: datetime = column(Instant)
    run_id: UUID = Field(foreign_key="report_runs.id", ondelete="CASCADE")
    state: str = column(server_default="pending", max_length=8)
    attempts: int = column(server_default=sa.text("0"))
    next_attempt_at: datetime = column(Instant, server_default=sa.func.now())
    message: str = column(sa.Text, server_default="")
    sent_at: datetime | None = column(Instant)
