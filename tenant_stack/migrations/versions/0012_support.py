"""Support access; and a function of the tables' owner that makes months of punches, since the programs may make none.

Revision: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    op.create_table(
        "support_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.String(80), nullable=False),
        sa.Column("operator", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("ticket", sa.String(60), nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("approved_by", sa.String(200), server_default="", nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(200), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_grants")),
        sa.CheckConstraint("state IN ('waiting', 'open', 'ended', 'declined')", name=op.f("ck_support_grants_state")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name=op.f("ck_support_grants_minutes")),
    )
    op.create_index(op.f("ix_support_grants_asked_at"), "support_grants", ["asked_at"])
    op.create_table(
        "support_policy",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("approval_required", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_policy")),
        sa.CheckConstraint("id = 1", name=op.f("ck_support_policy_single")),
    )
    op.execute(MAKE_MONTH)
    op.execute("REVOKE ALL ON FUNCTION make_punch_month(integer, integer) FROM PUBLIC")
    # The programs' role fills this table by the trigger alone.
    op.execute("ALTER FUNCTION queue_trail() SECURITY DEFINER SET search_path = public, pg_temp")


def downgrade() -> None:
    op.drop_table("support_policy")
    op.drop_table("support_grants")
    op.execute("ALTER FUNCTION queue_trail() SECURITY INVOKER RESET search_path")
    op.execute("DROP FUNCTION make_punch_month(integer, integer)")
