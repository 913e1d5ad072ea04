"""All pull clocks of an organisation: a supervisor for each entry of the back end's list, and nobody else's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable, TerminalBusy, TerminalError, TerminalTimeout
from device_bridge.pull.supervisor import TerminalSupervisor
from device_bridge.settings import BridgeSettings
from foundation.contracts.bridge import ActionResult, SyncSummary, TerminalAction
from foundation.errors import BadGateway, Conflict, GatewayTimeout, NotFound, Unavailable
from foundation.logs import get_logger

Answer = TypeVar("Answer")


class Coordinator:
    """Follows the list of terminals. `start` and `stop` inside a running event loop."""

    def __init__(self, backend: Backend, settings: BridgeSettings) -> None:
        self._backend = backend
        self._settings = settings
        self._supervisors: dict[str, tuple[TerminalSupervisor, asyncio.Task[None]]] = {}
        self._refreshing = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._pool: ThreadPoolExecutor | None = None
        # Half of the threads at most may wait for clocks that failed lately.
        self._doubtful = asyncio.Semaphore(max(1, settings.conversations // 2))

    def start(self) -> None:
        """Begin to follow the list; clocks are dialled as soon as it is there."""
        self._pool = ThreadPoolExecutor(self._settings.conversations, thread_name_prefix="terminal")
        self._following = asyncio.create_task(self._follow(), name="terminals")

    async def stop(self) -> None:
        """Say goodbye to every clock; conversations under way are cut off."""
        tasks = [task for _, task in self._supervisors.values()]
        if self._following is not None:
            tasks.append(self._following)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._supervisors.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    async def refresh(self) -> None:
        """Read the list now: new clocks get a supervisor, changed ones are told, those gone are let go.

        Raises `BackendUnavailable` or `BackendRefused`; the clocks we have are then kept as they are.
        """
        async with self._refreshing:
            listed = (await self._backend.terminals()).terminals
            for serial in self._supervisors.keys() - {terminal.serial for terminal in listed}:
                await self._remove(serial)
            for terminal in listed:
                if terminal.serial in self._supervisors and not self._supervisors[terminal.serial][1].done():
                    self._supervisors[terminal.serial][0].update(terminal)
                    continue
                assert self._pool is not None, "the coordinator has been started"
                supervisor = TerminalSupervisor(terminal, self._backend, self._settings, self._pool, self._doubtful)
                task = asyncio.create_task(supervisor.run(), name=f"terminal {terminal.serial}")
                task.add_done_callback(_log_fault)
                self._supervisors[terminal.serial] = (supervisor, task)

    async def sync(self, serial: str, *, full: bool = False) -> SyncSummary:
        """Read one clock now and say what that did. Raises a `foundation.errors.Problem`."""
        return await self._ask(serial, lambda supervisor: supervisor.sync(full=full))

    async def act(self, serial: str, action: TerminalAction) -> ActionResult:
        """Do something on one clock now. Raises a `foundation.errors.Problem`; a refusal is a result, not an error."""
        return await self._ask(serial, lambda supervisor: supervisor.act(action))

    async def _ask(self, serial: str, question: Callable[[TerminalSupervisor], Awaitable[Answer]]) -> Answer:
        try:
            # The request may follow a change (a new person, a new clock) that is not in our copy of the list yet.
            await self.refresh()
        except (BackendUnavailable, BackendRefused) as error:
            raise Unavailable("backend_unavailable", f"The list of clocks could not be read: {error}") from error
        if serial not in self._supervisors:
            raise NotFound("terminal_unknown", f"There is no pull clock with the serial number {serial}")
        try:
            async with asyncio.timeout(self._settings.sync_deadline):
                return await question(self._supervisors[serial][0])
        except TimeoutError as error:
            raise GatewayTimeout("terminal_unreachable", "The clock did not finish in time") from error
        except TerminalBusy as error:
            raise Conflict(error.code, str(error)) from error
        except TerminalTimeout as error:
            raise GatewayTimeout(error.code, str(error)) from error
        except TerminalError as error:
            raise BadGateway(error.code, str(error)) from error
        except (BackendUnavailable, BackendRefused) as error:
            raise Unavailable("backend_unavailable", f"The clock was read but not stored: {error}") from error

    async def _remove(self, serial: str) -> None:
        _, task = self._supervisors.pop(serial)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                await self.refresh()
                if failures:
                    get_logger().info("terminals.listed_again")
                failures = 0
            except (BackendUnavailable, BackendRefused) as error:
                if not failures:
                    get_logger().warning("terminals.not_listed", reason=str(error))
                failures += 1
            base = self._settings.backoff_base
            soon = random.uniform(base / 4, base * 2.0 ** min(failures, 8))
            await asyncio.sleep(min(soon, self._settings.list_interval) if failures else self._settings.list_interval)


def _log_fault(task: asyncio.Task[None]) -> None:
    """A supervisor ends only when it is let go; anything else is a fault of ours and must not pass in silence."""
    if not task.cancelled() and (error := task.exception()) is not None:
        get_logger().error("terminal.fault", task=task.get_name(), exc_info=error)
