"""Refusals, the life of a record, approvals, edits, wall times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tenant_stack.rules import approvals, lifecycle
from tenant_stack.rules.completeness import NO_NEWS, complete_until, may_conclude
from tenant_stack.rules.edits import refuse_span
from tenant_stack.rules.inputs import Assignment, Shift, StaffInput
from tenant_stack.rules.lifecycle import Life, LockPeriod, State
from tenant_stack.rules.ruleset import (
    BreakRule,
    OvertimeRule,
    PairingRule,
    PremiumRule,
    RoundingRule,
    RuleSet,
    Tier,
)
from tenant_stack.rules.summary import hours
from tenant_stack.rules.validation import RuleProblem, validate
from tenant_stack.rules.walltime import AMBIGUOUS, NON_EXISTENT, moment, resolve
from tests.tenant_stack.attendance.days import DAY_SHIFT, MONDAY, NIGHT_SHIFT, H, person, records

GOOD = person(shift=DAY_SHIFT)


def _rules(**change: Any) -> Callable[[StaffInput], StaffInput]:
    return lambda staff: replace(staff, rules=(replace(staff.rules[0], **change),))


def _shift(shift: Shift) -> Callable[[StaffInput], StaffInput]:
    return lambda staff: replace(staff, shifts={"D": (shift,)})


BAD: list[tuple[str, Callable[[StaffInput], StaffInput], str]] = [
    ("unknown zone", lambda staff: replace(staff, zone="Mars/Base"), "zone"),
    ("zone as a path", lambda staff: replace(staff, zone="../etc/passwd"), "zone"),
    ("longer than a day", _shift(replace(DAY_SHIFT, end=33 * H)), "shifts.D.end"),
    ("no time of day", _shift(replace(DAY_SHIFT, start=25 * H)), "shifts.D.start"),
    ("half a window", _shift(replace(DAY_SHIFT, after=None)), "shifts.D.before"),
    ("empty break rule", _rules(breaks=(BreakRule(steps=()),)), "rules.default.breaks.0.steps"),
    ("empty premium", _rules(premiums=(PremiumRule("P"),)), "rules.default.premiums.P"),
    (
        "empty window tier",
        _rules(overtime=OvertimeRule((Tier("X", "window"),))),
        "rules.default.overtime.tiers.0.window",
    ),
    ("no interval", _rules(roundings=(RoundingRule("in", "down", 0),)), "rules.default.roundings.0.interval"),
    ("unknown word", _rules(pairing=PairingRule("guess")), "rules.default.pairing.mode"),
    ("no versions", lambda staff: replace(staff, rules=()), "rules"),
    (
        "unknown shift",
        lambda staff: replace(staff, assignments=(Assignment(("Z",), MONDAY),)),
        "assignments.0.rotation",
    ),
    ("empty rotation", lambda staff: replace(staff, assignments=(Assignment((), MONDAY),)), "assignments.0.rotation"),
    (
        "overlapping assignments",
        lambda staff: replace(
            staff,
            shifts={"D": (DAY_SHIFT,), "E": (Shift("E", 16 * H, 20 * H),)},
            assignments=(Assignment(("D",), MONDAY), Assignment(("E",), MONDAY + timedelta(days=3))),
        ),
        "assignments",
    ),
    (
        "a night into the morning of the next shift",
        lambda staff: replace(
            staff,
            shifts={"N": (NIGHT_SHIFT,), "E": (Shift("E", 5 * H, 9 * H),)},
            assignments=(Assignment(("N", "E"), MONDAY),),
        ),
        "assignments",
    ),
]


def test_a_good_configuration_has_no_problem() -> None:
    assert validate(GOOD) == []


@pytest.mark.parametrize(("change", "field"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_a_bad_configuration_is_refused_with_field_and_reason(
    change: Callable[[StaffInput], StaffInput], field: str
) -> None:
    problems = validate(change(GOOD))
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
    assert [each.field for each in validate(staff)] == ["assignments"]


def test_shifts_that_touch_are_allowed() -> None:
    staff = replace(
        GOOD,
        shifts={"D": (DAY_SHIFT,), "E": (Shift("E", 17 * H, 20 * H),)},
        assignments=(Assignment(("D",), MONDAY), Assignment(("E",), MONDAY)),
    )
    assert validate(staff) == []


LIFE = Life("s1", MONDAY, figures=(("worked", 28800),))


def test_nobody_approves_their_own_record() -> None:
    with pytest.raises(RuleProblem, match="nobody approves their own record"):
        lifecycle.approve(lifecycle.submit(LIFE), "s1")
    assert lifecycle.approve(lifecycle.submit(LIFE), "s2").state is State.APPROVED


def test_late_data_never_changes_approved_figures_unseen() -> None:
    new = {"worked": 36000}
    period = date(2025, 2, 1)
    opened = lifecycle.recompute(LIFE, new, period)
    assert (opened.life.figures, opened.notify, opened.delta) == ((("worked", 36000),), (), None)
    approved = lifecycle.approve(lifecycle.submit(LIFE), "s2")
    reopened = lifecycle.recompute(approved, new, period)
    assert (reopened.life.state, reopened.life.snapshot) == (State.REOPENED, (("worked", 28800),))
    assert (reopened.notify, reopened.difference) == (("approver",), (("worked", 7200),))
    locked = lifecycle.lock(approved)
    moved = lifecycle.recompute(locked, new, period)
    assert moved.life == locked
    assert moved.delta is not None
    assert (moved.delta.period, moved.delta.figures) == (period, (("worked", 7200),))
    assert lifecycle.recompute(locked, {"worked": 28800}, period).audit == ()


def test_a_record_by_hand_stays_and_its_punches_are_a_conflict() -> None:
    outcome = lifecycle.recompute(replace(LIFE, manual=True), {"worked": 0}, MONDAY)
    assert outcome.conflict
    assert outcome.life.figures == LIFE.figures


@pytest.mark.parametrize("change", [lifecycle.lock, lifecycle.unlock])
def test_a_state_that_does_not_fit_is_refused(change: Callable[[Life], Life]) -> None:
    with pytest.raises(RuleProblem) as refused:
        change(LIFE)
    assert refused.value.field == "state"


def test_a_broken_lock_cannot_be_saved() -> None:
    problems = lifecycle.lock_problems(LockPeriod(date(2025, 1, 31), date(2025, 1, 1), date(2024, 12, 1)))
    assert [each.field for each in problems] == ["last", "grace_until"]


def test_an_approval_falls_with_what_it_stood_on() -> None:
    texts = [f"2025-01-{day:02d} {clock}" for day in (6, 7) for clock in ("08:00", "18:00")]
    daily = RuleSet(overtime=OvertimeRule((Tier("OT", "daily", after=8 * H),)))
    weekly = RuleSet(overtime=OvertimeRule((Tier("OT", "daily", after=8 * H), Tier("W", "weekly", Decimal(2), 40 * H))))
    for rules, kept in ((daily, True), (weekly, False)):
        before = records(person(*texts, rules=rules))
        basis = approvals.bases(before.values(), rules.overtime)
        given = approvals.decide(approvals.settle(None, before[MONDAY].overtime, basis[MONDAY]), "approved")
        assert given.counted == 2 * H
        after = records(person(*texts[:3], "2025-01-07 19:00", rules=rules))
        again = approvals.settle(given, after[MONDAY].overtime, approvals.bases(after.values(), rules.overtime)[MONDAY])
        assert (again.status == "approved") is kept


def test_a_number_set_by_hand_survives() -> None:
    given = approvals.OvertimeApproval(3600, "approved", 1800)
    assert approvals.settle(given, 7200, ()).counted == 1800


def test_edits_never_overlap() -> None:
    spans = [(8 * H, 15 * H), (20 * H, None)]
    assert refuse_span(spans, (15 * H, 16 * H)) is None
    for bad in ((9 * H, 10 * H), (7 * H, 9 * H), (7 * H, 16 * H), (12 * H, 11 * H), (19 * H, 21 * H), (21 * H, None)):
        assert refuse_span(spans, bad) is not None


def test_data_is_complete_only_when_every_device_has_reported() -> None:
    assert complete_until({}) is None
    assert complete_until({"a": 100, "b": 50}) == 50
    assert complete_until({"a": 100, "b": None}) == NO_NEWS
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


def test_hours_are_rounded_once() -> None:
    assert hours(5 * 28860) == Decimal("40.08")
