"""When to call a clock again that failed: later and later, never all clocks at once, and never not at all."""

from __future__ import annotations

import random

OPENS_AFTER = 5
"""After so many failures in a row only a person's request makes us call before the wait is over."""


class CircuitBreaker:
    """Failures of one clock. Waits are full jitter: anything up to a ceiling that doubles, so that clocks lost
    together don't come back together. Seconds throughout."""

    def __init__(self, base: float, cap: float, chance: random.Random | None = None) -> None:
        self._base = base
        self._cap = cap
        self._chance = chance or random.Random()
        self.failures = 0

    @property
    def open(self) -> bool:
        """Whether the clock has failed so often that changes in our lists are no reason to call it."""
        return self.failures >= OPENS_AFTER

    def failed(self) -> None:
        """One more failure in a row."""
        self.failures += 1

    def succeeded(self) -> None:
        """The clock was read completely: whatever happens next is a first failure."""
        self.failures = 0

    def wait(self) -> float:
        """How long to wait now."""
        return self.wait_after(self.failures)

    def wait_after(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        ceiling = min(self._cap, self._base * 2.0 ** min(max(failures, 1) - 1, 16))
        return self._chance.uniform(min(self._base / 10, ceiling), ceiling)
