"""The state directory: where everything of a platform on one machine lives, readable by its owner alone.

``platform.json`` holds the secrets and the ports chosen at the first start; it is written whole or not at all, before
anything that depends on it exists.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from control_plane.local.problem import PlatformProblem
from control_plane.local.process import ServerFiles

FORMAT = 2
"""Raised when databases or state files of earlier versions can no longer be used; there is no migration between formats
before the first release."""
NEEDED_BYTES = 600 * 1024 * 1024
SOCKET_PATH_ROOM = 66  # a socket's path may have 107 bytes; the rest is the longest stack id and role
DEFAULT_PORT = 8443


def _password() -> str:
    return secrets.token_urlsafe(32)


class Ports(BaseModel):
    """Loopback ports of the servers; chosen free, then kept."""

    model_config = ConfigDict(extra="forbid")

    gateway: int
    postgres: int
    valkey: int
    openbao: int
    openbao_cluster: int
    identity: int


class PlatformState(BaseModel):
    """The document ``platform.json``. ``format`` says which version's data the folder holds."""

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    ports: Ports
    postgres_password: str
    control_database_password: str
    valkey_admin_password: str
    valkey_control_password: str
    identity_token: str
    identity_secret_key: str
    console_client_secret: str
    cli_client_secret: str
    operator_password: str


