"""Sites, shifts, rosters, rule sets, holidays, weekly offs and leave; every organisation starts with default rules.

Revision: 0002
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HOUR = 3600

# The engine's own defaults at the time of this migration, in seconds: what counted before there were rule sets.
DEFAULT_RULES = {
    "pairing": {
        "mode": "state_then_alternate",
        "hours": "paired",
        "gap": 4 * HOUR,
        "longest": 16 * HOUR,
        "over_long": "hold",
        "repeated_in": "keep_first",
        "repeat_within": 600,
        "auto_close": None,
        "auto_close_after": 0,
        "shows_out": "last_closed",
    },
    "duplicates": {"window": 60, "keep": "first", "fixed": False},
    "dating": {"kind": "shift_start", "strict_split": False},
    "roundings": [],
    "breaks": [],
    "overtime": {
        "tiers": [],
        "weekly_counts": "straight_time",
        "week_start": 0,
        "anchor": "2024-01-01",
        "minimum": 0,
        "rounding": None,
        "cap": None,
        "tolerance": 0,
        "undertime_tolerance": 0,
        "before_start": True,
        "regular": "REG",
        "dropped": "REG",
    },
    "premiums": [],
    "status": {"half_day_below": None, "absent_below": None, "single_punch": "flag", "sandwich": False},
    "punctuality": {
        "mark_late": True,
        "mark_early": True,
        "late_grace": 0,
        "early_grace": 0,
        "beyond_grace": False,
    },
    "anomalies": {
        "long_shift": 14 * HOUR,
        "short_shift": None,
        "no_break_after": None,
        "short_break": None,
        "long_break": None,
        "least_rest": 11 * HOUR,
        "day_limit": None,
        "week_limit": None,
        "over_schedule": None,
        "days_in_a_row": None,
        "early_in": None,
        "late_out": None,
        "skew": 120,
        "future": 300,
        "speed": 70.0,
        "wait": 12 * HOUR,
    },
    "unmatched": "auto",
    "rest_records": True,
    "holiday_by_minute": False,
}


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _times() -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for name in ("created_at", "updated_at")
    ]


def _named(table: str, *more: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        *more,
        _id(),
        *_times(),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("code", name=op.f(f"uq_{table}_code")),
    )


def _versions(table: str, owner: str, owners: str) -> None:
    op.create_table(
        table,
        sa.Column(owner, sa.Uuid(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("definition", JSONB(), nullable=False),
        _id(),
        sa.ForeignKeyConstraint(
            [owner], [f"{owners}.id"], name=op.f(f"fk_{table}_{owner}_{owners}"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(owner, "effective", name=op.f(f"uq_{table}_{owner}_effective")),
    )


def _staff_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_staff_id_staff")
    return sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=name, ondelete="CASCADE")


def _site_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_site_id_sites")
    return sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=name, ondelete="RESTRICT")


def upgrade() -> None:
    _named(
        "sites",
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
    )
    _named("shifts")
    _versions("shift_versions", "shift_id", "shifts")
    _named("rule_sets", sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "uq_rule_sets_is_default", "rule_sets", ["is_default"], unique=True, postgresql_where=sa.text("is_default")
    )
    _versions("rule_set_versions", "rule_set_id", "rule_sets")
    _people()
    _calendar()
    op.create_table(
        "organisation_settings",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_organisation_settings")),
    )
    op.execute("INSERT INTO rule_sets (code, name, is_default) VALUES ('default', 'Default rules', true)")
    op.get_bind().execute(
        sa.text(
            "INSERT INTO rule_set_versions (rule_set_id, effective, definition) "
            "SELECT id, '-infinity', CAST(:definition AS jsonb) FROM rule_sets"
        ),
        {"definition": json.dumps(DEFAULT_RULES)},
    )


def _people() -> None:
    for table in ("staff", "devices"):
        op.add_column(table, sa.Column("site_id", sa.Uuid(), nullable=True))
        name = op.f(f"fk_{table}_site_id_sites")
        op.create_foreign_key(name, table, "sites", ["site_id"], ["id"], ondelete="RESTRICT")
    op.add_column("staff", sa.Column("rule_set_code", sa.String(length=40), nullable=True))
    op.create_foreign_key(
        op.f("fk_staff_rule_set_code_rule_sets"),
        "staff",
        "rule_sets",
        ["rule_set_code"],
        ["code"],
        onupdate="CASCADE",
        ondelete="RESTRICT",
    )
    op.create_table(
        "shift_assignments",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("rotation", JSONB(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("weekdays", JSONB(none_as_null=True), nullable=True),
        sa.Column("anchor", sa.Date(), nullable=True),
        _id(),
        *_times(),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_shift_assignments_span")),
        _staff_key("shift_assignments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_assignments")),
    )
    op.create_index(
        "ix_shift_assignments_staff_id_starts_on", "shift_assignments", ["staff_id", "starts_on"], unique=False
    )
    op.create_table(
        "leaves",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=True),
        sa.Column("ends", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _id(),
        *_times(),
        sa.CheckConstraint("part IN ('full', 'first_half', 'second_half', 'hours')", name=op.f("ck_leaves_part")),
        sa.CheckConstraint("kind IN ('leave', 'on_duty')", name=op.f("ck_leaves_kind")),
        _staff_key("leaves"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
        sa.UniqueConstraint("staff_id", "day", name=op.f("uq_leaves_staff_id_day")),
    )


def _calendar() -> None:
    op.create_table(
        "holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.String(length=8), server_default="own", nullable=False),
        _id(),
        sa.CheckConstraint("origin IN ('own', 'library')", name=op.f("ck_holidays_origin")),
        _site_key("holidays"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint("day", "site_id", name=op.f("uq_holidays_day_site_id"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "weekly_offs",
        sa.Column("weekdays", JSONB(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        _id(),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_weekly_offs_span")),
        _site_key("weekly_offs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_offs")),
    )


def downgrade() -> None:
    for table in ("organisation_settings", "weekly_offs", "holidays", "leaves", "shift_assignments"):
        op.drop_table(table)
    op.drop_column("staff", "rule_set_code")
    op.drop_column("staff", "site_id")
    op.drop_column("devices", "site_id")
    for table in ("rule_set_versions", "rule_sets", "shift_versions", "shifts", "sites"):
        op.drop_table(table)
