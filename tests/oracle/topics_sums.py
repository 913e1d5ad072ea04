"""Rounding tables, totals over records, and other arithmetic without a day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tenant_stack.payroll.lines import SECONDS, Measure
from tenant_stack.rules.engine import compute
from tenant_stack.rules.inputs import Punch, StaffInput
from tenant_stack.rules.records import DayRecord
from tenant_stack.rules.rounding import rounded
from tenant_stack.rules.ruleset import OvertimeRule, RoundingRule, RuleSet, Tier
from tests.oracle import payrules, words
from tests.oracle.answers import Answer
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.topics import Matter, case_has, compare, given_has, topic
from tests.oracle.world import World, attended

HOUR = 3600


@topic(given_has("tables"))
def rounding_tables(matter: Matter) -> list[str]:
    faults = []
    matter.expect.take("as_given")
    for index, table in enumerate(matter.given.take("tables")):
        node = matter.given.child(table, f"tables.{index}")
        rule = payrules.rounding_rule(node, "in")
        for before, after in node.take("in_out").items():
            got = rounded(words.clock(before), rule)
            faults += compare(f"{rule.mode} {rule.interval // 60} {before}", got, words.clock(after))
    return faults


def _day(begin: int, end: int, rules: RuleSet) -> DayRecord:
    """One day from begin to end (wall seconds, UTC) under rules, by the engine."""
    midnight = datetime.combine(words.BASE_DAY, datetime.min.time(), UTC)
    punches = tuple(Punch(str(at), midnight + timedelta(seconds=at), "UTC") for at in (begin, end))
    staff = StaffInput("1", words.BASE_DAY, words.BASE_DAY, "UTC", punches, rules=(rules,))
    return compute(staff).records[0]


@topic(given_has("begin", "end"))
def durations(matter: Matter) -> list[str]:
    begin, end = (words.clock(matter.given.take(key)) for key in ("begin", "end"))
    faults = compare("raw_s", end - begin, matter.expect.take("raw_s", end - begin))
    for index, case in enumerate(matter.cases()):
        node = matter.given.child(case, f"cases.{index}")
        mode = str(node.take("mode"))
        both = re.fullmatch(r"begin_(\w+)_end_(\w+)", mode)
        step = words.minutes(node.take("step_min"))
        if both:
            modes = [payrules.ROUNDING_MODES[each] for each in both.groups()]
            roundings = tuple(
                RoundingRule(target, each, step) for target, each in zip(("in", "out"), modes, strict=True)
            )
        elif mode in payrules.ROUNDING_MODES:
            roundings = (RoundingRule("day_total", payrules.ROUNDING_MODES[mode], step),)
        else:
            raise NotUnderstoodError(f"{node.path}.mode: {mode!r}")
        got = _day(begin, end, RuleSet(roundings=roundings)).worked_seconds
        faults += compare(f"case {index + 1}", got, node.take("duration_s"))
    return faults


@topic(case_has("counted"))
def counted_units(matter: Matter) -> list[str]:
    """Work and overtime rounded separately: 'up to 15', 'down to 15'."""
    work, over = (_units(matter.given.take(key)) for key in ("work_rounding", "overtime_rounding"))
    faults = []
    for index, case in enumerate(matter.cases()):
        node = matter.given.child(case, f"cases.{index}")
        begin, full = 8 * HOUR, 8 * HOUR
        if "overtime_min" in node:
            extra = words.minutes(node.take("overtime_min"))
            rule = OvertimeRule((Tier("OT", "daily", after=full),), rounding=replace(over, target="overtime"))
            got = _day(begin, begin + full + extra, RuleSet(overtime=rule)).overtime_seconds
        else:
            extra = words.minutes(node.take("work_min_over_full_hours"))
            got = _day(begin, begin + full + extra, RuleSet(roundings=(work,))).worked_seconds - full
        faults += compare(f"case {index + 1}", got / 60, node.take("counted"))
    return faults


def _units(text: Any) -> RoundingRule:
    rules = words.rounding(str(text))
    if len(rules) != 1:
        raise NotUnderstoodError(f"rounding {text!r}")
    return rules[0]


@topic(given_has("records_from"))
def report_totals(matter: Matter) -> list[str]:
    records: list[DayRecord] = []
    shifts = {"day": 0, "night": 0}
    for name in matter.given.take("records_from"):
        scenario = matter.facts.by_id(name)
        world = World(Node(dict(scenario.given), "given"), scenario.title, matter.setting).read()
        records += attended(Answer.of(world).result)
        for code in (code for record in attended(Answer.of(world).result) for code in record.shifts):
            shifts["night" if world.shifts[code][-1].last > 24 * HOUR else "day"] += 1
    got = {status: sum(record.status == status for record in records) for status in ("present", "half_day", "absent")}
    got |= {
        "late": sum(record.late_seconds > 0 for record in records),
        "early": sum(record.early_seconds > 0 for record in records),
    }
    expect = matter.expect
    faults = [
        fault
        for key, value in (expect.take("totals") or {}).items()
        for fault in compare(f"totals.{key}", got[key], value)
    ]
    return faults + compare("records_per_shift", shifts, expect.take("records_per_shift", shifts))


@topic(given_has("day_seconds"))
def hours_from_seconds(matter: Matter) -> list[str]:
    """A payroll file rounds the sum of a line, not its days."""
    hours = Measure().ticks(Decimal(sum(matter.given.take("day_seconds"))), SECONDS) / 100
    faults = compare("hours_2dp_from_sum", hours, matter.expect.take("hours_2dp_from_sum"))
    if hours == matter.expect.take("wrong_sum_of_rounded_days"):
        faults.append("hours: each day was rounded before the sum")
    return faults
