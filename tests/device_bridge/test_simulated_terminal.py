"""The simulated pull clock as others see it: an unchanged third-party client, rude clients, and a second client."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from pyzk2.base import ZK
from pyzk2.exception import ZKErrorResponse
from pyzk2.finger import Finger

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_fingers import SimulatedFinger, drawn_template
from device_bridge.terminal.frames import Frame, FrameBuffer
from tests.device_bridge.conftest import eventually

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


@pytest.mark.parametrize("profile", ["zk8", "zk6-udp"])
async def test_an_unchanged_pyzk_handles_fingers(profile: str) -> None:
    people = [SimulatedUser("1", "Aida", uid=3), SimulatedUser("42", "Bo", uid=5)]
    clock = TerminalClock("T1", profile=profile, users=people, seed=5)
    template = b"\x4a\x00SS21" + bytes(range(1, 200)) * 5
    clock.fingers[3, 2] = SimulatedFinger(template, flag=3)
    await clock.start()

    def talk(client: Any) -> None:
        client.read_sizes()
        assert (client.users, client.fingers) == (2, 1)
        (found,) = client.get_templates()
        assert (found.uid, found.fid, found.valid, found.template) == (3, 2, 3, template)
        assert client.get_user_template(uid=3, temp_id=2).template == template
        assert client.get_user_template(uid=3, temp_id=3) is None
        if profile == "zk8":
            bo = next(user for user in client.get_users() if user.user_id == "42")
            client.save_user_template(bo, [Finger(5, 7, 1, template), Finger(5, 8, 1, template[::-1])])
        assert client.delete_user_template(uid=3, temp_id=2) is True
        assert client.delete_user_template(uid=3, temp_id=2) is False
        if profile == "zk8":
            assert client.enroll_user(uid=3, temp_id=1) is True

    try:
        await with_pyzk(clock, talk)
        expected = {(5, 7), (5, 8), (3, 1)} if profile == "zk8" else set()
        assert set(clock.fingers) == expected
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

    async def open(self) -> int:
        return (await self.ask(Frame(1000, 0, 0))).session

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


@asynccontextmanager
async def talking(clock: TerminalClock) -> AsyncIterator[Callable[..., Awaitable[Frame]]]:
    """A polite client: ``await ask(command, data)``."""
    await clock.start()
    client = await Client.to(clock)
    session, reply = await client.open(), 0

    async def ask(command: int, data: bytes = b"") -> Frame:
        nonlocal reply
        reply += 1
        return await client.ask(Frame(command, session, reply, data))

    try:
        yield ask
    finally:
        client.writer.close()
        await clock.stop()


async def test_small_questions() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with talking(clock) as ask:
        assert (await ask(69)).data == b"\x09", "exactly one byte"
        assert (await ask(12, b"SDKBuild=1\0")).command == 2000
        assert (await ask(11, b"SDKBuild\0")).data == b"SDKBuild=1\0"
        assert (await ask(12, b"~SerialNumber=other\0")).command == 2001
        assert (await ask(11, b"NoSuchThing\0")).command == 2001
        assert (await ask(64)).session == 0, "the state stands in the session field"
        assert (await ask(1003, struct.pack("<I", 60))).command == 2000
        assert clock.disabled
        assert (await ask(64)).session == 4
        assert (await ask(1002)).command == 2000
        assert not clock.disabled
        assert (await ask(77)).command == 65535
        clock.somebody = "absent"
        assert (await ask(61, struct.pack("<24sBB", b"00042", 6, 1))).command == 2000
        assert (await ask(64)).session == 1
        assert (await ask(61, struct.pack("<24sBB", b"00042", 7, 1))).command == 2001, "one at a time"
        assert (await ask(62)).command == 2000
        assert (await ask(64)).session == 0


async def test_a_disabled_clock_frees_itself_after_the_seconds() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with talking(clock) as ask:
        assert (await ask(1003, struct.pack("<I", 1))).command == 2000
        assert clock.disabled
        await eventually(lambda: not clock.disabled, 20)
        assert (await ask(1003)).command == 2000
        assert clock.disabled_until == float("inf"), "without seconds it stays so: never do that"


async def test_uploads_and_what_is_wrong_with_them() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    template = bytes(range(250)) * 5
    where = struct.pack("<HBBH", 1, 4, 3, len(template))
    async with talking(clock) as ask:
        assert (await ask(87, where)).command == 2001, "nothing was uploaded"
        assert (await ask(1500, struct.pack("<I", len(template)))).command == 2000
        assert (await ask(1501, template[:1024])).command == 2000
        assert (await ask(87, where)).command == 2001, "not complete"
        assert (await ask(1501, template[1024:])).command == 2000
        assert (await ask(1501, b"more")).command == 2001
        assert len((await ask(119)).data) == 4
        assert (await ask(87, struct.pack("<HBBH", 99, 4, 3, len(template)))).command == 2001, "nobody in that slot"
        assert (await ask(87, where)).command == 2000
        assert (await ask(1502)).command == 2000
        assert clock.fingers[1, 4] == SimulatedFinger(template, 3)
        assert (await ask(110, struct.pack("<IHH", 12, 0, 8))).command == 2001
        assert (await ask(9, struct.pack("<HB", 1, 4))).command == 1500, "one template, in several packets"


@pytest.mark.parametrize(
    ("kind", "left"),
    [(b"\1", (0, 1, 2)), (b"\2", (3, 0, 2)), (b"\4", (3, 1, 2)), (b"\5", (3, 0, 0)), (b"", (0, 0, 0))],
)
async def test_clearing_data_by_kind(kind: bytes, left: tuple[int, int, int]) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(3))
    clock.fingers[1, 1] = SimulatedFinger(b"template")
    async with talking(clock) as ask:
        assert (await ask(14, kind)).command == 2000
        assert (len(clock.log), len(clock.fingers), len(clock.users)) == left


async def test_reply_ids_go_up_and_old_ones_are_not_answered() -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    await clock.start()
    try:
        client = await Client.to(clock)
        session = await client.open()
        assert (await client.ask(Frame(50, session, 5))).reply == 5, "a question that got lost leaves a gap"
        client.writer.write(Frame(50, session, 4).stream() + Frame(50, session, 5).stream())
        assert (await client.ask(Frame(201, session, 6))).reply == 6
        assert clock.complaints == ["command 50 with reply id 4", "command 50 with reply id 5"]
        client.writer.close()
    finally:
        await clock.stop()


async def test_the_same_seed_makes_the_same_choices() -> None:
    def drawn(seed: int) -> tuple[list[str], bytes, int]:
        clock = TerminalClock("T1", faults=["drop:3", "delay:3"], seed=seed)
        return [clock.faults.strike() for _ in range(40)], drawn_template(clock.chance), clock.new_session_id()

    assert drawn(4) == drawn(4)
    assert drawn(4) != drawn(5)
    assert {"drop", "delay", ""} == set(drawn(4)[0])
