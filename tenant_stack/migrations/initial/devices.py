"""Clocks, what is asked of them, who is on them, and what they said otherwise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps


def create() -> None:
    _devices()
    _refused_contacts()
    _sync_logs()
    _device_enrollments()
    _device_lists()
    _device_commands()
    _device_completeness()
    _device_groups()
    _device_group_devices()
    _device_group_staff()
    _device_group_sites()
    _conflicts()
    _alerts()
    _alert_watch()


def _devices() -> None:
    op.create_table(
        "devices",
        identifier(),
        sa.Column("device_serial", sa.String(64), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("connection", sa.String(8), nullable=False),
        sa.Column("ip_address", sa.String(45)),
        sa.Column("port", sa.Integer, server_default=sa.text("4370"), nullable=False),
        sa.Column("comm_key", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("location", sa.String(200)),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("sites.id", ondelete="RESTRICT")),
        sa.Column("device_config", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("approved_at", INSTANT),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("source_address", sa.String(64)),
        sa.Column("last_seen_at", INSTANT),
        sa.Column("last_seen", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("last_sync_at", INSTANT),
        sa.Column("last_punch_at", INSTANT),
        sa.Column("pull_state", sa.String(16)),
        sa.Column("pull_message", sa.String(300), server_default="", nullable=False),
        sa.Column("announced_status", sa.String(20), server_default="", nullable=False),
        sa.Column("firmware", sa.String(120)),
        sa.Column("clock_offset_seconds", sa.Integer),
        sa.Column("counts", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("info", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stored_punches", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("received_lines", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate_lines", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined_lines", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("trust", sa.String(8), server_default="punches", nullable=False),
        sa.Column("pinned_address", sa.String(64)),
        sa.Column("new_address", sa.String(64)),
        sa.Column("previous_address", sa.String(64)),
        sa.Column("previous_address_at", INSTANT),
        sa.Column("two_sources_at", INSTANT),
        sa.Column("sealed_comm_key", sa.Text),
        sa.Column("claim_state", sa.String(12), server_default="unasked", nullable=False),
        *timestamps(),
        sa.CheckConstraint("connection IN ('push', 'pull')", name="connection"),
        sa.CheckConstraint("trust IN ('full', 'punches')", name="trust"),
        sa.CheckConstraint("claim_state IN ('unasked', 'ours', 'elsewhere')", name="claim_state"),
        sa.Index("ix_devices_name_id", "name", "id"),
    )


def _refused_contacts() -> None:
    op.create_table(
        "refused_contacts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("last_serial", sa.String(64), nullable=False),
        sa.Column("last_address", sa.String(64), nullable=False),
    )


def _sync_logs() -> None:
    op.create_table(
        "sync_logs",
        identifier(),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("kind", sa.String(16), server_default="requested", nullable=False),
        sa.Column("state", sa.String(16), server_default="queued", nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("stored_before", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("received", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("stored", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("message", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'retrying', 'done', 'failed')", name="state"),
        sa.Index("ix_sync_logs_device_id_created_at_id", "device_id", "created_at", "id"),
        sa.Index(
            "uq_sync_logs_open",
            "device_id",
            unique=True,
            postgresql_where=sa.text("state IN ('queued', 'running', 'retrying')"),
        ),
    )


def _device_enrollments() -> None:
    op.create_table(
        "device_enrollments",
        identifier(),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("pin", sa.String(24), nullable=False),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="RESTRICT")),
        sa.Column("status", sa.String(16), server_default="pending", nullable=False),
        sa.Column("origin", sa.String(24), server_default="assigned", nullable=False),
        sa.Column("message", sa.String(300), server_default="", nullable=False),
        sa.Column("reported_name", sa.String(48)),
        sa.Column("reported_card", sa.BigInteger),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("reported_privilege", sa.SmallInteger),
        sa.Column("reported_at", INSTANT),
        sa.Column("by_hand", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("by_group", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("privilege", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("on_device", sa.Boolean),
        sa.Column("kept_apart", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("listed_at", INSTANT),
        sa.Column("agreed", JSONB),
        sa.Column("seen", JSONB),
        sa.Column("sent", JSONB),
        sa.Column("facts_at", INSTANT),
        sa.Column("sent_at", INSTANT),
        sa.Column("written_at", INSTANT),
        sa.Column("retries", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", INSTANT),
        *timestamps(),
        sa.CheckConstraint("status IN ('pending', 'enrolled', 'failed', 'removing', 'removed')", name="status"),
        sa.CheckConstraint(
            "origin IN ('assigned', 'group', 'matched_badge', 'matched_employee_id', 'matched_device', 'adopted', "
            "'reported')",
            name="origin",
        ),
        sa.UniqueConstraint("device_id", "pin"),
        sa.Index("ix_device_enrollments_staff_id", "staff_id"),
    )


def _device_lists() -> None:
    op.create_table(
        "device_lists",
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("verified_at", INSTANT),
    )


def _device_commands() -> None:
    op.create_table(
        "device_commands",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("pin", sa.String(24)),
        sa.Column("template_id", sa.Uuid),
        sa.Column("purpose", sa.String(16), server_default="", nullable=False),
        sa.Column("requested_by", sa.String(200), server_default="", nullable=False),
        sa.Column("payload", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.String(12), server_default="queued", nullable=False),
        sa.Column("sync_id", sa.Uuid, sa.ForeignKey("sync_logs.id", ondelete="RESTRICT")),
        sa.Column("enrollment_id", sa.Uuid, sa.ForeignKey("device_enrollments.id", ondelete="CASCADE")),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("result_code", sa.Integer),
        sa.Column("result_text", sa.String(512), server_default="", nullable=False),
        sa.Column("result_count", sa.BigInteger),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.CheckConstraint("state IN ('queued', 'sent', 'done', 'failed', 'cancelled')", name="state"),
        sa.Index("ix_device_commands_device_id_id", "device_id", "id"),
        sa.Index(
            "ix_device_commands_enrollment_id", "enrollment_id", postgresql_where=sa.text("enrollment_id IS NOT NULL")
        ),
        sa.Index("ix_device_commands_open", "device_id", "id", postgresql_where=sa.text("state IN ('queued', 'sent')")),
    )


def _device_completeness() -> None:
    op.create_table(
        "device_completeness",
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("method", sa.String(8), server_default="", nullable=False),
        sa.Column("state", sa.String(12), server_default="unknown", nullable=False),
        sa.Column("on_clock", sa.BigInteger),
        sa.Column("held", sa.BigInteger),
        sa.Column("explained", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("until_local", sa.String(19)),
        sa.Column("checked_at", INSTANT),
        sa.Column("verified_at", INSTANT),
        sa.Column("differs_since", INSTANT),
        sa.Column("reread_at", INSTANT),
        sa.Column("reread_from", sa.BigInteger),
        sa.Column("next_check_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('unknown', 'equal', 'missing', 'full_ring', 'unsaid')", name="state"),
    )


def _device_groups() -> None:
    op.create_table(
        "device_groups",
        identifier(),
        sa.Column("name", sa.String(120), unique=True, nullable=False),
        sa.Column("everybody", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("departments", JSONB, server_default=sa.text("'[]'"), nullable=False),
        *timestamps(),
    )


def _device_group_devices() -> None:
    op.create_table(
        "device_group_devices",
        sa.Column("group_id", sa.Uuid, sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, index=True),
    )


def _device_group_staff() -> None:
    op.create_table(
        "device_group_staff",
        sa.Column("group_id", sa.Uuid, sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, index=True),
    )


def _device_group_sites() -> None:
    op.create_table(
        "device_group_sites",
        sa.Column("group_id", sa.Uuid, sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True, index=True),
    )


def _conflicts() -> None:
    op.create_table(
        "conflicts",
        identifier(),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column(
            "enrollment_id",
            sa.Uuid,
            sa.ForeignKey("device_enrollments.id", ondelete="CASCADE"),
            index=True,
            nullable=False,
        ),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True, nullable=False),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="SET NULL")),
        sa.Column("pin", sa.String(24), nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("agreed", JSONB),
        sa.Column("ours", JSONB),
        sa.Column("theirs", JSONB, nullable=False),
        sa.Column("ours_at", INSTANT),
        sa.Column("theirs_at", INSTANT, nullable=False),
        sa.Column("rule", sa.String(300), nullable=False),
        sa.Column("automatic", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("taken", sa.String(8)),
        sa.Column("result", JSONB),
        sa.Column("resolved_at", INSTANT),
        sa.Column("resolved_by", sa.String(200), server_default="", nullable=False),
        sa.Column("before", JSONB),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("kind IN ('changed_at_clock', 'changed_on_both', 'pin_collision')", name="kind"),
        sa.CheckConstraint("taken IN ('ours', 'device', 'value', 'mixed')", name="taken"),
        sa.Index("ix_conflicts_created_at_id", "created_at", "id"),
        sa.Index("ix_conflicts_staff_id", "staff_id"),
        sa.Index("uq_conflicts_open", "enrollment_id", unique=True, postgresql_where=sa.text("resolved_at IS NULL")),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        identifier(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("device_id", sa.Uuid, sa.ForeignKey("devices.id", ondelete="CASCADE")),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("opened_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("last_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("acknowledged_by", sa.String(200)),
        sa.Column("note", sa.String(500), server_default="", nullable=False),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity"),
        sa.Index("ix_alerts_device_id", "device_id"),
        sa.Index("ix_alerts_opened_at_id", "opened_at", "id"),
        sa.Index(
            "uq_alerts_open",
            "kind",
            "device_id",
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _alert_watch() -> None:
    op.create_table(
        "alert_watch",
        sa.Column("id", sa.SmallInteger, primary_key=True, server_default=sa.text("1")),
        sa.Column("running_since", INSTANT, server_default=NOW, nullable=False),
        sa.Column("looked_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("id = 1", name="one"),
    )
