"""Definitions go to the API and back, and to the database and back, without losing a second."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from foundation.errors import Invalid
from tenant_stack.rules import inputs, ruleset
from tenant_stack.schedules.definition_errors import check_rules, check_shift
from tenant_stack.schedules.definitions import Definition, RuleSetDefinition, ShiftDefinition
from tenant_stack.schedules.stored_definitions import rules_of, shift_of, stored_rules, stored_shift

seconds = st.integers(0, 200_000)
perhaps = st.none() | seconds
pairs = st.tuples(seconds, seconds)
times = st.integers(0, 48 * 3600)
windows = st.none() | st.tuples(times, times)
weekdays = st.none() | st.frozensets(st.integers(0, 6), min_size=1)
rates = st.decimals(0, 100, places=2, allow_nan=False, allow_infinity=False)
codes = st.sampled_from(["OT", "NIGHT", "Überstunden"])
dates = st.dates(date(1900, 1, 1), date(2999, 12, 31))
DURATIONS = {"int": seconds, "int | None": perhaps, "bool": st.booleans(), "tuple[int, int] | None": st.none() | pairs}


def words(model: type[Definition], name: str) -> st.SearchStrategy[Any]:
    """The words that the API knows for a field, None included where it may be."""
    schema = model.model_json_schema()["properties"][name]
    options = [schema, *schema.get("anyOf", [])]
    known = [word for each in options for word in each.get("enum", [])]
    return st.sampled_from([*known, *([None] if {"type": "null"} in options else [])])


def every(engine: type[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass in which every field varies; words are those of its model."""
    model = Definition.by_engine.get(engine)
    strategies: dict[str, st.SearchStrategy[Any]] = {}
    for each in dataclasses.fields(engine):
        if each.name in more:
            strategies[each.name] = more[each.name]
        elif str(each.type) in DURATIONS:
            strategies[each.name] = DURATIONS[str(each.type)]
        else:
            assert model is not None
            strategies[each.name] = words(model, each.name)
    return st.builds(engine, **strategies)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=3).map(tuple)


pairing = every(ruleset.PairingRule)
rounding = every(ruleset.RoundingRule)
break_rule = every(
    ruleset.BreakRule, code=codes, steps=some(pairs), count=st.none() | st.integers(1, 20), lengths=st.none() | pairs
)
tier = every(ruleset.Tier, code=codes, rate=rates, day=st.integers(1, 7), window=windows, weekdays=weekdays)
overtime = every(
    ruleset.OvertimeRule,
    tiers=some(tier),
    week_start=st.integers(0, 6),
    anchor=dates,
    rounding=st.none() | rounding,
    regular=codes,
    dropped=codes,
)
premium = every(ruleset.PremiumRule, code=codes, rate=rates, window=windows, weekdays=weekdays)
status = every(ruleset.StatusRule)
punctuality = every(ruleset.PunctualityRule)
limits = every(
    ruleset.AnomalyRule,
    days_in_a_row=st.none() | st.integers(1, 366),
    skew=st.integers(0, 86_400),
    future=st.integers(0, 86_400),
    speed=st.floats(0.5, 1000),
)
rule_sets = every(
    ruleset.RuleSet,
    code=st.just("R"),
    effective=dates,
    pairing=pairing,
    duplicates=every(ruleset.DuplicateRule, window=st.integers(0, 600)),
    dating=every(ruleset.DateRule),
    roundings=some(rounding),
    breaks=some(break_rule),
    overtime=overtime,
    premiums=some(premium),
    status=status,
    punctuality=punctuality,
    anomalies=limits,
)
shifts = every(
    inputs.Shift,
    code=st.just("S"),
    start=times,
    end=times,
    effective=dates,
    breaks=some(st.builds(inputs.ScheduledBreak, times, times, st.booleans())),
    pairing=st.none() | pairing,
    status=st.none() | status,
    punctuality=st.none() | punctuality,
    break_rules=st.none() | some(break_rule),
    roundings=st.none() | some(rounding),
)


@given(rule_sets)
def test_rules_survive_the_api_and_the_database(rules: ruleset.RuleSet) -> None:
    text = RuleSetDefinition.from_engine(rules).model_dump_json(by_alias=True)
    assert RuleSetDefinition.model_validate_json(text).rules(rules.code, rules.effective) == rules
    stored = json.loads(json.dumps(stored_rules(rules)))
    assert rules_of(rules.code, rules.effective, stored) == rules


@given(shifts)
def test_shifts_survive_the_api_and_the_database(shift: inputs.Shift) -> None:
    text = ShiftDefinition.from_engine(shift).model_dump_json(by_alias=True)
    assert ShiftDefinition.model_validate_json(text).shift(shift.code, shift.effective) == shift
    stored = json.loads(json.dumps(stored_shift(shift)))
    assert shift_of(shift.code, shift.effective, stored) == shift


def test_every_field_of_the_engine_is_in_the_api() -> None:
    for engine, model in Definition.by_engine.items():
        names = {each.name for each in dataclasses.fields(engine)} - {"code", "effective"}
        assert names <= set(model.model_fields), engine


