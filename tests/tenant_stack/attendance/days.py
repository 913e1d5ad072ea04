"""Short ways to say a person's days in tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from tenant_stack.rules.engine import compute
from tenant_stack.rules.inputs import Assignment, Direction, Punch, Shift, StaffInput
from tenant_stack.rules.records import DayRecord, Result
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.rules.walltime import moment, resolve

H, M = 3600, 60
MONDAY = date(2025, 1, 6)
DAY_SHIFT = Shift("D", 8 * H, 17 * H, before=2 * H, after=4 * H)
NIGHT_SHIFT = Shift("N", 22 * H, 6 * H, before=2 * H, after=4 * H)


def punches(texts: Iterable[str], zone: str = "UTC", **more: Any) -> tuple[Punch, ...]:
    """'2025-01-06 08:00 in' or without a direction."""
    found = []
    for text in texts:
        day, clock, *direction = text.split()
        reading = resolve(f"{day} {clock}", zone)
        found.append(
            Punch(
                id=text,
                at=moment(reading.instant),
                zone=zone,
                direction=Direction(direction[0]) if direction else Direction.UNKNOWN,
                flags=(reading.doubt,) if reading.doubt else (),
                **more,
            )
        )
    return tuple(found)


def person(
    *texts: str, zone: str = "UTC", shift: Shift | None = None, rules: RuleSet | None = None, **more: Any
) -> StaffInput:
    """One person with at most one shift, from the first to the last day punched."""
    found = punches(texts, zone)
    days = sorted({date.fromisoformat(text.split()[0]) for text in texts} or {MONDAY})
    base = StaffInput(
        "1",
        days[0],
        days[-1],
        zone,
        found,
        shifts={} if shift is None else {shift.code: (shift,)},
        assignments=() if shift is None else (Assignment((shift.code,), date(2020, 1, 1)),),
        rules=(rules or RuleSet(),),
    )
    return replace(base, **more)


def records(staff: StaffInput) -> dict[date, DayRecord]:
    return {each.work_date: each for each in compute(staff).records}


def kinds(result: Result, day: date = MONDAY) -> set[str]:
    found = {each.kind for record in result.records if record.work_date == day for each in record.anomalies}
    return found | {each.kind for each in result.loose if each.day == day}
