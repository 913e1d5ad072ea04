"""A day's worked time, in the fixed order: pair, round the times, breaks, day total. Pure.

The result is a list of intervals whose sum is the worked time to the second, so every later rule (overtime, premiums,
calendar dates) speaks about the same seconds; each rule's effect is a step of the trace and the steps add up.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from tenant_stack.rules import breaks
from tenant_stack.rules.breaks import Effect, Gap, Intervals
from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.inputs import Direction
from tenant_stack.rules.pairing import Stretch
from tenant_stack.rules.records import Step
from tenant_stack.rules.roster import Instance
from tenant_stack.rules.rounding import rounded, rounded_instant, rule_for_time, rule_for_total
from tenant_stack.rules.ruleset import BreakRule, RoundingRule, RuleSet

BREAK_STATES = frozenset({Direction.BREAK_OUT, Direction.BREAK_IN})


@dataclass(slots=True)
class Unit:
    """Work that belongs together on a date: all stretches of one shift, or one unscheduled stretch.

    ``pairs`` are the raw intervals; ``whole_start``/``whole_end`` are False where midnight cut it.
    ``no_schedule``: the shift's fixed breaks do not hold (holiday, day off).
    The rest is filled by ``measure``: ``intervals`` counted, ``counted_in``/``counted_out`` rounded edges.
    """

    instance: Instance | None
    pairs: list[tuple[int, int]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    whole_start: bool = True
    whole_end: bool = True
    intervals: Intervals = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    scheduled_pause: int = 0
    raw_pause: int = 0
    no_schedule: bool = False

    @property
    def code(self) -> str | None:
        return None if self.instance is None else self.instance.shift.code

    @property
    def is_open(self) -> bool:
        return any(stretch.opens for stretch in self.stretches)

    @property
    def first_in(self) -> int | None:
        """The first event that opens work: the first pair, or an in still without partner."""
        starts = [self.pairs[0][0]] if self.pairs else []
        starts += [stretch.opens[0].at for stretch in self.stretches if stretch.opens]
        starts += [stretch.held[0][0].at for stretch in self.stretches if stretch.held]
        return min(starts, default=None)

    @property
    def last_out(self) -> int | None:
        return self.pairs[-1][1] if self.pairs else None


def measure(unit: Unit, rules: RuleSet, zone: str, steps: list[Step]) -> None:
    """Fill the unit's counted intervals; add a step per rule that did something."""
    shift = unit.instance.shift if unit.instance is not None else None
    roundings = rules.roundings if shift is None or shift.roundings is None else shift.roundings
    break_rules = rules.breaks if shift is None or shift.break_rules is None else shift.break_rules
    intervals: Intervals = []
    for start, end in unit.pairs:
        steps.append(Step("pair", end - start, (start, end)))
        intervals.append((start, end))
    if not intervals:
        return
    unit.raw_pause = sum(gap.length for gap in breaks.gaps_of(intervals))
    if roundings:
        intervals = _round_times(unit, intervals, roundings, zone, steps)
    instance = unit.instance
    if instance is not None and instance.unpaid and not unit.no_schedule:
        for start, end in instance.unpaid:
            before = breaks.total(intervals)
            intervals = breaks.without(intervals, start, end)
            lost = before - breaks.total(intervals)
            if lost:
                unit.scheduled_pause += lost
                steps.append(Step("scheduled_break", -lost, (start, end)))
    unit.gaps = _punched_gaps(unit, intervals)
    if unit.gaps:
        _label(unit, break_rules, intervals[0][0])
        if instance is not None and instance.paid:
            intervals = _paid_schedule(unit, intervals, instance, steps)
        if roundings:
            intervals = _round_gaps(unit, intervals, roundings, steps)
    if break_rules:
        intervals, unit.effects = breaks.apply_rules(intervals, unit.gaps, break_rules, unit.scheduled_pause)
        for effect in unit.effects:
            if effect.deducted:
                numbers = (effect.code, effect.deducted, effect.amount, effect.trigger, effect.taken)
                steps.append(Step("deduct", -effect.deducted, numbers))
            if effect.paid:
                steps.append(Step("add", effect.paid, (effect.code, effect.paid, effect.amount, effect.taken)))
    unit.intervals = intervals


