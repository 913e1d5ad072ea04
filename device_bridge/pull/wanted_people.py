"""Who the organisation wants on a clock and off it, as far as the clock has not shown it yet."""

from __future__ import annotations

import time

from device_bridge.messages import clock_user
from device_bridge.records import ClockUser
from foundation.contracts.bridge import Terminal

RETRY_SECONDS = 600.0
"""A clock that took a person and does not show them is not asked the same every half minute."""


class WantedPeople:
    """Set from each list of the back end, taken once, and held back for a while when the clock refuses them."""

    def __init__(self) -> None:
        self._wanted: list[ClockUser] = []
        self._remove: list[str] = []
        self._held_back: dict[ClockUser | str, float] = {}
        self._asked: dict[str, ClockUser | str] = {}

    def set(self, terminal: Terminal) -> None:
        """Take over a newer list."""
        now = time.monotonic()
        self._held_back = {held: until for held, until in self._held_back.items() if until > now}
        users = [clock_user(user) for user in terminal.users]
        self._wanted = [user for user in users if user not in self._held_back]
        self._remove = [pin for pin in terminal.remove_pins if pin not in self._held_back]

    def due(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._wanted or self._remove)

    def take(self) -> tuple[list[ClockUser], list[str]]:
        """Whom to write and whom to remove; the next list names again those for whom it failed."""
        wanted, remove = self._wanted, self._remove
        self._wanted, self._remove = [], []
        self._asked = {**{pin: pin for pin in remove}, **{user.pin: user for user in wanted}}
        return wanted, remove

    def refused(self, problems: dict[str, str]) -> None:
        """Do not retry these PINs for `RETRY_SECONDS`, unless the list wants something else for them."""
        until = time.monotonic() + RETRY_SECONDS
        for pin in problems:
            if pin in self._asked:
                self._held_back[self._asked[pin]] = until
