"""Programs of ours as forked processes: asked for at the zygote, watched through the files they keep.

A component holds ``<role>.lock`` while it lives (its pid inside) and writes ``<role>.json`` about itself. Secrets go
over the zygote's socket straight into the forked child, never into a command line, an environment or a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from control_plane.local.home import read_json
from control_plane.local.process import Lock
from control_plane.ports.driver import ComponentObservation, DriverError, Health

STOP_SECONDS = 25


@dataclass(frozen=True)
class ComponentFiles:
    """Where one component of one owner keeps its lock, its word about itself and its log."""

    lock: Path
    report: Path
    log: Path


def digest_of(role: str, release: str, settings: Mapping[str, object]) -> str:
    """Equal digests mean: the running process has these settings. It is a hash, so it tells no secret."""
    text = json.dumps([role, release, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class ComponentHost:
    """Starts, watches and stops components under ``state_dir/<owner>``. ``answer_seconds``: time for a fork."""

    def __init__(self, state_dir: Path, log_dir: Path, zygote_socket: Path, *, answer_seconds: float = 15.0) -> None:
        self._state_dir = state_dir
        self._log_dir = log_dir
        self._zygote_socket = zygote_socket
        self._answer_seconds = answer_seconds

    def files(self, owner: str, role: str) -> ComponentFiles:
        folder = self._state_dir / owner
        return ComponentFiles(folder / f"{role}.lock", folder / f"{role}.json", self._log_dir / owner / f"{role}.log")

    def owners(self) -> list[str]:
        """Owners of which anything is here."""
        if not self._state_dir.exists():
            return []
        return sorted(folder.name for folder in self._state_dir.iterdir() if folder.is_dir())

    def roles(self, owner: str) -> list[str]:
        """Roles of an owner that run or have run."""
        return sorted(path.stem for path in (self._state_dir / owner).glob("*.lock"))

    def observe(self, owner: str, role: str) -> ComponentObservation:
        """What is known of a component now."""
        files = self.files(owner, role)
        pid = Lock(files.lock).holder()
        report = read_json(files.report) or {}
        version, state = str(report.get("version", "")), str(report.get("state", ""))
        if pid is not None:
            if report.get("pid") == pid and state == "ready":
                return ComponentObservation(Health.READY, version)
            return ComponentObservation(Health.STARTING, version)
        if state == "finished":
            return ComponentObservation(Health.FINISHED, version, str(report.get("message", "")))
        if state == "failed":
            return ComponentObservation(Health.FAILED, version, str(report.get("message", "")))
        message = f"It ended without saying why; see {files.log}" if state in {"starting", "ready"} else ""
        return ComponentObservation(Health.ABSENT, version, message)

    def digest(self, owner: str, role: str) -> str | None:
        """The digest of the settings with which a component was last started; None while it has not said yet."""
        files = self.files(owner, role)
        pid = Lock(files.lock).holder()
        report = read_json(files.report) or {}
        if pid is not None and report.get("pid") != pid:
            return None
        return str(report.get("digest", ""))

    async def start(self, owner: str, role: str, release: str, settings: Mapping[str, object]) -> None:
        """Fork a component; returns when it has its lock, before it is ready. Nothing happens if it runs already."""
        files = self.files(owner, role)
        files.lock.parent.mkdir(parents=True, exist_ok=True)
        files.lock.parent.chmod(0o700)
        if not Lock(files.lock).forget():
            return
        request = {
            "owner": owner,
            "role": role,
            "version": release,
            "digest": digest_of(role, release, settings),
            "settings": settings,
            "lock": str(files.lock),
            "report": str(files.report),
            "log": str(files.log),
        }
        answer = await self._ask(request)
        if "error" in answer:  # "running" means that somebody else asked in the same moment
            raise DriverError(f"{role} of {owner} did not start: {answer['error']}")

    async def stop(self, owner: str, role: str) -> None:
        """End a component: asked first, killed after 25 s."""
        await Lock(self.files(owner, role).lock).end(STOP_SECONDS)

    async def stop_all(self, owner: str) -> None:
        await asyncio.gather(*(self.stop(owner, role) for role in self.roles(owner)))

    async def _ask(self, request: Mapping[str, object]) -> dict[str, object]:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(self._zygote_socket)), 5)
            try:
                writer.write(json.dumps(request, default=str).encode() + b"\n")
                await writer.drain()
                line = await asyncio.wait_for(reader.readline(), self._answer_seconds)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        except (OSError, TimeoutError) as error:
            raise DriverError("The process starter does not answer; `punctual up` brings it back") from error
        answer = json.loads(line or b'{"error": "the process starter hung up"}')
        return answer if isinstance(answer, dict) else {"error": "the process starter answered nonsense"}
