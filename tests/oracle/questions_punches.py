"""Questions about punches: their fates, the shifts they belong to, what is odd about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from tenant_stack.rules.duplicates import Event, events_of, groups
from tenant_stack.rules.inputs import Direction, Punch
from tenant_stack.rules.records import DayRecord
from tenant_stack.rules.roster import Instance, Roster
from tenant_stack.rules.shift_match import split_by_window
from tenant_stack.rules.walltime import moment, zone_of
from tests.oracle import words
from tests.oracle.answers import QUESTIONS, Answer, Question, equal, question, wall
from tests.oracle.facts import NotUnderstoodError

# -- punches -----------------------------------------------------------------------------------------------------


@question("states")
def _states(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [fate.role.upper() for fate in answer.fates()]
    return got == expected, got


@question("unpaired")
def _unpaired(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [wall(answer, fate.at)[11:16] for fate in answer.fates() if fate.role == "unpaired"]
    return got == [str(each) for each in expected], got


@question("effective_punches")
def _effective(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(fate.role != "duplicate" for fate in answer.fates())
    return got == expected, got


@question("raw_punches_kept", "stored_punches")
def _raw_kept(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = len({fate.punch for fate in answer.fates()})
    return got == expected, got


def _groups(answer: Answer, keep: int | None) -> list[Any]:
    rule = answer.staff.rules[0].duplicates
    found = groups(events_of(answer.staff.punches), rule, by_state=True)
    times = [[wall(answer, event.at)[11:16] for event in group] for group in found]
    return times if keep is None else [group[keep] for group in times]


@question("groups")
def _group_times(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = _groups(answer, None)
    return got == expected, got


@question("effective_first_rule")
def _first_rule(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = _groups(answer, 0)
    return got == expected, got


@question("effective_last_rule")
def _last_rule(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = _groups(answer, -1)
    return got == expected, got


@question("matched")
def _matched(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """Which shift each punch belongs to: truth, the shift's name, or the date of its instance."""
    got: list[Any] = []
    for punch, want in zip(answer.world.punches(), expected, strict=True):
        found = answer.instance_of(punch.id)
        if isinstance(want, bool):
            got.append(found is not None)
        elif found is None:
            got.append(None)
        elif want is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(want)):
            got.append(found[0])
        else:
            got.append(str(found[1]))
    return got == expected, got


def _instances(answer: Answer) -> list[Instance]:
    roster = Roster(answer.staff, {})
    days = (date.fromordinal(each) for each in range(answer.staff.first.toordinal(), answer.staff.last.toordinal() + 1))
    return [each for day in days for each in roster.on(day)]


def effective_windows(instances: list[Instance]) -> list[tuple[int, int]]:
    """From when to when a punch without a direction belongs to each shift, tried every half minute."""
    found = []
    for index, each in enumerate(instances):
        tried = range(each.opens or 0, (each.closes or 0) + 1, 30)
        owned = [at for at in tried if split_by_window([_event(at)], instances, by_state=False)[0][index]]
        found.append((owned[0], owned[-1]))
    return found


def _event(at: int) -> Event:
    return Event(at, Direction.UNKNOWN, Punch("tried", moment(at), "UTC"))


