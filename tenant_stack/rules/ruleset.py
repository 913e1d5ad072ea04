"""The rules of a site or group as dated data. Frozen, hashable, nothing hidden in code. Pure.

All durations are seconds. Law that this can express, with its sources: overtime over 40 hours of a fixed week at 1.5
(FLSA, 29 USC 207); California's daily 8 and 12 hours and seventh day (Labor Code 510); India's 9 hours a day and 48 a
week at double rate (Factories Act 54-59); the UAE's night overtime (Cabinet Resolution 1/2022); the German break of 30
and 45 minutes (ArbZG 4); rounding that must be neutral over time (29 CFR 785.48(b)); daily rest of 11 hours
(Directive 2003/88/EC article 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

HOUR = 3600
MINUTE = 60


@dataclass(frozen=True, slots=True)
class PairingRule:
    """How events become pairs of in and out.

    ``mode``: 'device_state' (trust the clock), 'alternate', 'state_then_alternate' (a state that contradicts the
    order is read by alternation). ``hours``: 'paired' (closed pairs) or 'first_last'.
    ``gap``: without a shift's window, an in this long after the last out starts another stretch of work.
    ``longest``: a pair longer than this is never made; a stretch longer than this is held for a person to look at
    ('hold', not paid until resolved) or paid and flagged ('pay').
    ``repeated_in``: a second in while in keeps the first ('keep_first') or starts anew ('restart'); flagged either way.
    ``repeat_within``: an out this soon after the out before it is the same out said again, not one without an in.
    ``auto_close``: None, or what closes an open pair once ``now`` is past it: 'schedule_end' or 'expected_hours', plus
    ``auto_close_after``; such an out is marked as estimated.
    ``shows_out``: the last out of a day with an open pair is the 'last_closed' pair's or the 'last_event'.
    """

    mode: str = "state_then_alternate"
    hours: str = "paired"
    gap: int = 4 * HOUR
    longest: int = 16 * HOUR
    over_long: str = "hold"
    repeated_in: str = "keep_first"
    repeat_within: int = 10 * MINUTE
    auto_close: str | None = None
    auto_close_after: int = 0
    shows_out: str = "last_closed"


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Swipes closer than ``window`` to the previous one are one event (chained); 0 switches it off.

    ``keep``: 'first' or 'last' of a group.
    ``fixed``: compare with the kept swipe instead of the previous one, as clocks' own firmware does.
    Swipes whose known directions differ are never duplicates.
    """

    window: int = 60
    keep: str = "first"
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class DateRule:
    """Which date work belongs to: 'shift_start' (scheduled start, else first punch), 'first_punch', 'shift_end',
    'most_worked', 'split_midnight'. ``strict_split``: also split where no pair crosses midnight."""

    kind: str = "shift_start"
    strict_split: bool = False


@dataclass(frozen=True, slots=True)
class RoundingRule:
    """``target``: in, out, break_out, break_in, meal_total, break_total, day_total, overtime.

    ``mode``: down, up, nearest (half goes up), seven_eight (7:59 of 15 goes down, 8:00 up), partial_up (7:00 goes up),
    cut_off (remainder at or above
    ``cut_off`` goes up), schedule (onto the scheduled time), clip (work outside the schedule is not counted).
    ``grace``: a time this close past (up) or before (down) the next step is forgiven.
    ``near_start``/``near_end``: only within this many seconds of the scheduled start/end. ``near_total``: only when
    the total is within ``near_total[1]`` of ``near_total[0]``. The first rule that applies to a target is used.
    """

    target: str
    mode: str
    interval: int = MINUTE
    grace: int = 0
    cut_off: int = 0
    near_start: int | None = None
    near_end: int | None = None
    near_total: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class BreakRule:
    """One meal or break rule.

    ``method``: 'deduct' (unpaid, taken off even when not punched), 'add' (punched time is paid back up to the amount),
    'punched' (only labels). ``steps``: (worked more than, amount) pairs, ascending; the trigger is strict.
    ``include_punched``: deduct only what was not taken / pay only what was taken.
    ``keep_trigger``: never deduct below the trigger that caused it.
    ``count``: only the first so many gaps are this rule's. ``window``: gaps whose start and end lie this far after
    the first in; ``lengths``: gaps of this length. ``required``: flag the law's view when less was taken.
    """

    code: str = "meal"
    method: str = "deduct"
    steps: tuple[tuple[int, int], ...] = ((6 * HOUR, 30 * MINUTE),)
    include_punched: bool = True
    keep_trigger: bool = True
    count: int | None = None
    window: tuple[int, int] | None = None
    lengths: tuple[int, int] | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """One overtime tier: a pay code and when a second of work earns it.

    ``basis``: daily, weekly, biweekly, consecutive_day, holiday, off_day, over_schedule (beyond the expected time of
    the day), outside_schedule (minutes outside the scheduled intervals), window (by the clock).
    ``after``: seconds of the counter that must be passed. ``day``: the nth consecutive day of the work week.
    ``window``: wall seconds (start, end; may cross midnight); ``weekdays``: calendar days of the minute.
    Several tiers cover a second: the highest rate wins, then the higher ``after``, then the earlier in the list.
    """

    code: str
    basis: str
    rate: Decimal = Decimal("1.5")
    after: int = 0
    day: int = 7
    window: tuple[int, int] | None = None
    weekdays: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class OvertimeRule:
    """``tiers`` in order, then minimum (inclusive), rounding and cap on the day's overtime, each visible in the trace.

    ``weekly_counts``: 'straight_time' (an hour already overtime does not feed the weekly counter: no pyramiding) or
    'all'. ``week_start``: 0 = Monday. ``anchor``: a first day of a two-week period. ``regular`` is the pay code of
    what is left; ``dropped`` the code of overtime below the minimum, rounded away or above the cap.
    ``tolerance``: overtime (and undertime) at or below it is nothing, above it all counts.
    ``before_start``: time before the scheduled start may be overtime.
    """

    tiers: tuple[Tier, ...] = ()
    weekly_counts: str = "straight_time"
    week_start: int = 0
    anchor: date = date(2024, 1, 1)
    minimum: int = 0
    rounding: RoundingRule | None = None
    cap: int | None = None
    tolerance: int = 0
    undertime_tolerance: int = 0
    before_start: bool = True
    regular: str = "REG"
    dropped: str = "REG"


