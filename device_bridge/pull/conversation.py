"""One connection to a pull clock, seen from the event loop: its blocking calls run in threads of a bounded pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from device_bridge.errors import TerminalError, TerminalTimeout
from device_bridge.settings import BridgeSettings
from device_bridge.terminal.client import TerminalClient
from device_bridge.terminal.wire import TcpWire, UdpWire

Result = TypeVar("Result")


class Conversation:
    """Calls of a `TerminalClient`, one after the other. While nothing is said it holds no thread."""

    def __init__(
        self, client: TerminalClient, wire: TcpWire | UdpWire, pool: ThreadPoolExecutor, settings: BridgeSettings
    ) -> None:
        self.client = client
        self._wire = wire
        self._pool = pool
        self._settings = settings

    async def run(self, call: Callable[[], Result], seconds: float | None = None) -> Result:
        """Run a call in a thread, with a hard deadline; when we are cancelled, it is cut off, not abandoned."""

        def conversation() -> Result:
            self.client.begin(seconds or self._settings.conversation_deadline)
            return call()

        running = asyncio.get_running_loop().run_in_executor(self._pool, conversation)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.client.abort()
            with suppress(TerminalError):
                await running
            raise

    async def connect(self, serial: str) -> None:
        """Open the session. A clock that accepts the connection and then is silent costs no thread."""
        self.client.greet()
        if not await self.spoken(self._settings.answer_timeout):
            raise TerminalTimeout(f"The clock did not answer within {self._settings.answer_timeout:.0f} s")
        await self.run(lambda: self.client.connect(serial), self._settings.answer_timeout)

    async def spoken(self, seconds: float, wake: asyncio.Event | None = None) -> bool:
        """Wait in the event loop until the clock sends something (True), ``wake`` is set, or the time is over.

        ``wake`` is cleared.
        """
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()
        descriptor = self._wire.socket.fileno()
        loop.add_reader(descriptor, _note, heard)
        waited: set[asyncio.Future[Any]] = {heard}
        if wake is not None:
            waited.add(asyncio.ensure_future(wake.wait()))
        try:
            if seconds > 0:
                await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(descriptor)
            for each in waited - {heard}:
                each.cancel()
        if wake is not None:
            wake.clear()
        return heard.done()

    async def goodbye(self) -> None:
        """End it in good order, so that the clock frees its only session at once."""
        with suppress(TerminalError):
            await self.run(self.client.close, 1.0)

    def abort(self) -> None:
        """Close the socket."""
        self.client.abort()


def _note(heard: asyncio.Future[None]) -> None:
    if not heard.done():
        heard.set_result(None)
