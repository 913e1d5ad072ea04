"""The migrations make exactly the tables that the models describe."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from foundation.database import Database
from tenant_stack import main, schema
from tenant_stack.access.permissions import PERMISSIONS
from tests.schema_agreement import differences, with_another_column
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import TEMPLATE, Servers


async def test_models_and_migrations_agree(owner_database: Database) -> None:
    async with owner_database.engine.connect() as connection:
        assert await connection.run_sync(differences, schema.METADATA, schema.is_ours) == []


async def test_a_column_of_the_models_alone_is_noticed(owner_database: Database) -> None:
    models = with_another_column(schema.METADATA, "staff")
    async with owner_database.engine.connect() as connection:
        assert await connection.run_sync(differences, models, schema.is_ours) != []


def test_migrating_twice_changes_nothing(servers: Servers, document: dict[str, object]) -> None:
    wanted = {"database_url": servers.owner_dsn(str(document["database_url"])), "application_role": TEMPLATE}
    assert main.migrate(document | wanted) == main.migrate(document | wanted) == schema.MIGRATIONS.newest()


async def test_the_seeded_permissions_are_those_of_the_code(database: Database) -> None:
    async with database.transaction() as session:
        seeded = set(await session.scalars(sa.text("SELECT resource || ':' || action FROM permissions")))
        roles = set(await session.scalars(sa.text("SELECT name FROM roles")))
        owned = await session.scalar(
            sa.text("SELECT count(*) FROM role_permissions rp JOIN roles r ON r.id = rp.role_id WHERE r.name = 'owner'")
        )
    assert seeded == PERMISSIONS
    assert roles == {"owner", "administrator", "manager", "viewer"}
    assert owned == len(PERMISSIONS)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE punch_logs SET status = 9",
        "UPDATE punch_logs SET staff_id = NULL",
        "DELETE FROM punch_logs",
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
    ],
)
async def test_the_database_itself_keeps_punches_and_the_trail(
    statement: str, api: Api, bridge: Bridge, superuser_database: Database
) -> None:
    """Triggers, for whoever has the right."""
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", "2026-01-05 08:00:00"))
    with pytest.raises(DBAPIError, match=r"never edited|only ever added"):
        async with superuser_database.transaction() as session:
            await session.execute(sa.text(statement))
