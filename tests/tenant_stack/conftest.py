"""A tenant stack on real servers: one PostgreSQL, Valkey and OpenBao a session, a fresh migrated database a test."""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hvac
import pytest
from fastapi import FastAPI
from starlette.datastructures import State

from control_plane.local.home import free_ports
from control_plane.local.openbao import OpenBao
from control_plane.local.postgres import Postgres
from control_plane.local.process import ServerFiles
from control_plane.local.valkey import ValkeyServer
from control_plane.organisations.naming import Names
from control_plane.provisioning.steps.encryption import keys_of, policy_of
from control_plane.resources.databases import DatabaseServer
from foundation.contracts.control import Owner
from foundation.database import Database
from foundation.sign_in.sessions import COOKIE
from tenant_stack import schema
from tenant_stack.access.service import ensure_owner
from tenant_stack.app import create_app, describe
from tenant_stack.settings import TenantSettings
from tests.tenant_stack.actors import Api, Bridge

TEMPLATE = "tenant_template"
OWNER = "owner_tenant_template"
PUBLIC_URL = "https://acme.localhost:8443"
ORGANISATIONS = ("org-acme", "org-globex")


class Servers:
    """The three running servers; databases and prefixes are handed out by name."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)  # root lends PostgreSQL to another user, who must pass through
        logs = folder / "logs"
        for name in ("valkey", "openbao", "logs", "run"):
            (folder / name).mkdir()
        ports = free_ports(4)
        self.run = folder / "run"

        def files(name: str) -> ServerFiles:
            return ServerFiles(folder / name, logs / f"{name}.log", logs / f"{name}.lock")

        self.postgres = Postgres(files("postgres"), ports[0], "test")
        self.valkey = ValkeyServer(files("valkey"), ports[1], "a", "c")
        self.openbao = OpenBao(files("openbao"), ports[2], ports[3])
        self.roles: dict[str, dict[str, str]] = {}

    async def start(self) -> None:
        await asyncio.gather(self.postgres.start(), self.valkey.start(), self.openbao.start())
        # A database a test: made five times as fast when nothing has to survive the machine's own end.
        fast = [f"ALTER SYSTEM SET {setting} = off" for setting in ("fsync", "full_page_writes")]
        await self._admin(*fast, "SELECT pg_reload_conf()")
        # Two roles, made as the control plane makes them: tests run as the one that programs have.
        server = DatabaseServer(self.postgres.dsn())
        await server.ensure_role(OWNER, "owner")
        await server.ensure_role(TEMPLATE, "programs", connection_limit=-1)
        await server.ensure_database(TEMPLATE, OWNER)
        await schema.migrate(self.postgres.dsn(TEMPLATE, user=OWNER, password="owner"), TEMPLATE)
        await asyncio.to_thread(self._prepare_vault)

    async def stop(self) -> None:
        await asyncio.gather(
            *(each.lock.end(20, number=signal.SIGINT) for each in (self.postgres, self.valkey, self.openbao))
        )

    async def _admin(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.postgres.dsn())
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def create_database(self) -> str:
        name = f"org_{secrets.token_hex(6)}"
        await self._admin(
            f'CREATE DATABASE "{name}" OWNER "{OWNER}" TEMPLATE "{TEMPLATE}"',
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{name}" TO "{TEMPLATE}"',
        )
        return self.postgres.dsn(name, user=TEMPLATE, password="programs")

    def owner_dsn(self, dsn: str) -> str:
        """The same database as the tables' owner."""
        return self.postgres.dsn(dsn.rsplit("/", 1)[1], user=OWNER, password="owner")

    def superuser_dsn(self, dsn: str) -> str:
        """The same database as somebody who may do everything."""
        return self.postgres.dsn(dsn.rsplit("/", 1)[1])

    async def drop_database(self, dsn: str) -> None:
        await self._admin(f'DROP DATABASE "{dsn.rsplit("/", 1)[1]}" WITH (FORCE)')

    def _prepare_vault(self) -> None:
        for name in ORGANISATIONS:
            self.make_keys(name)

    def _vault(self) -> hvac.Client:
        mine = self.openbao.credentials()
        client = hvac.Client(url=self.openbao.url)
        client.auth.approle.login(role_id=mine.role_id, secret_id=mine.secret_id)
        return client

    def make_keys(self, name: str) -> None:
        """Keys, a policy and a role for an organisation, as the control plane makes them."""
        client, names = self._vault(), Names(name.removeprefix("org-"), "localhost:8443")
        for key in keys_of(names):
            client.secrets.transit.create_key(name=key.name, key_type=key.kind, derived=key.derived or None)
        client.sys.create_or_update_acl_policy(name=name, policy=policy_of(names))
        client.auth.approle.create_or_update_approle(role_name=name, token_policies=[name])
        role_id = client.auth.approle.read_role_id(name)["data"]["role_id"]
        secret_id = client.auth.approle.generate_secret_id(name)["data"]["secret_id"]
        self.roles[name] = {"vault_role_id": role_id, "vault_secret_id": secret_id}
        client.secrets.kv.v2.create_or_update_secret(
            path=f"organisations/{names.slug}/sign-in", secret={"client_secret": "s3"}, mount_point="secret"
        )

    def delete_key(self, key: str) -> None:
        """Destroy a key, as erasing an organisation does."""
        client = self._vault()
        client.secrets.transit.update_key_configuration(name=key, deletion_allowed=True)
        client.secrets.transit.delete_key(name=key)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="punctual-tenant-", dir="/tmp"))
    running = Servers(folder)
    try:
        asyncio.run(running.start())
        yield running
    finally:
        asyncio.run(running.stop())
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def document(servers: Servers) -> AsyncIterator[dict[str, object]]:
    """The settings of an organisation with an empty, migrated database and an untouched Valkey prefix."""
    dsn = await servers.create_database()
    unique = secrets.token_hex(4)
    yield {
        "listen": f"unix:{servers.run}/{unique}-backend.sock",
        "organisation": "org-acme",
        "slug": "acme",
        "organisation_name": "Acme",
        "zone": "Asia/Dubai",
        "database_url": dsn,
        "valkey_url": servers.valkey.admin_url,
        "valkey_prefix": f"org-acme-{unique}:",
        "jobs_namespace": f"org-acme-{unique}:jobs",
        "vault_url": servers.openbao.url,
        **servers.roles["org-acme"],
        "tokens_key": "org-acme-tokens",
        "public_url": PUBLIC_URL,
        "push_url": "https://acme.devices.localhost:8443",
        "bridge_address": f"unix:{servers.run}/{unique}-bridge.sock",
        "bridge_token": "bridge-token",
        "control_token": "control-token",
        "device_networks": ["127.0.0.0/8", "192.168.0.0/16", "fd00::/8"],
        "sync_base_seconds": 0.2,
        "live_heartbeat_seconds": 0.3,
        "live_check_seconds": 0.3,
    }
    await servers.drop_database(dsn)


