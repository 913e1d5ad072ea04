"""A framed session with a pull clock: answers matched by reply id, events set aside, a deadline over everything.

pyzk takes one ``recv`` for one reply, so a split or coalesced frame, or a live event in between, ends its session. Here
a connected socket is read through a `FrameBuffer`, whatever the pieces in which packets arrive.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

from device_bridge.errors import (
    CommandRefused,
    KeyRefused,
    TerminalError,
    TerminalGarbled,
    TerminalTimeout,
    Unsupported,
)
from device_bridge.pyzk_codec import communication_key
from device_bridge.terminal.frames import Command, Frame
from device_bridge.terminal.wire import Deadline, Wire

LARGEST_ANSWER = 256 * 1024 * 1024
TRIES_PER_CHUNK = 3
UPLOAD_PIECE = 1024
ACCEPTED = frozenset((Command.OK, Command.PREPARE_DATA, Command.DATA))


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened at the clock while we were connected; ``code`` 1 is a punch."""

    code: int
    data: bytes


class FramedSession:
    """A conversation over one open `Wire`. Not for two threads at once.

    Every wait for an answer is at most ``answer_seconds``, and never beyond the `Deadline` set by `begin`.
    """

    def __init__(self, wire: Wire, *, key: int, answer_seconds: float) -> None:
        self.wire = wire
        self.answer_seconds = answer_seconds
        self.session = 0
        self._reply = 0
        self._key = key
        self._deadline = Deadline(answer_seconds)
        self._events: deque[LiveEvent] = deque()
        self._greeted = False
        self._open = False

    def begin(self, seconds: float) -> None:
        """Start a new conversation that must be over in so many seconds."""
        self._deadline = Deadline(seconds)

    def greet(self) -> None:
        """Send the first packet of `connect` ahead, so that its answer can be waited for without a thread."""
        self.begin(self.answer_seconds)
        self._send(Command.CONNECT, b"")
        self._greeted = True

    def connect(self) -> None:
        """Open the session, with the communication key if the clock asks for it.

        Raises `KeyRefused` (2005 after our key), `Unsupported` (6001), or another `TerminalError`.
        """
        answer = self._answer() if self._greeted else self.ask(Command.CONNECT)
        self._greeted = False
        self.session = answer.session
        if answer.command == Command.UNAUTHORISED:
            answer = self.ask(Command.AUTHENTICATE, communication_key(self._key, self.session))
            if answer.command == Command.UNAUTHORISED:
                raise KeyRefused(
                    "The clock refused the communication key: enter the key that its menu shows under Comm > Security"
                )
        if answer.command == Command.REFUSED_BY_FIRMWARE:
            raise Unsupported(
                "The clock's new firmware refuses this connection (answer 6001): set it up to push to us instead"
            )
        if answer.command != Command.OK:
            raise CommandRefused(f"The clock refused the connection with answer {answer.command}")
        self._open = True

    def disconnect(self) -> None:
        """Say goodbye, so that the clock frees its only session at once, and close the socket in any case."""
        try:
            if self._open:
                self.ask(Command.EXIT)
        finally:
            self._open = False
            self.wire.close()

    def ask(self, command: int, data: bytes = b"") -> Frame:
        """Send a command and return its first answer, whatever it says."""
        self._send(command, data)
        return self._answer()

    def tell(self, command: int, data: bytes = b"") -> None:
        """Send a command whose answer is not waited for: some clocks restart before they would give it."""
        self._send(command, data)

    def _send(self, command: int, data: bytes) -> None:
        if command == Command.CONNECT:
            self.session, self._reply = 0, 0
        else:
            self._reply = (self._reply + 1) % 65535
        wait = self._deadline.wait(self.answer_seconds)
        self.wire.send(Frame(command, self.session, self._reply, data), wait)

    def command(self, command: int, data: bytes = b"") -> Frame:
        """Like `ask`, but a refusal raises `CommandRefused`."""
        answer = self.ask(command, data)
        if answer.command not in ACCEPTED:
            raise CommandRefused(f"The clock answered {answer.command} to command {command}")
        return answer

    def _answer(self) -> Frame:
        """The next frame of the command under way.

        Live events are acknowledged and set aside. Frames with another reply id are late answers to a command that
        we gave up on: they are skipped. Raises `TerminalGarbled` at once for a packet that was damaged on its way.
        """
        while True:
            frame = self.wire.receive(self._deadline.wait(self.answer_seconds))
            if not frame.intact:
                raise TerminalGarbled("A packet of the clock was damaged on its way (wrong checksum)")
            if frame.command == Command.EVENT:
                self._take_event(frame)
            elif frame.reply == self._reply:
                return frame

    def _take_event(self, frame: Frame) -> None:
        self._events.append(LiveEvent(frame.session, frame.data))
        # Clocks stop sending after some events that nobody acknowledged.
        self.wire.send(Frame(Command.OK, self.session, 0), self._deadline.wait(self.answer_seconds))

    def take_events(self, wait: float) -> list[LiveEvent]:
        """Events so far; waits up to so many seconds for the first one when there is none yet."""
        while True:
            frame = self.wire.buffered()
            if frame is None:
                if self._events or wait <= 0:
                    break
                try:
                    frame = self.wire.receive(wait)
                except TerminalTimeout:
                    break
            if frame.command == Command.EVENT and frame.intact:
                self._take_event(frame)
        events = list(self._events)
        self._events.clear()
        return events

    def read_blob(self, command: int, kind: int) -> bytes:
        """Read a whole list through the clock's buffer, in chunks that are retried singly.

        Users are asked for with (9, 5), the log with (13, 0), fingerprints with (7, 2).
        """
        answer = self.command(Command.BUFFER_ASK, struct.pack("<bhii", 1, command, kind, 0))
        if answer.command == Command.DATA:
            return answer.data
        if answer.command == Command.PREPARE_DATA:
            return self._collect(answer)
        if len(answer.data) < 5:
            return b""
        (size,) = struct.unpack_from("<I", answer.data, 1)
        if size > LARGEST_ANSWER:
            raise TerminalGarbled(f"The clock announced {size} bytes, more than any clock holds")
        blob = bytearray()
        try:
            while len(blob) < size:
                blob += self._chunk(len(blob), min(self.wire.chunk_size, size - len(blob)))
        except (CommandRefused, TerminalGarbled):
            self.ask(Command.FREE_DATA)
            raise
        # Without this some firmware answers nothing more until it is restarted.
        self.ask(Command.FREE_DATA)
        return bytes(blob)

    def one_answer(self, command: int, data: bytes) -> bytes | None:
        """What a command answers with, in one packet or several; `None` when the clock has no such thing (2001).

        Raises `CommandRefused` when the clock does not know the command at all.
        """
        answer = self.ask(command, data)
        if answer.command == Command.ERROR:
            return None
        if answer.command == Command.PREPARE_DATA:
            return self._collect(answer)
        if answer.command in ACCEPTED:
            return answer.data or None
        raise CommandRefused(f"The clock answered {answer.command} to command {command}")

    def upload(self, payload: bytes) -> None:
        """Put bytes into the clock's buffer, for the command that comes next to use."""
        self.ask(Command.FREE_DATA)
        self.command(Command.PREPARE_DATA, struct.pack("<I", len(payload)))
        for start in range(0, len(payload), UPLOAD_PIECE):
            self.command(Command.DATA, payload[start : start + UPLOAD_PIECE])

    def _chunk(self, start: int, size: int) -> bytes:
        last: TerminalError | None = None
        for _ in range(TRIES_PER_CHUNK):
            try:
                answer = self.command(Command.BUFFER_READ, struct.pack("<ii", start, size))
                chunk = answer.data if answer.command == Command.DATA else self._collect(answer)
            except (TerminalTimeout, TerminalGarbled, CommandRefused) as error:
                last = error
                self._deadline.wait(0)
                continue
            if len(chunk) == size:
                return chunk
            last = TerminalGarbled(f"The clock sent {len(chunk)} bytes where {size} were asked for")
        assert last is not None
        raise last

    def _collect(self, first: Frame) -> bytes:
        """Join the DATA packets that follow a PREPARE_DATA, up to the closing OK; all carry one reply id."""
        if first.command != Command.PREPARE_DATA or len(first.data) < 4:
            raise TerminalGarbled(f"The clock answered {first.command} where data was expected")
        (size,) = struct.unpack_from("<I", first.data)
        if size > LARGEST_ANSWER:
            raise TerminalGarbled(f"The clock announced {size} bytes, more than any clock holds")
        # Some firmware puts the beginning of the data behind the two lengths.
        collected = bytearray(first.data[8:])
        while True:
            frame = self._answer()
            if frame.command == Command.DATA:
                collected += frame.data
                if len(collected) > size:
                    raise TerminalGarbled("The clock sent more data than it had announced")
            elif frame.command == Command.OK:
                return bytes(collected)
            else:
                raise CommandRefused(f"The clock broke off its answer with {frame.command}")
