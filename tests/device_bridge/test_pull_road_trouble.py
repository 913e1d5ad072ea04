"""Pull clocks of every kind, bad lines, hanging clocks, and who may talk to a clock at all."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from device_bridge.errors import TerminalBusy
from device_bridge.pull.address_lease import lease
from device_bridge.pull.circuit_breaker import OPENS_AFTER, CircuitBreaker
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.profiles import TERMINALS
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_faults import TERMINAL_FAULTS
from device_bridge.terminal.frames import Frame, FrameBuffer
from foundation.contracts.bridge import DeviceUser
from tests.device_bridge.conftest import Bridge, eventually

PATIENCE = 30.0
PEOPLE = [SimulatedUser("1", "张伟", 4_000_000_000, 14), SimulatedUser("42", "Bo", 0, 0)]
WITH_A_ROAD = sorted(name for name, profile in TERMINALS.items() if not profile.refuses)


def log_of(count: int) -> list[SimulatedPunch]:
    return [
        SimulatedPunch("42", f"2026-10-{n // 1440 + 1:02d} {n // 60 % 24:02d}:{n % 60:02d}:00", n % 2, 15)
        for n in range(count)
    ]


@asynccontextmanager
async def switched_on(clock: TerminalClock) -> AsyncIterator[TerminalClock]:
    await clock.start()
    try:
        yield clock
    finally:
        await clock.stop()


@pytest.mark.parametrize("profile", WITH_A_ROAD)
async def test_every_kind_of_clock_is_read_written_and_heard(bridge: Bridge, profile: str) -> None:
    clock = TerminalClock("T1", profile=profile, users=PEOPLE, log=log_of(150), seed=3)
    encoding = "gb2312" if clock.profile.encoding == "gb2312" else "UTF-8"
    wanted = [
        DeviceUser(pin="1", name="李小龙", card=0xFFFFFFFF, privilege=2),
        DeviceUser(pin="7", name="王王王王王王王王王王王王", card=1, privilege=6),
    ]
    async with switched_on(clock):
        await bridge.list_terminal(
            "T1", clock.port, comm_key=clock.comm_key, encoding=encoding, users=wanted, remove_pins=["42"]
        )
        await eventually(lambda: bridge.backend.stored("T1") == 150, PATIENCE)
        await eventually(lambda: bridge.backend.terminals[0].users == [] == bridge.backend.terminals[0].remove_pins, 60)
        assert set(clock.users) == {"1", "7"}
        first, seventh = clock.users["1"], clock.users["7"]
        assert (first.name, first.card, first.privilege, first.access[0]) == ("李小龙", 0xFFFFFFFF, 2, 1)
        assert (seventh.name, seventh.privilege) == ("王" * (4 if clock.profile.user_bytes == 28 else 7), 6)
        await eventually(lambda: set(bridge.backend.users["T1"]) == {"1", "7"}, PATIENCE)
        assert bridge.backend.users["T1"]["7"].name == seventh.name
        assert {key[1] for key in bridge.backend.punches} == {"42"}
        await eventually(lambda: clock.listening, PATIENCE)
        clock.punch("1", "2026-11-22 10:00:00", status=1)
        await eventually(lambda: ("T1", "1", "2026-11-22 10:00:00", 1) in bridge.backend.punches, PATIENCE)
        assert not clock.disabled


async def test_a_full_ring_is_read_though_its_count_stands_still(bridge: Bridge) -> None:
    clock = TerminalClock("T1", profile="full", users=PEOPLE, log=log_of(1200))
    async with switched_on(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.stored("T1") == 1000, PATIENCE)
        clock.log = [*clock.log[1:], SimulatedPunch("1", "2026-11-22 10:00:00")]
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.json()["device_records"], answer.json()["log_read"]) == (1000, True)
        assert bridge.backend.stored("T1") == 1001


@pytest.mark.parametrize(
    ("fault", "udp"),
    [*((name, False) for name in sorted(TERMINAL_FAULTS)), ("garbage", True), ("truncate", True)],
    ids=lambda value: value if isinstance(value, str) else "udp" if value else "tcp",
)
async def test_no_punch_is_lost_whatever_goes_wrong(bridge: Bridge, fault: str, udp: bool) -> None:
    clock = TerminalClock(
        "T1", profile="zk8-1008", users=PEOPLE, log=log_of(300), udp=udp, faults=[f"{fault}:25"], seed=11
    )
    async with switched_on(clock):
        await bridge.list_terminal("T1", clock.port, transport="udp" if udp else "tcp")
        await eventually(lambda: bridge.backend.stored("T1") == 300, 60)
        await eventually(lambda: clock.faults.happened[fault], PATIENCE)
        clock.punch("1", "2026-11-22 10:00:00")
        await eventually(lambda: bridge.backend.stored("T1") == 301, 60)
        assert set(bridge.backend.rejected) == set(), "nothing was read wrongly"
        expected = {("T1", line.pin, line.local_time, line.status) for line in clock.log}
        assert set(bridge.backend.punches) == expected


async def hanging(after: int) -> asyncio.Server:
    """A clock that answers so many commands and then nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer, answered = FrameBuffer(), 0
        while piece := await reader.read(65536):
            buffer.feed(piece)
            for frame in buffer:
                if answered < after:
                    answered += 1
                    writer.write(Frame(2000, 9, frame.reply, b"~SerialNumber=%s\0" % serial_of(writer)).stream())
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def serial_of(writer: asyncio.StreamWriter) -> bytes:
    return b"H%d" % writer.get_extra_info("sockname")[1]


