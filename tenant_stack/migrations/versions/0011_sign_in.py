"""The organisation's own sign-in connection, further identities, mailed invitations, the break-glass account.

Revision: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.add_column("user_roles", sa.Column("by_group", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("users", sa.Column("invitation_sealed", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("invitation_mail", sa.String(8), server_default="", nullable=False))
    op.create_table(
        "linked_identities",
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_linked_identities_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_linked_identities")),
    )
    op.create_index(op.f("ix_linked_identities_user_id"), "linked_identities", ["user_id"])
    op.create_table(
        "own_connections",
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("allowed_domains", JSONB(), nullable=False),
        sa.Column("group_claim", sa.String(64), nullable=False),
        sa.Column("group_roles", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", JSONB(), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested_by", sa.Uuid(), nullable=True),
        sa.Column("tested_subject", sa.String(200), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'active', 'former')", name=op.f("ck_own_connections_state")),
        sa.ForeignKeyConstraint(
            ["tested_by"], ["users.id"], name=op.f("fk_own_connections_tested_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_connections")),
        sa.UniqueConstraint("state", name=op.f("uq_own_connections_state"), deferrable=True, initially="DEFERRED"),
    )
    op.create_table(
        "break_glass",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("recovery", JSONB(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_break_glass_single")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_break_glass_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )


def downgrade() -> None:
    op.drop_table("break_glass")
    op.drop_table("own_connections")
    op.drop_table("linked_identities")
    op.drop_column("users", "invitation_mail")
    op.drop_column("users", "invitation_sealed")
    op.drop_column("user_roles", "by_group")
