"""The organisation's schema: its tables, the migrations that make them, and the rights of the programs' role."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from foundation.migrations import Migrations
from tenant_stack.database_grants import set_rights
from tenant_stack.tables import METADATA as METADATA

PARTITION = re.compile(r"punch_logs_\d{4}_\d{2}")
MIGRATIONS = Migrations(Path(__file__).parent / "migrations", lock=7_203_411)


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """For Alembic's comparison: months of `punch_logs` come and go and are no part of the models."""
    return not (kind == "table" and name and PARTITION.fullmatch(name))


async def migrate(database_url: str, application_role: str | None = None) -> str:
    """Apply all migrations to a database in one transaction; returns the newest revision.

    The connection is that of the tables' owner. ``application_role`` is the role that the programs use: its rights are
    set anew. Without it they are left as they are.
    """

    def upgrade(connection: sa.Connection) -> str:
        revision = MIGRATIONS.upgrade(connection)
        if application_role is not None:
            set_rights(connection, application_role)
        return revision

    return await MIGRATIONS.run(database_url, upgrade)
