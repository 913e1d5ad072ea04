"""Fault injection on the connection of a simulated push clock."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from pathlib import Path

import httpx

from device_bridge.simulator.push_line import PushLine, Refused

LONGEST_DELAY = 2.0


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, from 0 to 1 for each request.

    ``drop``: the connection is cut in the middle of the request. ``lost_ack``: the request arrives whole and the
    connection is closed before its answer is read. ``delay``: the request waits up to `LONGEST_DELAY` seconds.
    ``corrupt``: an upload holds one more line, which is the beginning of another. ``reset``: the connection is reset in
    the middle of the request. ``truncate``: half of the body arrives as if it were all of it; the clock notices that.
    ``garbage``: bytes that mean nothing arrive before the request. ``reboot``: the clock loses its power instead.
    """

    drop: float = 0.0
    lost_ack: float = 0.0
    delay: float = 0.0
    corrupt: float = 0.0
    reset: float = 0.0
    truncate: float = 0.0
    garbage: float = 0.0
    reboot: float = 0.0


def chances(text: str) -> dict[str, float]:
    """``drop=0.01,delay=0.05`` by name, as it is written. Raises `ValueError` with one sentence."""
    chosen: dict[str, float] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            chosen[name] = float(value)
        except ValueError:
            chosen[name] = -1.0
        if not 0.0 <= chosen[name] <= 1.0:
            raise ValueError(f"How often {name} happens is a number from 0 to 1, not {value!r}")
    return chosen


def parse_faults(text: str) -> Faults:
    """``drop=0.01,delay=0.05,lost-ack=0.02``. Raises `ValueError` with one sentence."""
    names = {field.name.replace("_", "-"): field.name for field in fields(Faults)}
    chosen = chances(text)
    for name in chosen:
        if name not in names:
            raise ValueError(f"There is no fault {name!r}: choose from {', '.join(sorted(names))}")
    return Faults(**{names[name]: often for name, often in chosen.items()})


class FaultyLine(PushLine):
    """A bad line. ``happened`` counts what went wrong, by the names of `Faults`."""

    def __init__(
        self,
        base_url: str,
        ca_file: Path | None,
        *,
        faults: Faults,
        chance: random.Random,
        happened: Counter[str],
        context: ssl.SSLContext | None = None,
        http10: bool = False,
    ) -> None:
        super().__init__(base_url, ca_file, context=context, http10=http10)
        self.faults = faults
        self._chance = chance
        self._happened = happened

    def damaged(self, lines: list[str]) -> list[str]:
        """One line more, cut so short that nothing can be mistaken in it."""
        if not lines or not self._strikes("corrupt"):
            return lines
        stump = self._chance.choice(lines)[: self._chance.randint(1, 8)].rstrip("\t") or "?"
        where = self._chance.randint(0, len(lines))
        return [*lines[:where], stump, *lines[where:]]

    async def _deliver(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        if self._strikes("delay"):
            await asyncio.sleep(self._chance.uniform(0.0, LONGEST_DELAY))
        if self._strikes("reboot"):
            self.on_reboot()
            raise Refused("the clock restarted")
        if self._strikes("garbage"):
            # Whatever is answered to it, the clock never said that.
            await client.send(_changed(request, content=self._chance.randbytes(self._chance.randint(1, 400))))
        if self._strikes("reset"):
            await self._reset(request)
        if self._strikes("truncate") and request.content:
            await client.send(_changed(request, content=request.content[: len(request.content) // 2]))
            raise Refused("half of the body was sent as if it were all of it")
        if self._strikes("drop"):
            await client.send(_changed(request, stream=_CutShort(request.content)))
        if self._strikes("lost_ack"):
            response = await client.send(request, stream=True)
            await response.aclose()
            raise Refused("the connection was lost before the answer was read")
        return await super()._deliver(client, request)

    async def _reset(self, request: httpx.Request) -> None:
        """Half a request head, and then a reset instead of an end."""
        try:
            _, writer = await asyncio.open_connection(request.url.host, request.url.port or 80)
            writer.write(f"{request.method} {request.url.raw_path.decode('ascii')} HTTP/1.1\r\nHost".encode())
            await writer.drain()
            if (raw := writer.get_extra_info("socket")) is not None:
                # No lingering: closing then sends a reset.
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        except OSError as error:
            raise Refused(f"the connection was refused ({error})") from error
        raise Refused("the connection was reset while sending")

    def _strikes(self, name: str) -> bool:
        struck = self._chance.random() < float(getattr(self.faults, name))
        self._happened[name] += struck
        return struck


def _changed(
    request: httpx.Request, *, content: bytes | None = None, stream: httpx.AsyncByteStream | None = None
) -> httpx.Request:
    """The same request with another body; a stream keeps the length that was announced."""
    headers = [(name, value) for name, value in request.headers.items() if stream or name != "content-length"]
    return httpx.Request(
        request.method, request.url, headers=headers, content=content, stream=stream, extensions=request.extensions
    )


class _CutShort(httpx.AsyncByteStream):
    """Half of a body, and then the line is dead."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if half := self._body[: len(self._body) // 2]:
            yield half
        raise Refused("the connection was cut while sending")
