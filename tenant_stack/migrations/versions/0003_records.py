"""Records made by the attendance rules: figures, trace, life; anomalies, corrections, periods, deltas, runs.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

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
SECONDS = ("presence", "worked", "break", "deducted", "paid_break", "late", "early", "overtime")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _id(table: str) -> tuple[sa.Column[object], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _staff(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["staff_id"], ["staff.id"], name=op.f(f"fk_{table}_staff_id_staff"), ondelete="RESTRICT"
    )


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _name(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(length=200), server_default="", nullable=False)


def upgrade() -> None:
    _widen_records()
    op.add_column("users", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_users_staff_id_staff"), "users", "staff", ["staff_id"], ["id"], ondelete="SET NULL")
    op.add_column(
        "pending_staff_days", sa.Column("priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "ix_pending_staff_days_turn", "pending_staff_days", ["priority", "marked_at", "staff_id", "work_date"]
    )
    _create_anomalies()
    _create_corrections()
    _create_periods()
    op.create_table(
        "processing_runs",
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("staff_ids", JSONB(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        _instant("created_at", nullable=False),
        *_id("processing_runs"),
    )
    # Records of the first rule have none of the new figures: their days are computed again.
    op.execute(
        "INSERT INTO pending_staff_days (staff_id, work_date, priority) "
        "SELECT staff_id, work_date, 1 FROM attendance_records ON CONFLICT DO NOTHING"
    )


def _widen_records() -> None:
    table = "attendance_records"
    op.drop_constraint(op.f("ck_attendance_records_status"), table, type_="check")
    op.create_check_constraint(op.f("ck_attendance_records_status"), table, _one_of("status", STATUSES))
    for name in SECONDS:
        op.add_column(table, sa.Column(f"{name}_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for name in ("expected_seconds", "balance_seconds"):
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=True))
    for name, empty in (("shifts", "[]"), ("pay", "[]"), ("premiums", "[]"), ("fractions", "{}"), ("trace", "{}")):
        op.add_column(table, sa.Column(name, JSONB(), server_default=sa.text(f"'{empty}'"), nullable=False))
    for name in ("estimated", "manual", "conflict"):
        op.add_column(table, sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(table, sa.Column("state", sa.String(length=12), server_default="open", nullable=False))
    op.add_column(table, sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    for name in ("digest", "punches_digest", "terms_digest"):
        op.add_column(table, sa.Column(name, sa.String(length=32), server_default="", nullable=False))
    op.add_column(table, sa.Column("snapshot", JSONB(), nullable=True))
    op.create_check_constraint(op.f("ck_attendance_records_state"), table, _one_of("state", STATES))


def _create_anomalies() -> None:
    table = "attendance_anomalies"
    op.create_table(
        table,
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("punches", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        _text("resolution"),
        _name("resolved_by"),
        _instant("resolved_at"),
        _instant("seen_at", nullable=False),
        *_id(table),
        _staff(table),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f(f"fk_{table}_owner_id_users"), ondelete="SET NULL"
        ),
        sa.UniqueConstraint("staff_id", "work_date", "kind", name=op.f(f"uq_{table}_staff_id_work_date_kind")),
        sa.CheckConstraint(_one_of("severity", ("info", "low", "medium", "high")), name=op.f(f"ck_{table}_severity")),
        sa.CheckConstraint(_one_of("state", ("pending", "active", "resolved")), name=op.f(f"ck_{table}_state")),
    )
    op.create_index("ix_attendance_anomalies_work_date_id", table, ["work_date", "id"])
    op.create_index(
        "ix_attendance_anomalies_unresolved",
        table,
        ["work_date", "id"],
        postgresql_where=sa.text("state <> 'resolved'"),
    )


def _create_corrections() -> None:
    table = "attendance_corrections"
    op.create_table(
        table,
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("changes", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="proposed", nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("requested_name", sa.String(length=200), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        _name("decided_name"),
        _instant("decided_at"),
        _text("note"),
        *_id(table),
        _instant("created_at", nullable=False),
        _instant("updated_at", nullable=False),
        _staff(table),
        sa.CheckConstraint(_one_of("state", ("proposed", "approved", "rejected")), name=op.f(f"ck_{table}_state")),
    )
    op.create_index("ix_attendance_corrections_staff_id_work_date", table, ["staff_id", "work_date"])


def _create_periods() -> None:
    table = "attendance_periods"
    op.create_table(
        table,
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("locked_by", sa.String(length=80), nullable=True),
        _name("locked_name"),
        _instant("locked_at"),
        *_id(table),
        _instant("created_at", nullable=False),
        _instant("updated_at", nullable=False),
        sa.UniqueConstraint("starts_on", name=op.f(f"uq_{table}_starts_on")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f(f"ck_{table}_order")),
        sa.CheckConstraint(_one_of("state", ("open", "locked")), name=op.f(f"ck_{table}_state")),
    )
    table = "attendance_deltas"
    op.create_table(
        table,
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("work_date", sa.Date(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=True),
        sa.Column("figures", JSONB(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        *_id(table),
        _instant("created_at", nullable=False),
        _instant("updated_at", nullable=False),
        _staff(table),
        sa.ForeignKeyConstraint(
            ["period_id"],
            ["attendance_periods.id"],
            name=op.f(f"fk_{table}_period_id_attendance_periods"),
            ondelete="RESTRICT",
        ),
        sa.UniqueConstraint(
            "staff_id",
            "work_date",
            "period_id",
            name=op.f(f"uq_{table}_staff_id_work_date_period_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_attendance_deltas_work_date_id", table, ["work_date", "id"])


def downgrade() -> None:
    for table in (
        "processing_runs",
        "attendance_deltas",
        "attendance_periods",
        "attendance_corrections",
        "attendance_anomalies",
    ):
        op.drop_table(table)
    op.drop_index("ix_pending_staff_days_turn", "pending_staff_days")
    op.drop_column("pending_staff_days", "priority")
    op.drop_constraint(op.f("fk_users_staff_id_staff"), "users", type_="foreignkey")
    op.drop_column("users", "staff_id")
    table = "attendance_records"
    op.drop_constraint(op.f("ck_attendance_records_state"), table, type_="check")
    for name in (
        *(f"{name}_seconds" for name in (*SECONDS, "expected", "balance")),
        *("shifts", "pay", "premiums", "fractions", "trace", "estimated", "manual", "conflict"),
        *("state", "version", "digest", "punches_digest", "terms_digest", "snapshot"),
    ):
        op.drop_column(table, name)
    op.drop_constraint(op.f("ck_attendance_records_status"), table, type_="check")
    op.execute("DELETE FROM attendance_records WHERE status NOT IN ('present', 'incomplete')")
    op.create_check_constraint(op.f("ck_attendance_records_status"), table, "status IN ('present', 'incomplete')")
