"""Scenarios about what the product does not do: recognised by their words and reported with the reason."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracle.facts import NotInProductError, Scenario
from tests.oracle.topics import Matter, case_has, given_has, topic

APPROVAL = frozenset({"approve", "refuse", "status", "counted_h", "manual_overtime_h"})


def _absent(concerns: Callable[[Scenario], bool], reason: str) -> None:
    @topic(concerns)
    def report(_: Matter) -> list[str]:
        raise NotInProductError(reason)


def _cases_in_words(scenario: Scenario) -> bool:
    cases = scenario.given.get("cases")
    return isinstance(cases, list) and bool(cases) and all(isinstance(each, str) for each in cases)


def _overtime_approval(scenario: Scenario) -> bool:
    return any(APPROVAL & set(step) for step in scenario.given.get("steps", ()))


_absent(lambda scenario: "grid" in scenario.expect, "the monthly report has other marks than these letters")
_absent(given_has("edit"), "a correction is not checked against the other punches of its day")
_absent(_cases_in_words, "a correction is not checked against the other punches of its day")
_absent(case_has("radius_m", "distance_m"), "punches are not checked against a place")
_absent(case_has("entry_begin"), "a locked period has no days of grace")
_absent(case_has("spells", "days"), "the Bradford factor is not computed")
_absent(_overtime_approval, "overtime is approved with its record, not by itself")
_absent(
    lambda scenario: "already in an attendance record" in str(scenario.given.get("punches")),
    "a new roster reaches the punches of every day that is not locked",
)
