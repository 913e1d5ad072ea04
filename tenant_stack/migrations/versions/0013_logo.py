"""The organisation's own logo.

Revision: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation_logo",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_logo")),
        sa.CheckConstraint("id = 1", name=op.f("ck_organisation_logo_single")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 720 AND height BETWEEN 1 AND 240", name=op.f("ck_organisation_logo_size")
        ),
    )


def downgrade() -> None:
    op.drop_table("organisation_logo")
