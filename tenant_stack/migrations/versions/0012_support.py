"""Months of punches are made by a function of the tables' owner, since the programs' role may make no table.

Revision: 0012
"""

from __future__ import annotations

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
    op.execute(MAKE_MONTH)
    op.execute("REVOKE ALL ON FUNCTION make_punch_month(integer, integer) FROM PUBLIC")
    # The programs' role fills this table by the trigger alone.
    op.execute("ALTER FUNCTION queue_trail() SECURITY DEFINER SET search_path = public, pg_temp")


def downgrade() -> None:
    op.execute("ALTER FUNCTION queue_trail() SECURITY INVOKER RESET search_path")
    op.execute("DROP FUNCTION make_punch_month(integer, integer)")
