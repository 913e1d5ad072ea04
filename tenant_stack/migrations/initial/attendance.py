"""Records, anomalies, corrections, periods, deltas and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps

# Machines ask for what changed since they asked last; approving and locking are changes too.
STAMP_CHANGES = (
    """
CREATE FUNCTION attendance_record_changed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.changed_at := now(); RETURN NEW; END $$
""",
    "CREATE TRIGGER attendance_record_changed BEFORE UPDATE ON attendance_records "
    "FOR EACH ROW EXECUTE FUNCTION attendance_record_changed()",
)


def create() -> None:
    _attendance_records()
    _attendance_anomalies()
    _attendance_corrections()
    _attendance_periods()
    _attendance_deltas()
    _processing_runs()
    _pending_staff_days()
    for statement in STAMP_CHANGES:
        op.execute(statement)


def _attendance_records() -> None:
    op.create_table(
        "attendance_records",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("work_date", sa.Date, nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("first_in", INSTANT),
        sa.Column("last_out", INSTANT),
        sa.Column("worked_minutes", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("punch_count", sa.Integer, nullable=False),
        sa.Column("processed_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("shifts", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("presence_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("worked_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("break_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("deducted_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("paid_break_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("expected_seconds", sa.Integer),
        sa.Column("late_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("early_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("overtime_seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("balance_seconds", sa.Integer),
        sa.Column("pay", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("premiums", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("fractions", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("trace", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("estimated", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(12), server_default="open", nullable=False),
        sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("digest", sa.String(32), server_default="", nullable=False),
        sa.Column("punches_digest", sa.String(32), server_default="", nullable=False),
        sa.Column("terms_digest", sa.String(32), server_default="", nullable=False),
        sa.Column("snapshot", JSONB),
        sa.Column("manual", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("conflict", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("changed_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "status IN ('present', 'absent', 'half_day', 'on_leave', 'holiday', 'weekly_off', 'holiday_worked', "
            "'off_day_worked', 'incomplete')",
            name="status",
        ),
        sa.CheckConstraint("state IN ('open', 'submitted', 'approved', 'reopened', 'locked')", name="state"),
        sa.UniqueConstraint("staff_id", "work_date"),
        sa.Index("ix_attendance_records_changed_at", "changed_at"),
        sa.Index("ix_attendance_records_work_date_id", "work_date", "id"),
    )


def _attendance_anomalies() -> None:
    op.create_table(
        "attendance_anomalies",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("work_date", sa.Date, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("punches", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("owner_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("resolution", sa.Text, server_default="", nullable=False),
        sa.Column("resolved_by", sa.String(200), server_default="", nullable=False),
        sa.Column("resolved_at", INSTANT),
        sa.Column("seen_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("severity IN ('info', 'low', 'medium', 'high')", name="severity"),
        sa.CheckConstraint("state IN ('pending', 'active', 'resolved')", name="state"),
        sa.UniqueConstraint("staff_id", "work_date", "kind"),
        sa.Index(
            "ix_attendance_anomalies_unresolved", "work_date", "id", postgresql_where=sa.text("state <> 'resolved'")
        ),
        sa.Index("ix_attendance_anomalies_work_date_id", "work_date", "id"),
    )


def _attendance_corrections() -> None:
    op.create_table(
        "attendance_corrections",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("work_date", sa.Date, nullable=False),
        sa.Column("changes", JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), server_default="proposed", nullable=False),
        sa.Column("requested_by", sa.String(80), nullable=False),
        sa.Column("requested_name", sa.String(200), nullable=False),
        sa.Column("decided_by", sa.String(80)),
        sa.Column("decided_name", sa.String(200), server_default="", nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        *timestamps(),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"),
        sa.Index("ix_attendance_corrections_staff_id_work_date", "staff_id", "work_date"),
    )


def _attendance_periods() -> None:
    op.create_table(
        "attendance_periods",
        identifier(),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("state", sa.String(8), server_default="open", nullable=False),
        sa.Column("locked_by", sa.String(80)),
        sa.Column("locked_name", sa.String(200), server_default="", nullable=False),
        sa.Column("locked_at", INSTANT),
        *timestamps(),
        sa.CheckConstraint("ends_on >= starts_on", name="order"),
        sa.CheckConstraint("state IN ('open', 'locked')", name="state"),
        sa.UniqueConstraint("starts_on"),
    )


def _attendance_deltas() -> None:
    op.create_table(
        "attendance_deltas",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("work_date", sa.Date, nullable=False),
        sa.Column("period_id", sa.Uuid, sa.ForeignKey("attendance_periods.id", ondelete="RESTRICT")),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("staff_id", "work_date", "period_id", postgresql_nulls_not_distinct=True),
        sa.Index("ix_attendance_deltas_work_date_id", "work_date", "id"),
    )


def _processing_runs() -> None:
    op.create_table(
        "processing_runs",
        identifier(),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("staff_ids", JSONB),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
    )


def _pending_staff_days() -> None:
    op.create_table(
        "pending_staff_days",
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE")),
        sa.Column("work_date", sa.Date),
        sa.Column("marked_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("priority", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "work_date"),
        sa.Index("ix_pending_staff_days_turn", "priority", "marked_at", "staff_id", "work_date"),
    )