def _round_times(
    unit: Unit, intervals: Intervals, rules: tuple[RoundingRule, ...], zone: str, steps: list[Step]
) -> Intervals:
    starts = unit.instance.due_in if unit.instance is not None else None
    ends = unit.instance.due_out if unit.instance is not None else None
    found = [list(each) for each in intervals]
    last = len(found) - 1
    for index, pair in enumerate(found):
        for side in (0, 1):
            outer = (index == 0 and unit.whole_start) if side == 0 else (index == last and unit.whole_end)
            if (index == 0 and side == 0) or (index == last and side == 1):
                if not outer:
                    continue
                target = "out" if side else "in"
            else:
                target = "break_out" if side else "break_in"
            rule = rule_for_time(rules, target, pair[side], starts, ends)
            if rule is None:
                continue
            new = rounded_instant(pair[side], rule, zone, starts=starts, ends=ends)
            if new != pair[side]:
                effect = pair[side] - new if side == 0 else new - pair[side]
                steps.append(Step("round_time", effect, (target, pair[side], new, rule.mode, rule.interval)))
                pair[side] = new
    return _disjoint([(start, end) for start, end in found], steps)


def _disjoint(intervals: Intervals, steps: list[Step]) -> Intervals:
    """Rounding may turn a pair around or push it into its neighbour; no second is counted twice or below zero."""
    found: Intervals = []
    edge = None
    for start, end in intervals:
        new_start = start if edge is None else max(start, edge)
        new_end = max(end, new_start)
        if (new_start, new_end) != (start, end):
            steps.append(Step("overlap", (new_end - new_start) - (end - start), (start, end)))
        found.append((new_start, new_end))
        edge = new_end
    return found


def _punched_gaps(unit: Unit, intervals: Intervals) -> list[Gap]:
    """Gaps between counted intervals that somebody punched: not those a scheduled break cut out of presence."""
    if not unit.scheduled_pause:
        return breaks.gaps_of(intervals)
    raw = unit.pairs
    found = []
    for gap in breaks.gaps_of(intervals):
        punched = sum(
            max(0, min(gap.end, entered) - max(gap.start, left)) for (_, left), (entered, _) in itertools.pairwise(raw)
        )
        if punched:
            found.append(Gap(gap.start, gap.start + punched))
    return found


def _label(unit: Unit, rules: tuple[BreakRule, ...], first_in: int) -> None:
    """Name each gap by the rule that knows it, else by the state of the clock; its two events get their roles."""
    breaks.label_gaps(unit.gaps, rules, first_in)
    for stretch in unit.stretches:
        if any(event.role == "inside" for event in stretch.events):
            continue
        for left, entered in _inner(stretch):
            said = left.direction in BREAK_STATES or entered.direction in BREAK_STATES
            for gap in unit.gaps:
                if left.at <= gap.start and gap.end <= entered.at:
                    gap.label = gap.label or ("break" if said else "")
                    if gap.label:
                        left.role, entered.role = f"{gap.label}_out", f"{gap.label}_in"


def _inner(stretch: Stretch) -> list[tuple[Event, Event]]:
    return [(one[1], other[0]) for one, other in zip(stretch.pairs, stretch.pairs[1:], strict=False)]


def _paid_schedule(unit: Unit, intervals: Intervals, instance: Instance, steps: list[Step]) -> Intervals:
    """A punched pause inside a paid scheduled break is worked time."""
    found = list(intervals)
    for start, end in instance.paid:
        for gap in unit.gaps:
            first, last = max(start, gap.start), min(end, gap.end)
            if first < last:
                found.append((first, last))
                steps.append(Step("paid_break", last - first, (first, last)))
    return sorted(found)


def _round_gaps(unit: Unit, intervals: Intervals, rules: tuple[RoundingRule, ...], steps: list[Step]) -> Intervals:
    for target in ("meal_total", "break_total"):
        kind = target.removesuffix("_total")
        mine = [gap for gap in unit.gaps if gap.label in ("", kind)]
        taken = sum(gap.length for gap in mine)
        rule = rule_for_total(rules, target, taken)
        if rule is None or not mine:
            continue
        new = rounded(taken, rule)
        if new == taken:
            continue
        gap = mine[-1]
        before = breaks.total(intervals)
        if new < taken:
            intervals = sorted([*intervals, (max(gap.start, gap.end - (taken - new)), gap.end)])
            gap.end = max(gap.start, gap.end - (taken - new))
        else:
            intervals = breaks.without(intervals, gap.end, gap.end + new - taken)
            gap.end += new - taken
        effect = breaks.total(intervals) - before
        steps.append(Step("round_total", effect, (target, taken, taken - effect, rule.mode, rule.interval)))
    return intervals


def round_day(intervals: Intervals, rules: tuple[RoundingRule, ...], steps: list[Step]) -> Intervals:
    """The day total, rounded once; the difference is at the end of the day's work."""
    worked = breaks.total(intervals)
    rule = rule_for_total(rules, "day_total", worked)
    if rule is None:
        return intervals
    new = rounded(worked, rule)
    if new == worked:
        return intervals
    steps.append(Step("round_total", new - worked, ("day_total", worked, new, rule.mode, rule.interval)))
    return breaks.trim(intervals, new - worked)
