"""What a scenario expects, put to the engine's answer. Each key of the vocabulary is one small question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tenant_stack.attendance.rules.accounting import fates
from tenant_stack.attendance.rules.duplicates import events_of, groups
from tenant_stack.attendance.rules.matching import effective_windows
from tenant_stack.attendance.rules.records import DayRecord, Fate, PayLine, Result
from tenant_stack.attendance.rules.rostering import Instance, Roster
from tenant_stack.attendance.rules.ruleset import DateRule
from tenant_stack.attendance.rules.walltime import local_date, moment, offset_at, resolve, zone_of
from tests.oracle import words
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.world import World, attended

BREAK_WORDS = {"break_out": "BREAK_OUT", "break_in": "BREAK_IN", "meal_out": "MEAL_OUT", "meal_in": "MEAL_IN"}
#: Which of our date rules reproduces which system (the decisions of the oracle name them).
SYSTEMS = {"frappe": "shift_start", "timetrex": "first_punch"}


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
        return next((each for each in self.records if each.day == day), None)

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
            each.kind for record in self.result.records if day is None or record.day == day for each in record.anomalies
        }
        found |= {each.kind for each in self.result.loose if day is None or each.day == day}
        return found | {each.kind for each in self.result.weekly if day is None or each.start == day}

    def fates(self) -> list[Fate]:
        return fates(self.result)

    def instance_of(self, punch: str) -> tuple[str, date] | None:
        """The shift (code, date) a punch was matched to."""
        for record in self.result.records:
            for fate in record.trace.fates:
                if fate.punch == punch and fate.role != "unmatched":
                    for segment in record.trace.segments:
                        if segment.shift is not None and segment.starts is not None:
                            return segment.shift, local_date(record.zone, segment.starts)
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


# -- days --------------------------------------------------------------------------------------------------------

DAY_FIELDS: dict[str, Callable[[DayRecord], Any]] = {
    "status": lambda each: each.status.value,
    "worked_min": lambda each: each.worked / 60,
    "worked_s": lambda each: each.worked,
    "worked_h": lambda each: each.worked / 3600,
    "late": lambda each: each.late > 0,
    "early": lambda each: each.early > 0,
    "late_min": lambda each: each.late / 60,
    "early_min": lambda each: each.early / 60,
    "overtime_min": lambda each: each.overtime / 60,
    "overtime_h": lambda each: each.overtime / 3600,
    "break_min": lambda each: each.breaks / 60,
    "presence_min": lambda each: each.presence / 60,
    "expected_min": lambda each: None if each.expected is None else each.expected / 60,
    "shift_count": lambda each: each.stretches,
}


@question("days")
def _days(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = []
    good = True
    for row in expected:
        day = words.day(row["date"])
        record = answer.on(day)
        if record is None:
            good = False
            got.append({"date": str(day), "record": None})
            continue
        line: dict[str, Any] = {"date": str(day)}
        for key, value in row.items():
            if key == "date":
                continue
            if key in ("in", "out"):
                same, line[key] = same_time(answer, record.first_in if key == "in" else record.last_out, value, day)
            elif key in DAY_FIELDS:
                line[key] = DAY_FIELDS[key](record)
                same = equal(line[key], value)
            elif key == "shift":
                line[key] = list(record.shifts)
                same = value in record.shifts
            else:
                raise NotUnderstoodError(f"expect.days.{key}")
            good = good and same
        got.append(line)
    return good, got


def equal(got: Any, expected: Any) -> bool:
    if expected is None:
        return True
    if isinstance(expected, bool) or isinstance(got, bool):
        return got is expected
    if isinstance(got, int | float | Decimal) and isinstance(expected, int | float | Decimal):
        return abs(float(got) - float(expected)) < 0.005
    return bool(got == expected)


@question("status")
def _status(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.one().status.value
    return got == expected, got


def _edge_of(name: str) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        record = answer.one()
        return same_time(answer, getattr(record, name), expected, record.day)

    return ask


QUESTIONS["in"] = _edge_of("first_in")
QUESTIONS["out"] = _edge_of("last_out")


@question("second_pair")
def _second_pair(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """A pair that makes the stretch too long is kept and shown, but not counted until somebody decides."""
    got = "refused" if any(fate.role == "held" for fate in answer.fates()) else "counted"
    return str(expected).startswith(got), got


@question("date", "attendance_date")
def _date(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.day) for each in answer.worked]
    return got == [str(expected)], got


@question("shift")
def _shift(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = list(answer.one().shifts)
    return expected in got, got


@question("record_count")
def _count(answer: Answer, expected: Any) -> tuple[bool, Any]:
    return len(answer.records) == expected, len(answer.records)


@question("absent_dates")
def _absent(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.day) for each in answer.records if each.status == "absent"]
    return got == [str(each) for each in expected], got


@question("absent_dates_include")
def _absent_too(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.day) for each in answer.records if each.status == "absent"]
    return set(expected) <= set(got), got


@question("absent_days")
def _absent_days(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.fractions.absent for each in answer.result.records)
    return equal(got, expected), str(got)


@question("no_record", "no_new_record")
def _none(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.day) for each in answer.records if str(each.day) in expected]
    return not got, got


@question("no_record_for")
def _none_for(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sorted({shift for each in answer.records for shift in each.shifts})
    return expected not in got, got


@question("records")
def _records(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [{"shift": list(each.shifts), "status": each.status.value} for each in answer.records]
    good = len(got) == len(expected) and all(
        row.get("shift") in (None, *have["shift"]) and row.get("status") in (None, have["status"])
        for row, have in zip(expected, got, strict=False)
    )
    return good, got


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
    """Each punch by itself: truth, the shift's name, or the date of its instance."""
    got: list[Any] = []
    for punch, want in zip(answer.world.punches(), expected, strict=True):
        alone = replace(answer.staff, punches=(punch,))
        found = Answer(answer.world, _compute(alone)).instance_of(punch.id)
        if isinstance(want, bool):
            got.append(found is not None)
        elif found is None:
            got.append(None)
        elif want is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(want)):
            got.append(found[0])
        else:
            got.append(str(found[1]))
    return got == expected, got


