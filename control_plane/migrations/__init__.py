"""The control database's schema, step by step."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK = 4_370_001  # two programs that migrate at once wait for each other here


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def head() -> str:
    """The newest revision that this version of the product knows."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


async def migrate(database_url: str) -> str:
    """Bring a database to the head and return the head's revision. Safe to run twice, and twice at once."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return head()


def _upgrade(connection: Connection) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def migrate_blocking(database_url: str) -> str:
    """`migrate` for a program that has no event loop."""
    return asyncio.run(migrate(database_url))
