"""Which organisation a clock's serial belongs to.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "device_claims",
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_device_claims_organisation_id_organisations",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("serial", name="pk_device_claims"),
    )
    op.create_index("ix_device_claims_organisation_id", "device_claims", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("device_claims")
