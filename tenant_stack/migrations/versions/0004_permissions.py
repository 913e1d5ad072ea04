"""Permissions for biometrics, users, clients, settings and the audit trail.

Revision: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ADDED = {
    "biometrics": ["create", "read", "update", "delete"],
    "users": ["create", "update", "delete"],
    "clients": ["create", "read", "update", "delete"],
    "settings": ["read", "update"],
    "audit": ["read", "export"],
}
EVERYTHING = [f"{resource}:{action}" for resource, actions in ADDED.items() for action in actions]
GRANTS = {
    "owner": EVERYTHING,
    "administrator": EVERYTHING,
    "manager": ["biometrics:create", "biometrics:read"],
}


def upgrade() -> None:
    for permission in EVERYTHING:
        resource, action = permission.split(":")
        op.execute(
            sa.text("INSERT INTO permissions (resource, action) VALUES (:resource, :action)").bindparams(
                resource=resource, action=action
            )
        )
    for role, permissions in GRANTS.items():
        op.execute(
            sa.text(
                "INSERT INTO role_permissions (role_id, permission_id) "
                "SELECT r.id, p.id FROM roles r, permissions p "
                "WHERE r.name = :role AND p.resource || ':' || p.action = ANY(:permissions)"
            ).bindparams(sa.bindparam("permissions", permissions, type_=sa.ARRAY(sa.Text)), role=role)
        )


def downgrade() -> None:
    names = sa.bindparam("permissions", EVERYTHING, type_=sa.ARRAY(sa.Text))
    op.execute(
        sa.text(
            "DELETE FROM role_permissions WHERE permission_id IN "
            "(SELECT id FROM permissions WHERE resource || ':' || action = ANY(:permissions))"
        ).bindparams(names)
    )
    op.execute(sa.text("DELETE FROM permissions WHERE resource || ':' || action = ANY(:permissions)").bindparams(names))
