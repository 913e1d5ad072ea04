"""All tables in one place, and the migrations that make them."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from tenant_stack.database_grants import set_rights
from tenant_stack.tables import (
    access,
    attendance,
    audit,
    biometrics,
    conflicts,
    device_groups,
    devices,
    logo,
    payroll,
    punches,
    reports,
    schedules,
    staff,
    support,
    webhooks,
)
from tenant_stack.tables.base import Base

TABLE_MODULES = (
    access,
    attendance,
    audit,
    biometrics,
    conflicts,
    device_groups,
    devices,
    logo,
    payroll,
    punches,
    reports,
    schedules,
    staff,
    support,
    webhooks,
)
METADATA = Base.metadata
PARTITION = re.compile(r"punch_logs_\d{4}_\d{2}")
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_203_411


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """For Alembic's comparison: months of `punch_logs` come and go and are no part of the models."""
    return not (kind == "table" and name and PARTITION.fullmatch(name))


def newest() -> str:
    """The newest revision that this code knows."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def alembic_config(connection: sa.Connection) -> Config:
    """Alembic's settings made in code; the migrations run on the connection given."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: sa.Connection) -> str:
    """Bring a database to the newest revision, one process at a time, and return that revision."""
    config = alembic_config(connection)
    connection.execute(sa.text("SET lock_timeout = '10s'"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    command.upgrade(config, "head")
    return newest()


async def migrate(database_url: str, application_role: str | None = None) -> str:
    """Apply all migrations to a database in one transaction; returns the head revision.

    The connection is that of the tables' owner. ``application_role`` is the role that the programs use: its rights are
    set anew. Without it they are left as they are.
    """
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            head = await connection.run_sync(upgrade)
            if application_role is not None:
                await connection.run_sync(set_rights, application_role)
            return head
    finally:
        await engine.dispose()
