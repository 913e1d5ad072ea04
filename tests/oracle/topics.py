"""Facts that are not about one person's punches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.oracle.facts import Facts, Node, Scenario
from tests.oracle.world import Setting


@dataclass
class Matter:
    scenario: Scenario
    given: Node
    expect: Node
    facts: Facts
    setting: Setting


@dataclass(frozen=True)
class Topic:
    concerns: Callable[[Scenario], bool]
    ask: Callable[[Matter], list[str]]


TOPICS: list[Topic] = []


def topic(
    concerns: Callable[[Scenario], bool],
) -> Callable[[Callable[[Matter], list[str]]], Callable[[Matter], list[str]]]:
    def register(ask: Callable[[Matter], list[str]]) -> Callable[[Matter], list[str]]:
        TOPICS.append(Topic(concerns, ask))
        return ask

    return register
