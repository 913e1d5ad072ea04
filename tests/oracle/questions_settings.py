"""Questions about the same punches under other settings, in other orders, before and after rounding."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import permutations
from typing import Any

from tenant_stack.rules.engine import compute
from tenant_stack.rules.ruleset import DateRule
from tests.oracle.answers import Answer, equal, question
from tests.oracle.facts import NotUnderstoodError
from tests.oracle.questions_punches import raw_seconds
from tests.oracle.world import attended

#: Which of our date rules reproduces which system (the decisions of the oracle name them).
SYSTEMS = {"frappe": "shift_start", "ukg": "shift_start", "timetrex": "first_punch", "odoo": "first_punch"}


@question("date_by_system")
def _by_system(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """Each system's date is reached by the date rule the decisions give it; ours is the recommended one."""
    got = {}
    for system in expected:
        if system not in SYSTEMS:
            raise NotUnderstoodError(f"expect.date_by_system.{system}")
        rules = tuple(replace(rule, dating=DateRule(SYSTEMS[system])) for rule in answer.staff.rules)
        result = compute(replace(answer.staff, rules=rules))
        got[system] = [str(each.work_date) for each in attended(result) if each.punch_count]
    return all(got[system] == [str(day)] for system, day in expected.items()), got


@question("date_by_tz")
def _by_zone(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """The date follows the zone of the site at the time of the punch: the same instants at another site."""
    got = {}
    for zone in expected:
        punches = tuple(replace(punch, zone=zone) for punch in answer.staff.punches)
        result = compute(replace(answer.staff, punches=punches, zone=zone))
        got[zone] = [str(each.work_date) for each in attended(result) if each.punch_count]
    again = [str(each.work_date) for each in answer.worked]
    good = all(got[zone] == [str(day)] for zone, day in expected.items())
    return good and again == got.get(answer.world.zone, again), got


@question("on_cancel")
def _cancelled(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """Without the request its records are gone."""
    if expected not in ("both records cancelled", "records cancelled"):
        raise NotUnderstoodError(f"expect.on_cancel {expected!r}")
    leaves = tuple(leave for leave in answer.staff.leaves if leave.kind != "on_duty")
    got = [str(each.work_date) for each in attended(compute(replace(answer.staff, leaves=leaves)))]
    return not got and bool(answer.records), got


@question("final_record_identical")
def _identical(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """Every order of arrival, processed after each punch, ends in the same bytes."""
    ends = set()
    for order in permutations(answer.staff.punches[:6]):
        for count in range(1, len(order) + 1):
            result = compute(replace(answer.staff, punches=order[:count]))
        ends.add(pickle.dumps(result))
    return (len(ends) == 1) is expected, len(ends)


@question("raw_total_min")
def _raw_total(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = raw_seconds(answer.records) / 60
    return equal(got, expected), got


@question("rounded_total_min")
def _rounded_total(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.total("worked_seconds") / 60
    return equal(got, expected), got


@question("difference_min")
def _difference(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """What rounding did over the period, as the traces tell it (29 CFR 785.48(b): it must average out)."""
    steps = [step for record in answer.records for step in record.trace.steps if step.rule != "pair"]
    got = sum(step.seconds for step in steps if step.rule in ("round_time", "round_total", "overlap")) / 60
    return equal(got, expected), got
