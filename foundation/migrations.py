"""A service's migrations: Alembic with its settings made in code, one process at a time, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

INSTANT = sa.DateTime(timezone=True)
NOW = sa.func.now()


class UnknownSchema(Exception):
    """The database was made by a version whose migrations this version does not have."""


def identifier() -> sa.Column[object]:
    """The primary key of `foundation.database.Identified`."""
    return sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("uuidv7()"))


def timestamps() -> tuple[sa.Column[object], sa.Column[object]]:
    """The columns of `foundation.database.Timestamped`."""
    return (
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("updated_at", INSTANT, server_default=NOW, nullable=False),
    )


@dataclass(frozen=True)
class Migrations:
    """The revisions in a folder. ``lock`` is an advisory lock of the service: processes that migrate take turns."""

    folder: Path
    lock: int

    def newest(self) -> str:
        """The newest revision that this version of the product has."""
        return str(self._scripts().get_current_head())

    def upgrade(self, connection: sa.Connection) -> str:
        """Bring a database to the newest revision, which is returned; `UnknownSchema` when it has another history."""
        connection.execute(sa.text("SET lock_timeout = '10s'"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": self.lock})
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {script.revision for script in self._scripts().walk_revisions()}:
            raise UnknownSchema(
                f"This database was made by another version of Punctual (revision {current}), whose data this version "
                "cannot take over: go back to that version, or remove everything with `make reset` and start anew"
            )
        config = self._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return self.newest()

    async def run(self, database_url: str, upgrade: Callable[[sa.Connection], str] | None = None) -> str:
        """`upgrade`, or what is given in its place, in one transaction; safe to run twice, and twice at once."""
        engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(upgrade or self.upgrade)
        finally:
            await engine.dispose()

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(self.folder))
        return config

    def _scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self._config())
