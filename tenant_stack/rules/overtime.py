"""Regular time and overtime: every worked second gets exactly one pay code. Pure.

Two passes. First each day: daily tiers, time beyond or outside the schedule, holiday, day off, nth consecutive day and
clock windows; where several cover a second the highest rate wins. Then the seconds that stayed straight time feed the
weekly and two-weekly counters in order of time ("no pyramiding": California Labor Code 510 and DLSE; FLSA credits).
Then, per day: minimum (inclusive), rounding, cap; what is dropped is taken from the end and keeps a code.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from tenant_stack.rules.records import PayLine, Step
from tenant_stack.rules.rounding import rounded
from tenant_stack.rules.ruleset import OvertimeRule, PremiumRule, Tier
from tenant_stack.rules.walltime import instant_of, local_ordinal
from tenant_stack.rules.work_dates import pieces

Span = tuple[int, int]
REGULAR_RATE = Decimal(1)


@dataclass(slots=True)
class PayDay:
    """One work date as overtime sees it. ``kinds``: 'holiday' and 'off' for the work date; ``holidays``/``offs`` are
    asked per calendar date when premiums follow the minute. ``expected`` None: nothing is owed, nothing is over."""

    day: date
    intervals: list[Span]
    expected: int | None
    scheduled: tuple[Span, ...]
    holiday: bool
    off: bool
    coded: list[Coded] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    dropped: int = 0


@dataclass(slots=True)
class Coded:
    start: int
    end: int
    tier: Tier | None


def windows_between(zone: str, window: Span, weekdays: frozenset[int] | None, first: int, last: int) -> list[Span]:
    """The spans of a daily clock window that touch ``first``..``last``. ``weekdays`` is the calendar day of the minute,
    so a window over midnight is cut there; a window of no length is the whole day."""
    start, end = window
    parts = [(start, end)] if start < end else [(0, end), (start, 86400)]
    found = []
    for ordinal in range(local_ordinal(zone, first), local_ordinal(zone, last) + 1):
        if weekdays is not None and (ordinal - 1) % 7 not in weekdays:
            continue
        for begin, finish in parts:
            if begin < finish:
                span = instant_of(zone, ordinal, begin), instant_of(zone, ordinal, finish)
                if span[0] < last and span[1] > first:
                    found.append(span)
    return found


def _clock_spans(tier: Tier, zone: str, first: int, last: int) -> list[Span] | None:
    """Where the tier's clock conditions hold; None: everywhere."""
    if tier.window is None and tier.weekdays is None:
        return None
    return windows_between(zone, tier.window or (0, 86400), tier.weekdays, first, last)


