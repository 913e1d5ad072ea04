"""What a simulated clock remembers, and its wall clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from device_bridge.records import LOCAL_TIME_FORMAT

Announce = Callable[[str], None]


def silent(_: str) -> None:
    """Where a clock's announcements go when nobody wants them."""


@dataclass(slots=True)
class SimulatedUser:
    """A person in a simulated clock."""

    pin: str
    name: str = ""
    card: int = 0
    privilege: int = 0
    uid: int = 0
    password: bytes = b""
    access: bytes = b"\1" + bytes(8)


@dataclass(frozen=True, slots=True)
class SimulatedPunch:
    """A line of a simulated clock's log; ``local_time`` is ``YYYY-MM-DD HH:MM:SS`` as the clock showed it.

    ``event`` is only said by access units: 0 is an ordinary pass, 23 a denial; `device_bridge.iclock.access_parser`
    has them all.
    """

    pin: str
    local_time: str
    status: int = 0
    verify: int = 1
    event: int = 0


class UserBook(dict[str, SimulatedUser]):
    """Users by PIN; those who come without a slot get the next one."""

    def put(self, user: SimulatedUser) -> SimulatedUser:
        """Add or replace by PIN."""
        if not user.uid:
            known = self.get(user.pin)
            user.uid = known.uid if known else max((other.uid for other in self.values()), default=0) + 1
        self[user.pin] = user
        return user

    def by_uid(self, uid: int) -> SimulatedUser | None:
        """Who is in a slot."""
        return next((user for user in self.values() if user.uid == uid), None)


def zone_offset(zone: str) -> timedelta:
    """How far an IANA zone is ahead of UTC now. Raises `LookupError` or `ValueError` for an unknown name."""
    return datetime.now(UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


def shown_time(offset: timedelta, clock_offset: float) -> str:
    """What the display shows: true time in a zone, wrong by ``clock_offset`` seconds."""
    moment = datetime.now(UTC) + offset + timedelta(seconds=clock_offset)
    return moment.strftime(LOCAL_TIME_FORMAT)
