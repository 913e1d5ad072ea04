"""The kinds of pull clock that can be simulated, by name; those of push clocks are in `push_profiles`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar


class UnknownProfile(ValueError):
    """No clock of that name can be simulated."""


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """A pull clock. ``packet_bytes`` is how much one DATA packet holds, ``answer_delay`` is in seconds.

    ``packet_gap`` is how many seconds lie between the packets of one answer: hardware takes its time over each, and
    some clients (node-zklib, zkteco-js) lose packets that arrive together. 0 lets them coalesce.

    ``user_bytes``, ``log_bytes``, ``live_bytes`` and ``sizes_bytes`` are its layouts, ``encoding`` is that of names,
    ``fingerprint_version`` its algorithm. ``uploads`` is whether it takes people and fingers in one upload (110).
    ``faults`` are what goes wrong with it, as for ``--fault``; ``clock_offset`` is by how many seconds it goes wrong.
    """

    packet_bytes: int = 1 << 20
    packet_gap: float = 0.02
    default_key: int = 0
    refuses: bool = False
    answer_delay: float = 0.0
    dribble_bytes: int = 0
    platform: str = "ZMM220_TFT"
    firmware: str = "Ver 6.60 Apr 28 2017"
    udp: bool = False
    user_bytes: int = 72
    log_bytes: int = 40
    live_bytes: int = 32
    sizes_bytes: int = 92
    encoding: str = "utf-8"
    fingerprint_version: str = "10"
    pin_width: int = 9
    log_capacity: int = 200_000
    clock_offset: float = 0.0
    acknowledges_restart: bool = True
    uploads: bool = True
    faults: tuple[str, ...] = ()


_OLD = TerminalProfile(
    udp=True,
    user_bytes=28,
    log_bytes=8,
    live_bytes=10,
    sizes_bytes=80,
    encoding="gb2312",
    fingerprint_version="9",
    pin_width=5,
    platform="ZEM510",
    firmware="Ver 6.21 Jul 21 2011",
    uploads=False,
)
TERMINALS: Mapping[str, TerminalProfile] = {
    "zk6-udp": _OLD,
    "zk6-16": replace(_OLD, log_bytes=16, live_bytes=14, platform="ZEM600"),
    "zk8": TerminalProfile(),
    "zk8-1008": TerminalProfile(packet_bytes=1008, packet_gap=0.01, live_bytes=36, platform="ZMM100_TFT"),
    "vl": TerminalProfile(
        log_bytes=49,
        live_bytes=52,
        pin_width=14,
        fingerprint_version="12",
        acknowledges_restart=False,
        platform="ZAM180_TFT",
        firmware="ZAM180-NF-Ver 3.4.6",
    ),
    "wl20": TerminalProfile(sizes_bytes=4, live_bytes=37, platform="ZLM60_TFT"),
    "keyed": TerminalProfile(default_key=123456),
    "refusing": TerminalProfile(refuses=True, platform="ZAM180_TFT"),
    "slow": TerminalProfile(answer_delay=0.2, dribble_bytes=700),
    "flaky": TerminalProfile(
        faults=("drop:60", "delay:15", "reset:60", "truncate:60", "garbage:30", "checksum:40"), packet_bytes=1008
    ),
    "full": TerminalProfile(log_capacity=1000),
    "wrong-clock": TerminalProfile(clock_offset=-5400.0),
}

Profile = TypeVar("Profile")


def chosen(profiles: Mapping[str, Profile], name: str) -> Profile:
    """The profile of that name. Raises `UnknownProfile`, which lists those that exist."""
    try:
        return profiles[name]
    except KeyError:
        raise UnknownProfile(f"There is no profile {name!r}: choose one of {', '.join(sorted(profiles))}") from None