class Book:
    """Codes one person's days. ``worked_in_row`` counts consecutive worked days within the work week."""

    def __init__(self, rule: OvertimeRule, zone: str, special: SpecialDates | None = None) -> None:
        self.rule = rule
        self.zone = zone
        self.special = special
        self._daily = [tier for tier in rule.tiers if tier.basis not in ("weekly", "biweekly")]
        self._weekly = [tier for tier in rule.tiers if tier.basis == "weekly"]
        self._biweekly = [tier for tier in rule.tiers if tier.basis == "biweekly"]
        self._order = {id(tier): index for index, tier in enumerate(rule.tiers)}

    @property
    def looks_back(self) -> bool:
        """Do earlier days of the week or period matter?"""
        return bool(self._weekly or self._biweekly or any(tier.basis == "consecutive_day" for tier in self._daily))

    def week_of(self, day: date) -> int:
        return (day.toordinal() - 1 - self.rule.week_start) // 7

    def period_of(self, day: date) -> int:
        return (day.toordinal() - self.rule.anchor.toordinal()) // 14

    def code(self, days: Sequence[PayDay]) -> None:
        """Code every day, in order of date. Days must start with the week (or two weeks) they need."""
        row, previous = 0, None
        weekly = biweekly = 0
        week = period = None
        for each in days:
            ordinal = each.day.toordinal()
            this_week, this_period = self.week_of(each.day), self.period_of(each.day)
            if this_week != week:
                week, weekly, row = this_week, 0, 0
            if this_period != period:
                period, biweekly = this_period, 0
            if each.intervals:
                row = row + 1 if previous == ordinal - 1 else 1
                previous = ordinal
            coded = self._code_day(each, row)
            if self._weekly or self._biweekly:
                coded, weekly, biweekly = self._feed(coded, weekly, biweekly)
            each.coded = coded
            if self.rule.tiers:
                self._limit(each)

    def _better(self, one: Tier | None, other: Tier) -> bool:
        """Is ``other`` better than ``one``?"""
        if one is None:
            return True
        key = (other.rate, other.after, -self._order[id(other)])
        return key > (one.rate, one.after, -self._order[id(one)])

    def _applies(self, tier: Tier, each: PayDay, row: int) -> int | None:
        """Seconds of the day after which the tier begins; None: not today."""
        basis = tier.basis
        if basis in ("daily", "window"):
            return tier.after
        if basis == "over_schedule":
            return None if each.expected is None else each.expected + tier.after
        if basis == "outside_schedule":
            return tier.after
        if basis == "holiday":
            return tier.after if each.holiday or self.special is not None else None
        if basis == "off_day":
            return tier.after if each.off or self.special is not None else None
        if basis == "consecutive_day":
            return tier.after if row == tier.day else None
        return None

    def _spans(self, tier: Tier, each: PayDay, first: int, last: int) -> list[Span] | None:
        spans = _clock_spans(tier, self.zone, first, last)
        if self.special is not None and tier.basis in ("holiday", "off_day"):
            dates = self.special.holidays if tier.basis == "holiday" else self.special.offs
            return [
                (instant_of(self.zone, ordinal, 0), instant_of(self.zone, ordinal + 1, 0))
                for ordinal in range(local_ordinal(self.zone, first), local_ordinal(self.zone, last) + 1)
                if date.fromordinal(ordinal) in dates
            ]
        if tier.basis == "outside_schedule":
            outside, edge = [], first
            for start, end in sorted(each.scheduled):
                if start > edge:
                    outside.append((edge, min(start, last)))
                edge = max(edge, end)
            if edge < last:
                outside.append((edge, last))
            if each.holiday or each.off:
                outside = [(first, last)]
            return outside if spans is None else _both(outside, spans)
        return spans

    def _code_day(self, each: PayDay, row: int) -> list[Coded]:
        if not each.intervals:
            return []
        if not self._daily:
            return [Coded(start, end, None) for start, end in each.intervals]
        first, last = each.intervals[0][0], each.intervals[-1][1]
        active: list[tuple[Tier, int, list[Span] | None]] = []
        for tier in self._daily:
            after = self._applies(tier, each, row)
            if after is not None:
                active.append((tier, after, self._spans(tier, each, first, last)))
        coded: list[Coded] = []
        counter = 0
        for start, end in each.intervals:
            cuts = {start, end}
            for _, after, spans in active:
                cuts.add(start + after - counter)
                for span in spans or ():
                    cuts.update(span)
            edges = sorted(cut for cut in cuts if start <= cut <= end)
            for left, right in itertools.pairwise(edges):
                position = counter + left - start
                best: Tier | None = None
                for tier, after, spans in active:
                    if position < after:
                        continue
                    if spans is not None and not any(span[0] <= left and right <= span[1] for span in spans):
                        continue
                    if self._better(best, tier):
                        best = tier
                early = bool(each.scheduled) and left < each.scheduled[0][0]
                if early and not self.rule.before_start:
                    best = None
                coded.append(Coded(left, right, best))
            counter += end - start
        return coded

    def _feed(self, coded: list[Coded], weekly: int, biweekly: int) -> tuple[list[Coded], int, int]:
        """Straight time past a weekly or two-weekly threshold takes that tier."""
        everything = self.rule.weekly_counts == "all"
        thresholds_week = sorted({tier.after for tier in self._weekly})
        thresholds_two = sorted({tier.after for tier in self._biweekly})
        found: list[Coded] = []
        for part in coded:
            if part.tier is not None and not everything:
                found.append(part)
                continue
            start = part.start
            while start < part.end:
                end = part.end
                for counter, thresholds in ((weekly, thresholds_week), (biweekly, thresholds_two)):
                    ahead = [each for each in thresholds if each > counter]
                    if ahead:
                        end = min(end, start + ahead[0] - counter)
                best = part.tier
                for counter, tiers in ((weekly, self._weekly), (biweekly, self._biweekly)):
                    for tier in tiers:
                        if counter >= tier.after and self._better(best, tier):
                            best = tier
                found.append(Coded(start, end, best))
                weekly += end - start
                biweekly += end - start
                start = end
        return found, weekly, biweekly

    def _limit(self, each: PayDay) -> None:
        """Tolerance, minimum (inclusive), rounding, cap: each visible, what is dropped goes from the end."""
        rule = self.rule
        over = sum(part.end - part.start for part in each.coded if part.tier is not None)
        if not over:
            return
        counted = over
        if counted <= rule.tolerance:
            counted = 0
            each.steps.append(Step("overtime_tolerance", 0, (over, rule.tolerance)))
        if counted < rule.minimum:
            if counted:
                each.steps.append(Step("overtime_minimum", 0, (counted, rule.minimum)))
            counted = 0
        if counted and rule.rounding is not None:
            new = min(over, rounded(counted, rule.rounding))
            if new != counted:
                each.steps.append(Step("overtime_rounding", 0, (counted, new, rule.rounding.interval)))
            counted = new
        if rule.cap is not None and counted > rule.cap:
            each.steps.append(Step("overtime_cap", 0, (counted, rule.cap)))
            counted = rule.cap
        each.dropped = over - counted
        left = each.dropped
        found: list[Coded] = []
        for part in reversed(each.coded):
            size = part.end - part.start
            if part.tier is None or not left:
                found.append(part)
            elif size <= left:
                found.append(Coded(part.start, part.end, None))
                left -= size
            else:
                found.append(Coded(part.end - left, part.end, None))
                found.append(Coded(part.start, part.end - left, part.tier))
                left = 0
        each.coded = found[::-1]


