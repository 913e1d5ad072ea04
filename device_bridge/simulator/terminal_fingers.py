"""Fingerprints in a simulated pull clock, and somebody who lays a finger on it when it asks."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pyzk2 import const
from pyzk2.finger import Finger

from device_bridge.simulator.memory import UserBook
from device_bridge.simulator.profiles import TerminalProfile
from device_bridge.simulator.terminal_records import read_user, sized

Somebody = Literal["good", "absent", "bad", "known", "mute"]
"""Who stands at the clock: nobody, somebody with bad fingers, somebody whose finger is known. ``mute`` is a clock that
stores the finger and sends no event, as some do."""
UNACKNOWLEDGED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SimulatedFinger:
    """A template; ``flag`` 3 means duress."""

    data: bytes = field(repr=False)
    flag: int = 1


class FingerBook(dict[tuple[int, int], SimulatedFinger]):
    """Templates by slot and finger."""

    def blob(self) -> bytes:
        """All of them as command 7 gives them."""
        return sized(
            b"".join(
                Finger(uid, number, finger.flag, finger.data).repack() for (uid, number), finger in sorted(self.items())
            )
        )

    def forget(self, uid: int) -> None:
        """Somebody was deleted, and their fingers with them."""
        for place in [place for place in self if place[0] == uid]:
            del self[place]

    def take_upload(self, payload: bytes, users: UserBook, profile: TerminalProfile) -> None:
        """People and fingers of command 110. Raises `struct.error` or `ValueError` when it does not hold together."""
        users_size, table_size, fingers_size = struct.unpack_from("<III", payload)
        if len(payload) != 12 + users_size + table_size + fingers_size:
            raise ValueError("the three lengths do not add up")
        people, table = payload[12 : 12 + users_size], payload[12 + users_size : 12 + users_size + table_size]
        fingers = payload[12 + users_size + table_size :]
        step = profile.user_bytes + 1
        for start in range(0, len(people), step):
            if people[start] != 2:
                raise ValueError("a user record without its mark")
            users.put(read_user(people[start + 1 : start + step], profile))
        for mark, uid, finger, offset in struct.iter_unpack("<BHBI", table):
            (size,) = struct.unpack_from("<H", fingers, offset)
            data = fingers[offset + 2 : offset + 2 + size]
            if mark != 2 or finger & 0xF0 != 0x10 or finger & 0x0F > 9 or len(data) != size:
                raise ValueError("a row of the table that names no finger")
            if users.by_uid(uid) is None:
                raise ValueError("a finger of nobody")
            self[uid, finger & 0x0F] = SimulatedFinger(data)


def drawn_template(chance: random.Random) -> bytes:
    """A template as ZKFinger 10 makes them: two bytes, ``SS21``, and about a kilobyte."""
    return chance.randbytes(2) + b"SS21" + chance.randbytes(chance.randint(900, 1237)) + b"\x01"


class FingerCapture:
    """The clock asks for a finger three times. It waits for the client to acknowledge each event, but not for ever.

    ``tell`` sends an event: its code and its data. ``done`` is called with the template at the end, `None` for none.
    """

    def __init__(
        self,
        pin: str,
        finger: int,
        somebody: Somebody,
        chance: random.Random,
        *,
        touch_seconds: float,
        tell: Callable[[int, bytes], None],
        done: Callable[[bytes | None], None],
    ) -> None:
        self._tell, self._done, self._touch_seconds = tell, done, touch_seconds
        self._steps: list[tuple[int, bytes]] = []
        self._template: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None
        score, result = (20, 4) if somebody == "bad" else (100, 5 if somebody == "known" else 0)
        if somebody in ("good", "mute"):
            self._template = drawn_template(chance)
        if somebody != "mute":
            self._steps = [(const.EF_FINGER, b""), (const.EF_FPFTR, struct.pack("<H", score))] * 3
            size = len(self._template or b"")
            self._steps.append((const.EF_ENROLLFINGER, struct.pack("<HH9sB", result, size, pin.encode()[:9], finger)))
        if somebody != "absent":
            self._in(touch_seconds)

    def acknowledged(self) -> None:
        """The client heard the last event."""
        if self._timer is not None:
            self._in(self._touch_seconds)

    def stop(self) -> None:
        """The client gave up, or went away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _in(self, seconds: float) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._next)

    def _next(self) -> None:
        last = len(self._steps) <= 1
        if last:
            self.stop()
            self._done(self._template)
        if self._steps:
            event = self._steps.pop(0)
            if not last:
                self._in(UNACKNOWLEDGED_SECONDS)
            self._tell(*event)
