"""Do a database and the models say the same? Alembic's comparison, and the catalog for what it does not look at."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

# Columns, constraints and indexes of a schema, each as one line of text; partitions are no part of the models.
CATALOG = sa.text("""
WITH tables AS (SELECT oid, relname FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace)
                AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version')
SELECT concat_ws(' ', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT concat_ws(' ', t.relname, c.conname, pg_get_constraintdef(c.oid))
FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
UNION ALL
SELECT concat_ws(' ', t.relname, replace(pg_get_indexdef(i.indexrelid), ' ' || :schema || '.', ' '))
FROM tables t JOIN pg_index i ON i.indrelid = t.oid
""")


def differences(
    connection: sa.Connection, metadata: sa.MetaData, is_ours: Callable[..., bool] | None = None
) -> list[object]:
    """What the models have and the migrated database has not, or the other way round; leaves a schema `models`."""
    options = {"include_name": is_ours, "compare_type": True, "compare_server_default": True}
    found: list[object] = list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
    connection.execute(sa.text("CREATE SCHEMA models"))
    connection.execute(sa.text("SET LOCAL search_path TO models"))
    metadata.create_all(connection.execution_options(schema_translate_map={None: "models"}))
    of_models = set(connection.scalars(CATALOG, {"schema": "models"}))
    connection.execute(sa.text("SET LOCAL search_path TO public"))
    of_migrations = set(connection.scalars(CATALOG, {"schema": "public"}))
    return [*found, *sorted(of_models ^ of_migrations)]


def with_another_column(metadata: sa.MetaData, table: str) -> sa.MetaData:
    """The same models, but for a column that no migration makes."""
    copied = sa.MetaData(naming_convention=metadata.naming_convention)
    for each in metadata.tables.values():
        each.to_metadata(copied)
    copied.tables[table].append_column(sa.Column("shoe_size", sa.SmallInteger))
    return copied
