"""Raw punches, partitioned by month, and lines in quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, identifier

# A raw punch may get its owner once; nothing else of it ever changes.
KEEP_PUNCHES = (
    """
CREATE FUNCTION keep_punch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.staff_id IS NOT NULL OR to_jsonb(NEW) - 'staff_id' <> to_jsonb(OLD) - 'staff_id' THEN
        RAISE EXCEPTION 'punch_logs are never edited and never deleted';
    END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER keep_punch BEFORE UPDATE OR DELETE ON punch_logs FOR EACH ROW EXECUTE FUNCTION keep_punch()",
)
# The caller chooses a month and nothing else. Partitions are made as tables of their own and then attached: attaching
# leaves readers of the other months alone.
MAKE_MONTH = """
CREATE FUNCTION make_punch_month(of_year integer, of_month integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    starts date := make_date(of_year, of_month, 1);
    partition text := 'punch_logs_' || to_char(starts, 'YYYY_MM');
BEGIN
    IF of_year NOT BETWEEN 1000 AND 9998 THEN
        RAISE EXCEPTION 'no punches are kept of the year %', of_year;
    END IF;
    PERFORM pg_advisory_xact_lock(7203412);
    IF to_regclass('public.' || partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I (LIKE public.punch_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition
    );
    EXECUTE format(
        'ALTER TABLE public.punch_logs ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        partition, starts, (starts + interval '1 month')::date
    );
    RETURN true;
END $$
"""
CLOSE_MONTH = "REVOKE ALL ON FUNCTION make_punch_month(integer, integer) FROM PUBLIC"


def create() -> None:
    _punch_logs()
    _quarantined_lines()
    for statement in (*KEEP_PUNCHES, MAKE_MONTH, CLOSE_MONTH):
        op.execute(statement)


def _punch_logs() -> None:
    op.create_table(
        "punch_logs",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()")),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT")),
        sa.Column("pin", sa.String(24), nullable=False),
        sa.Column("raw_pin", sa.String(24), nullable=False),
        sa.Column("local_time", sa.DateTime(timezone=False)),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("punched_at", INSTANT, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("verify", sa.SmallInteger, nullable=False),
        sa.Column("work_code", sa.String(24), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("clock_offset_seconds", sa.Integer),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("unconfirmed_source", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", "local_time"),
        sa.UniqueConstraint("device_id", "pin", "local_time", "status", name="uq_punch_logs_identity"),
        sa.Index("ix_punch_logs_punched_at_id", "punched_at", "id"),
        sa.Index("ix_punch_logs_staff_id_local_time", "staff_id", "local_time"),
        sa.Index("ix_punch_logs_unknown", "pin", "device_id", postgresql_where=sa.text("staff_id IS NULL")),
        postgresql_partition_by="RANGE (local_time)",
    )


def _quarantined_lines() -> None:
    op.create_table(
        "quarantined_lines",
        identifier(),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("fields", JSONB),
        sa.Column("state", sa.String(12), server_default="open", nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("settled_by", sa.String(200)),
        sa.Column("note", sa.String(500), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('open', 'replayed', 'dismissed')", name="state"),
        sa.UniqueConstraint("device_id", "digest"),
        sa.Index("ix_quarantined_lines_open", "device_id", "id", postgresql_where=sa.text("state = 'open'")),
        sa.Index("ix_quarantined_lines_received_at_id", "received_at", "id"),
    )
