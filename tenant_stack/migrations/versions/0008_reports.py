"""Saved reports, report runs, schedules.

Revision: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.text("uuidv7()")
NOW = sa.func.now()
NONE = sa.text("0")
FORMATS = "format IN ('csv', 'xlsx', 'pdf')"


def upgrade() -> None:
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=ID),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
        sa.UniqueConstraint("name", name="uq_saved_reports_name"),
    )
    op.create_table(
        "report_schedules",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=ID),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("every", sa.String(5), nullable=False),
        sa.Column("weekday", sa.SmallInteger),
        sa.Column("day", sa.SmallInteger),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("recipients", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("requester_id", sa.String(80), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
        sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
        sa.UniqueConstraint("name", name="uq_report_schedules_name"),
        sa.CheckConstraint("every IN ('day', 'week', 'month')", name="ck_report_schedules_every"),
        sa.CheckConstraint(FORMATS, name="ck_report_schedules_format"),
    )
    op.create_index("ix_report_schedules_next_at", "report_schedules", ["next_at"], postgresql_where=sa.text("active"))
    _runs()
    op.create_table(
        "report_chunks",
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_report_chunks"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["report_runs.id"], ondelete="CASCADE", name="fk_report_chunks_run_id_report_runs"
        ),
    )
    # The files are compressed already: compressing them again would only cost time.
    op.execute("ALTER TABLE report_chunks ALTER COLUMN data SET STORAGE EXTERNAL")
    op.create_table(
        "report_deliveries",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=ID),
        sa.Column("schedule_id", sa.Uuid, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(8), nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=NONE),
        sa.Column("next_attempt_at", INSTANT, nullable=False, server_default=NOW),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        sa.Column("sent_at", INSTANT),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_report_deliveries_schedule_id_due_at"),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed')", name="ck_report_deliveries_state"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["report_schedules.id"],
            ondelete="CASCADE",
            name="fk_report_deliveries_schedule_id_report_schedules",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["report_runs.id"], ondelete="CASCADE", name="fk_report_deliveries_run_id_report_runs"
        ),
    )
    op.create_index(
        "ix_report_deliveries_pending",
        "report_deliveries",
        ["id"],
        postgresql_where=sa.text("state = 'pending'"),
    )


def _runs() -> None:
    op.create_table(
        "report_runs",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=ID),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("about", JSONB, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, server_default="queued"),
        sa.Column("step", sa.String(80), nullable=False, server_default="waiting"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=NONE),
        sa.Column("rows", sa.Integer, nullable=False, server_default=NONE),
        sa.Column("rows_total", sa.Integer),
        sa.Column("bytes", sa.BigInteger, nullable=False, server_default=NONE),
        sa.Column("checksum", sa.String(64), nullable=False, server_default=""),
        sa.Column("file_name", sa.String(160), nullable=False, server_default=""),
        sa.Column("stored", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        sa.Column("requester_kind", sa.String(16), nullable=False),
        sa.Column("requester_id", sa.String(80), nullable=False),
        sa.Column("requester_name", sa.String(200), nullable=False),
        sa.Column("parts", JSONB),
        sa.Column("schedule_id", sa.Uuid),
        sa.Column("created_at", INSTANT, nullable=False, server_default=NOW),
        sa.Column("started_at", INSTANT),
        sa.Column("beat_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="ck_report_runs_state"
        ),
        sa.CheckConstraint(FORMATS, name="ck_report_runs_format"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["report_schedules.id"],
            ondelete="SET NULL",
            name="fk_report_runs_schedule_id_report_schedules",
        ),
    )
    op.create_index("ix_report_runs_requester_id_id", "report_runs", ["requester_id", "id"])
    op.create_index(
        "ix_report_runs_open", "report_runs", ["id"], postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.create_index("ix_report_runs_expires_at", "report_runs", ["expires_at"], postgresql_where=sa.text("stored"))


def downgrade() -> None:
    for table in ("report_deliveries", "report_chunks", "report_runs", "report_schedules", "saved_reports"):
        op.drop_table(table)
