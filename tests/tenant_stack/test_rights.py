"""What the role of the organisation's programs may do in its database: nothing to the trail but add to it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from foundation.audit import SYSTEM
from foundation.database import Database
from tenant_stack import schema
from tenant_stack.database_grants import EXCEPTIONS, set_rights
from tenant_stack.punches.partitions import Months
from tenant_stack.tables.base import audited
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import TEMPLATE

KEPT = ("audit_log", "audit_chain", "biometric_access")
RIGHTS = sa.text(
    "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) "
    "FROM information_schema.table_privileges WHERE grantee = :role AND table_schema = 'public' GROUP BY table_name"
)


async def refused(database: Database, statement: str) -> str:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as session:
            await session.execute(sa.text(statement))
    return str(caught.value.orig)


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} ADD COLUMN more int",
        "ALTER TABLE {table} OWNER TO CURRENT_USER",
        "DROP TABLE {table}",
        "DROP TRIGGER {trigger} ON {table}",
        "CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
    ],
)
async def test_the_trail_is_only_ever_added_to(database: Database, table: str, statement: str) -> None:
    words = {
        "audit_log": ("action", "keep_trail", "keep_trail"),
        "audit_chain": ("number", "keep_chain", "keep_trail"),
        "biometric_access": ("purpose", "keep_access", "keep_access"),
    }
    column, trigger, function = words[table]
    message = await refused(database, statement.format(table=table, column=column, trigger=trigger, function=function))
    assert "permission denied" in message or "must be owner" in message, message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE punch_logs SET status = 9",
        "UPDATE punch_logs SET local_time = local_time",
        "DELETE FROM punch_logs",
        "TRUNCATE punch_logs",
        "ALTER TABLE punch_logs DISABLE TRIGGER keep_punch",
        "INSERT INTO audit_waiting (entry_id) VALUES (1)",
        "CREATE OR REPLACE FUNCTION keep_trail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION queue_trail() SECURITY INVOKER",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE audit_waiting (entry_id bigint)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "SET session_replication_role = replica",
        f"SET ROLE owner_{TEMPLATE}",
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM permissions",
    ],
)
async def test_what_else_is_denied(database: Database, statement: str) -> None:
    message = await refused(database, statement)
    assert "permission denied" in message or "must be owner" in message, message


async def test_a_right_that_it_lacks_it_can_give_to_nobody(database: Database) -> None:
    before = await rights(database)
    for table in KEPT:
        try:
            async with database.transaction() as session:
                await session.execute(sa.text(f"GRANT ALL ON {table} TO CURRENT_USER"))
        except DBAPIError as error:
            assert "permission denied" in str(error.orig)  # noqa: PT017 - PostgreSQL refuses or warns, by what is held
    assert await rights(database) == before


async def rights(database: Database) -> dict[str, str]:
    async with database.transaction() as session:
        return {row[0]: row[1] for row in await session.execute(RIGHTS, {"role": TEMPLATE})}


async def test_every_table_has_its_rights_and_a_second_setting_changes_nothing(
    database: Database, owner_database: Database
) -> None:
    """Tables of all rooms: one that lacks a line here would fail when somebody uses it."""
    before = await rights(owner_database)
    assert set(before) == set(schema.METADATA.tables) | {"alembic_version"}
    assert {name for name, held in before.items() if held != "DELETE INSERT SELECT UPDATE"} <= set(EXCEPTIONS)
    assert all(before[name] == "INSERT SELECT" for name in (*KEPT, "punch_logs"))
    async with owner_database.engine.begin() as connection:
        await connection.run_sync(set_rights, TEMPLATE)
    assert await rights(owner_database) == before


async def test_lines_reach_the_chain_by_the_trigger_alone(database: Database) -> None:
    async with database.transaction() as session:
        audited(session, SYSTEM, "staff.update", "staff", 1)
    async with database.transaction() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM audit_waiting")) == 1


async def test_a_month_is_made_by_the_function_of_the_owner(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await api.add_staff("7")
    answer = await bridge.punches(punch("7", "2019-12-05 08:00:00"), punch("7", "2019-11-30 17:00:00"))
    assert answer["stored"] == 2
    await Months(database).create([(2019, 12), (2020, 1), (2019, 12)])
    async with database.transaction() as session:
        owners = await session.execute(
            sa.text(
                "SELECT relname, pg_get_userbyid(relowner), pg_get_expr(relpartbound, oid) FROM pg_class "
                "WHERE relname IN ('punch_logs_2019_12', 'punch_logs_2020_01') ORDER BY relname"
            )
        )
        assert [tuple(row) for row in owners] == [
            (
                "punch_logs_2019_12",
                f"owner_{TEMPLATE}",
                "FOR VALUES FROM ('2019-12-01 00:00:00') TO ('2020-01-01 00:00:00')",
            ),
            (
                "punch_logs_2020_01",
                f"owner_{TEMPLATE}",
                "FOR VALUES FROM ('2020-01-01 00:00:00') TO ('2020-02-01 00:00:00')",
            ),
        ]
    for statement in ("DELETE FROM punch_logs_2019_12", "SELECT * FROM punch_logs_2019_12"):
        assert "permission denied" in await refused(database, statement)


@pytest.mark.parametrize(("year", "month"), [(2019, 13), (2019, 0), (0, 1), (12000, 1), (-5, 1)])
async def test_a_month_that_is_none_is_refused(database: Database, year: int, month: int) -> None:
    message = await refused(database, f"SELECT make_punch_month({year}, {month})")
    assert "out of range" in message or "no punches" in message