class Home:
    """Paths below ``PUNCTUAL_HOME`` and the secrets in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        self.run = self.root / "run"
        if len(str(self.run)) + SOCKET_PATH_ROOM > 107:
            self.run = Path("/tmp") / f"punctual-{os.getuid()}-{digest}"  # noqa: S108 - owner and mode are checked
        # PostgreSQL refuses to run as root, so root lends it to another user, who must be able to reach its files.
        self.postgres = self.root / "postgres"
        if os.geteuid() == 0 and not reachable_by_others(self.root.parent):
            self.postgres = Path("/var/lib/punctual") / digest / "postgres"
        self.valkey = self.root / "valkey"
        self.openbao = self.root / "openbao"
        self.identity = self.root / "identity"
        self.gateway = self.root / "gateway"
        self.stacks = self.root / "stacks"
        self.logs = self.root / "logs"
        self.ca_file = self.gateway / "ca.pem"
        self._document = self.root / "platform.json"

    def files(self, name: str, area: Path) -> ServerFiles:
        return ServerFiles(area, self.logs / f"{name}.log", self.run / f"{name}.lock")

    @property
    def exists(self) -> bool:
        return self._document.exists()

    def prepare(self) -> None:
        """Make the directories, mode 0700; raises `PlatformProblem` when that cannot be."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0 and self.postgres.is_relative_to(self.root):
                self.root.chmod(0o711)  # PostgreSQL's own user must pass through; all other folders stay closed
            else:
                self.root.chmod(0o700)
            for folder in (self.valkey, self.openbao, self.identity, self.gateway, self.stacks, self.logs, self.run):
                folder.mkdir(parents=True, exist_ok=True)
                if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
                    raise PlatformProblem(f"{folder} belongs to another user; remove it or choose another state folder")
                folder.chmod(0o700)
        except OSError as error:
            raise explain(error, self.root) from error
        free = shutil.disk_usage(self.root).free
        if free < NEEDED_BYTES and not self.exists:
            raise PlatformProblem(
                f"{self.root} has {free // 1024**2} MB free and a new platform needs {NEEDED_BYTES // 1024**2} MB; "
                "free some space or set PUNCTUAL_HOME to another disk"
            )

    def load(self) -> PlatformState:
        """The state chosen at the first start; raises `PlatformProblem` when there is none, when another version of
        the product made it, or when it cannot be read."""
        try:
            document = json.loads(self._document.read_text())
            if isinstance(document, dict) and document.get("format") != FORMAT:
                raise PlatformProblem(
                    f"The platform in {self.root} was made by another development version and cannot be migrated; "
                    "remove it with `punctual down --erase`, or set PUNCTUAL_HOME to another folder"
                )
            return PlatformState.model_validate(document)
        except FileNotFoundError as error:
            raise PlatformProblem(f"There is no platform in {self.root}; start one with `punctual up`") from error
        except ValueError as error:  # not JSON, not UTF-8, or other fields than expected
            raise PlatformProblem(
                f"{self._document} cannot be read, so this state folder is damaged; restore it from a backup, "
                "or remove it with `punctual down --erase` and start afresh"
            ) from error

    def load_or_create(self, port: int | None) -> PlatformState:
        """The state, made at the first start. ``port`` is the gateway's, None for the one chosen before."""
        if self.exists:
            state = self.load()
            if port is not None and port != state.ports.gateway:
                raise PlatformProblem(
                    f"The platform in {self.root} was made for port {state.ports.gateway}, which is in its addresses; "
                    f"use PUNCTUAL_PORT={state.ports.gateway}, or another PUNCTUAL_HOME for port {port}"
                )
            return state
        left_over = [folder for folder in (self.postgres, self.openbao) if folder.exists() and any(folder.iterdir())]
        if left_over:
            raise PlatformProblem(
                f"{left_over[0]} holds data but {self._document} with its passwords is missing; restore that file, "
                "or remove everything with `punctual down --erase` and start afresh"
            )
        ports = free_ports(5)
        state = PlatformState(
            ports=Ports(
                gateway=port or DEFAULT_PORT,
                postgres=ports[0],
                valkey=ports[1],
                openbao=ports[2],
                openbao_cluster=ports[3],
                identity=ports[4],
            ),
            postgres_password=_password(),
            control_database_password=_password(),
            valkey_admin_password=_password(),
            valkey_control_password=_password(),
            identity_token=_password(),
            identity_secret_key=_password(),
            console_client_secret=_password(),
            cli_client_secret=_password(),
            operator_password=secrets.token_urlsafe(12),
        )
        write_private(self._document, state.model_dump_json(indent=2))
        return state

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.root / "up.lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformProblem(
                    f"Another `punctual up` or `down` is at work in {self.root}; wait until it is done"
                ) from error
            yield

    def erase(self) -> None:
        """Remove everything. Keys go too, so nothing encrypted under them can ever be read again."""
        for folder in (self.postgres, self.run, self.root):
            shutil.rmtree(folder, ignore_errors=False, onerror=_ignore_missing)
        if self.postgres.parent.parent == Path("/var/lib/punctual"):
            shutil.rmtree(self.postgres.parent, ignore_errors=False, onerror=_ignore_missing)


def _ignore_missing(_: object, __: str, failure: object) -> None:
    error = failure[1] if isinstance(failure, tuple) else failure
    if not isinstance(error, FileNotFoundError):
        assert isinstance(error, BaseException)
        raise error


def reachable_by_others(folder: Path) -> bool:
    """May any user walk down to this folder? (Every parent has the execute bit for others.)"""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    return all(part.stat().st_mode & stat.S_IXOTH for part in (existing, *existing.parents))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read: whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody uses now, all different."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def port_is_free(port: int) -> bool:
    """Could a server listen on this loopback port now?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def explain(error: OSError, where: Path) -> PlatformProblem:
    """An operating system's error as a sentence."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PlatformProblem(f"The disk that holds {where} is full; free some space, then run `punctual up` again")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return PlatformProblem(f"{error.filename or where} cannot be written; set PUNCTUAL_HOME to a folder of yours")
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return PlatformProblem(f"{error.filename or where} is in the way: a file stands where a folder is needed")
    return PlatformProblem(f"The operating system refused: {error.strerror or error} ({error.filename or where})")


def read_json(path: Path) -> dict[str, object] | None:
    """A JSON object from a file; None when it is missing or being written at this instant."""
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) else None