async def test_twenty_clocks_of_which_twelve_hang(bridge: Bridge) -> None:
    silent = [await hanging(0) for _ in range(6)]
    halfway = [await hanging(2) for _ in range(6)]
    ports = [server.sockets[0].getsockname()[1] for server in (*silent, *halfway)]
    living = [TerminalClock(f"L{number}", users=PEOPLE, log=log_of(20)) for number in range(8)]
    try:
        for port in ports:
            await bridge.list_terminal(f"H{port}", port)
        for clock in living:
            await clock.start()
            await bridge.list_terminal(clock.serial, clock.port)
        # An answer of a clock is waited for three seconds here: nobody may have waited for a hanging one.
        await eventually(lambda: all(bridge.backend.stored(clock.serial) == 20 for clock in living), 20.0)
        await eventually(lambda: all("unreachable" in bridge.backend.states(f"H{port}") for port in ports), PATIENCE)
        # And once it is known who hangs, a punch is still heard at once.
        for clock in living:
            await eventually(lambda clock=clock: clock.listening, PATIENCE)  # type: ignore[misc]
            clock.punch("1", "2026-11-22 10:00:00")
        await eventually(lambda: all(bridge.backend.stored(clock.serial) == 21 for clock in living), 10.0)
    finally:
        bridge.backend.terminals = []
        await bridge.client.post("/internal/terminals/refresh")
        for clock in living:
            await clock.stop()
        for server in (*silent, *halfway):
            server.close()


async def test_a_clock_has_one_conversation_at_a_time(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(5))
    async with switched_on(clock):
        with lease(ip_address("127.0.0.1"), clock.port):
            await bridge.list_terminal("T1", clock.port)
            await eventually(lambda: "unreachable" in bridge.backend.states("T1"), PATIENCE)
            assert "Another conversation" in bridge.backend.reports[-1].message
            answer = await bridge.client.post("/internal/terminals/T1/sync")
            assert (answer.status_code, answer.json()["code"]) == (409, "terminal_busy")
            assert not clock.connected
        await eventually(lambda: bridge.backend.stored("T1") == 5, PATIENCE)
        with pytest.raises(TerminalBusy), lease(ip_address("127.0.0.1"), clock.port):
            pass
        assert clock.complaints == []


def test_a_lease_ends_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):
        with lease(ip_address("127.0.0.1"), port), pytest.raises(TerminalBusy), lease(ip_address("127.0.0.1"), port):
            pass


async def test_a_clock_left_disabled_is_enabled_by_the_next_connection(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with switched_on(clock):
        clock.disable(600)
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: not clock.disabled, PATIENCE)


async def test_a_code_page_that_is_none_is_said(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(2))
    async with switched_on(clock):
        for encoding in ("klingon", "utf-16", "hex", "idna"):
            bridge.backend.reports.clear()
            await bridge.list_terminal("T1", clock.port, encoding=encoding)
            await eventually(lambda: bridge.backend.reports, PATIENCE)
            await eventually(lambda name=encoding: name in bridge.backend.reports[-1].message, PATIENCE)  # type: ignore[misc]
        await bridge.list_terminal("T1", clock.port, encoding="windows-1256")
        await eventually(lambda: bridge.backend.stored("T1") == 2, PATIENCE)


def test_waits_grow_to_a_ceiling_and_are_spread_over_it() -> None:
    breaker = CircuitBreaker(1.0, 300.0, random.Random(5))
    assert not breaker.open
    seen: list[list[float]] = []
    for _ in range(14):
        breaker.failed()
        seen.append([breaker.wait() for _ in range(400)])
    for failures, waits in enumerate(seen, start=1):
        ceiling = min(300.0, 2.0 ** (failures - 1))
        assert 0 < min(waits) < ceiling / 3
        assert ceiling * 0.9 < max(waits) <= ceiling
    assert breaker.open
    assert breaker.failures > OPENS_AFTER
    breaker.succeeded()
    assert not breaker.open
    assert breaker.wait() <= 1.0


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    breaker = CircuitBreaker(1.0, 300.0)
    for expected in [False] * (OPENS_AFTER - 1) + [True]:
        breaker.failed()
        assert breaker.open is expected
