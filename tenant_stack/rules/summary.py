"""Sums over records, each rounded once at the end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from tenant_stack.rules.records import DayRecord, Status
from tenant_stack.rules.status import LETTERS


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of days. A day that is absent by threshold still counts as late or early when it was."""

    present: int = 0
    half_day: int = 0
    absent: int = 0
    late: int = 0
    early: int = 0


def totals(records: Iterable[DayRecord]) -> Totals:
    present = half = absent = late = early = 0
    for record in records:
        present += record.status is Status.PRESENT
        half += record.status is Status.HALF_DAY
        absent += record.status is Status.ABSENT
        late += record.late > 0
        early += record.early > 0
    return Totals(present, half, absent, late, early)


def per_shift(records: Iterable[DayRecord]) -> dict[str, int]:
    """How many records each shift has; a record of two shifts counts for both."""
    found: dict[str, int] = {}
    for record in records:
        for code in record.shifts:
            found[code] = found.get(code, 0) + 1
    return found


def grid(days: Iterable[tuple[date, Status]]) -> dict[int, str]:
    """One person's month as letters by day of the month: one row, however many shifts or leaves."""
    return {day.day: LETTERS[status] for day, status in sorted(days)}


def hours(seconds: int) -> Decimal:
    """Hours with two decimals, half up; to be used on a sum, never on its parts."""
    return (Decimal(seconds) / 3600).quantize(Decimal("0.01"), ROUND_HALF_UP)


def bradford(spells: int, days: int) -> int:
    """Bradford factor: spells squared times days."""
    return spells * spells * days


@dataclass(frozen=True, slots=True)
class Neutrality:
    """What rounding did to one person over a period (29 CFR 785.48(b): it must average out). Seconds."""

    raw: int
    rounded: int

    @property
    def difference(self) -> int:
        return self.rounded - self.raw

    @property
    def percent(self) -> Decimal:
        if not self.raw:
            return Decimal(0)
        return (Decimal(self.difference) * 100 / Decimal(self.raw)).quantize(Decimal("0.01"), ROUND_HALF_UP)


ROUNDING_STEPS = frozenset({"round_time", "round_total", "overlap"})


def neutrality(records: Iterable[DayRecord]) -> Neutrality:
    """Worked time with and without the steps that rounded, from the traces."""
    raw = rounded = 0
    for record in records:
        effect = sum(step.seconds for step in record.trace.steps if step.rule in ROUNDING_STEPS)
        rounded += record.worked
        raw += record.worked - effect
    return Neutrality(raw, rounded)
