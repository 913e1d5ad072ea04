"""The framed reader: whatever the pieces, whatever comes between."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_bridge.errors import TerminalClosed, TerminalTimeout
from device_bridge.terminal.frames import Frame, FrameBuffer, checksum
from device_bridge.terminal.session import FramedSession
from device_bridge.terminal.wire import TcpWire

frames = st.builds(Frame, st.integers(1, 65535), st.integers(0, 65535), st.integers(0, 65534), st.binary(max_size=60))


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(edges)]


@given(st.binary(max_size=300) | st.integers(0, 400).map(lambda size: b"\xff" * size))
def test_the_checksum_is_the_sum_of_words_folded_and_turned_over(packet: bytes) -> None:
    padded = packet + b"\0" * (len(packet) % 2)
    total: int = sum(struct.unpack(f"<{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(packet) == ~total & 0xFFFF


@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 5000), max_size=30))
def test_frames_come_out_whole_however_they_were_cut(sent: list[Frame], cuts: list[int]) -> None:
    buffer = FrameBuffer()
    found: list[Frame] = []
    for piece in pieces(b"".join(frame.stream() for frame in sent), cuts):
        buffer.feed(piece)
        found += list(buffer)
    assert found == sent


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=40)), min_size=1, max_size=6),
    st.lists(st.integers(0, 5000), max_size=30),
)
def test_answers_and_events_are_told_apart_however_they_were_mixed_and_cut(
    plan: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    """Each question is answered after so many events; every answer is its own, every event comes out once, in order."""
    with session_pair() as (session, peer):
        stream, events = b"", []
        for number, (count, data) in enumerate(plan, start=1):
            for index in range(count):
                event = bytes((number, index)) + data
                events.append(event)
                stream += Frame(500, 1, 0, event).stream()
            stream += Frame(2000, 5, number, b"%d" % number).stream()
        parts = pieces(stream, cuts)
        sending = threading.Thread(target=lambda: deque(map(peer.sendall, parts)), daemon=True)
        sending.start()
        for number in range(1, len(plan) + 1):
            assert session.ask(50).data == b"%d" % number
        sending.join(5)
        assert [event.data for event in session.take_events(0)] == events


@given(st.lists(st.tuples(st.binary(max_size=20), frames), max_size=5))
def test_stray_bytes_between_frames_are_skipped(sent: list[tuple[bytes, Frame]]) -> None:
    # A stray piece may not itself begin like a frame.
    stray = [(junk.replace(b"\x50", b"\x51"), frame) for junk, frame in sent]
    buffer = FrameBuffer()
    buffer.feed(b"".join(junk + frame.stream() for junk, frame in stray))
    assert list(buffer) == [frame for _, frame in sent]


def test_every_single_cut_of_a_coalesced_answer() -> None:
    sent = [Frame(1500, 9, 3, b"12345678"), Frame(1501, 9, 3, b"PP\x82}PP\x82}"), Frame(2000, 9, 3)]
    stream = b"".join(frame.stream() for frame in sent)
    for cut in range(len(stream)):
        buffer = FrameBuffer()
        buffer.feed(stream[:cut])
        first = list(buffer)
        buffer.feed(stream[cut:])
        assert first + list(buffer) == sent


class ScriptedClock(threading.Thread):
    """Answers one `read_blob` of ``blob`` with frames in pieces, with live events and late answers in between."""

    def __init__(self, peer: socket.socket, blob: bytes, packet: int, cuts: list[int], noise: list[bool]) -> None:
        super().__init__(daemon=True)
        self.peer, self.blob, self.packet, self.cuts, self.noise = peer, blob, packet, cuts, noise
        self.acknowledged = 0
        self.events = 0

    def run(self) -> None:
        buffer = FrameBuffer()
        while piece := self.peer.recv(65536):
            buffer.feed(piece)
            for frame in buffer:
                for part in pieces(b"".join(answer.stream() for answer in self.answers(frame)), self.cuts):
                    self.peer.sendall(part)

    def answers(self, asked: Frame) -> Iterator[Frame]:
        if asked.command == 2000:
            self.acknowledged += 1
            return
        plain = list(self.plain(asked))
        for number, answer in enumerate(plain):
            if self.noise and self.noise[number % len(self.noise)]:
                self.events += 1
                yield Frame(500, 1, 0, struct.pack("<24sBB6s", b"7", 1, 0, bytes((26, 11, 22, 9, 50, 48))))
                yield Frame(2000, 5, (asked.reply - 1) % 65535, b"late")
            yield answer

    def plain(self, asked: Frame) -> Iterator[Frame]:
        if asked.command == 1503:
            size = len(self.blob)
            yield Frame(2000, 5, asked.reply, struct.pack("<BIII", 0, size, size, 0))
        elif asked.command == 1504:
            start, size = struct.unpack("<ii", asked.data)
            yield Frame(1500, 5, asked.reply, struct.pack("<II", size, self.packet))
            for offset in range(start, start + size, self.packet):
                yield Frame(1501, 5, asked.reply, self.blob[offset : min(offset + self.packet, start + size)])
            yield Frame(2000, 5, asked.reply)
        else:
            yield Frame(2000, 5, asked.reply)


@contextmanager
def session_pair(answer_seconds: float = 2.0) -> Iterator[tuple[FramedSession, socket.socket]]:
    ours, peer = socket.socketpair()
    session = FramedSession(TcpWire(ours), key=0, answer_seconds=answer_seconds)
    session.begin(10.0)
    try:
        yield session, peer
    finally:
        session.wire.close()
        peer.close()


@settings(max_examples=40, deadline=None)
@given(
    st.binary(min_size=1, max_size=5000),
    st.sampled_from([100, 1008, 1 << 16]),
    st.lists(st.integers(0, 8000), max_size=12),
    st.lists(st.booleans(), max_size=5),
)
def test_a_bulk_answer_survives_cuts_events_and_late_answers(
    blob: bytes, packet: int, cuts: list[int], noise: list[bool]
) -> None:
    with session_pair() as (session, peer):
        clock = ScriptedClock(peer, blob, packet, cuts, noise)
        clock.start()
        assert session.read_blob(13, 0) == blob
        events = session.take_events(0)
        assert len(events) == clock.events
        peer.shutdown(socket.SHUT_RDWR)
        clock.join(5)


def test_a_connection_closed_in_the_middle_of_an_answer_raises_at_once() -> None:
    with session_pair(answer_seconds=30.0) as (session, peer):
        peer.sendall(Frame(2000, 5, 1).stream()[:11])
        peer.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        with pytest.raises(TerminalClosed):
            session.ask(50)
        assert time.monotonic() - began < 1.0


def test_silence_ends_at_the_answer_limit_and_at_the_deadline() -> None:
    with session_pair(answer_seconds=0.1) as (session, _), pytest.raises(TerminalTimeout):
        session.ask(50)
    with session_pair(answer_seconds=30.0) as (session, _):
        session.begin(0.1)
        began = time.monotonic()
        with pytest.raises(TerminalTimeout):
            session.ask(50)
        assert time.monotonic() - began < 1.0


def test_a_clock_that_only_sends_events_cannot_outlast_the_deadline() -> None:
    with session_pair(answer_seconds=1.0) as (session, peer):
        session.begin(0.3)
        over = threading.Event()

        def chatter() -> None:
            while not over.wait(0.02):
                peer.sendall(Frame(500, 1, 0, bytes(32)).stream())

        talking = threading.Thread(target=chatter, daemon=True)
        talking.start()
        began = time.monotonic()
        with pytest.raises(TerminalTimeout):
            session.ask(50)
        assert time.monotonic() - began < 1.5
        over.set()
        talking.join(5)