def _compute(staff: Any) -> Result:
    from tenant_stack.attendance.rules.engine import compute

    return compute(staff)


def _instances(answer: Answer) -> list[Instance]:
    roster = Roster(answer.staff, {})
    days = (date.fromordinal(each) for each in range(answer.staff.first.toordinal(), answer.staff.last.toordinal() + 1))
    return [each for day in days for each in roster.on(day)]


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
    got = {"meal_min": answer.total("breaks") / 60, "worked_min": raw_seconds(answer.records) / 60}
    if unknown := set(expected) - set(got):
        raise NotUnderstoodError(f"expect.raw.{sorted(unknown)[0]}")
    return all(equal(got[key], value) for key, value in expected.items()), got


# -- sums over the answer ----------------------------------------------------------------------------------------


def _number(name: str, unit: int) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        got = answer.total(name) / unit
        if isinstance(expected, list):
            several = [getattr(each, name) / unit for each in answer.worked]
            return several == expected, several
        if isinstance(expected, dict):
            by_day = {str(each.day): getattr(each, name) / unit for each in answer.records}
            return all(equal(by_day.get(day), value) for day, value in expected.items()), by_day
        return equal(got, expected), got

    return ask


for _name, _field, _unit in (
    ("worked_min", "worked", 60),
    ("worked_s", "worked", 1),
    ("worked_h", "worked", 3600),
    ("week_total_h", "worked", 3600),
    ("late_min", "late", 60),
    ("early_min", "early", 60),
    ("presence_min", "presence", 60),
    ("break_min", "breaks", 60),
    ("overtime_min", "overtime", 60),
    ("overtime_h", "overtime", 3600),
    ("total_overtime_h", "overtime", 3600),
    ("overtime_h_total", "overtime", 3600),
):
    QUESTIONS[_name] = _number(_field, _unit)


