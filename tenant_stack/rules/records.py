"""What the engine answers: one record per work date, its anomalies, and the trace that explains it. Pure.

Seconds inside; minutes and hours are derived once, at the end, and so that parts add up to their total.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Status(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    HALF_DAY = "half_day"
    ON_LEAVE = "on_leave"
    HOLIDAY = "holiday"
    WEEKLY_OFF = "weekly_off"
    HOLIDAY_WORKED = "holiday_worked"
    OFF_DAY_WORKED = "off_day_worked"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Fractions:
    """Parts of the day; they add up to one. ``open`` is a day nobody can judge yet (incomplete)."""

    present: Decimal = Decimal(0)
    absent: Decimal = Decimal(0)
    leave: Decimal = Decimal(0)
    holiday: Decimal = Decimal(0)
    off: Decimal = Decimal(0)
    open: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PayLine:
    """Seconds under one pay code. ``by_date``: the same seconds by the calendar date of each minute (site zone)."""

    code: str
    rate: Decimal
    seconds: int
    by_date: tuple[tuple[date, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something a person must look at. ``state``: 'pending' while it may still resolve itself, else 'active'.
    ``severity``: info, low, medium, high. ``seconds``: its size where it has one. ``punches``: ids concerned."""

    kind: str
    day: date
    severity: str
    state: str
    text: str
    seconds: int = 0
    punches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one punch. ``role``: in, out, meal_out, meal_in, break_out, break_in, inside, duplicate,
    unmatched, unpaired, repeated, held. Used ones count for time; the others say why not. ``shift`` is the code of the
    shift it was matched to."""

    punch: str
    at: int
    role: str
    why: str = ""
    shift: str | None = None

    @property
    def used(self) -> bool:
        return self.role in USED


USED = frozenset({"in", "out", "meal_out", "meal_in", "break_out", "break_in", "inside"})


@dataclass(frozen=True, slots=True)
class Step:
    """One rule at work. ``seconds`` is its effect on worked time; over all steps they add up to the record's.
    ``numbers`` are what the sentence says, in the order of the template of ``trace.TEMPLATES``."""

    rule: str
    seconds: int
    numbers: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentTrace:
    """One stretch of work within the day: the shift matched (None: unscheduled) and why, in and out as punched and as
    rounded (instants)."""

    shift: str | None
    why: str
    starts: int | None
    ends: int | None
    raw_in: int | None
    raw_out: int | None
    counted_in: int | None
    counted_out: int | None


@dataclass(frozen=True, slots=True)
class Trace:
    zone: str
    rules: str
    fates: tuple[Fate, ...]
    segments: tuple[SegmentTrace, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DayRecord:
    """One person's work date. ``figures.FIGURES`` explains the durations. ``pay`` lines are disjoint and add up to
    ``worked_seconds``; ``premiums`` come on top. ``stretches`` counts stretches of work."""

    work_date: date
    zone: str
    status: Status
    shifts: tuple[str, ...]
    first_in: datetime | None
    last_out: datetime | None
    presence_seconds: int
    worked_seconds: int
    break_seconds: int
    deducted_seconds: int
    paid_break_seconds: int
    expected_seconds: int | None
    late_seconds: int
    early_seconds: int
    balance_seconds: int | None
    pay: tuple[PayLine, ...]
    overtime_seconds: int
    premiums: tuple[PayLine, ...]
    fractions: Fractions
    punch_count: int
    stretches: int
    anomalies: tuple[Anomaly, ...]
    trace: Trace
    estimated: bool = False

    @property
    def worked_minutes(self) -> int:
        """Whole minutes, rounded down: the one final rounding of the day."""
        return self.worked_seconds // 60

    @property
    def pay_minutes(self) -> tuple[tuple[str, int], ...]:
        """Minutes per pay code. They add up to ``worked_minutes``: each line is the difference of running totals."""
        lines, running, done = [], 0, 0
        for line in self.pay:
            running += line.seconds
            lines.append((line.code, running // 60 - done))
            done = running // 60
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class PeriodAnomaly:
    """An anomaly of a week rather than a day: ``start`` is the first date of the week."""

    kind: str
    start: date
    severity: str
    text: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """One person's answer: a record per work date in order, anomalies of dates without a record, weekly anomalies,
    and the fate of every punch given that belongs to no record."""

    staff_id: str
    records: tuple[DayRecord, ...]
    loose: tuple[Anomaly, ...] = ()
    weekly: tuple[PeriodAnomaly, ...] = ()
    fates: tuple[Fate, ...] = ()
