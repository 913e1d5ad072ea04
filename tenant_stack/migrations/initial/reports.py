"""Saved reports, schedules, runs and deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps


def create() -> None:
    _saved_reports()
    _report_schedules()
    _report_runs()
    _report_chunks()
    _report_deliveries()
    # The files are compressed already: compressing them again would only cost time.
    op.execute("ALTER TABLE report_chunks ALTER COLUMN data SET STORAGE EXTERNAL")


def _saved_reports() -> None:
    op.create_table(
        "saved_reports",
        identifier(),
        sa.Column("name", sa.String(120), unique=True, nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        *timestamps(),
    )


def _report_schedules() -> None:
    op.create_table(
        "report_schedules",
        identifier(),
        sa.Column("name", sa.String(120), unique=True, nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("every", sa.String(5), nullable=False),
        sa.Column("weekday", sa.SmallInteger),
        sa.Column("day", sa.SmallInteger),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("recipients", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("requester_id", sa.String(80), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        *timestamps(),
        sa.CheckConstraint("every IN ('day', 'week', 'month')", name="every"),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'pdf')", name="format"),
        sa.Index("ix_report_schedules_next_at", "next_at", postgresql_where=sa.text("active")),
    )


def _report_runs() -> None:
    op.create_table(
        "report_runs",
        identifier(),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("about", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("state", sa.String(12), server_default="queued", nullable=False),
        sa.Column("step", sa.String(80), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("rows", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("rows_total", sa.Integer),
        sa.Column("bytes", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("checksum", sa.String(64), server_default="", nullable=False),
        sa.Column("file_name", sa.String(160), server_default="", nullable=False),
        sa.Column("stored", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("message", sa.Text, server_default="", nullable=False),
        sa.Column("requester_kind", sa.String(16), nullable=False),
        sa.Column("requester_id", sa.String(80), nullable=False),
        sa.Column("requester_name", sa.String(200), nullable=False),
        sa.Column("parts", JSONB),
        sa.Column("schedule_id", sa.Uuid, sa.ForeignKey("report_schedules.id", ondelete="SET NULL")),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("beat_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'pdf')", name="format"),
        sa.Index("ix_report_runs_expires_at", "expires_at", postgresql_where=sa.text("stored")),
        sa.Index("ix_report_runs_open", "id", postgresql_where=sa.text("state IN ('queued', 'running')")),
        sa.Index("ix_report_runs_requester_id_id", "requester_id", "id"),
    )


def _report_chunks() -> None:
    op.create_table(
        "report_chunks",
        sa.Column("run_id", sa.Uuid, sa.ForeignKey("report_runs.id", ondelete="CASCADE")),
        sa.Column("number", sa.Integer),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )


def _report_deliveries() -> None:
    op.create_table(
        "report_deliveries",
        identifier(),
        sa.Column("schedule_id", sa.Uuid, sa.ForeignKey("report_schedules.id", ondelete="CASCADE"), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("run_id", sa.Uuid, sa.ForeignKey("report_runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.String(8), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("message", sa.Text, server_default="", nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
        sa.UniqueConstraint("schedule_id", "due_at"),
        sa.Index("ix_report_deliveries_pending", "id", postgresql_where=sa.text("state = 'pending'")),
    )
