"""Invitations, custom roles, client secrets, idempotent calls, the audit chain.

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Lines wait here for the worker that chains them. Written by the database, so that no program can forget it.
QUEUE_TRAIL = (
    """
CREATE FUNCTION queue_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_waiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$
""",
    "CREATE TRIGGER queue_trail AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION queue_trail()",
    "INSERT INTO audit_waiting (entry_id) SELECT id FROM audit_log",
    "CREATE TRIGGER keep_chain BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_trail()",
)
# The application's role owns the tables; it gives up the rights it never needs.
INSERT_ONLY = ("audit_log", "audit_chain")


def upgrade() -> None:
    op.alter_column("users", "issuer", nullable=True)
    op.alter_column("users", "subject", nullable=True)
    op.add_column("users", sa.Column("sites", JSONB(), nullable=True))
    op.add_column("users", sa.Column("departments", JSONB(), nullable=True))
    op.add_column("users", sa.Column("invitation_hash", sa.String(64), nullable=True))
    op.add_column("users", sa.Column("invitation_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_users_invitation_hash"), "users", ["invitation_hash"])
    op.create_check_constraint(op.f("ck_users_identity"), "users", "(issuer IS NULL) = (subject IS NULL)")
    op.add_column("roles", sa.Column("built_in", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE roles SET built_in = true")
    _clients()
    op.create_table(
        "idempotent_calls",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(120), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_idempotent_calls")),
    )
    op.create_index(op.f("ix_idempotent_calls_created_at"), "idempotent_calls", ["created_at"])
    _chain()


def _clients() -> None:
    op.create_table(
        "client_secrets",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["oauth_clients.id"],
            name=op.f("fk_client_secrets_owner_id_oauth_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secrets")),
    )
    op.create_index(op.f("ix_client_secrets_owner_id"), "client_secrets", ["owner_id"])
    op.execute(
        "INSERT INTO client_secrets (owner_id, digest, created_at, last_used_at) "
        "SELECT id, secret_hash, created_at, last_used_at FROM oauth_clients"
    )
    op.drop_column("oauth_clients", "secret_hash")
    op.add_column("oauth_clients", sa.Column("granted_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_oauth_clients_granted_by_users"), "oauth_clients", "users", ["granted_by"], ["id"], ondelete="RESTRICT"
    )
    op.add_column(
        "oauth_clients", sa.Column("requests_per_minute", sa.Integer(), server_default=sa.text("600"), nullable=False)
    )


def _chain() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_chain_entry_id")),
    )
    op.create_table(
        "audit_waiting",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_waiting")),
    )
    for statement in QUEUE_TRAIL:
        op.execute(statement)
    for table in INSERT_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")


def downgrade() -> None:
    op.execute("DROP TRIGGER queue_trail ON audit_log")
    op.execute("DROP FUNCTION queue_trail()")
    op.execute("GRANT UPDATE, DELETE, TRUNCATE ON audit_log TO CURRENT_USER")
    op.drop_table("audit_waiting")
    op.drop_table("audit_chain")
    op.drop_table("idempotent_calls")
    op.add_column("oauth_clients", sa.Column("secret_hash", sa.String(64), server_default="", nullable=False))
    op.execute("UPDATE oauth_clients c SET secret_hash = s.digest FROM client_secrets s WHERE s.owner_id = c.id")
    op.alter_column("oauth_clients", "secret_hash", server_default=None)
    op.drop_constraint(op.f("fk_oauth_clients_granted_by_users"), "oauth_clients")
    op.drop_column("oauth_clients", "requests_per_minute")
    op.drop_column("oauth_clients", "granted_by")
    op.drop_table("client_secrets")
    op.execute("DELETE FROM user_roles WHERE role_id IN (SELECT id FROM roles WHERE NOT built_in)")
    op.execute("DELETE FROM roles WHERE NOT built_in")
    op.drop_column("roles", "built_in")
    op.execute("DELETE FROM users WHERE issuer IS NULL")
    op.drop_constraint(op.f("ck_users_identity"), "users")
    op.drop_constraint(op.f("uq_users_invitation_hash"), "users")
    for column in ("invitation_expires_at", "invitation_hash", "departments", "sites"):
        op.drop_column("users", column)
    op.alter_column("users", "subject", nullable=False)
    op.alter_column("users", "issuer", nullable=False)
