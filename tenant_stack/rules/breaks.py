"""Breaks: what punched and scheduled pauses do to worked time. Pure.

Intervals are lists of ``[start, end]`` instants, ascending and disjoint; functions return new ones and the effect.

* A scheduled unpaid break inside presence is never worked time.
* 'deduct' takes the amount off although nobody punched it; by default only what was not taken (top-up), and never
  below the trigger: 6 h 01 with "30 minutes after more than 6 hours" leaves 6 h (ArbZG 4 read by payroll).
* 'add' pays punched time back up to the amount; several such rules share one pool of time.
Triggers are strict: exactly six hours is not more than six hours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenant_stack.rules.ruleset import BreakRule

Intervals = list[tuple[int, int]]


@dataclass(slots=True)
class Gap:
    """A pause between two pairs. ``label``: '', or the code of the rule that claims it (meal, break)."""

    start: int
    end: int
    label: str = ""

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Effect:
    """What one break rule did: ``deducted`` (time off), ``paid`` (time added), and the numbers that explain it."""

    code: str
    deducted: int = 0
    paid: int = 0
    trigger: int = 0
    amount: int = 0
    taken: int = 0
    short: int = 0


def total(intervals: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in intervals)


def without(intervals: Intervals, start: int, end: int) -> Intervals:
    """The intervals without the part inside ``start``..``end``."""
    found: Intervals = []
    for first, last in intervals:
        if last <= start or first >= end:
            found.append((first, last))
            continue
        if first < start:
            found.append((first, start))
        if last > end:
            found.append((end, last))
    return found


def gaps_of(intervals: Intervals) -> list[Gap]:
    return [Gap(left, entered) for (_, left), (entered, _) in itertools.pairwise(intervals) if entered > left]


def label_gaps(gaps: Sequence[Gap], rules: Iterable[BreakRule], first_in: int) -> None:
    """Say which gap is which rule's, where a rule knows its gaps by time after the first in or by length."""
    for rule in rules:
        if rule.window is None and rule.lengths is None:
            continue
        for gap in gaps:
            inside = rule.window is None or (
                first_in + rule.window[0] <= gap.start and gap.end <= first_in + rule.window[1]
            )
            fits = rule.lengths is None or rule.lengths[0] <= gap.length <= rule.lengths[1]
            if inside and fits and not gap.label:
                gap.label = rule.code


def shorten(intervals: Intervals, seconds: int) -> Intervals:
    """Take time out of the middle of the longest interval: an automatic break lies within work, not at its edge."""
    found = list(intervals)
    while seconds > 0 and found:
        index = max(range(len(found)), key=lambda each: (found[each][1] - found[each][0], -each))
        start, end = found[index]
        cut = min(seconds, end - start)
        middle = start + (end - start - cut) // 2
        found[index : index + 1] = [part for part in ((start, middle), (middle + cut, end)) if part[1] > part[0]]
        seconds -= cut
    return found


def trim(intervals: Intervals, seconds: int) -> Intervals:
    """Move the end of the last interval: later for positive seconds, earlier (through whole intervals) otherwise."""
    found = list(intervals)
    if not found:
        return found
    if seconds >= 0:
        start, end = found[-1]
        found[-1] = (start, end + seconds)
        return found
    seconds = -seconds
    while seconds > 0 and found:
        start, end = found.pop()
        if end - start > seconds:
            found.append((start, end - seconds))
            break
        seconds -= end - start
    return found


def apply_rules(
    intervals: Intervals, gaps: Sequence[Gap], rules: Sequence[BreakRule], taken_by_schedule: int
) -> tuple[Intervals, list[Effect]]:
    """Deductions first, then paid breaks, each in the order of the rules."""
    effects: list[Effect] = []
    worked = total(intervals)
    pool = sum(gap.length for gap in gaps) + taken_by_schedule
    for rule in rules:
        if rule.method != "deduct":
            continue
        mine = pool if rule.window is None and rule.lengths is None else _eligible(gaps, rule)
        effect = _deduction(rule, worked, mine)
        if effect is not None:
            pool -= min(pool, effect.taken)
            worked -= effect.deducted
            intervals = shorten(intervals, effect.deducted)
            effects.append(effect)
    paid = [(rule, amount) for rule in rules if rule.method == "add" and (amount := _active(rule, worked))]
    if paid:
        intervals, more = _pay_back(intervals, gaps, paid)
        effects.extend(more)
    return intervals, effects


def _active(rule: BreakRule, worked: int) -> int:
    return max((amount for after, amount in rule.steps if worked > after), default=0)


def _eligible(gaps: Sequence[Gap], rule: BreakRule) -> int:
    return sum(gap.length for gap in gaps if gap.label == rule.code)


def _deduction(rule: BreakRule, worked: int, pool: int) -> Effect | None:
    """The step whose deduction is largest; each step alone never goes below its own trigger."""
    best: Effect | None = None
    short = 0
    for after, amount in rule.steps:
        if worked <= after:
            continue
        taken = min(pool, amount)
        missing = amount - taken
        short = max(short, missing)
        off = min(worked, missing if rule.include_punched else amount)
        if rule.keep_trigger:
            off = min(off, worked - after)
        if best is None or off > best.deducted:
            used = taken if rule.include_punched else 0
            best = Effect(rule.code, deducted=off, trigger=after, amount=amount, taken=used)
    if best is None:
        return None
    return Effect(best.code, best.deducted, 0, best.trigger, best.amount, best.taken, short if rule.required else 0)


def _pay_back(
    intervals: Intervals, gaps: Sequence[Gap], rules: Sequence[tuple[BreakRule, int]]
) -> tuple[Intervals, list[Effect]]:
    """Pay gaps back in order of time until the pooled allowance is used up."""
    effects: list[Effect] = []
    found = sorted(intervals)
    used: dict[int, int] = {}
    for rule, amount in rules:
        mine = [gap for gap in gaps if not gap.label or gap.label == rule.code]
        if rule.count is not None:
            mine = mine[: rule.count]
        left, paid = amount, 0
        for gap in mine:
            free = gap.length - used.get(gap.start, 0)
            part = min(left, free)
            if part > 0:
                used[gap.start] = used.get(gap.start, 0) + part
                left -= part
                paid += part
        if not rule.include_punched and left:
            found = trim(found, left)
            paid += left
        effects.append(Effect(rule.code, paid=paid, amount=amount, taken=sum(gap.length for gap in mine)))
    for gap in gaps:
        part = used.get(gap.start, 0)
        if part:
            found.append((gap.start, gap.start + part))
    return sorted(found), effects
