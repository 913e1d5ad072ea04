"""A bad link between the bridge and a pull clock: it forwards bytes, in odd pieces, until it is cut."""

from __future__ import annotations

import asyncio
import contextlib
import random


class Link:
    """Listens on a port of its own and forwards to the clock's; ``cut()`` resets every connection there is."""

    def __init__(self, clock_port: int, chance: random.Random) -> None:
        self._clock_port = clock_port
        self._chance = chance
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.cuts = 0

    async def __aenter__(self) -> Link:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """As if somebody had pulled the cable: both ends see a reset."""
        self.cuts += bool(self._writers)
        for writer in list(self._writers):
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            clock_reader, clock_writer = await asyncio.open_connection("127.0.0.1", self._clock_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, clock_writer}
        for source, sink in ((reader, clock_writer), (clock_reader, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(self._chance.choice((1, 7, 64, 1024, 65_536))):
                sink.write(piece)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)
