"""What a day was: status and day fractions. Pure.

Thresholds are strict and on worked time; absent is tested before half day. A day with a punch whose partner is missing
is incomplete: nothing is guessed. Fractions always add up to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tenant_stack.rules.inputs import Leave
from tenant_stack.rules.records import Fractions, Status
from tenant_stack.rules.ruleset import StatusRule

HALF = Decimal("0.5")
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class DayFacts:
    """``scheduled``/``attended``: shifts of the date, and those with punches. ``unresolved``: a punch without partner.
    ``concluded``: absence may be concluded for every shift of the date. ``off``: a day off by the calendar.
    ``running``: a shift of the date is not over yet, so too little work says nothing."""

    worked: int
    punches: int
    unresolved: bool
    scheduled: int
    attended: int
    holiday: bool
    off: bool
    leave: Leave | None
    concluded: bool
    running: bool = False


def judge(facts: DayFacts, rule: StatusRule) -> tuple[Status, Fractions] | None:
    """Status and fractions; None when there is nothing to say about the date (yet)."""
    return _unpunched(facts) if not facts.punches else _punched(facts, rule)


def _half_leave(leave: Leave | None) -> bool:
    return leave is not None and leave.kind == "leave" and leave.part in ("first_half", "second_half")


def _unpunched(facts: DayFacts) -> tuple[Status, Fractions] | None:
    leave = facts.leave
    if leave is not None and leave.kind == "on_duty" and leave.part == "full":
        return Status.PRESENT, Fractions(present=ONE)
    if facts.holiday:
        return Status.HOLIDAY, Fractions(holiday=ONE)
    if facts.off:
        return Status.WEEKLY_OFF, Fractions(off=ONE)
    if leave is not None and leave.kind == "leave" and leave.part == "full":
        return Status.ON_LEAVE, Fractions(leave=ONE)
    if not facts.scheduled or not facts.concluded:
        return None
    if _half_leave(leave):
        return Status.HALF_DAY, Fractions(leave=HALF, absent=HALF)
    if leave is not None and leave.kind == "on_duty":
        return Status.HALF_DAY, Fractions(present=HALF, absent=HALF)
    return Status.ABSENT, Fractions(absent=ONE)


def _punched(facts: DayFacts, rule: StatusRule) -> tuple[Status, Fractions]:
    leave = facts.leave
    half = _half_leave(leave)
    if facts.unresolved:
        if facts.punches == 1 and rule.single_punch == "present":
            return (Status.HALF_DAY, Fractions(leave=HALF, present=HALF)) if half else _present()
        if facts.punches == 1 and rule.single_punch == "absent":
            return (Status.HALF_DAY, Fractions(leave=HALF, absent=HALF)) if half else _absent()
        return Status.INCOMPLETE, Fractions(leave=HALF, open=HALF) if half else Fractions(open=ONE)
    if facts.holiday:
        return Status.HOLIDAY_WORKED, Fractions(holiday=ONE)
    if facts.off:
        return Status.OFF_DAY_WORKED, Fractions(off=ONE)
    if leave is not None and leave.kind == "on_duty" and leave.part == "full":
        return _present()
    if leave is not None and leave.kind == "leave" and leave.part == "full":
        return Status.ON_LEAVE, Fractions(leave=ONE)
    if facts.running:
        return (Status.HALF_DAY, Fractions(leave=HALF, present=HALF)) if half else _present()
    if half:
        absent = rule.absent_below is not None and facts.worked < rule.absent_below // 2
        parts = Fractions(leave=HALF, absent=HALF) if absent else Fractions(leave=HALF, present=HALF)
        return Status.HALF_DAY, parts
    if rule.absent_below is not None and facts.worked < rule.absent_below:
        return _absent()
    missed = facts.scheduled > 1 and facts.attended < facts.scheduled and facts.concluded
    if missed or (rule.half_day_below is not None and facts.worked < rule.half_day_below):
        return Status.HALF_DAY, Fractions(present=HALF, absent=HALF)
    return _present()


def _present() -> tuple[Status, Fractions]:
    return Status.PRESENT, Fractions(present=ONE)


def _absent() -> tuple[Status, Fractions]:
    return Status.ABSENT, Fractions(absent=ONE)


def sandwiched(statuses: Sequence[Status | None]) -> list[int]:
    """Positions (consecutive days) of rest days between two absences; a day not yet judged (None) breaks the chain."""
    found: list[int] = []
    resting: list[int] = []
    after_absence = False
    for index, status in enumerate(statuses):
        if status is Status.ABSENT:
            if after_absence:
                found.extend(resting)
            after_absence, resting = True, []
        elif status in (Status.HOLIDAY, Status.WEEKLY_OFF):
            resting.append(index)
        else:
            after_absence, resting = False, []
    return found
