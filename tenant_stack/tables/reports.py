"""Tables of saved reports, of runs with their files, of schedules and deliveries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.attendance import one_of
from tenant_stack.tables.base import Base

RUN_STATES = ("queued", "running", "done", "failed", "cancelled")
DELIVERY_STATES = ("pending", "sent", "failed")
FORMATS = ("csv", "xlsx", "pdf")


class SavedReport(Base, Identified, Timestamped):
    """A report somebody described and named. ``request`` is the report as the API takes it."""

    __tablename__ = "saved_reports"

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    request: Mapped[dict[str, object]]
    created_by: Mapped[str] = mapped_column(sa.String(200))


class ReportSchedule(Base, Identified, Timestamped):
    """A report that is made and sent again and again. ``next_at`` is the next due instant; ``at`` is wall time in
    ``zone``. ``requester_id`` is the account on whose behalf runs are made."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        sa.CheckConstraint(one_of("every", ("day", "week", "month")), name="every"),
        sa.CheckConstraint(one_of("format", FORMATS), name="format"),
        sa.Index("ix_report_schedules_next_at", "next_at", postgresql_where=sa.text("active")),
    )

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    request: Mapped[dict[str, object]]
    format: Mapped[str] = mapped_column(sa.String(4))
    every: Mapped[str] = mapped_column(sa.String(5))
    weekday: Mapped[int | None] = mapped_column(sa.SmallInteger)
    day: Mapped[int | None] = mapped_column(sa.SmallInteger)
    at: Mapped[str] = mapped_column(sa.String(5))
    zone: Mapped[str] = mapped_column(sa.String(64))
    recipients: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    next_at: Mapped[datetime]
    requester_id: Mapped[str] = mapped_column(sa.String(80))
    created_by: Mapped[str] = mapped_column(sa.String(200))


class ReportRun(Base, Identified):
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

    kind: Mapped[str] = mapped_column(sa.String(24))
    title: Mapped[str] = mapped_column(sa.String(120))
    request: Mapped[dict[str, object]]
    about: Mapped[list[str]] = mapped_column(server_default=sa.text("'[]'"))
    format: Mapped[str] = mapped_column(sa.String(4))
    state: Mapped[str] = mapped_column(sa.String(12), server_default="queued")
    step: Mapped[str] = mapped_column(sa.String(80), server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    rows: Mapped[int] = mapped_column(server_default=sa.text("0"))
    rows_total: Mapped[int | None]
    bytes: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    checksum: Mapped[str] = mapped_column(sa.String(64), server_default="")
    file_name: Mapped[str] = mapped_column(sa.String(160), server_default="")
    stored: Mapped[bool] = mapped_column(server_default=sa.false())
    message: Mapped[str] = mapped_column(sa.Text, server_default="")
    requester_kind: Mapped[str] = mapped_column(sa.String(16))
    requester_id: Mapped[str] = mapped_column(sa.String(80))
    requester_name: Mapped[str] = mapped_column(sa.String(200))
    parts: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    schedule_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("report_schedules.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ReportChunk(Base):
    """A piece of a run's file, in order from 0: any process of the stack can read what another one wrote."""

    __tablename__ = "report_chunks"
    __table_args__ = (sa.PrimaryKeyConstraint("run_id", "number"),)

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("report_runs.id", ondelete="CASCADE"))
    number: Mapped[int]
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class ReportDelivery(Base, Identified):
    """One due time of a schedule: there is at most one row, so at most one run and one message."""

    __tablename__ = "report_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("schedule_id", "due_at"),
        sa.CheckConstraint(one_of("state", DELIVERY_STATES), name="state"),
        sa.Index("ix_report_deliveries_pending", "id", postgresql_where=sa.text("state = 'pending'")),
    )

    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("report_schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("report_runs.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(sa.String(8), server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    message: Mapped[str] = mapped_column(sa.Text, server_default="")
    sent_at: Mapped[datetime | None]
