"""What goes wrong between a simulated push clock and the server, by chance and on purpose."""

from __future__ import annotations

import asyncio
import random
import ssl
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
    ``corrupt``: an upload holds one more line, which is the beginning of another.
    """

    drop: float = 0.0
    lost_ack: float = 0.0
    delay: float = 0.0
    corrupt: float = 0.0


def parse_faults(text: str) -> Faults:
    """``drop=0.01,delay=0.05,lost-ack=0.02``. Raises `ValueError` with one sentence."""
    names = {field.name.replace("_", "-"): field.name for field in fields(Faults)}
    chosen: dict[str, float] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in names:
            raise ValueError(f"There is no fault {name!r}: choose from {', '.join(sorted(names))}")
        try:
            chosen[names[name]] = float(value)
        except ValueError:
            chosen[names[name]] = -1.0
        if not 0.0 <= chosen[names[name]] <= 1.0:
            raise ValueError(f"How often {name} happens is a number from 0 to 1, not {value!r}")
    return Faults(**chosen)


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
    ) -> None:
        super().__init__(base_url, ca_file, context=context)
        self._faults = faults
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
        if self._strikes("drop"):
            cut = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                stream=_CutShort(request.content),
                extensions=request.extensions,
            )
            await client.send(cut)
        if self._strikes("lost_ack"):
            response = await client.send(request, stream=True)
            await response.aclose()
            raise Refused("the connection was lost before the answer was read")
        return await super()._deliver(client, request)

    def _strikes(self, name: str) -> bool:
        struck = self._chance.random() < float(getattr(self._faults, name))
        self._happened[name] += struck
        return struck


class _CutShort(httpx.AsyncByteStream):
    """Half of a body, and then the line is dead."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if half := self._body[: len(self._body) // 2]:
            yield half
        raise Refused("the connection was cut while sending")
