"""Refusals, the life of a record, wall times."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tenant_stack.attendance.engine_inputs import Period
from tenant_stack.rules.completeness import may_conclude
from tenant_stack.rules.inputs import Assignment, Shift
from tenant_stack.rules.lifecycle import State, decided
from tenant_stack.rules.ruleset import BreakRule, OvertimeRule, PairingRule, PremiumRule, RoundingRule, RuleSet, Tier
from tenant_stack.rules.validation import RuleProblem, overlap_problems, ruleset_problems, shift_problems
from tenant_stack.rules.walltime import AMBIGUOUS, NON_EXISTENT, moment, resolve
from tests.oracle.stored_records import STAFF, settled, stored
from tests.tenant_stack.attendance.days import DAY_SHIFT, MONDAY, NIGHT_SHIFT, H, person, records

GOOD = person(shift=DAY_SHIFT)

BAD: list[tuple[str, list[RuleProblem], str]] = [
    ("longer than a day", shift_problems(replace(DAY_SHIFT, end=33 * H)), "shifts.D.end"),
    ("no time of day", shift_problems(replace(DAY_SHIFT, start=25 * H)), "shifts.D.start"),
    ("half a window", shift_problems(replace(DAY_SHIFT, after=None)), "shifts.D.before"),
    ("empty break rule", ruleset_problems(RuleSet(breaks=(BreakRule(steps=()),))), "rules.default.breaks.0.steps"),
    ("empty premium", ruleset_problems(RuleSet(premiums=(PremiumRule("P"),))), "rules.default.premiums.P"),
    (
        "empty window tier",
        ruleset_problems(RuleSet(overtime=OvertimeRule((Tier("X", "window"),)))),
        "rules.default.overtime.tiers.0.window",
    ),
    (
        "no interval",
        ruleset_problems(RuleSet(roundings=(RoundingRule("in", "down", 0),))),
        "rules.default.roundings.0.interval",
    ),
    ("unknown word", ruleset_problems(RuleSet(pairing=PairingRule("guess"))), "rules.default.pairing.mode"),
    (
        "overlapping assignments",
        overlap_problems(
            replace(
                GOOD,
                shifts={"D": (DAY_SHIFT,), "E": (Shift("E", 16 * H, 20 * H),)},
                assignments=(Assignment(("D",), MONDAY), Assignment(("E",), MONDAY + timedelta(days=3))),
            )
        ),
        "assignments",
    ),
    (
        "a night into the morning of the next shift",
        overlap_problems(
            replace(
                GOOD,
                shifts={"N": (NIGHT_SHIFT,), "E": (Shift("E", 5 * H, 9 * H),)},
                assignments=(Assignment(("N", "E"), MONDAY),),
            )
        ),
        "assignments",
    ),
]


def test_a_good_configuration_has_no_problem() -> None:
    assert shift_problems(DAY_SHIFT) == ruleset_problems(RuleSet()) == overlap_problems(GOOD) == []


@pytest.mark.parametrize(("problems", "field"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_a_bad_configuration_is_refused_with_field_and_reason(problems: list[RuleProblem], field: str) -> None:
    assert field in {each.field for each in problems}
    assert all(each.reason and str(each) == f"{each.field}: {each.reason}" for each in problems)


def test_an_overlap_that_begins_years_later_is_found() -> None:
    staff = replace(
        GOOD,
        shifts={"D": (DAY_SHIFT,), "E": (Shift("E", 16 * H, 20 * H),)},
        assignments=(
            Assignment(("D",), date(2020, 1, 1), weekdays=frozenset({0, 2})),
            Assignment(("E", None, None), date(2025, 1, 7)),
        ),
    )
    assert [each.field for each in overlap_problems(staff)] == ["assignments"]


def test_shifts_that_touch_are_allowed() -> None:
    staff = replace(
        GOOD,
        shifts={"D": (DAY_SHIFT,), "E": (Shift("E", 17 * H, 20 * H),)},
        assignments=(Assignment(("D",), MONDAY), Assignment(("E",), MONDAY)),
    )
    assert overlap_problems(staff) == []


def test_nobody_decides_about_their_own_record() -> None:
    with pytest.raises(RuleProblem, match="nobody approves their own record"):
        decided(State.SUBMITTED, "approve", own=True)
    with pytest.raises(RuleProblem, match="nobody decides about their own record"):
        decided(State.APPROVED, "reopen", own=True)
    assert decided(State.SUBMITTED, "approve", own=False) is State.APPROVED
    assert decided(State.OPEN, "submit", own=True) is State.SUBMITTED


@pytest.mark.parametrize("state", list(State))
def test_late_data_never_changes_a_decided_record_unnoticed(state: State) -> None:
    """Through everything that is written: state, snapshot, audit trail, difference."""
    before = records(person("2025-01-06 08:00", "2025-01-06 16:00"))[MONDAY]
    after = records(person("2025-01-06 08:00", "2025-01-06 18:00"))[MONDAY]
    locked = Period(STAFF, MONDAY, MONDAY, "locked") if state is State.LOCKED else None
    found = settled(stored(before, state.value), after, locked)
    if state is State.LOCKED:
        assert (found.writes, found.trail) == ([], [])
        assert found.differences[STAFF, MONDAY]["worked"] == 2 * H
        assert settled(stored(before, state.value), before, locked).differences == {(STAFF, MONDAY): {}}
        return
    (write,) = found.writes
    expected = {State.APPROVED: "reopened", State.SUBMITTED: "open"}.get(state, state.value)
    assert write.state == expected
    assert len(found.trail) == (state in (State.APPROVED, State.SUBMITTED))
    if state is State.APPROVED:
        assert write.snapshot is not None
        assert write.snapshot["worked_minutes"] == 480
    assert settled(stored(before, state.value), before).writes == []


@pytest.mark.parametrize(("state", "action"), [("locked", "approve"), ("open", "reject"), ("submitted", "reopen")])
def test_a_state_that_does_not_fit_is_refused(state: str, action: str) -> None:
    with pytest.raises(RuleProblem) as refused:
        decided(State(state), action, own=False)
    assert refused.value.field == "state"


def test_data_is_complete_only_when_every_device_has_reported() -> None:
    assert not may_conclude(60, now=1000, complete=50, wait=0)
    assert may_conclude(60, now=1000, complete=60, wait=10_000)
    assert not may_conclude(60, now=1000, complete=None, wait=10_000)


def test_doubtful_wall_times_are_read_and_named() -> None:
    zone = "America/New_York"
    first = resolve("2025-11-02 01:30", zone)
    assert first.doubt == AMBIGUOUS
    assert resolve("2025-11-02 01:30", zone, fold=1).instant - first.instant == H
    before = resolve("2025-11-02 01:45", zone).instant
    assert resolve("2025-11-02 01:30", zone, after=before).instant == first.instant + H
    gap = resolve("2025-03-09 02:30", zone)
    assert (gap.doubt, moment(gap.instant).hour) == (NON_EXISTENT, 7)
    assert resolve("2025-11-02 01:30-05:00", zone).doubt == ""