def test_what_is_left_out_is_the_engines_default() -> None:
    assert RuleSetDefinition.model_validate({"unmatched": "auto"}).rules("default") == ruleset.RuleSet()
    assert ShiftDefinition.model_validate({"start": "09:00", "end": "18:00"}).shift("D") == inputs.Shift(
        "D", 9 * 3600, 18 * 3600
    )
    given_only = {"tiers": [{"code": "OT", "basis": "daily"}], "rounding": {"target": "overtime", "mode": "down"}}
    made = RuleSetDefinition.model_validate({"overtime": given_only}).rules("R").overtime
    assert made.tiers == (ruleset.Tier("OT", "daily"),)
    assert made.rounding == ruleset.RoundingRule("overtime", "down")


def test_the_api_shows_what_people_write() -> None:
    written = {"start": "22:00", "end": "06:00:30", "before_minutes": 90, "after_minutes": 0.5}
    shift = ShiftDefinition.model_validate(written)
    assert (shift.start, shift.end, shift.before, shift.after) == (79_200, 21_630, 5400, 30)
    shown = shift.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert shown == written
    assert isinstance(shown["before_minutes"], int)
    rates = RuleSetDefinition.model_validate({"overtime": {"tiers": [{"code": "A", "basis": "daily", "rate": "1.25"}]}})
    assert rates.rules("R").overtime.tiers[0].rate == Decimal("1.25")


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"start": "9", "end": "18:00"}, "start"),
        ({"start": "09:60", "end": "18:00"}, "start"),
        ({"start": "09:00", "end": "49:00"}, "end"),
        ({"start": 9, "end": "18:00"}, "start"),
        ({"start": "09:00"}, "end"),
        ({"start": "09:00", "end": "18:00", "before_minutes": -1}, "before_minutes"),
        ({"start": "09:00", "end": "18:00", "before_minutes": True}, "before_minutes"),
        ({"start": "09:00", "end": "18:00", "before_minutes": 0.001}, "before_minutes"),
        ({"start": "09:00", "end": "18:00", "before_minutes": 1e300}, "before_minutes"),
        ({"start": "09:00", "end": "18:00", "before": 1}, "before"),
        ({"start": "09:00", "end": "18:00", "pairing": {"mood": "good"}}, "pairing.mood"),
    ],
)
def test_what_is_no_shift_is_refused(definition: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ShiftDefinition.model_validate(definition)
    assert [".".join(str(part) for part in each["loc"]) for each in refused.value.errors()] == [field]


def refused_field(check: Any, value: Any) -> str | None:
    with pytest.raises(Invalid) as refused:
        check(value)
    assert refused.value.detail[0].isupper()
    return refused.value.field


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"breaks": [{"method": "deduct"}]}, "breaks.0.steps_minutes"),
        ({"overtime": {"tiers": [{"code": "N", "basis": "window"}]}}, "overtime.tiers.0.window"),
        ({"overtime": {"tiers": [{"code": "REG", "basis": "daily"}]}}, "overtime.tiers.0.code"),
        ({"overtime": {"minimum_minutes": 60, "cap_minutes": 30}}, "overtime.cap_minutes"),
        (
            {"overtime": {"rounding": {"target": "overtime", "mode": "down", "interval_minutes": 0}}},
            "overtime.rounding.interval_minutes",
        ),
        ({"premiums": [{"code": "A", "holiday": True}, {"code": "B"}]}, "premiums.1"),
        (
            {"premiums": [{"code": "A", "holiday": True, "least_minutes": 9, "most_minutes": 1}]},
            "premiums.0.most_minutes",
        ),
        ({"status": {"half_day_below_minutes": 1, "absent_below_minutes": 2}}, "status.absent_below_minutes"),
        ({"duplicates": {"window_seconds": 601}}, "duplicates.window_seconds"),
        ({"pairing": {"longest_minutes": 0}}, "pairing.longest_minutes"),
        ({"roundings": [{"target": "in", "mode": "up", "grace_minutes": 5}]}, "roundings.0.grace_minutes"),
    ],
)
def test_rules_that_cannot_work_are_refused_with_the_name_that_was_typed(
    definition: dict[str, Any], field: str
) -> None:
    rules = RuleSetDefinition.model_validate(definition).rules("R")
    assert refused_field(check_rules, rules) == f"definition.{field}"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"end": "33:01"}, "end"),
        ({"start": "24:00"}, "start"),
        ({"before_minutes": 5}, "before_minutes"),
        ({"expected_minutes": 1441}, "expected_minutes"),
        ({"breaks": [{"start": "19:00", "end": "20:00"}]}, "breaks.0"),
        ({"break_rules": [{"method": "add"}]}, "break_rules.0.steps_minutes"),
        ({"roundings": [{"target": "in", "mode": "up", "interval_minutes": 0}]}, "roundings.0.interval_minutes"),
    ],
)
def test_shifts_that_cannot_work_are_refused_with_the_name_that_was_typed(more: dict[str, Any], field: str) -> None:
    shift = ShiftDefinition.model_validate({"start": "09:00", "end": "18:00", **more}).shift("DAY")
    assert refused_field(check_shift, shift) == f"definition.{field}"


def test_a_rule_set_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="the rule set is empty"):
        RuleSetDefinition.model_validate({})
