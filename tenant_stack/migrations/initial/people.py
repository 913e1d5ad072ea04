"""People, their shifts and their leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps

# The PIN as clocks write it: leading zeros of a number do not count.
NORMAL_PIN = "CASE WHEN {0} ~ '^[0-9]+$' THEN coalesce(nullif(ltrim({0}, '0'), ''), '0') ELSE {0} END"


def create() -> None:
    _staff()
    _shift_assignments()
    _leaves()


def _staff() -> None:
    op.create_table(
        "staff",
        identifier(),
        sa.Column("employee_id", sa.String(64), unique=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("badge_number", sa.String(64), unique=True),
        sa.Column("email", sa.String(254)),
        sa.Column("phone", sa.String(40)),
        sa.Column("department", sa.String(120)),
        sa.Column("job_title", sa.String(120)),
        sa.Column("hired_on", sa.Date),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("sites.id", ondelete="RESTRICT")),
        sa.Column(
            "rule_set_code", sa.String(40), sa.ForeignKey("rule_sets.code", onupdate="CASCADE", ondelete="RESTRICT")
        ),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("card_number", sa.BigInteger),
        sa.Column("clock_facts_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("enrollment_status", sa.String(16), server_default="not_enrolled", nullable=False),
        sa.Column(
            "employee_pin", sa.String(64), sa.Computed(NORMAL_PIN.format("employee_id"), persisted=True), nullable=False
        ),
        sa.Column("badge_pin", sa.String(64), sa.Computed(NORMAL_PIN.format("badge_number"), persisted=True)),
        *timestamps(),
        sa.CheckConstraint(
            "enrollment_status IN ('not_enrolled', 'pending', 'partial', 'enrolled')", name="enrollment_status"
        ),
        sa.Index("ix_staff_badge_pin", "badge_pin"),
        sa.Index("ix_staff_employee_pin", "employee_pin"),
        sa.Index("ix_staff_name_id", "name", "id"),
    )


def _shift_assignments() -> None:
    op.create_table(
        "shift_assignments",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("rotation", JSONB, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("weekdays", JSONB),
        sa.Column("anchor", sa.Date),
        *timestamps(),
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
        sa.Index("ix_shift_assignments_staff_id_starts_on", "staff_id", "starts_on"),
    )


def _leaves() -> None:
    op.create_table(
        "leaves",
        identifier(),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("part", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("starts", sa.Integer),
        sa.Column("ends", sa.Integer),
        sa.Column("note", sa.Text),
        *timestamps(),
        sa.CheckConstraint("part IN ('full', 'first_half', 'second_half', 'hours')", name="part"),
        sa.CheckConstraint("kind IN ('leave', 'on_duty')", name="kind"),
        sa.UniqueConstraint("staff_id", "day"),
    )
