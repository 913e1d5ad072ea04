"""The migrations make exactly what the models say."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from control_plane.migrations import MIGRATIONS
from control_plane.tables import METADATA
from foundation.database import Database
from foundation.migrations import UnknownSchema
from tests.schema_agreement import differences, with_another_column


async def test_migrations_and_models_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences, METADATA) == []


async def test_a_column_of_the_models_alone_is_noticed(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences, with_another_column(METADATA, "operators")) != []


async def test_migrating_again_and_twice_at_once_changes_nothing(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    both = tuple(await asyncio.gather(MIGRATIONS.run(url), MIGRATIONS.run(url)))
    assert both == (MIGRATIONS.newest(),) * 2


async def test_a_database_of_another_version_is_refused(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
    with pytest.raises(UnknownSchema, match=r"made by another version of Punctual .*make reset"):
        await MIGRATIONS.run(url)


async def test_other_roles_may_not_connect_to_the_control_database(database: Database) -> None:
    async with database.engine.connect() as connection:
        allowed = await connection.scalar(
            sa.text(
                "SELECT count(*) FROM pg_database, aclexplode(datacl) AS acl "
                "WHERE datname = current_database() AND acl.grantee = 0"
            )
        )
    assert allowed == 0
