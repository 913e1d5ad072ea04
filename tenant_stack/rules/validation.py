"""Configuration that cannot work is refused before it is saved, with the field and the reason. Pure.

``RuleProblem`` is data of the API (422); the engine itself trusts what it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from math import lcm

from tenant_stack.rules.inputs import Assignment, Shift, StaffInput
from tenant_stack.rules.roster import codes_on, version_on
from tenant_stack.rules.ruleset import BreakRule, OvertimeRule, PremiumRule, RoundingRule, RuleSet
from tenant_stack.rules.walltime import DAY

PAIRING = frozenset({"device_state", "alternate", "state_then_alternate"})
HOURS = frozenset({"paired", "first_last"})
DATING = frozenset({"shift_start", "first_punch", "shift_end", "most_worked", "split_midnight"})
TARGETS = frozenset({"in", "out", "break_out", "break_in", "meal_total", "break_total", "day_total", "overtime"})
MODES = frozenset({"down", "up", "nearest", "seven_eight", "partial_up", "cut_off", "schedule", "clip"})
METHODS = frozenset({"deduct", "add", "punched"})
BASES = frozenset(
    {
        "daily",
        "weekly",
        "biweekly",
        "consecutive_day",
        "holiday",
        "off_day",
        "over_schedule",
        "outside_schedule",
        "window",
    }
)
HORIZON = 400


class RuleProblem(Exception):
    """``field`` is a path such as 'shifts.N.end'; ``reason`` one sentence for the person who typed it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleProblem) and (self.field, self.reason) == (other.field, other.reason)

    def __hash__(self) -> int:
        return hash((self.field, self.reason))


def shift_problems(shift: Shift) -> list[RuleProblem]:
    """A shift lasts more than nothing and at most 24 hours; its windows and breaks fit it."""
    at = f"shifts.{shift.code}"
    found = []
    if not shift.code:
        found.append(RuleProblem("shifts.code", "a shift needs a code"))
    if not 0 <= shift.start < DAY:
        found.append(RuleProblem(f"{at}.start", "the start is a time of day"))
    if not 0 <= shift.end <= 2 * DAY:
        found.append(RuleProblem(f"{at}.end", "the end is a time of day"))
    elif shift.last - shift.start > DAY:
        found.append(RuleProblem(f"{at}.end", "a shift is at most 24 hours long"))
    for name, window in (("before", shift.before), ("after", shift.after)):
        if window is not None and not 0 <= window <= DAY:
            found.append(RuleProblem(f"{at}.{name}", "a window is between 0 and 24 hours"))
    if (shift.before is None) != (shift.after is None):
        found.append(RuleProblem(f"{at}.before", "give both windows or none"))
    if shift.expected is not None and not 0 <= shift.expected <= DAY:
        found.append(RuleProblem(f"{at}.expected", "the expected time is between 0 and 24 hours"))
    for index, pause in enumerate(shift.breaks):
        length = (pause.end - pause.start) % DAY
        offset = (pause.start - shift.start) % DAY
        if not length or offset + length > shift.last - shift.start:
            found.append(RuleProblem(f"{at}.breaks.{index}", "a break lies within its shift"))
    if shift.unpaid_break < 0:
        found.append(RuleProblem(f"{at}.unpaid_break", "a break is not negative"))
    found += _breaks(at, shift.break_rules or ())
    found += _roundings(at, shift.roundings or ())
    return found


