"""Device groups, what clocks changed themselves, conflicts.

Revision: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("now()")
OLD_STATUS = "status IN ('pending', 'enrolled', 'failed', 'removing')"
NEW_STATUS = "status IN ('pending', 'enrolled', 'failed', 'removing', 'removed')"
OLD_ORIGIN = "origin IN ('assigned', 'matched_badge', 'matched_employee_id', 'reported')"
NEW_ORIGIN = (
    "origin IN ('assigned', 'group', 'matched_badge', 'matched_employee_id', 'matched_device', 'adopted', 'reported')"
)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def upgrade() -> None:
    op.add_column("staff", sa.Column("card_number", sa.BigInteger(), nullable=True))
    op.add_column("staff", sa.Column("clock_facts_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False))
    _change_checks(NEW_STATUS, NEW_ORIGIN)
    for column in (
        sa.Column("reported_privilege", sa.SmallInteger(), nullable=True),
        _instant("reported_at"),
        _flag("by_hand"),
        _flag("by_group"),
        sa.Column("privilege", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("on_device", sa.Boolean(), nullable=True),
        _flag("kept_apart"),
        _instant("listed_at"),
        sa.Column("agreed", JSONB, nullable=True),
        sa.Column("seen", JSONB, nullable=True),
        sa.Column("sent", JSONB, nullable=True),
        _instant("facts_at"),
        _instant("sent_at"),
        _instant("written_at"),
        sa.Column("retries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        _instant("retry_at"),
    ):
        op.add_column("device_enrollments", column)
    # Without it every batch of the planner compares each new wish with every command there is.
    op.create_index(
        "ix_device_commands_enrollment_id",
        "device_commands",
        ["enrollment_id"],
        postgresql_where=sa.text("enrollment_id IS NOT NULL"),
    )
    # What was asked before there were groups was asked by hand, and need not be asked again.
    op.execute("UPDATE device_enrollments SET by_hand = true, facts_at = now() WHERE origin = 'assigned'")
    op.execute("UPDATE device_enrollments SET on_device = true WHERE status = 'enrolled'")
    op.create_table(
        "device_lists",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        _instant("verified_at"),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name="fk_device_lists_device_id_devices", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", name="pk_device_lists"),
    )
    _create_groups()
    _create_conflicts()


def _change_checks(status: str, origin: str) -> None:
    for name, condition in (("status", status), ("origin", origin)):
        full = op.f(f"ck_device_enrollments_{name}")
        op.drop_constraint(full, "device_enrollments", type_="check")
        op.create_check_constraint(full, "device_enrollments", condition)


def _create_groups() -> None:
    op.create_table(
        "device_groups",
        sa.Column("name", sa.String(length=120), nullable=False),
        _flag("everybody"),
        sa.Column("departments", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_groups"),
        sa.UniqueConstraint("name", name="uq_device_groups_name"),
    )
    for table, column, target in (
        ("device_group_devices", "device_id", "devices"),
        ("device_group_staff", "staff_id", "staff"),
        ("device_group_sites", "site_id", "sites"),
    ):
        op.create_table(
            table,
            sa.Column("group_id", sa.Uuid(), nullable=False),
            sa.Column(column, sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ["group_id"], ["device_groups.id"], name=f"fk_{table}_group_id_device_groups", ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("group_id", column, name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_{column}", table, [column])


def _create_conflicts() -> None:
    op.create_table(
        "conflicts",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("pin", sa.String(length=24), nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("agreed", JSONB, nullable=True),
        sa.Column("ours", JSONB, nullable=True),
        sa.Column("theirs", JSONB, nullable=False),
        _instant("ours_at"),
        sa.Column("theirs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(length=300), nullable=False),
        _flag("automatic"),
        sa.Column("taken", sa.String(length=8), nullable=True),
        sa.Column("result", JSONB, nullable=True),
        _instant("resolved_at"),
        sa.Column("resolved_by", sa.String(length=200), server_default="", nullable=False),
        sa.Column("before", JSONB, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('changed_at_clock', 'changed_on_both', 'pin_collision')", name=op.f("ck_conflicts_kind")
        ),
        sa.CheckConstraint("taken IN ('ours', 'device', 'value', 'mixed')", name=op.f("ck_conflicts_taken")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["device_enrollments.id"],
            name="fk_conflicts_enrollment_id_device_enrollments",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name="fk_conflicts_device_id_devices", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_conflicts_staff_id_staff", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_conflicts"),
    )
    op.create_index("ix_conflicts_created_at_id", "conflicts", ["created_at", "id"])
    op.create_index("ix_conflicts_staff_id", "conflicts", ["staff_id"])
    op.create_index("ix_conflicts_device_id", "conflicts", ["device_id"])
    op.create_index("ix_conflicts_enrollment_id", "conflicts", ["enrollment_id"])
    op.create_index(
        "uq_conflicts_open",
        "conflicts",
        ["enrollment_id"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_device_commands_enrollment_id", table_name="device_commands")
    for table in (
        "conflicts",
        "device_group_sites",
        "device_group_staff",
        "device_group_devices",
        "device_groups",
        "device_lists",
    ):
        op.drop_table(table)
    for column in (
        "retry_at",
        "retries",
        "written_at",
        "sent_at",
        "facts_at",
        "sent",
        "seen",
        "agreed",
        "listed_at",
        "kept_apart",
        "on_device",
        "privilege",
        "by_group",
        "by_hand",
        "reported_at",
        "reported_privilege",
    ):
        op.drop_column("device_enrollments", column)
    op.execute("UPDATE device_enrollments SET status = 'failed' WHERE status = 'removed'")
    op.execute(
        "UPDATE device_enrollments SET origin = 'assigned' WHERE origin IN ('group', 'adopted', 'matched_device')"
    )
    _change_checks(OLD_STATUS, OLD_ORIGIN)
    op.drop_column("staff", "clock_facts_at")
    op.drop_column("staff", "card_number")
