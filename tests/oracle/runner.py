"""Runs scenarios: builds worlds, asks the engine, compares. One verdict a scenario; no scenario id is known here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.oracle import (
    questions_days,
    questions_pay,
    questions_punches,
    questions_settings,
    topics,
    topics_absent,
    topics_life,
    topics_spans,
    topics_sums,
)
from tests.oracle.answers import COMMENTARY, QUESTIONS, Answer, check
from tests.oracle.choices import ALTERNATIVES, DEFAULT, Setting
from tests.oracle.facts import Facts, Node, NotInProductError, NotUnderstoodError, Scenario
from tests.oracle.world import World

#: Words of ``expect`` that say where the expectations stand.
SHARED = frozenset({"cases_as_given", "steps_as_given", "as_given"})


@dataclass(frozen=True)
class Verdict:
    scenario: str
    consensus: str
    outcome: str  # pass, fail, not in the product, not understood
    detail: str = ""

    @property
    def line(self) -> str:
        return f"{self.scenario}  {self.outcome}" + (f"  {self.detail}" if self.detail else "")


def judge(scenario: Scenario, facts: Facts) -> Verdict:
    """Run under the recommended settings; a disputed one may also hold under another setting the product offers."""
    tried = [DEFAULT, *ALTERNATIVES] if scenario.consensus == "disputed" else [DEFAULT]
    first: Verdict | None = None
    for setting in tried:
        verdict = _judge(scenario, facts, setting)
        if verdict.outcome == "pass":
            return verdict
        first = first or verdict
        if verdict.outcome != "fail":
            break
    assert first is not None
    return first


def _judge(scenario: Scenario, facts: Facts, setting: Setting) -> Verdict:
    try:
        faults = _faults(scenario, facts, setting)
    except NotInProductError as reason:
        return Verdict(scenario.id, scenario.consensus, "not in the product", f"({reason})")
    except NotUnderstoodError as missing:
        return Verdict(scenario.id, scenario.consensus, "not understood", str(missing))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration) as odd:
        return Verdict(scenario.id, scenario.consensus, "not understood", f"{type(odd).__name__}: {odd}")
    if faults:
        return Verdict(scenario.id, scenario.consensus, "fail", "; ".join(faults))
    return Verdict(scenario.id, scenario.consensus, "pass", "" if setting is DEFAULT else f"(setting: {setting.name})")


def _faults(scenario: Scenario, facts: Facts, setting: Setting) -> list[str]:
    for topic in topics.TOPICS:
        if topic.concerns(scenario):
            given, expect = Node(scenario.given, "given"), Node(scenario.expect, "expect")
            given.take("tz")
            faults = topic.ask(topics.Matter(scenario, given, expect, facts, setting))
            given.finish()
            expect.finish()
            return faults
    return _run(scenario, setting)


def _run(scenario: Scenario, setting: Setting) -> list[str]:
    cases, where = _cases(scenario)
    if cases is None:
        given = {**scenario.given}
        if "punch_to_shift" in given:  # single punches of the first assigned day
            given["punches"] = [
                f"{given.get('assigned_from', '2025-01-06')} {each}" for each in given.pop("punch_to_shift")
            ]
        return _one(scenario, given, scenario.expect, setting)
    faults = []
    for index, case in enumerate(cases):
        given = {key: value for key, value in scenario.given.items() if key != "cases"}
        common = {key: value for key, value in scenario.expect.items() if key not in ("cases", *SHARED)}
        world_keys, expected = _split(case, given)
        found = _one(scenario, {**given, **world_keys}, {**common, **expected}, setting)
        faults += [f"{where} {index + 1}: {fault}" for fault in found]
    return faults


def _cases(scenario: Scenario) -> tuple[list[dict[str, Any]] | None, str]:
    for part in (scenario.given, scenario.expect):
        value = part.get("cases")
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return value, "case"
    return None, ""


def _split(case: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which keys of a case belong to its world and which are expectations.

    A duration is part of the world where nobody punched and something else is expected of it.
    """
    punched = any(key in case or key in given for key in ("punches", "spans", "punches_utc", "hours_per_day"))
    known = {
        key for key in case if key in QUESTIONS or key in COMMENTARY or re.fullmatch(r"ot_\d+(_\d+)?_h|\w+_h", key)
    }
    if not punched:
        for key in ("presence_min", "worked_h", "hours"):
            if key in case and len(known - {key}) > 0:
                known.discard(key)
                break
    known -= {"tolerance_h", "max_shift_h", "new_shift_gap_h", "long_interval_h", "hours"}
    if "shift" in known and not (isinstance(given.get("shifts"), dict) and case["shift"] in given["shifts"]):
        known.discard("shift")
    if "date" in known and ("company" in case or not punched):
        known.discard("date")
    return {k: v for k, v in case.items() if k not in known}, {k: v for k, v in case.items() if k in known}


def _one(scenario: Scenario, given: dict[str, Any], expect: dict[str, Any], setting: Setting) -> list[str]:
    world_node, expect_node = Node(given, "given"), Node(expect, "expect")
    for key in given:
        if key == "then":
            _then(str(world_node.take("then")))
    world = World(world_node, scenario.title, setting, mentioned=tuple(_dates(expect))).read()
    answer = Answer.of(world)
    faults = check(answer, expect_node, shared=SHARED)
    world_node.finish()
    expect_node.finish()
    return faults


def _then(text: str) -> None:
    """What is done afterwards and must change nothing: somebody looks from another zone."""
    if not re.fullmatch(r"change time zone to [\w/]+ and re-save, then back", text):
        raise NotUnderstoodError(f"given.then {text!r}")


def _dates(value: Any) -> Iterable[date]:
    return [date.fromisoformat(each) for each in sorted(set(re.findall(r"\d{4}-\d{2}-\d{2}", str(value))))]


def run(facts: Facts) -> list[Verdict]:
    return [judge(each, facts) for each in facts.scenarios]


#: Importing these registers their questions and topics.
VOCABULARY = (
    questions_days,
    questions_pay,
    questions_punches,
    questions_settings,
    topics_absent,
    topics_life,
    topics_spans,
    topics_sums,
)
