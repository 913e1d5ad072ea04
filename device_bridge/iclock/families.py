"""Which of the two push protocols a clock speaks, remembered for each serial number.

Time clocks speak the attendance protocol 2.x ("att"), access-control units and many visible-light clocks the security
protocol 3.x ("acc"); both call the same paths, and one model may be sold with either or switched in its menu. The
memory is the process's own: after a restart a clock tells again, by its handshake, its cookie or its tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from device_bridge.quirks import FAMILY_SIGNS, Family


class Families:
    """Serials enter only after the back end has admitted them, which bounds the memory."""

    def __init__(self) -> None:
        self._known: dict[str, Family] = {}
        self._stated: set[str] = set()
        self._registered: set[str] = set()

    def of(self, serial: str) -> Family:
        """The family of a clock; attendance as long as nothing else is known."""
        return self._known.get(serial, Family.ATTENDANCE)

    def state(self, serial: str, family: Family) -> None:
        """The clock said or showed it beyond doubt: this holds until it says otherwise."""
        if family is not self._known.get(serial):
            self._registered.discard(serial)
        self._known[serial] = family
        self._stated.add(serial)

    def suppose(self, serial: str, family: Family) -> None:
        """A hint, such as the table of an upload: it counts only while the clock has said nothing itself."""
        if serial not in self._stated:
            self._known[serial] = family

    def register(self, serial: str) -> None:
        """The access unit has fetched its registry code."""
        self.state(serial, Family.ACCESS)
        self._registered.add(serial)

    def registered(self, serial: str) -> bool:
        """Whether it has, since this process began; a unit that must register once more does so at no cost."""
        return serial in self._registered


def family_of(said: Mapping[str, str]) -> Family | None:
    """What a handshake (``devicetype`` before ``pushver``) or the ``table`` of an upload, in capitals, tells."""
    signs = (sign for sign in FAMILY_SIGNS if sign.said.fullmatch(said.get(sign.name, "").strip()))
    return next((sign.family for sign in signs), None)
