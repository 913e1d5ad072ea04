"""Clocks: completeness, alerts, trust, claims, quarantine that can be replayed.

Revision: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTERS = ("received_lines", "duplicate_lines", "quarantined_lines")
DEVICE_COLUMNS = (
    *COUNTERS,
    "trust",
    "pinned_address",
    "new_address",
    "previous_address",
    "previous_address_at",
    "two_sources_at",
    "sealed_comm_key",
    "claim_state",
)
COMMAND_COLUMNS = ("pin", "template_id", "purpose", "requested_by", "result_count")
LINE_COLUMNS = ("fields", "state", "attempts", "settled_at", "settled_by", "note")
OPEN_LINES = sa.text("state = 'open'")


def _text(name: str, length: int, default: str | None = "") -> sa.Column[object]:
    return sa.Column(name, sa.String(length=length), server_default=default, nullable=default is None)


def _instant(name: str, *, now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _count(name: str, *, zero: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0") if zero else None, nullable=not zero)


def upgrade() -> None:
    _devices()
    _commands()
    _quarantine()
    op.add_column(
        "punch_logs", sa.Column("unconfirmed_source", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "device_completeness",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        _text("method", 8),
        _text("state", 12, "unknown"),
        _count("on_clock"),
        _count("held"),
        _count("explained", zero=True),
        _text("until_local", 19, None),
        _instant("checked_at"),
        _instant("verified_at"),
        _instant("differs_since"),
        _instant("reread_at"),
        _count("reread_from"),
        _instant("next_check_at", now=True),
        sa.CheckConstraint(
            "state IN ('unknown', 'equal', 'missing', 'full_ring', 'unsaid')",
            name=op.f("ck_device_completeness_state"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_completeness_device_id_devices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_completeness")),
    )
    _alerts()


def _devices() -> None:
    for name in COUNTERS:
        op.add_column("devices", _count(name, zero=True))
    op.add_column("devices", _text("trust", 8, "punches"))
    for name in ("pinned_address", "new_address", "previous_address"):
        op.add_column("devices", _text(name, 64, None))
    op.add_column("devices", _instant("previous_address_at"))
    op.add_column("devices", _instant("two_sources_at"))
    op.add_column("devices", sa.Column("sealed_comm_key", sa.Text(), nullable=True))
    op.add_column("devices", _text("claim_state", 12, "unasked"))
    op.create_check_constraint(op.f("ck_devices_trust"), "devices", "trust IN ('full', 'punches')")
    op.create_check_constraint(
        op.f("ck_devices_claim_state"), "devices", "claim_state IN ('unasked', 'ours', 'elsewhere')"
    )
    # What the counters would be had they been kept from the start; a clock that is called by us is trusted.
    op.execute(
        "UPDATE devices d SET quarantined_lines = q.lines, received_lines = d.stored_punches + q.lines, "
        "trust = CASE WHEN d.connection = 'pull' THEN 'full' ELSE 'punches' END "
        "FROM (SELECT v.id, count(l.id) AS lines FROM devices v "
        "LEFT JOIN quarantined_lines l ON l.device_id = v.id GROUP BY v.id) q WHERE q.id = d.id"
    )


def _commands() -> None:
    op.add_column("device_commands", _text("pin", 24, None))
    op.add_column("device_commands", sa.Column("template_id", sa.Uuid(), nullable=True))
    op.add_column("device_commands", _text("purpose", 16))
    op.add_column("device_commands", _text("requested_by", 200))
    op.add_column("device_commands", _count("result_count"))
    op.execute("UPDATE device_commands SET pin = payload #>> '{user,pin}' WHERE payload #>> '{user,pin}' IS NOT NULL")
    op.create_index("ix_device_commands_device_id_id", "device_commands", ["device_id", "id"])
    op.alter_column("device_commands", "state", type_=sa.String(length=12), existing_type=sa.String(length=8))
    op.drop_constraint(op.f("ck_device_commands_state"), "device_commands", type_="check")
    op.create_check_constraint(
        op.f("ck_device_commands_state"),
        "device_commands",
        "state IN ('queued', 'sent', 'done', 'failed', 'cancelled')",
    )


def _quarantine() -> None:
    op.add_column("quarantined_lines", sa.Column("fields", JSONB(), nullable=True))
    op.add_column("quarantined_lines", _text("state", 12, "open"))
    op.add_column("quarantined_lines", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("quarantined_lines", _instant("settled_at"))
    op.add_column("quarantined_lines", _text("settled_by", 200, None))
    op.add_column("quarantined_lines", _text("note", 500))
    op.create_check_constraint(
        op.f("ck_quarantined_lines_state"), "quarantined_lines", "state IN ('open', 'replayed', 'dismissed')"
    )
    op.create_index("ix_quarantined_lines_open", "quarantined_lines", ["device_id", "id"], postgresql_where=OPEN_LINES)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _instant("opened_at", now=True),
        _instant("last_at", now=True),
        _instant("closed_at"),
        _instant("acknowledged_at"),
        _text("acknowledged_by", 200, None),
        _text("note", 500),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name=op.f("ck_alerts_severity")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_alerts_device_id_devices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["kind", "device_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_alerts_opened_at_id", "alerts", ["opened_at", "id"])
    op.create_index("ix_alerts_device_id", "alerts", ["device_id"])
    op.create_table(
        "alert_watch",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        _instant("running_since", now=True),
        _instant("looked_at", now=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_alert_watch_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_watch")),
    )


def downgrade() -> None:
    for table in ("alert_watch", "alerts", "device_completeness"):
        op.drop_table(table)
    op.drop_column("punch_logs", "unconfirmed_source")
    op.drop_index("ix_quarantined_lines_open", "quarantined_lines")
    for name in LINE_COLUMNS:
        op.drop_column("quarantined_lines", name)
    op.drop_index("ix_device_commands_device_id_id", "device_commands")
    op.drop_constraint(op.f("ck_device_commands_state"), "device_commands", type_="check")
    op.execute("UPDATE device_commands SET state = 'failed' WHERE state = 'cancelled'")
    op.alter_column("device_commands", "state", type_=sa.String(length=8), existing_type=sa.String(length=12))
    op.create_check_constraint(
        op.f("ck_device_commands_state"), "device_commands", "state IN ('queued', 'sent', 'done', 'failed')"
    )
    for name in COMMAND_COLUMNS:
        op.drop_column("device_commands", name)
    for name in DEVICE_COLUMNS:
        op.drop_column("devices", name)