@dataclass(frozen=True, slots=True)
class SpecialDates:
    """Calendar dates that are holidays or days off, for premiums that follow the minute."""

    holidays: frozenset[date]
    offs: frozenset[date]


def _both(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]


def pay_lines(each: PayDay, rule: OvertimeRule, zone: str) -> tuple[tuple[PayLine, ...], int]:
    """One line per pay code (regular first, then tiers in order of the rule), and the seconds of overtime."""
    sums: dict[str, list[Span]] = {}
    rates: dict[str, Decimal] = {rule.regular: REGULAR_RATE}
    overtime = 0
    regular_left = each.dropped if rule.dropped != rule.regular else 0
    for part in reversed(each.coded):
        start, end = part.start, part.end
        if part.tier is None:
            if regular_left:
                start_dropped = max(start, end - regular_left)
                sums.setdefault(rule.dropped, []).append((start_dropped, end))
                rates.setdefault(rule.dropped, REGULAR_RATE)
                regular_left -= end - start_dropped
                end = start_dropped
            if end > start:
                sums.setdefault(rule.regular, []).append((start, end))
        else:
            sums.setdefault(part.tier.code, []).append((start, end))
            rates[part.tier.code] = part.tier.rate
            overtime += end - start
    order = [rule.regular, *(tier.code for tier in rule.tiers), rule.dropped]
    lines = [
        PayLine(code, rates[code], sum(b - a for a, b in sums[code]), by_date(zone, sums[code]))
        for code in dict.fromkeys(order)
        if code in sums
    ]
    return tuple(lines), overtime


def by_date(zone: str, spans: Sequence[Span]) -> tuple[tuple[date, int], ...]:
    """Seconds by the calendar date of each minute."""
    found: dict[int, int] = {}
    for span in spans:
        for ordinal, (start, end) in pieces(zone, span):
            if end > start:
                found[ordinal] = found.get(ordinal, 0) + end - start
    return tuple((date.fromordinal(ordinal), seconds) for ordinal, seconds in sorted(found.items()))


def premium_lines(
    intervals: Sequence[Span], rules: Sequence[PremiumRule], zone: str, holidays: frozenset[date]
) -> tuple[PayLine, ...]:
    """Premiums of a day's worked seconds. ``least`` and ``most`` bound the sum; the dates show what was worked."""
    lines = []
    for rule in rules:
        spans = list(intervals)
        if spans and (rule.window is not None or rule.weekdays is not None):
            clock = windows_between(zone, rule.window or (0, 86400), rule.weekdays, spans[0][0], spans[-1][1])
            spans = _both(spans, clock)
        if rule.holiday:
            spans = [
                part for span in spans for ordinal, part in pieces(zone, span) if date.fromordinal(ordinal) in holidays
            ]
        worked = sum(end - start for start, end in spans)
        if not worked:
            continue
        seconds = max(worked, rule.least)
        if rule.most is not None:
            seconds = min(seconds, rule.most)
        lines.append(PayLine(rule.code, rule.rate, seconds, by_date(zone, spans)))
    return tuple(lines)


def lead_in(rule: OvertimeRule, first: date) -> date:
    """The first date that overtime on ``first`` depends on: the start of its week, or of its two weeks."""
    book = Book(rule, "UTC")
    start = first
    if book.looks_back:
        start = first - timedelta(days=(first.weekday() - rule.week_start) % 7)
    if any(tier.basis == "biweekly" for tier in rule.tiers):
        start = min(start, first - timedelta(days=(first.toordinal() - rule.anchor.toordinal()) % 14))
    return start
