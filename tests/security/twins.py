"""Makes one organisation the twin of another: every row with the same id, and other words in it."""

from __future__ import annotations

import asyncpg

from control_plane.local.platform import Platform

# Who may come in, and what is on its way to somebody: that stays the organisation's own.
OWN = frozenset(
    {
        "alembic_version",
        "oauth_clients",
        "outbox",
        "permissions",
        "role_permissions",
        "roles",
        "sign_in_connection",
        "user_roles",
        "users",
    }
)
TABLES = """
SELECT c.relname AS name,
       array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND a.attgenerated = '' ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
"""


async def make_twin(platform: Platform, source: str, target: str, words: dict[str, str]) -> int:
    """Replace every row of ``target`` by those of ``source`` with ``words`` exchanged; returns their number."""
    origin = await asyncpg.connect(platform.postgres.dsn(database_of(source)))
    twin = await asyncpg.connect(platform.postgres.dsn(database_of(target)))
    rows = 0
    try:
        # Foreign keys and the triggers that keep punches and the trail stand aside for the copy.
        await twin.execute("SET session_replication_role = replica")
        for table in await origin.fetch(TABLES):
            if table["name"] in OWN:
                continue
            await _partitions(origin, twin, table["name"])
            columns = ", ".join(f'"{column}"' for column in table["columns"])
            found = await origin.fetch(f'SELECT row_to_json(t)::text AS row FROM "{table["name"]}" t')
            await twin.execute(f'DELETE FROM "{table["name"]}"')
            for record in found:
                text = record["row"]
                for word, other in words.items():
                    text = text.replace(word, other)
                await twin.execute(
                    f'INSERT INTO "{table["name"]}" ({columns}) OVERRIDING SYSTEM VALUE '
                    f'SELECT {columns} FROM json_populate_record(NULL::"{table["name"]}", $1::json)',
                    text,
                )
            rows += len(found)
            await _count_on(twin, table["name"], table["columns"])
    finally:
        await origin.close()
        await twin.close()
    return rows


async def _count_on(twin: asyncpg.Connection, table: str, columns: list[str]) -> None:
    """What comes next gets a number after those that were copied."""
    for column in columns:
        sequence = await twin.fetchval("SELECT pg_get_serial_sequence($1, $2)", f'"{table}"', column)
        if sequence:
            newest = await twin.fetchval(f'SELECT max("{column}") FROM "{table}"')
            if newest is not None:
                await twin.execute("SELECT setval($1::regclass, $2)", sequence, newest)


async def lift_limits(platform: Platform, slug: str) -> None:
    """Let the organisation's machines ask as often as a test does."""
    connection = await asyncpg.connect(platform.postgres.dsn(database_of(slug)))
    await connection.execute("UPDATE oauth_clients SET requests_per_minute = 1000000")
    await connection.close()


async def _partitions(origin: asyncpg.Connection, twin: asyncpg.Connection, table: str) -> None:
    """The partitions that the origin has and the twin lacks."""
    for part in await origin.fetch(
        "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_class c "
        "JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = $1::regclass",
        table,
    ):
        if not await twin.fetchval("SELECT to_regclass($1)", part["name"]):
            await twin.execute(f'CREATE TABLE "{part["name"]}" PARTITION OF "{table}" {part["bound"]}')


def database_of(slug: str) -> str:
    """The name of an organisation's database."""
    return f"org_{slug.replace('-', '_')}"
