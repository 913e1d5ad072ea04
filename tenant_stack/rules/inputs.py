"""What the engine is told about one person: punches, roster, rules, calendar. Plain frozen data. Pure.

Durations and wall times are whole seconds (wall times after local midnight); dates are local dates of the site;
``datetime`` values are aware. Everything that changes over time is dated: shifts and rule sets are versions with an
``effective`` date, assignments, weekly offs and leave have spans. A version counts for work dates on or after its
date, so a change today never alters earlier days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from tenant_stack.rules.ruleset import (
    BreakRule,
    PairingRule,
    PunctualityRule,
    RoundingRule,
    RuleSet,
    StatusRule,
)

BEGINNING = date.min


class Direction(StrEnum):
    """What the device says a punch is. ZKTeco codes 0..5 map to the first six; 255 and the like are UNKNOWN."""

    IN = "in"
    OUT = "out"
    BREAK_OUT = "break_out"
    BREAK_IN = "break_in"
    OVERTIME_IN = "overtime_in"
    OVERTIME_OUT = "overtime_out"
    UNKNOWN = "unknown"


ARRIVALS = frozenset({Direction.IN, Direction.BREAK_IN, Direction.OVERTIME_IN})
DEPARTURES = frozenset({Direction.OUT, Direction.BREAK_OUT, Direction.OVERTIME_OUT})


@dataclass(frozen=True, slots=True)
class Punch:
    """One raw punch. ``id`` is the row's identity: the same id twice is the same punch.

    ``zone`` is the IANA zone of the clock when it was punched: the date of the day follows it for ever, no matter
    from where somebody looks. ``flags`` carry doubts found at intake (see ``walltime``), ``clock_ahead`` is the
    measured error of the device's clock in seconds (None: not measured), ``place`` the position of the device in
    degrees (latitude, longitude), ``received_at`` when it reached us.
    """

    id: str
    at: datetime
    zone: str
    direction: Direction = Direction.UNKNOWN
    device: str = ""
    flags: tuple[str, ...] = ()
    clock_ahead: int | None = None
    place: tuple[float, float] | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScheduledBreak:
    """A fixed break of a shift in wall seconds after the midnight of its date; presence inside is not worked time
    unless it is paid."""

    start: int
    end: int
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One version of a shift. ``end`` at or before ``start`` is on the next day; equal means 24 hours.

    ``before`` and ``after`` are how long before the start and after the end a punch still belongs to the shift, edges
    inclusive; None: the shift has no windows and work is matched to it by overlap and nearness. ``expected`` is the
    time owed, None: its length (in elapsed time) without unpaid scheduled breaks and without ``unpaid_break``.
    ``flexible``: no times are owed, only ``expected`` time; never late or early, and no shift times are matched.
    A rule given here wins over the rule set's.
    """

    code: str
    start: int
    end: int
    effective: date = BEGINNING
    before: int | None = None
    after: int | None = None
    breaks: tuple[ScheduledBreak, ...] = ()
    expected: int | None = None
    unpaid_break: int = 0
    flexible: bool = False
    pairing: PairingRule | None = None
    status: StatusRule | None = None
    punctuality: PunctualityRule | None = None
    break_rules: tuple[BreakRule, ...] | None = None
    roundings: tuple[RoundingRule, ...] | None = None

    @property
    def last(self) -> int:
        """The end in seconds after the midnight of the start date."""
        return self.end if self.end > self.start else self.end + 86400


@dataclass(frozen=True, slots=True)
class Assignment:
    """A person's shifts from ``start`` to ``end`` (None: open), on ``weekdays`` (0 = Monday; None: all).

    ``rotation`` is the cycle of shift codes (None: a free day), one entry a day, its first entry on ``anchor``
    (default: ``start``). A single code is a rotation of one.
    """

    rotation: tuple[str | None, ...]
    start: date
    end: date | None = None
    weekdays: frozenset[int] | None = None
    anchor: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    def code_on(self, day: date) -> str | None:
        """The shift of a day this assignment covers; None: free."""
        if self.weekdays is not None and day.weekday() not in self.weekdays:
            return None
        step = (day - (self.anchor or self.start)).days
        return self.rotation[step % len(self.rotation)]


@dataclass(frozen=True, slots=True)
class WeeklyOff:
    """Weekdays off (0 = Monday) within a span of dates."""

    weekdays: frozenset[int]
    start: date = BEGINNING
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that are not working days. ``working`` overrules a weekly off; a holiday overrules everything."""

    holidays: frozenset[date] = frozenset()
    weekly_offs: tuple[WeeklyOff, ...] = ()
    off: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()

    def is_off(self, day: date) -> bool:
        if day in self.working:
            return False
        if day in self.off:
            return True
        return any(
            day.weekday() in each.weekdays and each.start <= day and (each.end is None or day <= each.end)
            for each in self.weekly_offs
        )


@dataclass(frozen=True, slots=True)
class Leave:
    """Approved leave, or duty elsewhere, on one date.

    ``part`` is 'full', 'first_half', 'second_half' or 'hours' (then ``start`` and ``end`` are wall seconds).
    ``kind`` 'leave' excuses; 'on_duty' counts as present (work away from the clocks).
    """

    day: date
    part: str = "full"
    kind: str = "leave"
    code: str = "leave"
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class StaffInput:
    """Everything about one person for one run. Results are for the dates ``first``..``last``, both included.

    Punches before and after the period are needed too: see ``engine.reach`` for how far. ``shifts`` holds every
    version of every shift the assignments name. ``rules`` are versions of one rule set. ``now`` is the moment of
    judgement (None: everything is past); ``complete_until`` is the instant up to which every device of the person has
    reported (None: ``now``). ``joined`` and ``left`` are the first and the last day of employment.
    """

    staff_id: str
    first: date
    last: date
    zone: str
    punches: tuple[Punch, ...] = ()
    shifts: Mapping[str, tuple[Shift, ...]] = field(default_factory=dict)
    assignments: tuple[Assignment, ...] = ()
    default_shift: str | None = None
    rules: tuple[RuleSet, ...] = (RuleSet(),)
    calendar: Calendar = Calendar()
    leaves: tuple[Leave, ...] = ()
    joined: date | None = None
    left: date | None = None
    now: datetime | None = None
    complete_until: datetime | None = None
