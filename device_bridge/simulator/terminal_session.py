"""One client's session with a simulated pull clock: who is heard at all, and by what numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pyzk2 import const

from device_bridge.pyzk_codec import communication_key
from device_bridge.simulator.memory import SimulatedPunch
from device_bridge.simulator.terminal_records import live_record
from device_bridge.simulator.terminal_unit import TerminalUnit
from device_bridge.terminal.frames import Command, Frame

OLDEST_REPLY = 32768


class TerminalSession:
    """Frames in by `handle`, answers out by `collected`, so that they coalesce as on hardware; events by ``write``.

    ``admit`` says whether the clock has a session to give.
    """

    def __init__(
        self,
        clock: TerminalUnit,
        admit: Callable[[TerminalSession], bool],
        write: Callable[[Frame], None],
        *,
        datagrams: bool = False,
    ) -> None:
        self._clock = clock
        self._admit = admit
        self._write = write
        self.datagrams = datagrams
        self._answers: list[Frame] = []
        self._id = 0
        self._trusted = False
        self._last_reply = 0
        self.open = False
        self.over = False
        self.event_mask = 0

    def collected(self) -> list[Frame]:
        """The answers since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def tell(self, punch: SimulatedPunch) -> None:
        """Send a live event, if the client asked for punches."""
        if self.event_mask & const.EF_ATTLOG:
            self.event(const.EF_ATTLOG, live_record(punch, self._clock.profile))

    def event(self, code: int, data: bytes) -> None:
        """Send an event: its code stands in the session field, its reply id is 0."""
        if self.open:
            self._write(Frame(Command.EVENT, code, 0, data))

    def handle(self, frame: Frame) -> None:
        """Answer one frame, or ignore it as hardware ignores packets that are not right."""
        if not frame.intact:
            self._clock.complaints.append(f"bad checksum in command {frame.command}")
            return
        if frame.command == Command.CONNECT:
            self._connect(frame)
            return
        if not self.open or frame.session != self._id:
            self._clock.complaints.append(f"command {frame.command} with session {frame.session}, not {self._id}")
            return
        if frame.command == Command.OK:
            # The client acknowledges an event.
            self._clock.acknowledged()
            return
        if not self._is_newer(frame.reply):
            self._clock.complaints.append(f"command {frame.command} with reply id {frame.reply}")
            return
        self._last_reply = frame.reply
        if frame.command == Command.AUTHENTICATE:
            self._trusted = proves_key(frame.data, self._clock.comm_key, self._id)
            self.answer(frame, Command.OK if self._trusted else Command.UNAUTHORISED)
            return
        if not self._trusted:
            self.answer(frame, Command.UNAUTHORISED)
            return
        try:
            self.obey(frame)
        except (struct.error, ValueError, IndexError):
            self.answer(frame, Command.ERROR)

    def obey(self, frame: Frame) -> None:
        """Answer the command of a trusted client. Raises `ValueError` or `struct.error` for what a clock refuses."""
        raise NotImplementedError

    def answer(self, asked: Frame, command: int, data: bytes = b"") -> None:
        """Add an answer under the reply id of what was asked."""
        self._answers.append(Frame(command, self._id, asked.reply, data))

    def answer_in_session(self, asked: Frame, value: int) -> None:
        """Add an OK whose session field holds the answer itself."""
        self._answers.append(Frame(Command.OK, value, asked.reply))

    def end(self) -> None:
        """The client is let go; over TCP its connection is closed once the answers are out."""
        if self.open:
            self._clock.stop_capture()
        self.open, self.over, self.event_mask = False, True, 0

    def _is_newer(self, reply: int) -> bool:
        """Reply ids go up by one; one that got lost on its way leaves a gap. A datagram may come twice."""
        distance = (reply - self._last_reply) % 65536
        return 0 < distance < OLDEST_REPLY or (distance == 0 and self.datagrams)

    def _connect(self, frame: Frame) -> None:
        if self._clock.profile.refuses:
            self.answer(frame, Command.REFUSED_BY_FIRMWARE)
            return
        if not self._admit(self):
            return
        # A second CONNECT without EXIT gets the same session again.
        self._id = self._id or self._clock.new_session_id()
        self.open, self._last_reply = True, frame.reply
        self._trusted = not self._clock.comm_key
        self.answer(frame, Command.OK if self._trusted else Command.UNAUTHORISED)
        self._clock.announce(f"{self._clock.serial}: a client connected")


def proves_key(answer: bytes, key: int, session: int) -> bool:
    """Whether an answer proves the key; clients choose the ticks byte, so it is taken from the answer."""
    return len(answer) >= 4 and answer[:4] == communication_key(key, session, answer[2])
