"""One subscription per process, forwarded to every open page. A page that falls behind is disconnected and reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from foundation.valkey import Valkey
from tenant_stack.live.events import CHANNEL

BACKLOG = 1000
MOST_OF_ONE_USER = 5


class Listener:
    """The event queue of one page; None ends it (``displaced``: by a newer page of the user)."""

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self.displaced = False
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG)
        self._disconnected = False

    def push(self, message: str) -> None:
        """Enqueue without waiting; a full queue disconnects the page."""
        if self._disconnected:
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.disconnect()

    def disconnect(self) -> None:
        """End the page after the events that are queued."""
        if not self._disconnected:
            self._disconnected = True
            if self._waiting.full():
                self._waiting.get_nowait()
            self._waiting.put_nowait(None)

    async def next(self) -> str | None:
        """The next event; None when the page is disconnected."""
        return await self._waiting.get()


class Hub:
    """``open`` it inside the event loop; ``close`` ends the subscription."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._listeners: dict[Listener, None] = {}  # in the order in which they came
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._forward())

    async def close(self) -> None:
        # A connection under way may take a cancellation for its own timeout, so once is not always enough.
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)

    @contextmanager
    def subscribe(self, owner: str) -> Iterator[Listener]:
        """Listen for a page of a user; a sixth page of theirs disconnects the oldest."""
        listener = Listener(owner)
        same = [each for each in self._listeners if each.owner == owner and not each.displaced]
        for oldest in same[: max(0, len(same) + 1 - MOST_OF_ONE_USER)]:
            oldest.displaced = True
            oldest.disconnect()
        self._listeners[listener] = None
        try:
            yield listener
        finally:
            self._listeners.pop(listener, None)

    async def _forward(self) -> None:
        async for message in self._valkey.subscribe(CHANNEL):
            for listener in list(self._listeners):
                listener.push(message)
