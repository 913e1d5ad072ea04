"""The kinds of clock that can be simulated, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar


class UnknownProfile(ValueError):
    """No clock of that name can be simulated."""


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """A pull clock. ``packet_bytes`` is how much one DATA packet holds, ``answer_delay`` is in seconds."""

    packet_bytes: int = 1 << 20
    default_key: int = 0
    refuses: bool = False
    answer_delay: float = 0.0
    dribble_bytes: int = 0
    platform: str = "ZMM220_TFT"
    firmware: str = "Ver 6.60 Apr 28 2017"


@dataclass(frozen=True, slots=True)
class PushProfile:
    """A push clock. ``version`` empty = it names none; ``batch`` is lines per upload; ``access`` = security PUSH."""

    version: str
    fields: int
    line_end: str
    trailing_tab: bool
    one_command_a_poll: bool
    posts_options: bool
    bracket_cards: bool
    batch: int = 128
    access: bool = False


TERMINALS: Mapping[str, TerminalProfile] = {
    "zk8": TerminalProfile(),
    "zk8-1008": TerminalProfile(packet_bytes=1008, platform="ZMM100_TFT"),
    "keyed": TerminalProfile(default_key=123456),
    "refusing": TerminalProfile(refuses=True, platform="ZAM180_TFT"),
    "slow": TerminalProfile(answer_delay=0.2, dribble_bytes=700),
}

PUSH: Mapping[str, PushProfile] = {
    "att-2.4": PushProfile("2.4.1", 7, "\n", False, False, True, False),
    "att-legacy": PushProfile("", 5, "\r\n", True, True, False, True),
    "acc-3.1": PushProfile("3.1.2", 8, "\r\n", False, False, True, False, access=True),
}

Profile = TypeVar("Profile")


def chosen(profiles: Mapping[str, Profile], name: str) -> Profile:
    """The profile of that name. Raises `UnknownProfile`, which lists those that exist."""
    try:
        return profiles[name]
    except KeyError:
        raise UnknownProfile(f"There is no profile {name!r}: choose one of {', '.join(sorted(profiles))}") from None
