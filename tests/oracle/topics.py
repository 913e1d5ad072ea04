"""Facts that are not about one person's day: each topic is recognised by its words and put to the pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.oracle.choices import Setting
from tests.oracle.facts import Facts, Node, NotUnderstoodError, Scenario


@dataclass
class Matter:
    """A scenario as a topic sees it."""

    scenario: Scenario
    given: Node
    expect: Node
    facts: Facts
    setting: Setting

    def cases(self) -> list[Any]:
        """The cases, wherever they stand; the words that say so are understood."""
        for node in (self.given, self.expect):
            value = node.take("cases")
            if isinstance(value, list):
                self.expect.take("cases_as_given")
                return value
        raise NotUnderstoodError(f"{self.scenario.id}: no cases")


Ask = Callable[[Matter], list[str]]


@dataclass(frozen=True)
class Topic:
    concerns: Callable[[Scenario], bool]
    ask: Ask


TOPICS: list[Topic] = []


def topic(concerns: Callable[[Scenario], bool]) -> Callable[[Ask], Ask]:
    def register(ask: Ask) -> Ask:
        TOPICS.append(Topic(concerns, ask))
        return ask

    return register


def given_has(*keys: str) -> Callable[[Scenario], bool]:
    return lambda scenario: all(key in scenario.given for key in keys)


def case_has(*keys: str) -> Callable[[Scenario], bool]:
    def concerns(scenario: Scenario) -> bool:
        for part in (scenario.given, scenario.expect):
            cases = part.get("cases")
            if isinstance(cases, list) and cases and all(isinstance(each, dict) for each in cases):
                return any(all(key in each for key in keys) for each in cases)
        return False

    return concerns


def compare(name: str, got: Any, expected: Any) -> list[str]:
    same = got == expected
    if not same and isinstance(got, int | float) and isinstance(expected, int | float):
        same = not isinstance(got, bool) and abs(got - expected) < 0.005
    return [] if same else [f"{name}: expected {expected}, got {got}"]
