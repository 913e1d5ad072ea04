"""A server process that outlives the command that started it, and is found again by a lock that it holds.

The starter opens ``<name>.lock``, takes ``flock`` on it and lets the program inherit it. The lock is free again exactly
when the program and all its children are gone, however they went: no stale pid file, no confusion by a reused pid.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from control_plane.local.problem import PlatformProblem

LOG_LIMIT_BYTES = 20 * 1024 * 1024
STALL_SECONDS = 30.0
STALL_USE_SECONDS = 0.2
MOST_SECONDS = 900.0
LOOK_SECONDS = 0.5
TRIES = 5
TRY_AGAIN_SECONDS = 0.01

_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class User:
    """The operating system's user under which a program runs."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run. ``environment`` is everything the program sees of ours."""

    name: str
    command: tuple[str, ...]
    cwd: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: User | None = None


@dataclass(frozen=True)
class ServerFiles:
    """Where a server keeps its data, its log and its lock."""

    area: Path
    log: Path
    lock: Path


def take(descriptor: int) -> bool:
    """Lock an open lock file for ourselves; False when a program holds it.

    Tried a few times: whoever only looks holds it too, for a few microseconds.
    """
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(TRY_AGAIN_SECONDS)
        else:
            return True
    return False


class Lock:
    """The lock file of one program: held while it lives, with its pid inside."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holder(self) -> int | None:
        """The pid of the living program, None when there is none (0 when it has not said yet)."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            return int(text) if text.isdigit() else 0
        finally:
            os.close(descriptor)
        return None

    def forget(self) -> bool:
        """Empty the file, so that no pid of an earlier life is read as the next one's; False while somebody lives."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            free = take(descriptor)
            if free:
                os.ftruncate(descriptor, 0)
            return free
        finally:
            os.close(descriptor)

    async def wait_free(self, seconds: float) -> bool:
        """Wait until nobody holds it; False when the time is over."""
        deadline = time.monotonic() + seconds
        while self.holder() is not None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def end(self, seconds: float, *, number: int = signal.SIGTERM) -> None:
        """Ask the holder to stop; kill it when it does not within ``seconds``."""
        pid = self.holder()
        if pid:
            _send(pid, number)
            if await self.wait_free(seconds):
                return
            while (pid := self.holder()) is not None:
                if pid:
                    _send(pid, signal.SIGKILL)
                if await self.wait_free(1.0):
                    return


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def open_log(path: Path) -> int:
    """A descriptor to append to; a log that has grown large is set aside first, one generation back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".1.log"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def start(program: Program, lock: Lock) -> bool:
    """Start a program in its own session; False when it runs already."""
    # Programs outlive us, but one that died while we live stays in the process table until we look, and a server
    # that finds its predecessor's pid there would take it for alive.
    _started[:] = [each for each in _started if each.poll() is None]
    descriptor = os.open(lock.path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not take(descriptor):
            return False
        os.ftruncate(descriptor, 0)
        log = open_log(program.log)
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed argument list, never a shell
                program.command,
                cwd=program.cwd,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(descriptor,),
                start_new_session=True,
                umask=0o077,
                user=program.user.uid if program.user else None,
                group=program.user.gid if program.user else None,
                extra_groups=[] if program.user else None,
            )
        finally:
            os.close(log)
        os.pwrite(descriptor, str(process.pid).encode(), 0)
        _started.append(process)
    finally:
        os.close(descriptor)
    return True


class Stall:
    """Tells a program that starts slowly from one that stands still: by the processor time that it uses.

    On a busy machine a start takes many times its usual length, so only a program that uses hardly any processor time
    for ``seconds``, or is not ready after `MOST_SECONDS`, is given up.
    """

    def __init__(self, seconds: float = STALL_SECONDS) -> None:
        self._seconds = seconds
        self._began = self._advanced = time.monotonic()
        self._next_look = self._most = 0.0

    def over(self, pids: Iterable[int]) -> bool:
        """Whether these processes and their children have stopped advancing."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look, used = now + LOOK_SECONDS, processor_seconds(pids)
        if used >= self._most + STALL_USE_SECONDS:
            self._most, self._advanced = used, now
        return now - self._advanced > self._seconds or now - self._began > MOST_SECONDS


def processor_seconds(pids: Iterable[int]) -> float:
    """Processor time that processes and their children have used; those that are gone count for nothing."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = each.cpu_times()
                    total += times.user + times.system
    return total


async def wait_until(
    ready: Callable[[], Awaitable[bool]], program: Program, lock: Lock, *, seconds: float = STALL_SECONDS
) -> None:
    """Wait until a program answers; raises `PlatformProblem` with its last words when it ends or stands still."""
    stall = Stall(seconds)
    while not await ready():
        pid = lock.holder()
        if pid is None:
            raise PlatformProblem(f"{program.name} ended while starting: {last_words(program.log)}")
        if stall.over([pid] if pid else []):
            raise PlatformProblem(f"{program.name} does not answer and does nothing; see {program.log}")
        await asyncio.sleep(0.02)


def last_words(log: Path) -> str:
    """The last line of a log that says something, for an error message."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return f"it wrote no log ({log})"
    tell_tale = [line for line in lines[-15:] if any(word in line.lower() for word in ("fatal", "error", "panic"))]
    chosen = (tell_tale or lines or ["it said nothing"])[-1]
    return f"{chosen[:300]} (log: {log})"
