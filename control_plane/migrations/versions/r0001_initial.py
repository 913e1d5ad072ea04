"""The tables of the control plane."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps

revision = "0001_initial"
down_revision = None

KEEP = (
    """
CREATE FUNCTION keep_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_anchors is only ever added to';
END $$
""",
    "CREATE TRIGGER keep_anchor BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_anchors "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_anchor()",
)


def upgrade() -> None:
    # Organisations' roles live on the same server: none of them may even connect here.
    op.execute("DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$")
    _organisations()
    _organisation_steps()
    _operators()
    _oauth_clients()
    _audit_anchors()
    _device_claims()
    _support_requests()
    _audit_log()
    _outbox()
    for statement in KEEP:
        op.execute(statement)


def _organisations() -> None:
    op.create_table(
        "organisations",
        identifier(),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("owner_email", sa.String(254), nullable=False),
        sa.Column("owner_name", sa.String(200), server_default="", nullable=False),
        sa.Column("zone", sa.String(64), server_default="UTC", nullable=False),
        sa.Column("desired", sa.String(16), server_default="running", nullable=False),
        sa.Column("generation", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("observed_generation", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("release", sa.String(40), server_default="", nullable=False),
        sa.Column("first_active_at", INSTANT),
        sa.Column("stuck_rounds", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_reconcile_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("lease_token", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", INSTANT),
        *timestamps(),
        sa.CheckConstraint("desired IN ('running', 'suspended', 'erased')", name="desired_known"),
        sa.CheckConstraint("observed_generation <= generation", name="observed_not_ahead"),
        sa.UniqueConstraint("slug"),
        sa.Index("ix_organisations_next_reconcile_at", "next_reconcile_at"),
    )


def _organisation_steps() -> None:
    op.create_table(
        "organisation_steps",
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(16), server_default="pending", nullable=False),
        sa.Column("message", sa.Text, server_default="", nullable=False),
        sa.Column("advice", sa.Text),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("misses", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("applied_generation", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("fingerprint", sa.String(64), server_default="", nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("checked_at", INSTANT),
        sa.Column("duration_ms", sa.Integer),
        sa.CheckConstraint("state IN ('pending', 'ok', 'failed', 'unknown')", name="state_known"),
    )


def _operators() -> None:
    op.create_table(
        "operators",
        identifier(),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(254), server_default="", nullable=False),
        sa.Column("name", sa.String(200), server_default="", nullable=False),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("last_sign_in_at", INSTANT),
        *timestamps(),
        sa.UniqueConstraint("issuer", "subject"),
    )


def _oauth_clients() -> None:
    op.create_table(
        "oauth_clients",
        identifier(),
        sa.Column("client_id", sa.String(80), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("scopes", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("last_used_at", INSTANT),
        *timestamps(),
        sa.UniqueConstraint("client_id"),
    )


def _audit_anchors() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("taken_at", INSTANT, server_default=NOW, nullable=False),
    )


def _device_claims() -> None:
    op.create_table(
        "device_claims",
        sa.Column("serial", sa.String(64), primary_key=True),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("claimed_at", INSTANT, server_default=NOW, nullable=False),
        sa.Index("ix_device_claims_organisation_id", "organisation_id"),
    )


def _support_requests() -> None:
    op.create_table(
        "support_requests",
        identifier(),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("operator_id", sa.String(80), nullable=False),
        sa.Column("operator", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("ticket", sa.String(60), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("write", sa.Boolean, nullable=False),
        sa.Column("asked_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_by", sa.String(200), server_default="", nullable=False),
        sa.Index("ix_support_requests_organisation_id", "organisation_id"),
    )


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.String(80), nullable=False),
        sa.Column("actor_label", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), server_default="", nullable=False),
        sa.Column("action", sa.String(80), index=True, nullable=False),
        sa.Column("target_kind", sa.String(40), nullable=False),
        sa.Column("target_id", sa.String(80), index=True, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("correlation_id", sa.String(64), server_default="", nullable=False),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("due_at", INSTANT, server_default=NOW, index=True, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
    )