def ruleset_problems(rules: RuleSet) -> list[RuleProblem]:
    """Every rule says something, with words and numbers the engine knows."""
    at = f"rules.{rules.code}" if rules.code else "rules"
    found = []
    if not rules.code:
        found.append(RuleProblem("rules.code", "a rule set needs a code"))
    words: tuple[tuple[str, str | None, frozenset[str]], ...] = (
        ("pairing.mode", rules.pairing.mode, PAIRING),
        ("pairing.hours", rules.pairing.hours, HOURS),
        ("pairing.over_long", rules.pairing.over_long, frozenset({"hold", "pay"})),
        ("pairing.repeated_in", rules.pairing.repeated_in, frozenset({"keep_first", "restart"})),
        ("pairing.shows_out", rules.pairing.shows_out, frozenset({"last_closed", "last_event"})),
        ("duplicates.keep", rules.duplicates.keep, frozenset({"first", "last"})),
        ("dating.kind", rules.dating.kind, DATING),
        ("status.single_punch", rules.status.single_punch, frozenset({"flag", "present", "absent"})),
        ("unmatched", rules.unmatched, frozenset({"auto", "queue", "count"})),
        ("overtime.weekly_counts", rules.overtime.weekly_counts, frozenset({"straight_time", "all"})),
    )
    for name, word, known in words:
        if word not in known:
            found.append(RuleProblem(f"{at}.{name}", f"{word!r} is none of {', '.join(sorted(known))}"))
    if not 0 <= rules.duplicates.window <= 600:
        found.append(RuleProblem(f"{at}.duplicates.window", "the window is between 0 and 600 seconds"))
    if not 0 < rules.pairing.longest <= 48 * 3600:
        found.append(RuleProblem(f"{at}.pairing.longest", "the longest stretch is above 0 and at most 48 hours"))
    if rules.pairing.gap < 0:
        found.append(RuleProblem(f"{at}.pairing.gap", "the gap is not negative"))
    half, absent = rules.status.half_day_below, rules.status.absent_below
    if half is not None and absent is not None and absent > half:
        found.append(RuleProblem(f"{at}.status.absent_below", "the absent threshold is above the half-day threshold"))
    found += _breaks(at, rules.breaks)
    found += _roundings(at, rules.roundings)
    found += _overtime(at, rules.overtime)
    for premium in rules.premiums:
        found += _premium(f"{at}.premiums.{premium.code}", premium)
    return found


def _breaks(at: str, rules: Iterable[BreakRule]) -> list[RuleProblem]:
    found = []
    for index, rule in enumerate(rules):
        field = f"{at}.breaks.{index}"
        if rule.method not in METHODS:
            found.append(RuleProblem(f"{field}.method", f"{rule.method!r} is none of {', '.join(sorted(METHODS))}"))
        if rule.method != "punched" and not rule.steps:
            found.append(RuleProblem(f"{field}.steps", "the rule is empty: it needs a trigger and an amount"))
        if any(after < 0 or amount <= 0 for after, amount in rule.steps):
            found.append(RuleProblem(f"{field}.steps", "amounts are above zero and triggers not below"))
        if list(rule.steps) != sorted(rule.steps):
            found.append(RuleProblem(f"{field}.steps", "triggers ascend"))
    return found


def _roundings(at: str, rules: Iterable[RoundingRule]) -> list[RuleProblem]:
    found = []
    for index, rule in enumerate(rules):
        field = f"{at}.roundings.{index}"
        if rule.target not in TARGETS:
            found.append(RuleProblem(f"{field}.target", f"{rule.target!r} is none of {', '.join(sorted(TARGETS))}"))
        if rule.mode not in MODES:
            found.append(RuleProblem(f"{field}.mode", f"{rule.mode!r} is none of {', '.join(sorted(MODES))}"))
        if not 0 < rule.interval <= DAY:
            found.append(RuleProblem(f"{field}.interval", "the interval is above zero and at most a day"))
        if not 0 <= rule.grace < max(rule.interval, 1) or not 0 <= rule.cut_off <= rule.interval:
            found.append(RuleProblem(f"{field}.grace", "grace and cut-off lie within the interval"))
    return found


