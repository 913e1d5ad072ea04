"""What the organisation's programs may do in its database: change rows, and of the trail only add to it.

The tables belong to another role, which only migrations use, so the programs can neither alter a table, switch a
trigger off nor give themselves a right. The rights are set whole after every migration, in its transaction: a table
that a release adds is never left without them, and one that is to be added to only is never open for a moment.
"""

from __future__ import annotations

import sqlalchemy as sa

ROWS = "SELECT, INSERT, UPDATE, DELETE"
# What differs from `ROWS`. Partitions are reached through their table alone, so they need no rights of their own.
EXCEPTIONS = {
    "alembic_version": "SELECT",
    "permissions": "SELECT",
    "audit_log": "SELECT, INSERT",
    "audit_chain": "SELECT, INSERT",
    "audit_waiting": "SELECT, DELETE",  # filled by a trigger, emptied by the worker that chains
    "biometric_access": "SELECT, INSERT",
    "punch_logs": "SELECT, INSERT, UPDATE (staff_id)",
    "pending_staff_days": f"{ROWS}, MAINTAIN",  # the worker lets the planner learn of bursts
}
FUNCTIONS = ("make_punch_month(integer, integer)",)

TABLES = sa.text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
    "AND NOT relispartition ORDER BY relname"
)


def set_rights(connection: sa.Connection, role: str) -> None:
    """Give the programs' role these rights and no other; the connection is the owner's."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    tables = list(connection.scalars(TABLES))
    plain = ", ".join(name for name in tables if name not in EXCEPTIONS)
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {quoted}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {quoted}",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, {quoted}",
        f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {quoted}",
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT {ROWS} ON {plain} TO {quoted}",
        *(f"GRANT {right} ON {name} TO {quoted}" for name, right in EXCEPTIONS.items()),
        *(f"GRANT EXECUTE ON FUNCTION {name} TO {quoted}" for name in FUNCTIONS),
    ]
    for statement in statements:
        connection.execute(sa.text(statement))
