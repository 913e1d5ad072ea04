"""The migrations make exactly what the models say."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from control_plane import migrations
from control_plane.tables.operators import Operator
from foundation.database import Database


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Operator.metadata))


async def test_migrations_and_models_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_again_and_twice_at_once_changes_nothing(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    assert tuple(await asyncio.gather(migrations.migrate(url), migrations.migrate(url))) == (migrations.head(),) * 2


async def test_other_roles_may_not_connect_to_the_control_database(database: Database) -> None:
    async with database.engine.connect() as connection:
        allowed = await connection.scalar(
            sa.text(
                "SELECT count(*) FROM pg_database, aclexplode(datacl) AS acl "
                "WHERE datname = current_database() AND acl.grantee = 0"
            )
        )
    assert allowed == 0
