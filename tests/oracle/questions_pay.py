"""Questions about pay codes, premiums and rounding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenant_stack.rules.records import PayLine
from tests.oracle.answers import Answer, equal, question

# -- pay ---------------------------------------------------------------------------------------------------------


@question("per_day")
def _per_day(answer: Answer, expected: Any) -> tuple[bool, Any]:
    regular = answer.staff.rules[0].overtime.regular
    got: dict[str, dict[str, float]] = {}
    for each in answer.worked:
        got[str(each.work_date)] = {
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