@pytest.fixture
async def database(document: dict[str, object]) -> AsyncIterator[Database]:
    opened = Database(str(document["database_url"]))
    yield opened
    await opened.close()


@pytest.fixture
async def owner_database(servers: Servers, document: dict[str, object]) -> AsyncIterator[Database]:
    """The database as the role that owns the tables has it."""
    opened = Database(servers.owner_dsn(str(document["database_url"])))
    yield opened
    await opened.close()


@pytest.fixture
async def superuser_database(servers: Servers, document: dict[str, object]) -> AsyncIterator[Database]:
    """The database for somebody who may do everything in it."""
    opened = Database(servers.superuser_dsn(str(document["database_url"])))
    yield opened
    await opened.close()


@cache
def _described() -> FastAPI:
    return describe()


def new_app(document: dict[str, object]) -> FastAPI:
    """An application of its own whose routes were worked out before, as the platform's starter does ahead of a fork."""
    described = copy.copy(_described())
    described.state = State()
    return create_app(TenantSettings.model_validate(document), described)


@pytest.fixture
async def app(document: dict[str, object]) -> AsyncIterator[FastAPI]:
    """The application with its lifespan running."""
    application = new_app(document)
    async with application.router.lifespan_context(application):
        yield application


@asynccontextmanager
async def client_of(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a session."""
    async with client_of(app) as client:
        yield client


async def sign_in(app: FastAPI, role: str = "owner") -> str:
    """An account with that role and a session of it; returns the cookie."""
    database: Database = app.state.database
    subject = secrets.token_hex(4)
    async with database.transaction() as session:
        await ensure_owner(
            session, Owner(issuer="https://id", subject=subject, email=f"{subject}@acme.test", name=role.title())
        )
    connection = await asyncpg.connect(app.state.settings.database_url.get_secret_value())
    try:
        user_id = await connection.fetchval("SELECT id FROM users WHERE subject = $1", subject)
        if role != "owner":
            await connection.execute(
                "UPDATE user_roles SET role_id = (SELECT id FROM roles WHERE name = $2) WHERE user_id = $1",
                user_id,
                role,
            )
    finally:
        await connection.close()
    cookie: str = await app.state.sign_in.sessions.create(str(user_id))
    return cookie


def page_headers(cookie: str) -> dict[str, str]:
    """What a browser sends from our own page."""
    return {"cookie": f"{COOKIE}={cookie}", "origin": PUBLIC_URL, "x-punctual": "1"}


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[Api]:
    """The owner in a browser."""
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        yield Api(client)


@pytest.fixture
async def bridge(app: FastAPI) -> AsyncIterator[Bridge]:
    """The device bridge."""
    async with client_of(app, authorization="Bearer bridge-token") as client:
        yield Bridge(client)


@contextmanager
def running_role(role: str, document: dict[str, object], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A role of the stack in a process of its own, ready when this yields; ended by SIGTERM."""
    log = folder / f"{role}.log"
    script = (
        "import json, sys\n"
        "from tenant_stack import main\n"
        "document = json.loads(sys.argv[1])\n"
        f"main.run_{role}(document, lambda: print('READY', flush=True))\n"
    )
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", script, json.dumps(document)], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 30
        while b"READY" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            process_wait(process, 0.02)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(30) == 0, log.read_text()  # a clean end is part of every role


def process_wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait a moment, or until the process ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


async def eventually(check: Callable[[], Awaitable[Any]], *, seconds: float = 10.0, what: str = "the condition") -> Any:
    """The first true answer of ``check``; fails when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await check()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        await asyncio.sleep(0.02)