@question("window")
def _window(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [
        [wall(answer, opens)[:16], wall(answer, closes)[:16]] for opens, closes in effective_windows(_instances(answer))
    ]
    return [str(each) for each in expected] in got, got[0] if got else None


@question("windows", "effective_windows")
def _windows(answer: Answer, expected: Any) -> tuple[bool, Any]:
    instances = sorted(_instances(answer), key=lambda each: each.starts)
    got: dict[str, list[str]] = {}
    for each, (opens, closes) in zip(instances, effective_windows(instances), strict=True):
        got.setdefault(each.shift.code, [wall(answer, opens)[11:16], wall(answer, closes)[11:16]])
    return all(got.get(name) == [str(edge) for edge in span] for name, span in expected.items()), got


@question("scheduled_min")
def _scheduled(answer: Answer, expected: Any) -> tuple[bool, Any]:
    roster = Roster(answer.staff, {})
    got = [sum(each.expected for each in roster.on(day)) / 60 for day in answer.world.scheduled_dates]
    return got == expected, got


def _edges(answer: Answer, *, counted: bool) -> list[str]:
    found = []
    for segment in answer.one().trace.segments:
        edges = (segment.counted_in, segment.counted_out) if counted else (segment.raw_in, segment.raw_out)
        found += [wall(answer, at)[11:16] for at in edges if at is not None]
    return found


QUESTIONS["rounded"] = lambda answer, expected: ((got := _edges(answer, counted=True)) == expected, got)
QUESTIONS["raw_kept"] = lambda answer, expected: ((got := _edges(answer, counted=False)) == expected, got)


def raw_seconds(records: Iterable[DayRecord]) -> int:
    return sum(step.seconds for each in records for step in each.trace.steps if step.rule == "pair")


@question("raw_min")
def _raw_min(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = raw_seconds(answer.records) / 60
    return equal(got, expected), got


@question("raw")
def _raw(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = {"meal_min": answer.total("break_seconds") / 60, "worked_min": raw_seconds(answer.records) / 60}
    if unknown := set(expected) - set(got):
        raise NotUnderstoodError(f"expect.raw.{sorted(unknown)[0]}")
    return all(equal(got[key], value) for key, value in expected.items()), got


# -- anomalies ---------------------------------------------------------------------------------------------------


@question("anomaly", "anomalies", "anomaly_in_all_cases")
def _anomalies(answer: Answer, expected: Any) -> tuple[bool, Any]:
    if isinstance(expected, dict):
        got = {day: sorted(answer.kinds(words.day(day))) for day in expected}
        return all(set(_several(kinds)) <= set(got[day]) for day, kinds in expected.items()), got
    kinds = sorted(answer.kinds())
    return set(_several(expected)) <= set(kinds), kinds


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@question("state")
def _state(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sorted({each.state for record in answer.records for each in record.anomalies})
    return got == [expected], got


@question("in_late")
def _in_late(answer: Answer, expected: Any) -> tuple[bool, Any]:
    kinds = answer.kinds()
    got = "in_late" in kinds or "not_arrived" in kinds
    return got is expected, sorted(kinds)


@question("flag")
def _flag(answer: Answer, expected: Any) -> tuple[bool, Any]:
    kinds = answer.kinds() - {"missing_out", "missing_in"}
    got = "long_shift" in kinds
    return got is expected, sorted(kinds)


def _size(kind: str) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        sizes = [each.seconds / 60 for record in answer.records for each in record.anomalies if each.kind == kind]
        sizes += [each.seconds / 60 for each in answer.result.weekly if each.kind == kind]
        return expected in sizes, sizes

    return ask


QUESTIONS["rest_min"] = _size("rest_below_11h")
QUESTIONS["excess_min"] = _size("over_weekly_schedule")


@question("interpretation")
def _interpretation(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """'03:30 EDT (shift forward by the gap)': how the doubtful punch was read."""
    said = re.match(rf"({words.CLOCK}) ([A-Z]+)", str(expected))
    if said is None:
        raise NotUnderstoodError(f"expect.interpretation {expected!r}")
    doubtful = next(punch for punch in answer.staff.punches if punch.flags)
    got = doubtful.at.astimezone(zone_of(answer.world.zone)).strftime("%H:%M %Z")
    return got == f"{said[1]} {said[2]}", got


@question("raw_time_kept")
def _raw_time(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = wall(answer, answer.fates()[0].at)[11:16]
    return got == expected, got


@question("suggested_time")
def _suggested(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """The anomaly says by how much the clock was wrong."""
    skew = next(each for each in answer.one().anomalies if each.kind == "device_clock_skew")
    got = wall(answer, answer.fates()[0].at - skew.seconds)[11:16]
    return got == expected, got


@question("auto_out")
def _auto_out(answer: Answer, expected: Any) -> tuple[bool, Any]:
    record = answer.one()
    if not record.estimated or record.last_out is None:
        return False, None
    got = wall(answer, int(record.last_out.timestamp()))[11:16]
    return got == expected, got
