"""Database privileges of the organisation's programs: to change rows, and to append to the audit trail only.

The tables belong to another role, which only migrations use, so the programs can neither alter a table, disable a
trigger nor grant themselves a privilege. All privileges are set after every migration, in its transaction: a table that
a release adds is never without them, and an append-only table is never writable for a moment.
"""

from __future__ import annotations

import sqlalchemy as sa

ROWS = "SELECT, INSERT, UPDATE, DELETE"
# Tables that differ from `ROWS`. Partitions are accessed through their parent only and need no privileges.
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
    """Grant the programs' role these privileges and no other; the connection is the owner's."""
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
