"""The part of ``given`` that speaks of breaks, rounding, overtime, premiums, and of hours instead of punches."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenant_stack.rules.inputs import ScheduledBreak, Shift
from tenant_stack.rules.roster import instance_of
from tenant_stack.rules.ruleset import BreakRule, PremiumRule, RoundingRule, Tier
from tenant_stack.rules.walltime import wall_text
from tests.oracle import words
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.words import Stamp

if TYPE_CHECKING:
    from tests.oracle.world import World

ROUNDING_MODES = {
    "down": "down",
    "floor": "down",
    "up": "up",
    "ceil": "up",
    "average": "nearest",
    "nearest": "nearest",
    "closest": "nearest",
    "average_partial_min_up": "partial_up",
    "average_partial_min_down": "seven_eight",
}
METHODS = {"auto_deduct": "deduct", "auto_add": "add", "unpaid": "punched", "paid": "add"}


def read(world: World) -> None:
    _breaks(world)
    _rounding(world)
    _overtime(world)
    _premiums(world)


def _breaks(world: World) -> None:
    given = world.given
    pooled = given.take("include_punched")
    for key in ("meal", "break"):
        if key in given:
            world.breaks.append(_break(given.node(key), key, pooled))
    for index, each in enumerate(given.take("breaks") or ()):
        world.breaks.append(_break(given.child(each, f"breaks.{index}"), "break", pooled))
    if "break_min" in given:
        steps = ((0, words.minutes(given.take("break_min"))),)
        world.breaks.append(BreakRule("meal", "deduct", steps, keep_trigger=False))
    if "unpaid_break_min" in given:
        amount = words.minutes(given.take("unpaid_break_min"))
        at = given.take("break_at")
        if at is None:
            world.breaks.append(BreakRule("meal", "deduct", ((0, amount),), keep_trigger=False))
        else:
            start, end = (words.clock(each) for each in str(at).split("-"))
            if end - start != amount:
                raise NotUnderstoodError(f"break_at {at!r}")
            flexible = Shift("day", 0, 0, expected=0, flexible=True, breaks=(ScheduledBreak(start, end),))
            world.add_shift(flexible)


def _break(node: Node, code: str, pooled: Any) -> BreakRule:
    amount = node.take("amount_min")
    method = "deduct"
    if "auto_deduct_min" in node:
        amount = node.take("auto_deduct_min")
    kind = node.take("kind", "auto_deduct")
    if kind not in METHODS:
        raise NotUnderstoodError(f"{node.path}.kind: {kind!r}")
    method = METHODS[kind]
    after = node.take("active_after_h", node.take("after_h", 0))
    include = node.take("include_punched", pooled)
    detect = node.take("detect")
    window = node.take("window_from_shift_start_h")
    lengths = node.take("length_min")
    if detect not in (None, "time_window", "length"):
        raise NotUnderstoodError(f"{node.path}.detect: {detect!r}")
    return BreakRule(
        code,
        method,
        ((words.hours(after), words.minutes(amount)),),
        include_punched=include is not False,
        count=node.take("count"),
        window=None if window is None else (words.hours(window[0]), words.hours(window[1])),
        lengths=None if lengths is None else (words.minutes(lengths[0]), words.minutes(lengths[1])),
    )


def rounding_rule(node: Node, target: str) -> RoundingRule:
    mode = str(node.take("mode"))
    if mode not in ROUNDING_MODES:
        raise NotUnderstoodError(f"{node.path}.mode: {mode!r}")
    near, near_total = node.take("only_within_min_of"), node.take("only_within_min_of_total_h")
    rule = RoundingRule(
        target,
        ROUNDING_MODES[mode],
        interval=words.minutes(node.take("interval_min", node.take("step_min", 1))),
        grace=words.minutes(node.take("grace_min", 0)),
    )
    if near is not None:
        fields = {"schedule_start": "near_start", "schedule_end": "near_end"}
        if near[0] not in fields:
            raise NotUnderstoodError(f"{node.path}.only_within_min_of: {near!r}")
        distance = words.minutes(near[1])
        start, end = (distance, None) if near[0] == "schedule_start" else (None, distance)
        rule = replace(rule, near_start=start, near_end=end)
    if near_total is not None:
        rule = replace(rule, near_total=(words.hours(near_total[0]), words.minutes(near_total[1])))
    return rule


def _rounding(world: World) -> None:
    if world.given.take("clip_to_schedule"):
        clip = RoundingRule("in", "clip"), RoundingRule("out", "clip")
        world.rules = replace(world.rules, roundings=clip)
    value = world.given.take("rounding")
    if value is None:
        return
    if isinstance(value, str):
        rules = words.rounding(value)
    else:
        rules = []
        for index, each in enumerate(value):
            node = world.given.child(each, f"rounding.{index}")
            rules.append(rounding_rule(node, str(node.take("on"))))
    world.rules = replace(world.rules, roundings=(*world.rules.roundings, *rules))


def _add_tiers(world: World, tiers: list[Tier]) -> None:
    rule = world.rules.overtime
    world.rules = replace(world.rules, overtime=replace(rule, tiers=(*rule.tiers, *tiers)))
    world.overtime_said = True


def flexible_week(world: World, seconds: int) -> None:
    _add_tiers(world, [Tier("OT", "weekly", after=seconds)])


def _overtime(world: World) -> None:
    given = world.given
    if "overtime" in given:
        value = given.take("overtime")
        if not isinstance(value, dict):
            raise NotUnderstoodError(f"given.overtime: {value!r}")
        _add_tiers(world, _tiers(given.child(value, "overtime"), world))
    phrases = given.take("rules") or []
    if "rule" in given:
        phrases = [*phrases, given.take("rule")]
    for phrase in phrases:
        if re.search(r"\d+ min when", str(phrase)):
            world.breaks.append(words.break_law(phrase))
        else:
            added = words.overtime_rule(phrase)  # on top of what holds without it
            world.rules = replace(
                world.rules, overtime=replace(world.rules.overtime, tiers=(*world.rules.overtime.tiers, added))
            )
    approval = given.take("approval")
    if approval is not None and not re.fullmatch(r"by manager(, daily rule)?", str(approval)):
        raise NotUnderstoodError(f"approval {approval!r}")
    rule = world.rules.overtime
    if "week_start" in given:
        rule = replace(rule, week_start=words.weekday(given.take("week_start")))
    if "period_start" in given:
        rule = replace(rule, anchor=words.day(given.take("period_start")))
    if "min_overtime_min" in given:
        rule = replace(rule, minimum=words.minutes(given.take("min_overtime_min")))
        world.need_shift()
    for key, unit in (("max_overtime_h", words.hours), ("max_overtime_min", words.minutes)):
        if key in given:
            rule = replace(rule, cap=unit(given.take(key)))
    if "pre_shift_overtime" in given:
        rule = replace(rule, before_start=bool(given.take("pre_shift_overtime")))
    tolerance = words.minutes(given.take("tolerance_min", 0))
    if given.take("undertime_counted"):
        rule = replace(rule, undertime_tolerance=tolerance)
    else:
        rule = replace(rule, tolerance=tolerance)
    if not world.overtime_said:  # time above what is owed, and work on a holiday
        rule = replace(rule, tiers=(Tier("HOL", "holiday"), Tier("OT", "over_schedule"), *rule.tiers))
    world.rules = replace(world.rules, overtime=rule)


def _tiers(node: Node, world: World) -> list[Tier]:
    found: list[Tier] = []
    counts = node.take("weekly_counts")
    if counts is not None:
        known = {"straight_time_only": "straight_time", "all_hours": "all"}
        if counts not in known:
            raise NotUnderstoodError(f"{node.path}.weekly_counts: {counts!r}")
        world.rules = replace(world.rules, overtime=replace(world.rules.overtime, weekly_counts=known[counts]))
    shared = Decimal(str(node.take("rate", "1.5")))
    window, night = node.take("night_window"), node.take("night_rate")
    for basis in ("daily", "weekly", "biweekly"):
        value = node.take(basis)
        for index, each in enumerate(value if isinstance(value, list) else [value] if value is not None else []):
            if not isinstance(each, dict):
                found.append(Tier(f"{basis}_{each}", basis, shared, words.hours(each)))
                continue
            found.append(_tier(node.child(each, f"{basis}.{index}"), basis, shared))
        if f"{basis}_after_h" in node:
            after = words.hours(node.take(f"{basis}_after_h"))
            found.append(Tier(f"{basis}_ot", basis, shared, after))
            if basis == "daily" and window is not None:
                span = words.clock(window[0]) % 86400, words.clock(window[1])
                found.append(Tier("night_ot", basis, Decimal(str(night or shared)), after, window=span))
    for key, basis in (("holiday", "holiday"), ("off_day", "off_day"), ("rest_day", "off_day")):
        if key in node:
            found.append(_tier(node.node(key), basis, shared))
    if "consecutive_days_in_week" in node:
        value = node.take("consecutive_days_in_week")
        for index, each in enumerate(value if isinstance(value, list) else [value]):
            child = node.child(each, f"consecutive_days_in_week.{index}")
            tier = _tier(child, "consecutive_day", shared)
            found.append(replace(tier, day=int(child.take("day", 7))))
    highest = max((tier.rate for tier in found), default=shared)
    return [replace(tier, rate=highest) if tier.rate < 0 else tier for tier in found]


def _tier(node: Node, basis: str, shared: Decimal) -> Tier:
    after = words.hours(node.take("after_h", 0))
    value = words.rate(node.take("rate", shared))
    code = str(node.take("tier", f"{basis}_{after // 3600}"))
    return Tier(code, basis, Decimal(-1) if value is None else value, after)


def _premiums(world: World) -> None:
    given = world.given
    found: list[PremiumRule] = []
    if "premium_days" in given:
        found.append(
            PremiumRule("premium", weekdays=frozenset(words.weekday(each) for each in given.take("premium_days")))
        )
    if "premium" in given:
        node = given.node("premium")
        window, most = node.take("window"), node.take("max_h")
        found.append(
            PremiumRule(
                "premium",
                window=(0, 86400) if window is None else (words.clock(window[0]), words.clock(window[1])),
                least=words.hours(node.take("min_h", 0)),
                most=None if most is None else words.hours(most),
            )
        )
    if "window" in given:
        start, end = given.take("window")
        found.append(PremiumRule("night", window=(words.clock(start), words.clock(end))))
    for name, (start, end) in (given.take("windows") or {}).items():
        found.append(PremiumRule(name, window=(words.clock(start), words.clock(end))))
    world.rules = replace(world.rules, premiums=tuple(found))


# -- hours instead of punches ------------------------------------------------------------------------------------


def _span(on: date, start: int, seconds: int) -> list[Stamp]:
    return [Stamp(on, start), Stamp(on, start + seconds)]


def worked_instead(world: World) -> list[Stamp]:
    """Punches for facts that only say how long somebody worked, or that a shift was worked from start to end."""
    given = world.given
    found: list[Stamp] = []
    start = 8 * 3600
    for on, value in (given.take("hours_per_day") or {}).items():
        seconds = words.hours(value)
        found += _span(words.day(on), start if seconds <= 16 * 3600 else 0, seconds)
    for key, unit in (("hours", words.hours), ("worked_h", words.hours)):
        if key in given:
            found += _span(world.date_on, start, unit(given.take(key)))
    if "presence_min" in given:
        presence = words.minutes(given.take("presence_min"))
        taken = words.minutes(given.take("punched_break_min", 0))
        middle = start + (presence - taken) // 2
        found += [Stamp(world.date_on, start), Stamp(world.date_on, start + presence)]
        if taken:
            found[1:1] = [Stamp(world.date_on, middle), Stamp(world.date_on, middle + taken)]
    if "after_end_min" in given:
        world.need_shift()
        shift = next(iter(world.shifts.values()))[-1]
        stay = words.minutes(given.take("after_end_min"))
        found += _span(world.date_on, shift.start, shift.last - shift.start + stay)
    if "start_dates" in given:
        found += _shifts_worked(world, [words.day(each) for each in given.take("start_dates")])
    if "sample" in given:
        found += _sample(str(given.take("sample")), world.date_on)
    if found and given.peek("hours_per_day"):
        world.pairing = replace(world.pairing, longest=24 * 3600)
    return found


def _shifts_worked(world: World, dates: list[date]) -> list[Stamp]:
    if not world.shifts:
        said = re.search(rf"({words.CLOCK}-{words.CLOCK}) shifts?\b", world.title)
        if said is None:
            raise NotUnderstoodError("given.start_dates without a shift")
        world.add_words(said[1])
    shift = next(iter(world.shifts.values()))[-1]
    world.scheduled_dates += dates
    found = []
    for on in dates:
        instance = instance_of(shift, on, world.zone)
        found += [words.stamp(wall_text(world.zone, at)) for at in (instance.starts, instance.ends)]
    return found


SAMPLE = re.compile(
    r"(?P<days>\d+) days; on day k \(k = 0\.\.(?P<last>\d+)\) in at (?P<in>\d\d:\d\d)(?P<in_k> \+ k min)? "
    r"and out at (?P<out>\d\d:\d\d)(?P<out_k> \+ k min)?"
)


def _sample(text: str, first: date) -> list[Stamp]:
    said = SAMPLE.fullmatch(text)
    if said is None or int(said["last"]) + 1 != int(said["days"]):
        raise NotUnderstoodError(f"sample {text!r}")
    found = []
    for k in range(int(said["days"])):
        on = first + timedelta(days=k)
        for side in ("in", "out"):
            shift = k * 60 if said[f"{side}_k"] else 0
            found.append(Stamp(on, words.clock(said[side]) + shift))
    return found
