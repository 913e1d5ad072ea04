"""Rounding of times and durations. Pure.

Modes as payroll knows them: down, up, nearest; seven_eight is the US quarter-hour rule (7 minutes 59 go down, 8 go
up: 29 CFR 785.48(b)); partial_up sends the half's whole minute up already; cut_off takes the remainder from which it
goes up. Grace forgives: in mode up a time within grace after a step stays on it, in mode down a time within grace
before the next step reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenant_stack.rules.ruleset import RoundingRule
from tenant_stack.rules.walltime import offset_at


def rounded(seconds: int, rule: RoundingRule) -> int:
    """A duration, or a time of day in seconds, rounded by the rule's mode, interval and grace."""
    interval = rule.interval
    if interval <= 0:
        return seconds
    rest = seconds % interval
    if rest == 0:
        return seconds
    floor = seconds - rest
    mode = rule.mode
    if mode == "down":
        up = interval - rest <= rule.grace
    elif mode == "up":
        up = rest > rule.grace
    elif mode == "nearest":
        up = rest * 2 >= interval
    elif mode == "seven_eight":
        up = rest >= -(-interval // 120) * 60
    elif mode == "partial_up":
        up = rest >= interval // 120 * 60
    elif mode == "cut_off":
        up = rest >= rule.cut_off
    else:
        return seconds
    return floor + interval if up else floor


def rounded_instant(
    instant: int, rule: RoundingRule, zone: str, *, starts: int | None = None, ends: int | None = None
) -> int:
    """An instant rounded on the wall clock of the zone; 'schedule' and 'clip' need the scheduled start and end."""
    if rule.mode == "schedule":
        scheduled = starts if rule.target == "in" else ends
        return instant if scheduled is None else scheduled
    if rule.mode == "clip":
        if rule.target == "in":
            return instant if starts is None else max(instant, starts)
        return instant if ends is None else min(instant, ends)
    offset = offset_at(zone, instant)
    return rounded(instant + offset, rule) - offset


def rule_for_time(
    rules: Iterable[RoundingRule], target: str, instant: int, starts: int | None, ends: int | None
) -> RoundingRule | None:
    """The first rule for a target whose conditions hold at this instant."""
    for rule in rules:
        if rule.target != target:
            continue
        if rule.near_start is not None and (starts is None or abs(instant - starts) > rule.near_start):
            continue
        if rule.near_end is not None and (ends is None or abs(instant - ends) > rule.near_end):
            continue
        return rule
    return None


def rule_for_total(rules: Iterable[RoundingRule], target: str, total: int) -> RoundingRule | None:
    """The first rule for a total whose condition holds."""
    for rule in rules:
        if rule.target == target and (rule.near_total is None or abs(total - rule.near_total[0]) <= rule.near_total[1]):
            return rule
    return None
