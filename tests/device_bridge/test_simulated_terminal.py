"""The simulated pull clock as others see it: an unchanged third-party client, rude clients, and a second client."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pyzk2.base import ZK
from pyzk2.exception import ZKErrorResponse

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.terminal.frames import Frame, FrameBuffer

PEOPLE = [SimulatedUser("1", "Aida", 123, 14), SimulatedUser("00042", "Bo")]


def log_of(count: int) -> list[SimulatedPunch]:
    return [SimulatedPunch("00042", f"2026-10-01 {n // 60:02d}:{n % 60:02d}:00", n % 2, 15) for n in range(count)]


async def with_pyzk(clock: TerminalClock, talk: Callable[[Any], None], *, key: int = 0) -> None:
    """Let the third-party library, as published, talk to the clock from a thread."""

    def conversation() -> None:
        client = ZK("127.0.0.1", port=clock.port, timeout=5, password=key, force_udp=clock.udp, ommit_ping=True)
        client.connect()
        try:
            talk(client)
        finally:
            client.disconnect()

    await asyncio.to_thread(conversation)


@pytest.mark.parametrize("udp", [False, True], ids=["tcp", "udp"])
async def test_an_unchanged_pyzk_reads_and_writes_it(udp: bool) -> None:
    clock = TerminalClock("T1", profile="keyed", users=PEOPLE, log=log_of(100), udp=udp)
    await clock.start()

    def talk(client: Any) -> None:
        assert client.get_serialnumber() == "T1"
        assert client.get_firmware_version().startswith("Ver")
        people = {user.user_id: user for user in client.get_users()}
        assert (people["1"].name, people["1"].card, people["1"].privilege) == ("Aida", 123, 14)
        log = client.get_attendance()
        assert [(line.user_id, line.timestamp, line.punch, line.status) for line in log] == [
            (line.pin, datetime.fromisoformat(line.local_time), line.status, line.verify) for line in clock.log
        ]
        client.set_user(name="Cy", user_id="77", card=9)
        assert {user.user_id for user in client.get_users()} == {"1", "00042", "77"}
        client.delete_user(user_id="77")
        assert {user.user_id for user in client.get_users()} == {"1", "00042"}
        new_year = datetime.fromisoformat("2026-01-01 00:00:00")
        client.set_time(new_year)
        assert abs((client.get_time() - new_year).total_seconds()) <= 2

    try:
        await with_pyzk(clock, talk, key=clock.comm_key)
        assert clock.complaints == []
    finally:
        await clock.stop()


async def test_a_wrong_key_is_refused() -> None:
    clock = TerminalClock("T1", comm_key=12345, users=PEOPLE)
    await clock.start()
    try:
        with pytest.raises(ZKErrorResponse, match="Unauthenticated"):
            await with_pyzk(clock, lambda _: None, key=54321)
    finally:
        await clock.stop()


class Client:
    """Bare frames over a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.buffer = reader, writer, FrameBuffer()

    @classmethod
    async def to(cls, clock: TerminalClock) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", clock.port))

    async def ask(self, frame: Frame) -> Frame:
        self.writer.write(frame.stream())
        async with asyncio.timeout(2):
            while (answer := self.buffer.take()) is None:
                piece = await self.reader.read(65536)
                assert piece, "closed"
                self.buffer.feed(piece)
        return answer


async def test_it_goes_on_working_whatever_a_client_does() -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(3))
    await clock.start()
    chance = random.Random(7)
    try:
        for _ in range(20):
            rude = await Client.to(clock)
            hello = await rude.ask(Frame(1000, 0, 0))
            rude.writer.write(chance.randbytes(300))
            rude.writer.write(Frame(chance.randrange(65536), hello.session, 1, chance.randbytes(9)).stream()[:-3])
            rude.writer.transport.abort()
        polite = await Client.to(clock)
        session = (await polite.ask(Frame(1000, 0, 0))).session
        for reply, command in enumerate((8, 18, 202, 500, 1503, 1504, 12345), start=1):
            answer = await polite.ask(Frame(command, session, reply, b"\xff"))
            assert answer.command in (2001, 65535), command
            assert answer.reply == reply
        assert (await polite.ask(Frame(50, session, 8))).command == 2000
        polite.writer.close()
    finally:
        await clock.stop()


async def test_bad_packets_are_ignored_and_noted() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    await clock.start()
    try:
        client = await Client.to(clock)
        session = (await client.ask(Frame(1000, 0, 0))).session
        damaged = bytearray(Frame(50, session, 1).stream())
        damaged[-1] ^= 0xFF
        client.writer.write(bytes(damaged))
        client.writer.write(Frame(50, session ^ 1, 1).stream())
        answer = await client.ask(Frame(50, session, 1))
        assert (answer.command, answer.reply, answer.session) == (2000, 1, session)
        assert len(clock.complaints) == 2
        client.writer.close()
    finally:
        await clock.stop()


async def test_a_second_client_is_starved() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    await clock.start()
    try:
        first, second = await Client.to(clock), await Client.to(clock)
        session = (await first.ask(Frame(1000, 0, 0))).session
        waiting = asyncio.create_task(second.ask(Frame(1000, 0, 0)))
        assert (await first.ask(Frame(50, session, 1))).command == 2000
        assert not waiting.done()
        waiting.cancel()
        assert clock.complaints == ["a second client connected"]
        assert (await first.ask(Frame(1001, session, 2))).command == 2000
        assert (await second.ask(Frame(1000, 0, 0))).command == 2000
        second.writer.close()
        first.writer.close()
    finally:
        await clock.stop()
