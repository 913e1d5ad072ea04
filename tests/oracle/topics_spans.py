"""Which shifts one person may have on the same dates."""

from __future__ import annotations

from tenant_stack.rules.inputs import Assignment, Shift, StaffInput
from tenant_stack.rules.validation import overlap_problems
from tests.oracle import words
from tests.oracle.facts import NotUnderstoodError
from tests.oracle.topics import Matter, case_has, compare, topic


def _shift(name: str, text: str) -> Shift:
    said = words.schedule(text)
    if said.start is None or said.end is None:
        raise NotUnderstoodError(f"shift {text!r}")
    return Shift(name, said.start, said.end)


def _allowed(*texts: str) -> bool:
    """May shifts be assigned to one person over the same dates?"""
    shifts = {f"S{index}": (_shift(f"S{index}", text),) for index, text in enumerate(texts)}
    day = words.BASE_DAY
    assignments = tuple(Assignment((code,), day) for code in shifts)
    return not overlap_problems(StaffInput("1", day, day, "UTC", shifts=shifts, assignments=assignments))


@topic(case_has("a", "b"))
def overlapping_assignments(matter: Matter) -> list[str]:
    got = [_allowed(each["a"], each["b"]) for each in matter.cases()]
    return compare("allowed", got, matter.expect.take("allowed"))


@topic(case_has("add_shift"))
def second_shift(matter: Matter) -> list[str]:
    """A record takes another shift of its day as a segment, unless they share time."""
    held = [each["shift"] for each in matter.given.take("records")]
    got = ["accepted" if _allowed(*held, each["add_shift"]) else "rejected" for each in matter.cases()]
    return compare("peer_result", got, matter.expect.take("peer_result"))