def _overtime(at: str, rule: OvertimeRule) -> list[RuleProblem]:
    found = []
    for index, tier in enumerate(rule.tiers):
        field = f"{at}.overtime.tiers.{index}"
        if not tier.code or tier.code == rule.regular:
            found.append(RuleProblem(f"{field}.code", "a tier needs a pay code of its own"))
        if tier.basis not in BASES:
            found.append(RuleProblem(f"{field}.basis", f"{tier.basis!r} is none of {', '.join(sorted(BASES))}"))
        if tier.after < 0 or tier.rate < 0:
            found.append(RuleProblem(f"{field}.after", "thresholds and rates are not negative"))
        if tier.basis == "window" and tier.window is None and tier.weekdays is None:
            found.append(RuleProblem(f"{field}.window", "the rule is empty: it needs a window or weekdays"))
        if not 1 <= tier.day <= 7:
            found.append(RuleProblem(f"{field}.day", "a work week has seven days"))
    for code in sorted({each.code for each in rule.tiers}):
        if len({each.rate for each in rule.tiers if each.code == code}) > 1:
            found.append(RuleProblem(f"{at}.overtime.tiers", f"pay code {code} has two rates"))
    if not 0 <= rule.week_start <= 6:
        found.append(RuleProblem(f"{at}.overtime.week_start", "0 is Monday and 6 Sunday"))
    if rule.minimum < 0 or (rule.cap is not None and rule.cap < rule.minimum):
        found.append(RuleProblem(f"{at}.overtime.cap", "the cap is not below the minimum"))
    if rule.rounding is not None:
        found += _roundings(f"{at}.overtime", (rule.rounding,))
    return found


def _premium(field: str, rule: PremiumRule) -> list[RuleProblem]:
    found = []
    if rule.window is None and rule.weekdays is None and not rule.holiday:
        found.append(RuleProblem(field, "the rule is empty: it needs a window, weekdays or the holiday"))
    if rule.least < 0 or (rule.most is not None and rule.most < rule.least):
        found.append(RuleProblem(f"{field}.most", "the most is not below the least"))
    return found


def overlaps(one: Shift, day: date, other: Shift, other_day: date) -> bool:
    """Do two shifts on two dates share time? Touching ones do not; neither do flexible ones, which have no times."""
    if one.flexible or other.flexible:
        return False
    shift = (other_day - day).days * DAY
    return one.start < other.last + shift and other.start + shift < one.last


def overlap_problems(staff: StaffInput) -> list[RuleProblem]:
    """Assignments whose shifts share time on some date: a whole cycle is looked at from each date something begins."""
    if len(staff.assignments) < 2 and not any(
        len(each.rotation) > 1 or _long(staff, each) for each in staff.assignments
    ):
        return []
    cycle = lcm(7, *(len(each.rotation) for each in staff.assignments))
    seen: set[date] = set()
    for start in sorted({each.start for each in staff.assignments} | _versions(staff)):
        before: list[tuple[date, Shift]] = []
        for offset in range(-1, min(cycle, HORIZON) + 1):  # from the day before: nights reach into it
            day = start + timedelta(days=offset)
            today = [(day, shift) for shift in _shifts_on(staff, day)]
            if day not in seen:
                for index, (_, shift) in enumerate(today):
                    for other_day, other in before + today[:index]:
                        if overlaps(shift, day, other, other_day):
                            reason = f"shift {shift.code} on {day} overlaps {other.code} on {other_day}"
                            return [RuleProblem("assignments", reason)]
            if offset >= 0:
                seen.add(day)
            before = today
    return []


def _versions(staff: StaffInput) -> set[date]:
    """Dates from which a version of a shift holds, within the assignments."""
    first = min(each.start for each in staff.assignments)
    return {shift.effective for versions in staff.shifts.values() for shift in versions if shift.effective > first}


def _shifts_on(staff: StaffInput, day: date) -> list[Shift]:
    found = [version_on(staff.shifts.get(code, ()), day) for code in codes_of(staff.assignments, day)]
    return [shift for shift in found if shift is not None]


def codes_of(assignments: Iterable[Assignment], day: date) -> list[str]:
    """Shift codes of a date, each as often as it is assigned."""
    found = []
    for each in assignments:
        if each.covers(day):
            found += codes_on([each], None, day)
    return found


def _long(staff: StaffInput, assignment: Assignment) -> bool:
    shifts = [shift for code in assignment.rotation if code for shift in staff.shifts.get(code, ())]
    return any(shift.last > DAY for shift in shifts)
