"""Payroll profiles and batches, webhooks and their deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps


def create() -> None:
    _payroll_profiles()
    _payroll_batches()
    _payroll_files()
    _payroll_paid()
    _webhooks()
    _webhook_deliveries()


def _payroll_profiles() -> None:
    op.create_table(
        "payroll_profiles",
        identifier(),
        sa.Column("code", sa.String(40), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False),
        *timestamps(),
    )


def _payroll_batches() -> None:
    op.create_table(
        "payroll_batches",
        identifier(),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), unique=True, nullable=False),
        sa.Column("state", sa.String(12), server_default="queued", nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("filters", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("unapproved", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("profile_code", sa.String(40), nullable=False),
        sa.Column("profile_name", sa.String(120), nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_name", sa.String(200), nullable=False),
        sa.Column("request_key", sa.String(100)),
        sa.Column("file_name", sa.String(200), server_default="", nullable=False),
        sa.Column("media_type", sa.String(80), server_default="", nullable=False),
        sa.Column("sha256", sa.String(64), server_default="", nullable=False),
        sa.Column("size", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("rows", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("people", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("differences", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("totals", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("warnings", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("withdrawn_name", sa.String(200), server_default="", nullable=False),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("withdrawn_reason", sa.Text, server_default="", nullable=False),
        *timestamps(),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed', 'withdrawn')", name="state"),
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
        sa.UniqueConstraint("made_by", "request_key"),
        sa.Index("ix_payroll_batches_queued", "id", postgresql_where=sa.text("state = 'queued'")),
    )


def _payroll_files() -> None:
    op.create_table(
        "payroll_files",
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("payroll_batches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def _payroll_paid() -> None:
    op.create_table(
        "payroll_paid",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "batch_id", sa.Uuid, sa.ForeignKey("payroll_batches.id", ondelete="RESTRICT"), index=True, nullable=False
        ),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("work_date", sa.Date, nullable=False),
        sa.Column("carried_in", sa.Uuid, sa.ForeignKey("attendance_periods.id", ondelete="RESTRICT")),
        sa.Column("amounts", JSONB, nullable=False),
        sa.Index("ix_payroll_paid_staff_id_work_date", "staff_id", "work_date"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        identifier(),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("disabled_reason", sa.Text, server_default="", nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("previous_secret", sa.Text),
        sa.Column("previous_until", INSTANT),
        sa.Column("secret_made_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("last_success_at", INSTANT),
        *timestamps(),
    )


def _webhook_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        identifier(),
        sa.Column("webhook_id", sa.Uuid, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("began_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("next_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("held_until", INSTANT),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text, server_default="", nullable=False),
        sa.Column("last_at", INSTANT),
        sa.Column("milliseconds", sa.Integer),
        sa.Column("delivered_at", INSTANT),
        *timestamps(),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.Index("ix_webhook_deliveries_due", "next_at", postgresql_where=sa.text("state = 'waiting'")),
    )
