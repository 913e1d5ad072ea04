"""The embedded platform: servers, sign-in provider, control plane and gateway of one machine, started and stopped.

Starting twice changes nothing; starting after every process was killed brings everything back, stacks included.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from control_plane.local import process
from control_plane.local.components import ComponentHost
from control_plane.local.gateway import Gateway
from control_plane.local.home import Home, PlatformState, explain
from control_plane.local.identity import IdentityServer, LocalIdentityProvider
from control_plane.local.openbao import OpenBao
from control_plane.local.postgres import Postgres
from control_plane.local.problem import PlatformProblem
from control_plane.local.process import Lock, Program, Stall
from control_plane.local.valkey import ValkeyServer
from control_plane.ports.driver import SERVICES, DriverError, Health
from control_plane.ports.identities import ClientRegistration
from control_plane.ports.router import Route
from foundation.settings import product_version

CONTROL = "control"
CONTROL_DATABASE = "control"
OPERATOR_EMAIL = "operator@punctual.example"
CLI_CLIENT = "punctual-cli"
CONSOLE_CLIENT = "punctual-console"
STACKS_STALL_SECONDS = 90.0
ANSWER_SECONDS = 120.0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class PartStatus:
    """One part of the platform as `punctual status` shows it. ``state`` is running, starting or stopped."""

    name: str
    state: str
    address: str
    pid: int | None


@dataclass(frozen=True)
class Places:
    """Addresses of a platform that people and programs use."""

    base_domain: str
    console_url: str
    issuer: str
    ca_file: Path
    home: Path


class Platform:
    """All parts below one `Home`. ``extra_settings`` are merged into the control plane's settings (tests use it)."""

    def __init__(
        self,
        home: Home,
        *,
        device_networks: Sequence[str],
        progress: Progress = lambda _: None,
        extra_settings: dict[str, object] | None = None,
    ) -> None:
        self.home = home
        self._device_networks = list(device_networks)
        self._say = progress
        self._extra_settings = extra_settings or {}
        self._zygote_socket = home.run / "zygote.sock"
        self._zygote_lock = Lock(home.run / "zygote.lock")
        self._keeper_lock = Lock(home.run / "keeper.lock")
        self.components = ComponentHost(home.stacks, home.logs, self._zygote_socket, answer_seconds=ANSWER_SECONDS)

    def open(self, state: PlatformState) -> None:
        """Make the parts from the state; nothing is started."""
        home, ports = self.home, state.ports
        self.state = state
        self.base_domain = f"localhost:{ports.gateway}"
        self.postgres = Postgres(home.files("postgres", home.postgres), ports.postgres, state.postgres_password)
        self.valkey = ValkeyServer(
            home.files("valkey", home.valkey), ports.valkey, state.valkey_admin_password, state.valkey_control_password
        )
        self.openbao = OpenBao(home.files("openbao", home.openbao), ports.openbao, ports.openbao_cluster)
        self.identity = IdentityServer(
            home.files("sign-in", home.identity),
            ports.identity,
            self.base_domain,
            state.identity_secret_key,
            state.identity_token,
        )
        self.gateway = Gateway(home.files("gateway", home.gateway), ports.gateway, home.ca_file)

    @property
    def places(self) -> Places:
        return Places(
            base_domain=self.base_domain,
            console_url=f"https://console.{self.base_domain}",
            issuer=self.identity.issuer,
            ca_file=self.home.ca_file,
            home=self.home.root,
        )

    async def up(self, port: int | None) -> Places:
        """Bring everything up and return the addresses; raises `PlatformProblem` with one clear sentence."""
        with self.home.locked():
            if self.home.exists:
                self.home.load()  # a folder that cannot be used is refused before anything in it is touched
            self.home.prepare()
            self.open(self.home.load_or_create(port))
            try:
                await self._start()
            except OSError as error:
                raise explain(error, self.home.root) from error
            except DriverError as error:
                raise PlatformProblem(str(error)) from error
        return self.places

    async def _start(self) -> None:
        await self.gateway.require_port()
        await asyncio.gather(
            self._timed("PostgreSQL", self.postgres.start()),
            self._timed("Valkey", self.valkey.start()),
            self._timed("OpenBao", self.openbao.start()),
            self._timed("Sign-in provider", self.identity.start()),
            self._timed("Process starter", self._start_zygote()),
        )
        own_routes = (
            Route(f"console.{self.base_domain}", f"unix:{self._control_socket}"),
            Route(self.identity.host, self.identity.address, blocked=("/punctual",)),
        )
        await self._timed("Gateway", self.gateway.start("localhost", own_routes))
        await self._timed("Control plane", self._start_control_plane())
        self._start_keeper()
        stacks = [owner for owner in self.components.owners() if owner != CONTROL]
        if stacks:
            await self._timed(f"Stacks of {len(stacks)} organisations", self._await_stacks(stacks))

    async def _timed(self, name: str, work: Awaitable[None]) -> None:
        began = time.monotonic()
        await work
        self._say(f"{name} is up ({time.monotonic() - began:.1f} s)")

    async def _start_zygote(self) -> None:
        program = Program(
            name="The process starter",
            command=(sys.executable, "-m", "punctual.zygote", str(self._zygote_socket)),
            cwd=self.home.root,
            log=self.home.logs / "zygote.log",
            environment={"PYTHONUNBUFFERED": "1", "HOME": str(self.home.root)},
        )

        async def listens() -> bool:
            try:
                _, writer = await asyncio.open_unix_connection(str(self._zygote_socket))
            except OSError:
                return False
            writer.close()
            return True

        if self._zygote_lock.holder() is None:
            self._zygote_socket.unlink(missing_ok=True)
        process.start(program, self._zygote_lock)
        await process.wait_until(listens, program, self._zygote_lock)

    def _start_keeper(self) -> None:
        """From now on a server that dies is started again by itself."""
        control = [self.components.files(CONTROL, role).lock for role in ("control-backend", "control-worker")]
        kept = [*(lock.path for _, lock, _ in self._servers()), *control]
        up = (sys.executable, "-m", "punctual.main", "up")
        keeper = (sys.executable, "-m", "control_plane.local.keeper")
        program = Program(
            name="The keeper",
            command=(*keeper, *up, "--", *map(str, kept)),
            cwd=self.home.root,
            log=self.home.logs / "keeper.log",
            environment={
                "HOME": str(self.home.root),
                "PUNCTUAL_HOME": str(self.home.root),
                "PUNCTUAL_DEVICE_NETWORKS": ",".join(self._device_networks),
            },
        )
        process.start(program, self._keeper_lock)

    async def _start_control_plane(self) -> None:
        await self._ensure_control_database()
        provider = LocalIdentityProvider(self.identity.address, self.state.identity_token, self.identity.issuer)
        console = f"https://console.{self.base_domain}"
        await provider.put_client(
            ClientRegistration(
                CONSOLE_CLIENT, self.state.console_client_secret, "Punctual console", (f"{console}/auth/callback",)
            )
        )
        operator, _ = await provider.ensure_account(
            OPERATOR_EMAIL, "Platform operator", initial_password=self.state.operator_password
        )
        settings = self._control_settings([operator.subject])
        release = product_version()
        await self.components.start(CONTROL, "control-migrate", release, {**settings, "listen": "unix:"})
        await self._await_component("control-migrate", Health.FINISHED)
        backend = {**settings, "listen": f"unix:{self._control_socket}"}
        for role, document in (("control-backend", backend), ("control-worker", {**settings, "listen": "unix:"})):
            await self.components.start(CONTROL, role, release, document)
        for role in ("control-backend", "control-worker"):
            await self._await_component(role, Health.READY)

    @property
    def _control_socket(self) -> Path:
        return self.home.run / "control.sock"

    def _control_settings(self, operators: list[str]) -> dict[str, object]:
        role = self.openbao.credentials()
        database = self.postgres.dsn(
            CONTROL_DATABASE, user=CONTROL_DATABASE, password=self.state.control_database_password
        )
        return {
            "ca_file": str(self.home.ca_file),
            "database_url": database,
            "admin_database_url": self.postgres.dsn(),
            "valkey_url": self.valkey.control_url,
            "valkey_admin_url": self.valkey.admin_url,
            "vault_url": self.openbao.url,
            "vault_role_id": role.role_id,
            "vault_secret_id": role.secret_id,
            "public_url": f"https://console.{self.base_domain}",
            "base_domain": self.base_domain,
            "device_networks": self._device_networks,
            "console_client_id": CONSOLE_CLIENT,
            "console_client_secret": self.state.console_client_secret,
            "operator_subjects": operators,
            "cli_client_id": CLI_CLIENT,
            "cli_client_secret": self.state.cli_client_secret,
            "state_dir": str(self.home.stacks),
            "run_dir": str(self.home.run),
            "zygote_socket": str(self._zygote_socket),
            "routes_dir": str(self.gateway.hosts),
            "issuer": self.identity.issuer,
            "identity_admin_url": self.identity.address,
            "identity_admin_token": self.state.identity_token,
            **self._extra_settings,
        }

    async def _ensure_control_database(self) -> None:
        connection = await asyncpg.connect(self.postgres.dsn())
        try:
            password = self.state.control_database_password
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", CONTROL_DATABASE):
                await connection.execute(f"CREATE ROLE {CONTROL_DATABASE} LOGIN PASSWORD '{password}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", CONTROL_DATABASE):
                await connection.execute(f"CREATE DATABASE {CONTROL_DATABASE} OWNER {CONTROL_DATABASE}")
            await connection.execute(f"REVOKE CONNECT ON DATABASE {CONTROL_DATABASE} FROM PUBLIC")
            for database in ("postgres", "template1"):
                await connection.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
        finally:
            await connection.close()

    async def _await_component(self, role: str, wanted: Health) -> None:
        files, stall = self.components.files(CONTROL, role), Stall()
        while (seen := self.components.observe(CONTROL, role)).health is not wanted:
            if seen.health in {Health.FAILED, Health.ABSENT, Health.FINISHED}:
                raise PlatformProblem(f"{role} did not start: {seen.message or process.last_words(files.log)}")
            if stall.over([Lock(files.lock).holder() or 0]):
                raise PlatformProblem(f"{role} does not get ready and does nothing; see {files.log}")
            await asyncio.sleep(0.02)

    async def _await_stacks(self, owners: list[str]) -> None:
        """Wait until the worker has every known stack running again."""
        waiting = {(owner, role) for owner in owners for role in SERVICES if role.value in self.components.roles(owner)}
        most, stall = len(waiting), Stall(STACKS_STALL_SECONDS)
        while waiting := {each for each in waiting if self.components.observe(*each).health != Health.READY}:
            if len(waiting) < most:
                most, stall = len(waiting), Stall(STACKS_STALL_SECONDS)
            if stall.over(Lock(self.components.files(*each).lock).holder() or 0 for each in waiting):
                owner, role = sorted(waiting)[0]
                log = self.components.files(owner, role).log
                raise PlatformProblem(f"{role} of {owner} does not come back; see {log}")
            await asyncio.sleep(0.05)

    async def down(self) -> None:
        """Stop everything, first the programs that would restart others. Works by the locks alone, so that a folder
        of another version, or a damaged one, can be stopped too."""
        with self.home.locked():
            await self._keeper_lock.end(5)
            await self.components.stop(CONTROL, "control-worker")
            await asyncio.gather(*(self.components.stop_all(owner) for owner in self.components.owners()))
            await self._zygote_lock.end(5)
            await Lock(self.home.run / "gateway.lock").end(10)
            await asyncio.gather(
                *(
                    # PostgreSQL waits for its clients on SIGTERM.
                    Lock(path).end(20, number=signal.SIGINT if path.stem == "postgres" else signal.SIGTERM)
                    for path in self.home.run.glob("*.lock")
                )
            )

    def _servers(self) -> list[tuple[str, Lock, str]]:
        """Name, lock and address of every server."""
        return [
            ("postgresql", self.postgres.lock, f"127.0.0.1:{self.postgres.port}"),
            ("valkey", self.valkey.lock, f"127.0.0.1:{self.valkey.port}"),
            ("openbao", self.openbao.lock, self.openbao.url),
            ("sign-in", self.identity.lock, self.identity.issuer),
            ("gateway", self.gateway.lock, f"https://*.{self.base_domain}"),
            ("process-starter", self._zygote_lock, str(self._zygote_socket)),
        ]

    def status(self) -> list[PartStatus]:
        """Every part, running or not."""
        self.open(self.home.load())
        servers = [*self._servers(), ("keeper", self._keeper_lock, "starts again what ends")]
        parts = [
            PartStatus(name, "stopped" if (pid := lock.holder()) is None else "running", address, pid)
            for name, lock, address in servers
        ]
        owners = {CONTROL, *self.components.owners()}
        for owner in sorted(owners, key=lambda name: (name != CONTROL, name)):
            roles = ["control-backend", "control-worker"] if owner == CONTROL else [role.value for role in SERVICES]
            for role in roles:
                pid = Lock(self.components.files(owner, role).lock).holder()
                health = self.components.observe(owner, role).health
                state = {Health.READY: "running", Health.STARTING: "starting"}.get(health, "stopped")
                parts.append(PartStatus(f"{owner}/{role}", state, "", pid))
        return parts
