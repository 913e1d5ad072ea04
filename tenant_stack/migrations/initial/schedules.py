"""Sites, shifts, rule sets and the calendar."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, identifier, timestamps


def create() -> None:
    _organisation_settings()
    _organisation_logo()
    _sites()
    _shifts()
    _shift_versions()
    _rule_sets()
    _rule_set_versions()
    _holidays()
    _weekly_offs()


def _organisation_settings() -> None:
    op.create_table(
        "organisation_settings",
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("value", JSONB, nullable=False),
    )


def _organisation_logo() -> None:
    op.create_table(
        "organisation_logo",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("width BETWEEN 1 AND 720 AND height BETWEEN 1 AND 240", name="size"),
    )


def _sites() -> None:
    op.create_table(
        "sites",
        identifier(),
        sa.Column("code", sa.String(40), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        *timestamps(),
    )


def _shifts() -> None:
    op.create_table(
        "shifts",
        identifier(),
        sa.Column("code", sa.String(40), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        *timestamps(),
    )


def _shift_versions() -> None:
    op.create_table(
        "shift_versions",
        identifier(),
        sa.Column("shift_id", sa.Uuid, sa.ForeignKey("shifts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("effective", sa.Date, nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.UniqueConstraint("shift_id", "effective"),
    )


def _rule_sets() -> None:
    op.create_table(
        "rule_sets",
        identifier(),
        sa.Column("code", sa.String(40), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("is_default", sa.Boolean, server_default=sa.false(), nullable=False),
        *timestamps(),
        sa.Index("uq_rule_sets_is_default", "is_default", unique=True, postgresql_where=sa.text("is_default")),
    )


def _rule_set_versions() -> None:
    op.create_table(
        "rule_set_versions",
        identifier(),
        sa.Column("rule_set_id", sa.Uuid, sa.ForeignKey("rule_sets.id", ondelete="CASCADE"), nullable=False),
        sa.Column("effective", sa.Date, nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.UniqueConstraint("rule_set_id", "effective"),
    )


def _holidays() -> None:
    op.create_table(
        "holidays",
        identifier(),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("sites.id", ondelete="RESTRICT")),
        sa.Column("origin", sa.String(8), server_default="own", nullable=False),
        sa.CheckConstraint("origin IN ('own', 'library')", name="origin"),
        sa.UniqueConstraint("day", "site_id", postgresql_nulls_not_distinct=True),
    )


def _weekly_offs() -> None:
    op.create_table(
        "weekly_offs",
        identifier(),
        sa.Column("weekdays", JSONB, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("sites.id", ondelete="RESTRICT")),
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
    )
