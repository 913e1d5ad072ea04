"""Every scenario about the product passes; the runner tells a pass from a fail and from what it does not understand."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oracle.__main__ import main
from tests.oracle.facts import Facts, Scenario, load
from tests.oracle.runner import judge

FACTS = load()

# What the product does not do yet; the runner gives the reason of each.
NOT_IN_THE_PRODUCT = ["A13", "B13", "B16", "B18", "B19", "B20", "C18", "C25", "I42", "J16", "K01", "K03", "K05", "L05"]


@pytest.mark.parametrize("scenario", FACTS.scenarios, ids=lambda each: each.id)
def test_every_scenario_about_the_product_passes(scenario: Scenario) -> None:
    verdict = judge(scenario, FACTS)
    expected = "not in the product" if scenario.id in NOT_IN_THE_PRODUCT else "pass"
    assert verdict.outcome == expected, verdict.line


def test_all_scenarios_of_the_file_are_run() -> None:
    content = yaml.safe_load((Path(__file__).parent / "attendance.yaml").read_text(encoding="utf-8"))
    assert len(FACTS.scenarios) == content["meta"]["scenario_count"] == 121


def _day(**expect: object) -> Scenario:
    given = {"tz": "UTC", "punches": ["2025-01-06 08:00", "2025-01-06 12:00"]}
    return Scenario("X1", "", "derived", "agreed", given, expect)


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (_day(worked_min=240), "pass"),
        (_day(worked_min=241), "fail"),
        (_day(worked_minutes=240), "not understood"),
        (
            Scenario("X1", "", "derived", "agreed", {"tz": "UTC", "weather": "rain"}, {"worked_min": 0}),
            "not understood",
        ),
    ],
)
def test_the_runner_is_not_blind(scenario: Scenario, outcome: str) -> None:
    assert judge(scenario, Facts([scenario])).outcome == outcome


def test_a_wrong_fact_fails_and_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = yaml.safe_load((Path(__file__).parent / "referenced.yaml").read_text(encoding="utf-8"))
    content["scenarios"][0]["expect"]["days"][0]["worked_min"] = 181
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main([str(path)]) == 1
    printed = capsys.readouterr().out
    assert "A10  fail" in printed
    assert "0 of 1 scenarios pass, 1 fail" in printed


def test_no_module_of_the_runner_knows_a_scenario() -> None:
    names = {each.id for each in FACTS.scenarios}
    for path in Path(__file__).parent.glob("*.py"):
        if path.name.startswith("test_"):
            continue
        words = set(path.read_text(encoding="utf-8").replace('"', " ").replace("'", " ").split())
        assert not words & names, path.name


def _numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], float]]:
    """Every number that an expectation states; what another system says ('peer', 'wrong_...') is not ours."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("peer", "cases") and not key.startswith("wrong_"):
                yield from _numbers(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _numbers(each, (*path, index))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


@pytest.mark.parametrize("scenario", FACTS.scenarios, ids=lambda each: each.id)
def test_no_number_of_an_expectation_is_ignored(scenario: Scenario) -> None:
    for path, value in _numbers(scenario.expect):
        expect = copy.deepcopy(scenario.expect)
        node: Any = expect
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value + 1
        assert judge(replace(scenario, expect=expect), FACTS).outcome != "pass", path
