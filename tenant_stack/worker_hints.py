"""Hints to the worker: sent after a commit, many at once are coalesced into one, and none is ever awaited.

A lost hint costs a second (the worker polls anyway), so nothing here may delay or fail a request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from redis.exceptions import RedisError

from foundation.jobs import JobQueue
from foundation.logs import get_logger


class Coalesced:
    """Runs a coroutine function in the background, never twice at a time.

    Calls made while it runs cause one more run; after each run it rests ``pause`` seconds.
    """

    def __init__(self, function: Callable[[], Awaitable[None]], *, pause: float = 0.0) -> None:
        self._function = function
        self._pause = pause
        self._wanted = False
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        """Ask for a run; returns at once."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                await self._function()
            except Exception:  # noqa: BLE001 - the next call finds the same state and tries again
                get_logger().error("background.failed", exc_info=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), self._pause)

    async def close(self) -> None:
        """Let a run that is under way finish, start no other and rest no longer."""
        self._wanted = False
        self._closed.set()
        if self._task is not None:
            await self._task


class Hints:
    """Notifies the worker of new work."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._drain = Coalesced(lambda: self._send("outbox.drain"), pause=0.05)
        self._refresh = Coalesced(lambda: self._send("terminals.refresh"), pause=0.2)
        self._plan = Coalesced(lambda: self._send("clocks.plan"), pause=0.2)

    async def drain(self) -> None:
        """The outbox or a staff-day changed."""
        self._drain()

    async def refresh_terminals(self) -> None:
        """The wanted state of pull devices changed."""
        self._refresh()

    async def write_reports(self) -> None:
        """A report was requested as a file."""
        await self._send("report.write")

    async def plan(self) -> None:
        """The assignment of people to devices may have changed."""
        self._plan()

    async def cancel_capture(self, session_id: str) -> None:
        """A capture was cancelled."""
        await self._send("capture.cancel", session_id=session_id)

    async def sync(self, sync_id: str) -> None:
        """A synchronisation was requested."""
        await self._send("device.sync", sync_id=sync_id)

    async def close(self) -> None:
        await self._drain.close()
        await self._refresh.close()
        await self._plan.close()

    async def _send(self, job: str, **arguments: Any) -> None:
        try:
            await self._queue.send(job, **arguments)
        except RedisError:
            get_logger().warning("hint.lost", job=job, exc_info=True)
