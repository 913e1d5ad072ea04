"""What the control plane remembers of organisations' audit chains.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

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
    op.create_table(
        "audit_anchors",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_audit_anchors_organisation_id_organisations",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "number", name="pk_audit_anchors"),
    )
    for statement in KEEP:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_anchors")
    op.execute("DROP FUNCTION keep_anchor()")