@question("expected_min")
def _expected(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.expected or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("missing_min")
def _missing(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = -sum(each.balance or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("balance_min")
def _balance(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.balance or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("balance_h")
def _balance_h(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.balance or 0 for each in answer.worked) / 3600
    return equal(got, expected), got


@question("deducted_max_min")
def _deducted(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.total("deducted") / 60
    return 0 < got <= expected, got


@question("law_breach_flagged_when_break_short")
def _law(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = any(effect == "short_break" for effect in answer.kinds())
    due = any(step.rule == "deduct" for each in answer.records for step in each.trace.steps)
    return (got == due) is expected, got


def _late_flag(name: str) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        if isinstance(expected, dict):
            by_day = {str(each.day): getattr(each, name) > 0 for each in answer.worked}
            return all(by_day.get(day) is value for day, value in expected.items()), by_day
        got = answer.total(name) > 0
        return got is expected, got

    return ask


QUESTIONS["late"] = _late_flag("late")
QUESTIONS["early"] = _late_flag("early")


@question("day_fractions")
def _fractions(answer: Answer, expected: Any) -> tuple[bool, Any]:
    parts = answer.one().fractions
    got = {key: float(getattr(parts, key)) for key in expected}
    return all(equal(got[key], value) for key, value in expected.items()), got


# -- pay ---------------------------------------------------------------------------------------------------------


@question("per_day")
def _per_day(answer: Answer, expected: Any) -> tuple[bool, Any]:
    regular = answer.staff.rules[0].overtime.regular
    got: dict[str, dict[str, float]] = {}
    for each in answer.worked:
        got[str(each.day)] = {
            "regular" if line.code == regular else line.code: line.seconds / 3600 for line in each.pay
        }
    return all(got.get(day) == {key: float(value) for key, value in row.items()} for day, row in expected.items()), got


@question("regular_h")
def _regular(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.code(answer.staff.rules[0].overtime.regular) / 3600
    return equal(got, expected), got


@question("premium_h")
def _premium_h(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(line.seconds for line in answer.lines(premiums=True)) / 3600
    return equal(got, expected), got


@question("premium_min")
def _premium_min(answer: Answer, expected: Any) -> tuple[bool, Any]:
    several = [sum(line.seconds for line in each.premiums) / 60 for each in answer.worked]
    got: Any = several if isinstance(expected, list) else sum(several)
    return got == expected, got


def _by_date(lines: Iterable[PayLine]) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in lines:
        for day, seconds in line.by_date:
            found[str(day)] = found.get(str(day), 0) + seconds / 3600
    return found


@question("by_date", "overtime_by_calendar_day")
def _dates(answer: Answer, expected: Any) -> tuple[bool, Any]:
    if answer.staff.rules[0].premiums:
        got = _by_date(answer.lines(premiums=True))
    else:
        regular = answer.staff.rules[0].overtime.regular
        got = _by_date(line for line in answer.lines() if line.code != regular)
    return got == {str(day): float(value) for day, value in expected.items()}, got


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
    from tenant_stack.attendance.rules.anomalies import corrected

    punch = answer.staff.punches[0]
    got = wall(answer, corrected(int(punch.at.timestamp()), punch.clock_ahead))[11:16]
    return got == expected, got


@question("auto_out")
def _auto_out(answer: Answer, expected: Any) -> tuple[bool, Any]:
    record = answer.one()
    if not record.estimated or record.last_out is None:
        return False, None
    got = wall(answer, int(record.last_out.timestamp()))[11:16]
    return got == expected, got


# -- other settings ----------------------------------------------------------------------------------------------


@question("date_by_system")
def _by_system(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """Each system's date is reached by the date rule the decisions give it; ours is the recommended one."""
    got = {}
    for system in expected:
        if system not in SYSTEMS:
            raise NotUnderstoodError(f"expect.date_by_system.{system}")
        rules = tuple(replace(rule, dating=DateRule(SYSTEMS[system])) for rule in answer.staff.rules)
        result = _compute(replace(answer.staff, rules=rules))
        got[system] = [str(each.day) for each in attended(result) if each.punch_count]
    return all(got[system] == [str(day)] for system, day in expected.items()), got


@question("date_by_tz")
def _by_zone(answer: Answer, expected: Any) -> tuple[bool, Any]:
    """The date follows the zone of the site at the time of the punch: the same instants at another site."""
    got = {}
    for zone in expected:
        punches = tuple(replace(punch, zone=zone) for punch in answer.staff.punches)
        result = _compute(replace(answer.staff, punches=punches, zone=zone))
        got[zone] = [str(each.day) for each in attended(result) if each.punch_count]
    again = [str(each.day) for each in answer.worked]
    good = all(got[zone] == [str(day)] for zone, day in expected.items())
    return good and again == got.get(answer.world.zone, again), got


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
