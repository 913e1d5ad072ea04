"""One subscription a process, handed on to every open page. A page that cannot keep up is cut, and reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from foundation.valkey import Valkey
from tenant_stack.live.events import CHANNEL

BACKLOG = 1000
MOST_OF_ONE_USER = 5


class Listener:
    """The events waiting for one page; None at the end says that it was cut (``displaced``: by a newer page)."""

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self.displaced = False
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG)
        self._cut = False

    def offer(self, message: str) -> None:
        """Never waits: a full backlog cuts the page."""
        if self._cut:
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End this page after what it was told already."""
        if not self._cut:
            self._cut = True
            if self._waiting.full():
                self._waiting.get_nowait()
            self._waiting.put_nowait(None)

    async def next(self) -> str | None:
        """The next event; None when this page fell too far behind."""
        return await self._waiting.get()


class Hub:
    """Open it inside the event loop; `close` ends the subscription."""

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
    def listening(self, owner: str) -> Iterator[Listener]:
        """Listen for a page of a user; a sixth page of theirs ends the oldest."""
        listener = Listener(owner)
        same = [each for each in self._listeners if each.owner == owner and not each.displaced]
        for oldest in same[: max(0, len(same) + 1 - MOST_OF_ONE_USER)]:
            oldest.displaced = True
            oldest.cut()
        self._listeners[listener] = None
        try:
            yield listener
        finally:
            self._listeners.pop(listener, None)

    async def _forward(self) -> None:
        async for message in self._valkey.subscribe(CHANNEL):
            for listener in list(self._listeners):
                listener.offer(message)
