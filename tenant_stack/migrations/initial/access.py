"""Accounts, roles, machine clients, sign-in, support access, the audit trail and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from foundation.migrations import INSTANT, NOW, identifier, timestamps

# The trail and its chain are only ever added to, whoever asks.
KEEP_TRAIL = (
    """
CREATE FUNCTION keep_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is only ever added to';
END $$
""",
    "CREATE TRIGGER keep_trail BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_trail()",
    "CREATE TRIGGER keep_chain BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_trail()",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_log, audit_chain FROM CURRENT_USER",
)
# Lines wait in a table for the worker that chains them. The database writes it, so that no program can forget to, with
# the rights of the tables' owner: the programs' role may not add to it.
QUEUE_TRAIL = (
    """
CREATE FUNCTION queue_trail() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_waiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$
""",
    "CREATE TRIGGER queue_trail AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION queue_trail()",
)


def create() -> None:
    _users()
    _roles()
    _permissions()
    _role_permissions()
    _user_roles()
    _linked_identities()
    _oauth_clients()
    _client_secrets()
    _idempotent_calls()
    _sign_in_connection()
    _own_connections()
    _break_glass()
    _support_grants()
    _support_policy()
    _audit_log()
    _audit_chain()
    _audit_waiting()
    _outbox()
    for statement in (*KEEP_TRAIL, *QUEUE_TRAIL):
        op.execute(statement)


def _users() -> None:
    op.create_table(
        "users",
        identifier(),
        sa.Column("issuer", sa.String(300)),
        sa.Column("subject", sa.String(200)),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), server_default="", nullable=False),
        sa.Column("active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("last_sign_in_at", INSTANT),
        sa.Column("staff_id", sa.Uuid, sa.ForeignKey("staff.id", ondelete="SET NULL")),
        sa.Column("sites", JSONB),
        sa.Column("departments", JSONB),
        sa.Column("invitation_hash", sa.String(64), unique=True),
        sa.Column("invitation_expires_at", INSTANT),
        sa.Column("invitation_sealed", sa.Text),
        sa.Column("invitation_mail", sa.String(8), server_default="", nullable=False),
        *timestamps(),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity"),
        sa.UniqueConstraint("issuer", "subject"),
    )


def _roles() -> None:
    op.create_table(
        "roles",
        identifier(),
        sa.Column("name", sa.String(40), unique=True, nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("built_in", sa.Boolean, server_default=sa.false(), nullable=False),
    )


def _permissions() -> None:
    op.create_table(
        "permissions",
        identifier(),
        sa.Column("resource", sa.String(24), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.UniqueConstraint("resource", "action"),
    )


def _role_permissions() -> None:
    op.create_table(
        "role_permissions",
        sa.Column("role_id", sa.Uuid, sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("permission_id", sa.Uuid, sa.ForeignKey("permissions.id", ondelete="CASCADE"), primary_key=True),
    )


def _user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role_id", sa.Uuid, sa.ForeignKey("roles.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("by_group", sa.Boolean, server_default=sa.false(), nullable=False),
    )


def _linked_identities() -> None:
    op.create_table(
        "linked_identities",
        sa.Column("issuer", sa.String(300), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True, nullable=False),
        sa.Column("linked_at", INSTANT, server_default=NOW, nullable=False),
    )


def _oauth_clients() -> None:
    op.create_table(
        "oauth_clients",
        identifier(),
        sa.Column("client_id", sa.String(64), unique=True, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("scopes", JSONB, nullable=False),
        sa.Column("granted_by", sa.Uuid, sa.ForeignKey("users.id", ondelete="RESTRICT")),
        sa.Column("requests_per_minute", sa.Integer, server_default=sa.text("600"), nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
    )


def _client_secrets() -> None:
    op.create_table(
        "client_secrets",
        identifier(),
        sa.Column(
            "owner_id", sa.Uuid, sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), index=True, nullable=False
        ),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("last_used_at", INSTANT),
    )


def _idempotent_calls() -> None:
    op.create_table(
        "idempotent_calls",
        sa.Column("client_id", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("media_type", sa.String(120), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary, server_default=sa.text("''::bytea"), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, index=True, nullable=False),
    )


def _sign_in_connection() -> None:
    op.create_table(
        "sign_in_connection",
        sa.Column("id", sa.SmallInteger, primary_key=True, server_default=sa.text("1")),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("secret_path", sa.String(200), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
    )


def _own_connections() -> None:
    op.create_table(
        "own_connections",
        identifier(),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("sealed_secret", sa.Text, nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("allowed_domains", JSONB, nullable=False),
        sa.Column("group_claim", sa.String(64), nullable=False),
        sa.Column("group_roles", JSONB, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("activated_at", INSTANT),
        sa.Column("report", JSONB),
        sa.Column("tested_at", INSTANT),
        sa.Column("tested_by", sa.Uuid, sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("tested_subject", sa.String(200)),
        sa.CheckConstraint("state IN ('draft', 'active', 'former')", name="state"),
        sa.UniqueConstraint("state", deferrable=True, initially="DEFERRED"),
    )


def _break_glass() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", sa.SmallInteger, primary_key=True, server_default=sa.text("1")),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("recovery", JSONB, nullable=False),
        sa.Column("last_step", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.CheckConstraint("id = 1", name="single"),
    )


def _support_grants() -> None:
    op.create_table(
        "support_grants",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("operator_id", sa.String(80), nullable=False),
        sa.Column("operator", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("ticket", sa.String(60), nullable=False),
        sa.Column("write", sa.Boolean, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_at", INSTANT, server_default=NOW, index=True, nullable=False),
        sa.Column("approved_by", sa.String(200), server_default="", nullable=False),
        sa.Column("began_at", INSTANT),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.String(200), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'open', 'ended', 'declined')", name="state"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name="minutes"),
    )


def _support_policy() -> None:
    op.create_table(
        "support_policy",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("approval_required", sa.Boolean, nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
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


def _audit_chain() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.BigInteger, unique=True, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", INSTANT, server_default=NOW, nullable=False),
    )


def _audit_waiting() -> None:
    op.create_table(
        "audit_waiting",
        sa.Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
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
