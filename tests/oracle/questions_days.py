"""Questions about records and days: which there are, their status, their sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenant_stack.rules.records import DayRecord
from tests.oracle import words
from tests.oracle.answers import QUESTIONS, Answer, Question, equal, question, same_time
from tests.oracle.facts import NotUnderstoodError

# -- days --------------------------------------------------------------------------------------------------------

DAY_FIELDS: dict[str, Callable[[DayRecord], Any]] = {
    "status": lambda each: each.status.value,
    "worked_min": lambda each: each.worked_seconds / 60,
    "worked_s": lambda each: each.worked_seconds,
    "worked_h": lambda each: each.worked_seconds / 3600,
    "late": lambda each: each.late_seconds > 0,
    "early": lambda each: each.early_seconds > 0,
    "late_min": lambda each: each.late_seconds / 60,
    "early_min": lambda each: each.early_seconds / 60,
    "overtime_min": lambda each: each.overtime_seconds / 60,
    "overtime_h": lambda each: each.overtime_seconds / 3600,
    "break_min": lambda each: each.break_seconds / 60,
    "presence_min": lambda each: each.presence_seconds / 60,
    "expected_min": lambda each: None if each.expected_seconds is None else each.expected_seconds / 60,
    "balance_min": lambda each: None if each.balance_seconds is None else each.balance_seconds / 60,
    "premium_min": lambda each: sum(line.seconds for line in each.premiums) / 60,
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
            elif key == "anomalies":
                line[key] = sorted(answer.kinds(day))
                same = set(value) <= set(line[key])
            elif key == "day_fractions":
                line[key] = {part: float(getattr(record.fractions, part)) for part in value}
                same = all(equal(line[key][part], size) for part, size in value.items())
            elif key == "shift":
                line[key] = list(record.shifts)
                same = value in record.shifts
            else:
                raise NotUnderstoodError(f"expect.days.{key}")
            good = good and same
        got.append(line)
    return good, got


@question("status")
def _status(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.one().status.value
    return got == expected, got


def _edge_of(name: str) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        record = answer.one()
        return same_time(answer, getattr(record, name), expected, record.work_date)

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
    got = [str(each.work_date) for each in answer.worked]
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
    got = [str(each.work_date) for each in answer.records if each.status == "absent"]
    return got == [str(each) for each in expected], got


@question("absent_dates_include")
def _absent_too(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.work_date) for each in answer.records if each.status == "absent"]
    return set(expected) <= set(got), got


@question("absent_days")
def _absent_days(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.fractions.absent for each in answer.result.records)
    return equal(got, expected), str(got)


@question("no_record", "no_new_record")
def _none(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = [str(each.work_date) for each in answer.records if str(each.work_date) in expected]
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


# -- sums over the answer ----------------------------------------------------------------------------------------


def _number(name: str, unit: int) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        got = answer.total(name) / unit
        if isinstance(expected, list):
            several = [getattr(each, name) / unit for each in answer.worked]
            return several == expected, several
        if isinstance(expected, dict):
            by_day = {str(each.work_date): getattr(each, name) / unit for each in answer.records}
            return all(equal(by_day.get(day), value) for day, value in expected.items()), by_day
        return equal(got, expected), got

    return ask


for _name, _field, _unit in (
    ("worked_min", "worked_seconds", 60),
    ("worked_s", "worked_seconds", 1),
    ("worked_h", "worked_seconds", 3600),
    ("week_total_h", "worked_seconds", 3600),
    ("late_min", "late_seconds", 60),
    ("early_min", "early_seconds", 60),
    ("presence_min", "presence_seconds", 60),
    ("break_min", "break_seconds", 60),
    ("overtime_min", "overtime_seconds", 60),
    ("overtime_h", "overtime_seconds", 3600),
    ("total_overtime_h", "overtime_seconds", 3600),
    ("overtime_h_total", "overtime_seconds", 3600),
):
    QUESTIONS[_name] = _number(_field, _unit)


@question("expected_min")
def _expected(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.expected_seconds or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("missing_min")
def _missing(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = -sum(each.balance_seconds or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("balance_min")
def _balance(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.balance_seconds or 0 for each in answer.worked) / 60
    return equal(got, expected), got


@question("balance_h")
def _balance_h(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = sum(each.balance_seconds or 0 for each in answer.worked) / 3600
    return equal(got, expected), got


@question("deducted_max_min")
def _deducted(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = answer.total("deducted_seconds") / 60
    return 0 < got <= expected, got


@question("law_breach_flagged_when_break_short")
def _law(answer: Answer, expected: Any) -> tuple[bool, Any]:
    got = any(effect == "short_break" for effect in answer.kinds())
    due = any(step.rule == "deduct" for each in answer.records for step in each.trace.steps)
    return (got == due) is expected, got


def _late_flag(name: str) -> Question:
    def ask(answer: Answer, expected: Any) -> tuple[bool, Any]:
        if isinstance(expected, dict):
            by_day = {str(each.work_date): getattr(each, name) > 0 for each in answer.worked}
            return all(by_day.get(day) is value for day, value in expected.items()), by_day
        got = answer.total(name) > 0
        return got is expected, got

    return ask


QUESTIONS["late"] = _late_flag("late_seconds")
QUESTIONS["early"] = _late_flag("early_seconds")


@question("day_fractions")
def _fractions(answer: Answer, expected: Any) -> tuple[bool, Any]:
    parts = answer.one().fractions
    got = {key: float(getattr(parts, key)) for key in expected}
    return all(equal(got[key], value) for key, value in expected.items()), got
