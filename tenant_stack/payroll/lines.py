"""Pay lines: how much of which pay code a person gets, exact until the one final rounding. Pure.

Time is whole seconds, parts of days are hundredths. A line knows what earlier batches have paid of it (``before``) and
what it is now, so a difference is rounded as the difference of two rounded figures: all batches of a period together
are, to the last digit, what one batch would have been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

SECONDS, DAYS = "seconds", "days"
HOUR = 3600
KINDS = ("regular", "overtime", "premium", "leave", "holiday", "absence", "presence", "late", "early")

TimeFormat = Literal["decimal", "hh:mm", "hh:mm:ss", "minutes", "seconds"]
Rounding = Literal["half_up", "half_even", "down"]

_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
_TICKS = {"hh:mm": 60, "hh:mm:ss": HOUR, "minutes": 60, "seconds": HOUR}


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is paid, as payroll files name them."""

    id: UUID
    employee_id: str
    name: str
    badge_number: str = ""
    email: str = ""
    department: str = ""
    job_title: str = ""
    site_code: str = ""
    site_name: str = ""

    @property
    def last_name(self) -> str:
        """What stands before a comma, else the last word."""
        before, comma, _ = self.name.partition(",")
        return before.strip() if comma else self.name.strip().rpartition(" ")[2]

    @property
    def first_name(self) -> str:
        """What stands after a comma, else all but the last word."""
        _, comma, after = self.name.partition(",")
        return after.strip() if comma else self.name.strip().rpartition(" ")[0].strip()


@dataclass(frozen=True, slots=True)
class PayLine:
    """So much of a pay code. ``day`` is None for a whole period; ``carried``: a correction of a day that was closed
    before. ``before`` and ``now`` are seconds or hundredths of days, as ``unit`` says."""

    staff_id: UUID
    day: date | None
    carried: bool
    code: str
    kind: str
    rate: Decimal
    unit: str
    before: int
    now: int

    @property
    def change(self) -> int:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Measure:
    """The one final conversion. A *tick* is the smallest step of the figure: a hundredth of an hour, a minute …

    ``day_seconds``: how long a day is where days become hours or hours days.
    """

    time: TimeFormat = "decimal"
    places: int = 2
    mark: str = "."
    rounding: Rounding = "half_up"
    day_seconds: int = 8 * HOUR

    def ticks(self, exact: Decimal, unit: str) -> int:
        """Seconds or days (not hundredths) in ticks, rounded."""
        if unit == DAYS:
            found = exact * 10**self.places
        elif self.time == "decimal":
            found = exact * 10**self.places / HOUR
        else:
            found = exact * _TICKS[self.time] / HOUR
        return int(found.quantize(Decimal(1), _MODES[self.rounding]))

    def text(self, ticks: int, unit: str) -> str:
        """Ticks as they stand in a file."""
        sign, size = ("-", -ticks) if ticks < 0 else ("", ticks)
        if unit == DAYS or self.time == "decimal":
            if not self.places:
                return f"{sign}{size}"
            whole, rest = divmod(size, 10**self.places)
            return f"{sign}{whole}{self.mark}{rest:0{self.places}d}"
        if self.time == "hh:mm":
            return f"{sign}{size // 60:02d}:{size % 60:02d}"
        if self.time == "hh:mm:ss":
            return f"{sign}{size // HOUR:02d}:{size // 60 % 60:02d}:{size % 60:02d}"
        return f"{sign}{size}"

    def exact(self, amount: int, unit: str, wanted: str) -> Decimal:
        """Stored seconds or hundredths of days in the unit a file wants: seconds or whole days."""
        if unit == wanted:
            return Decimal(amount) if unit == SECONDS else Decimal(amount) / 100
        if wanted == SECONDS:
            return Decimal(amount) * self.day_seconds / 100
        return Decimal(amount) / self.day_seconds
