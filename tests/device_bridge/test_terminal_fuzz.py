"""Whatever bytes a clock sends: only the declared errors, in bounded memory, and few bytes when nothing happened."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_bridge.errors import TerminalError
from device_bridge.pull.clock_counts import read_counts
from device_bridge.pyzk_codec import decode_six_bytes, decode_time
from device_bridge.records import Counts
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.terminal.client import TerminalClient
from device_bridge.terminal.frames import LONGEST_PACKET, MAGIC, Frame, FrameBuffer, read_packet
from device_bridge.terminal.logs import decode_live, decode_log
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.templates import decode_templates
from device_bridge.terminal.users import decode_users
from device_bridge.terminal.wire import TcpWire

MEGABYTE = 1024 * 1024
DECODERS: dict[str, Callable[[bytes], object]] = {
    "packet": read_packet,
    "log": lambda blob: decode_log(blob, None, {}),
    "log of 7": lambda blob: decode_log(blob, 7, {}),
    "users": lambda blob: decode_users(blob, None, "utf-8"),
    "users in gb2312": lambda blob: decode_users(blob, 3, "gb2312"),
    "templates": decode_templates,
    "sizes": decode_counts,
    "live event": decode_live,
    "time": lambda blob: decode_time(int.from_bytes(blob[:4], "little")),
    "six bytes": lambda blob: decode_six_bytes(blob[:6].ljust(6, b"\0")),
}
blobs = st.binary(max_size=2000) | st.builds(
    lambda size, body: struct.pack("<I", size) + body,
    st.integers(0, 0xFFFFFFFF) | st.integers(0, 2000),
    st.binary(max_size=2000),
)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=150, deadline=None)
@given(blob=blobs)
def test_any_bytes_are_decoded_or_rejected(name: str, blob: bytes) -> None:
    DECODERS[name](blob)


@given(blobs)
def test_counts_are_never_negative(blob: bytes) -> None:
    counts = decode_counts(blob)
    assert all(value >= 0 for value in counts.details.values())
    assert counts == Counts() or len(blob) >= 80


def test_decoders_keep_nothing_of_what_they_read() -> None:
    chance = random.Random(3)
    for decode in DECODERS.values():
        decode(chance.randbytes(2000))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(40):
            for decode in DECODERS.values():
                decode(chance.randbytes(4000))
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < MEGABYTE
    assert peak - before < 4 * MEGABYTE


@pytest.mark.parametrize("kind", ["noise", "magic everywhere", "one endless packet"])
def test_a_stream_of_rubbish_is_held_in_bounded_memory(kind: str) -> None:
    chance = random.Random(9)
    endless = MAGIC + struct.pack("<I", LONGEST_PACKET)

    def piece(number: int) -> bytes:
        if kind == "noise":
            return chance.randbytes(16_384)
        if kind == "magic everywhere":
            return (MAGIC + chance.randbytes(5)) * 900
        return endless if number == 0 else bytes(16_384)

    buffer = FrameBuffer()
    tracemalloc.start()
    try:
        for number in range(500):
            buffer.feed(piece(number))
            while buffer.take() is not None:
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * LONGEST_PACKET, f"{peak / MEGABYTE:.0f} MB"


class RudeClock(threading.Thread):
    """Answers each question with the next of ``answers``, whatever was asked; closes at the end."""

    def __init__(self, peer: socket.socket, answers: list[tuple[int, bytes, bool]], noise: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.peer, self.answers, self.noise = peer, answers, noise

    def run(self) -> None:
        buffer = FrameBuffer()
        answers = iter(self.answers)
        try:
            while piece := self.peer.recv(65_536):
                buffer.feed(piece)
                for frame in buffer:
                    if frame.command == 2000:
                        continue
                    command, data, event = next(answers)
                    for stray in self.noise:
                        self.peer.sendall(stray)
                    if event:
                        self.peer.sendall(Frame(500, 1, 0, data).stream())
                    self.peer.sendall(Frame(command, 9, frame.reply, data).stream())
        except (StopIteration, OSError):
            self.peer.close()


@contextmanager
def client_of(peer_of: Callable[[socket.socket], threading.Thread]) -> Iterator[TerminalClient]:
    ours, theirs = socket.socketpair()
    clock = peer_of(theirs)
    clock.start()
    client = TerminalClient(TcpWire(ours), key=0, answer_seconds=0.2, encoding="utf-8")
    client.begin(1.0)
    try:
        yield client
    finally:
        client.abort()
        theirs.close()
        clock.join(10)
        assert not clock.is_alive()


commands = st.sampled_from([2000, 2001, 1500, 1501, 1502, 65535, 6001, 2005])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(commands, blobs, st.booleans()), max_size=25),
    st.lists(st.binary(max_size=12).map(lambda stray: stray.replace(b"\x50", b"\x51")), max_size=2),
)
def test_a_rude_clock_causes_only_the_declared_errors(
    answers: list[tuple[int, bytes, bool]], noise: list[bytes]
) -> None:
    with client_of(lambda peer: RudeClock(peer, answers, noise)) as client:
        try:
            client.info("T1")
            counts = client.counts()
            client.local_time()
            table = client.users(counts)
            client.log(counts, table)
            client.templates(counts, table)
            client.register_events()
            client.take_events(0)
        except TerminalError:
            pass


class CountingWire(TcpWire):
    """Counts what travels either way."""

    travelled = 0

    def send(self, frame: Frame, wait: float) -> None:
        self.travelled += len(frame.stream())
        super().send(frame, wait)

    def receive(self, wait: float) -> Frame:
        frame = super().receive(wait)
        self.travelled += len(frame.stream())
        return frame


async def test_a_contact_without_news_moves_less_than_a_kilobyte() -> None:
    log = [SimulatedPunch("1", f"2026-10-01 08:{n % 60:02d}:00", n) for n in range(200)]
    clock = TerminalClock("T1", users=[SimulatedUser("1")], log=log)
    await clock.start()

    def contact() -> int:
        wire = CountingWire(socket.create_connection(("127.0.0.1", clock.port)))
        client = TerminalClient(wire, key=0, answer_seconds=10.0, encoding="utf-8")
        client.begin(30.0)
        client.connect("T1")
        wire.travelled = 0
        counts, offset = read_counts(client, "UTC")
        travelled = wire.travelled
        assert (counts.punches, offset is not None) == (200, True)
        client.close()
        return travelled

    try:
        assert await asyncio.to_thread(contact) < 1000
    finally:
        await clock.stop()
