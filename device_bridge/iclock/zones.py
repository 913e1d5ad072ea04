"""The UTC offset that each clock was told; it is told again when the offset changes (summer time).

A clock knows no rules of summer time: it gets the offset valid at its handshake, and shakes hands again when it is
told CHECK. What was told is the process's own memory: a change that falls into a restart of ours reaches a clock with
its next handshake, at the latest when it is next switched on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

PREFIX = "TZ"
"""How the ids of our own CHECKs begin: the organisation's are numbers, and hears nothing of ours."""

ASKED_AGAIN_AFTER = 300.0
SAID_AGAIN_AFTER = 60.0


@dataclass(slots=True)
class _Zone:
    told: int | None = None
    valid: int | None = None
    asked: float | None = None
    said: float | None = None
    number: int = 0


class Zones:
    """By serial; offsets in minutes east of UTC. ``now`` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._zones: dict[str, _Zone] = {}

    def tell(self, serial: str, minutes: int) -> None:
        """A handshake has told the clock this offset."""
        zone = self._zones.setdefault(serial, _Zone())
        zone.told, zone.said = minutes, None
        self.decide(serial, minutes)

    def decide(self, serial: str, minutes: int) -> None:
        """The organisation says that this offset is valid now."""
        zone = self._zones.setdefault(serial, _Zone())
        zone.valid, zone.asked = minutes, self._now()

    def unsure(self, serial: str) -> bool:
        """Whether the organisation has to be asked: it has not said the offset for `ASKED_AGAIN_AFTER` seconds."""
        zone = self._zones.get(serial)
        return zone is None or zone.asked is None or self._now() - zone.asked >= ASKED_AGAIN_AFTER

    def due(self, serial: str) -> str | None:
        """The id of a CHECK to say now: the clock was told another offset than the one that is valid."""
        zone = self._zones.get(serial)
        if zone is None or zone.told is None or zone.told == zone.valid:
            return None
        if zone.said is not None and self._now() - zone.said < SAID_AGAIN_AFTER:
            return None
        zone.said = self._now()
        zone.number = zone.number % 999_999 + 1
        return f"{PREFIX}{zone.number}"
