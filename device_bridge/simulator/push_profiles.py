"""The kinds of push clock that can be simulated, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PushProfile:
    """A push clock. ``version`` empty = it names none; ``batch`` is lines per upload; ``access`` = security PUSH.

    ``http10``: it speaks HTTP/1.0. ``finger`` and ``face`` are its algorithms, empty for a unit without; ``slots`` is
    its ``MultiBioDataSupport``, empty for a unit that knows no BIODATA.
    """

    version: str
    fields: int
    line_end: str
    trailing_tab: bool
    one_command_a_poll: bool
    posts_options: bool
    bracket_cards: bool
    batch: int = 128
    access: bool = False
    http10: bool = False
    finger: str = "10"
    face: str = ""
    slots: str = ""

    @property
    def finger_major(self) -> int:
        """10 for ZKFinger 10."""
        return int(self.finger.split(".")[0] or 0) if self.finger else 0

    def takes(self, kind: int) -> bool:
        """Whether it knows this type of BIODATA."""
        slots = self.slots.split(":")
        return kind < len(slots) and slots[kind] == "1"


PUSH: Mapping[str, PushProfile] = {
    "att-2.4": PushProfile("2.4.1", 7, "\n", False, False, True, False),
    "att-legacy": PushProfile("", 5, "\r\n", True, True, False, True, http10=True, finger="9", face="7"),
    "att-bio": PushProfile(
        "2.4.2", 10, "\n", False, False, True, False, finger="12", face="40", slots="0:1:0:0:0:0:0:0:1:1"
    ),
    "acc-3.1": PushProfile(
        "3.1.2", 8, "\r\n", False, False, True, False, access=True, face="40", slots="0:0:0:0:0:0:0:0:1:1"
    ),
}
