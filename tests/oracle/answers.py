"""What a scenario expects, put to the engine's answer. Each key of the vocabulary is one small question."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tenant_stack.rules.records import DayRecord, Fate, PayLine, Result
from tenant_stack.rules.walltime import local_date, moment, offset_at, resolve, zone_of
from tests.oracle import words
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.world import World, attended


@dataclass
class Answer:
    """One run: the world that was built and what the engine said."""

    world: World
    result: Result

    @classmethod
    def of(cls, world: World) -> Answer:
        return cls(world, world.run())

    @property
    def records(self) -> list[DayRecord]:
        return attended(self.result)

    @cached_property
    def staff(self) -> Any:
        return self.world.build()

    @cached_property
    def worked(self) -> list[DayRecord]:
        return [each for each in self.records if each.punch_count]

    def on(self, day: date) -> DayRecord | None:
        return next((each for each in self.records if each.work_date == day), None)

    def one(self) -> DayRecord:
        if not self.worked:
            raise LookupError("no record")
        return self.worked[0]

    def total(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.records)

    def lines(self, *, premiums: bool = False) -> list[PayLine]:
        return [line for each in self.records for line in (each.premiums if premiums else each.pay)]

    def code(self, name: str) -> int:
        return sum(line.seconds for line in self.lines() if line.code == name)

    def kinds(self, day: date | None = None) -> set[str]:
        found = {
            each.kind
            for record in self.result.records
            if day is None or record.work_date == day
            for each in record.anomalies
        }
        found |= {each.kind for each in self.result.loose if day is None or each.day == day}
        return found | {each.kind for each in self.result.weekly if day is None or each.start == day}

    def fates(self) -> list[Fate]:
        """Every punch of the period with what became of it, by time."""
        found = [fate for record in self.result.records for fate in record.trace.fates]
        return sorted([*found, *self.result.fates], key=lambda fate: (fate.at, fate.punch))

    def instance_of(self, punch: str) -> tuple[str, date] | None:
        """The shift (code, date) a punch was matched to."""
        for record in self.result.records:
            for fate in record.trace.fates:
                if fate.punch == punch and fate.shift is not None:
                    starts = [each.starts for each in record.trace.segments if each.shift == fate.shift]
                    return fate.shift, local_date(record.zone, starts[0] or 0)
        return None


Question = Callable[[Answer, Any], tuple[bool, Any]]
QUESTIONS: dict[str, Question] = {}


def question(*names: str) -> Callable[[Question], Question]:
    def register(function: Question) -> Question:
        for name in names:
            QUESTIONS[name] = function
        return function

    return register


def wall(answer: Answer, at: int) -> str:
    return moment(at).astimezone(zone_of(answer.world.zone)).strftime("%Y-%m-%d %H:%M:%S")


def same_time(answer: Answer, at: Any, expected: Any, day: date) -> tuple[bool, Any]:
    """An expected 'HH:MM' is on the record's date, a full stamp on its own; 24:00 is the next midnight."""
    if expected is None:
        return at is None, at and wall(answer, int(at.timestamp()))
    if at is None:
        return False, None
    said = words.stamp(expected, day)
    instant = resolve(said.text, answer.world.zone).instant
    offset = offset_at(answer.world.zone, int(at.timestamp()))
    same = at == moment(instant) or int(at.timestamp()) + offset == instant + offset_at(answer.world.zone, instant)
    return same, wall(answer, int(at.timestamp()))


def equal(got: Any, expected: Any) -> bool:
    if expected is None:
        return True
    if isinstance(expected, bool) or isinstance(got, bool):
        return got is expected
    if isinstance(got, int | float | Decimal) and isinstance(expected, int | float | Decimal):
        return abs(float(got) - float(expected)) < 0.005
    return bool(got == expected)


def by_pattern(answer: Answer, key: str, expected: Any) -> tuple[bool, Any] | None:
    """Keys that carry a rate, a tier's code or a window's name: ot_1_5_h, H, night_h."""
    rate = re.fullmatch(r"ot_(\d+)(?:_(\d+))?_h", key)
    if rate:
        wanted = Decimal(f"{rate[1]}.{rate[2] or 0}")
        regular = answer.staff.rules[0].overtime.regular
        got = sum(line.seconds for line in answer.lines() if line.rate == wanted and line.code != regular) / 3600
        return equal(got, expected), got
    if key in {tier.code for tier in answer.staff.rules[0].overtime.tiers}:
        got = answer.code(key) / 3600
        return equal(got, expected), got
    named = re.fullmatch(r"(\w+)_(h|min)", key)
    if named and named[1] in {rule.code for rule in answer.staff.rules[0].premiums}:
        seconds = sum(line.seconds for line in answer.lines(premiums=True) if line.code == named[1])
        got = seconds / (3600 if named[2] == "h" else 60)
        return equal(got, expected), got
    return None


COMMENTARY = frozenset({"peer", "note", "report", "formula", "wrong_sum_of_rounded_days"})


def check(answer: Answer, expect: Node, *, shared: frozenset[str] = frozenset()) -> list[str]:
    """What does not hold, one line each; keys that nobody understands raise."""
    faults = []
    for key in expect:
        value = expect.take(key)
        if key in shared or key in COMMENTARY or value is None:
            continue
        asked = QUESTIONS.get(key)
        try:
            found = asked(answer, value) if asked is not None else by_pattern(answer, key, value)
        except LookupError as missing:
            found = (False, str(missing))
        if found is None:
            raise NotUnderstoodError(f"{expect.path}.{key}")
        good, got = found
        if not good:
            faults.append(f"{key}: expected {value}, got {got}")
    return faults
