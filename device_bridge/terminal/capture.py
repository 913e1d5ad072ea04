"""Taking a finger at the clock, asked for from afar: start, watch, stop. Blocking, in short calls.

Command 61 makes the clock ask for three touches. It tells of them by events 256 (score 100 is a good touch) and 8 (the
end: 0 stored, 5 known already, 4 and 6 given up). Events get lost and some clocks send none, so the stored template
itself is looked for too: it alone is proof. Source: fananimi/pyzk (``enroll_user`` and its issues 30, 44, 117, 252).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pyzk2 import const

from device_bridge.errors import CommandRefused, TerminalError, TerminalTimeout
from device_bridge.quirks import DATAGRAM_CAPTURE, STREAM_CAPTURE
from device_bridge.terminal.fingers import Fingers
from device_bridge.terminal.frames import Command
from device_bridge.terminal.session import FramedSession, LiveEvent
from device_bridge.terminal.users import StoredUser, numeric_pin

FINGER_STORED: int = const.EF_ENROLLFINGER
FINGER_SCORE: int = const.EF_FPFTR
GOOD_TOUCH = 100
DUPLICATE = 5
EVENTS_WANTED = const.EF_ATTLOG | FINGER_STORED | FINGER_SCORE
TOUCHES = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """What was seen since the last look. ``others`` are events that have nothing to do with it, such as punches."""

    touches: int = 0
    stored: bool = False
    failure: str = ""
    others: tuple[LiveEvent, ...] = field(default=())


class Capture:
    """One capture. `start`, then `look` until it is over, then `stop` in every case."""

    def __init__(
        self, session: FramedSession, fingers: Fingers, usual_events: Callable[[], bool], *, datagrams: bool
    ) -> None:
        self._session = session
        self._fingers = fingers
        self._usual_events = usual_events
        self._datagrams = datagrams
        self._place = (0, 0)
        self._before: bytes | None = None
        self._touches = 0

    def start(self, stored: StoredUser, finger: int) -> None:
        """Make the clock ask for the finger. Raises `CommandRefused` when it does not."""
        asked = request_of(stored.user.pin, finger, datagrams=self._datagrams)
        self._place, self._touches = (stored.uid, finger), 0
        self._before = self._shown()
        self._session.ask(Command.EVENT, struct.pack("<I", EVENTS_WANTED))
        # A clock that is still busy with an earlier one answers 2001.
        self._session.ask(Command.CAPTURE_CANCEL)
        self._session.command(Command.CAPTURE_START, asked)

    def look(self, wait: float, *, poll: bool) -> Progress:
        """Events of up to ``wait`` seconds; with ``poll`` also whether the clock holds a new template by now."""
        others: list[LiveEvent] = []
        failure, claimed = "", False
        for event in self._session.take_events(wait):
            result = struct.unpack_from("<H", event.data)[0] if len(event.data) >= 2 else None
            if event.code == FINGER_SCORE:
                self._touches += result == GOOD_TOUCH
            elif event.code == FINGER_STORED:
                claimed = result == 0
                if result:
                    failure = (
                        "this finger is known to the clock already, perhaps as somebody else's"
                        if result == DUPLICATE
                        else "the clock gave up: the touches were not good enough, or came too late"
                    )
            else:
                others.append(event)
        stored = (poll or claimed) and self._changed()
        touches = TOUCHES if stored else min(self._touches, TOUCHES)
        return Progress(touches, stored, "" if stored else failure, tuple(others))

    def stop(self) -> None:
        """Whatever happened: back to the ordinary state, so that people can punch. Never raises."""
        # Each is tried: a clock that did not answer the first may be back for the last, which matters most.
        for command in (Command.CAPTURE_CANCEL, Command.VERIFY_START, Command.ENABLE):
            with suppress(TerminalError):
                self._session.ask(command)
        with suppress(TerminalError):
            self._usual_events()

    def _changed(self) -> bool:
        try:
            now = self._shown()
        except TerminalTimeout:
            # Busy with the finger: it is asked again a little later.
            return False
        return now is not None and now != self._before

    def _shown(self) -> bytes | None:
        try:
            return self._fingers.one(*self._place)
        except CommandRefused:
            return None


def request_of(pin: str, finger: int, *, datagrams: bool) -> bytes:
    """What command 61 carries. Raises `CommandRefused` for a PIN that cannot be said to such a clock."""
    if not datagrams:
        return STREAM_CAPTURE.layout.pack(pin.encode(), finger, 1)
    try:
        return DATAGRAM_CAPTURE.layout.pack(numeric_pin(pin), finger)
    except ValueError as error:
        raise CommandRefused(str(error)) from error
