"""What clocks know, free of any protocol: people, punches, counts, and lines that could not be read.

Every time here is the clock's own wall time as text, ``YYYY-MM-DD HH:MM:SS``: clocks know no time zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyzk2 import const

LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

PRIVILEGES: tuple[int, ...] = (const.USER_DEFAULT, const.USER_ENROLLER, const.USER_MANAGER, const.USER_ADMIN)
"""User, enroller, manager, super admin: the levels that clocks know."""


@dataclass(frozen=True, slots=True)
class ClockUser:
    """A person as a clock knows them. ``card`` 0 means none; ``privilege`` is one of `PRIVILEGES`."""

    pin: str
    name: str = ""
    card: int = 0
    privilege: int = 0


@dataclass(frozen=True, slots=True)
class LoggedPunch:
    """One line of a clock's log. ``raw`` is the line, or the record in hexadecimal, as it came."""

    pin: str
    local_time: str
    status: int
    verify: int
    work_code: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read, kept with the reason. Secrets and templates are already taken out of ``raw``."""

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How full a clock is. `None` means that it did not say: some firmware answers nothing useful."""

    users: int | None = None
    punches: int | None = None
    details: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a clock says of itself; ``serial`` is its identity, the rest is for people."""

    serial: str
    details: dict[str, str] = field(default_factory=dict)