@dataclass(frozen=True, slots=True)
class PremiumRule:
    """Pay on top of the pay code: by window, weekdays or holiday of each calendar minute; ``least`` and ``most`` bound
    the seconds of a day that has any."""

    code: str
    rate: Decimal = Decimal(0)
    window: tuple[int, int] | None = None
    weekdays: frozenset[int] | None = None
    holiday: bool = False
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class StatusRule:
    """Strict thresholds on worked time; absent is tested first. ``single_punch``: flag, present or absent.
    ``sandwich``: days off between two absences are absences too."""

    half_day_below: int | None = None
    absent_below: int | None = None
    single_punch: str = "flag"
    sandwich: bool = False


@dataclass(frozen=True, slots=True)
class PunctualityRule:
    """Late and early are judged strictly beyond the grace; minutes count from the schedule, or beyond the grace."""

    mark_late: bool = True
    mark_early: bool = True
    late_grace: int = 0
    early_grace: int = 0
    beyond_grace: bool = False


@dataclass(frozen=True, slots=True)
class AnomalyRule:
    """Limits of the anomaly catalogue; None switches a kind off. ``wait``: how long after a shift's window absence
    is not yet concluded. ``speed``: metres a second between two clocks nobody can travel. ``skew``: clock error."""

    long_shift: int | None = 14 * HOUR
    short_shift: int | None = None
    no_break_after: int | None = None
    short_break: int | None = None
    long_break: int | None = None
    least_rest: int | None = 11 * HOUR
    day_limit: int | None = None
    week_limit: int | None = None
    over_schedule: int | None = None
    days_in_a_row: int | None = None
    early_in: int | None = None
    late_out: int | None = None
    skew: int = 120
    future: int = 300
    speed: float = 70.0
    wait: int = 12 * HOUR


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of a rule set, in force for work dates from ``effective`` on.

    ``unmatched``: a punch outside every window is counted as unscheduled work ('count'), waits in the queue ('queue'),
    or waits only on dates that have a scheduled shift ('auto'). ``rest_records``: also make a record for holidays,
    days off and leave on which nobody punched. ``holiday_by_minute``: holiday and day-off overtime follow the
    calendar minute instead of the work date.
    """

    code: str = "default"
    effective: date = date.min
    pairing: PairingRule = PairingRule()
    duplicates: DuplicateRule = DuplicateRule()
    dating: DateRule = DateRule()
    roundings: tuple[RoundingRule, ...] = ()
    breaks: tuple[BreakRule, ...] = ()
    overtime: OvertimeRule = OvertimeRule()
    premiums: tuple[PremiumRule, ...] = ()
    status: StatusRule = StatusRule()
    punctuality: PunctualityRule = PunctualityRule()
    anomalies: AnomalyRule = AnomalyRule()
    unmatched: str = "auto"
    rest_records: bool = True
    holiday_by_minute: bool = False
