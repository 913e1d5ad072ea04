"""The roster as instances: one shift on one date, with its instants, windows and what is owed. Pure.

A shift's wall times are turned into instants in the site's zone, so the expected time of a night with a clock change
is what really passes (7 or 9 hours for 22:00-06:00), the same way worked time is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from tenant_stack.rules.inputs import Assignment, Leave, Shift, StaffInput
from tenant_stack.rules.walltime import instant_of

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Instance:
    """A shift on a date. ``opens``/``closes``: its window (None: no window). ``unpaid``/``paid``: fixed breaks.

    ``due_in``/``due_out`` are when the person is expected (leave moves them); ``expected`` the time owed.
    """

    day: date
    shift: Shift
    starts: int
    ends: int
    opens: int | None
    closes: int | None
    unpaid: tuple[Span, ...]
    paid: tuple[Span, ...]
    due_in: int
    due_out: int
    expected: int
    leave: Leave | None = None


def version_on(versions: Iterable[Shift], day: date) -> Shift | None:
    """The version in force on a date: the latest that is effective by then."""
    found: Shift | None = None
    for shift in versions:
        if shift.effective <= day and (found is None or shift.effective >= found.effective):
            found = shift
    return found


def instance_of(shift: Shift, day: date, zone: str) -> Instance:
    ordinal = day.toordinal()
    starts = instant_of(zone, ordinal, shift.start)
    ends = instant_of(zone, ordinal, shift.last)
    unpaid: list[Span] = []
    paid: list[Span] = []
    for pause in shift.breaks:
        first = pause.start if pause.start >= shift.start else pause.start + 86400
        last = pause.end if pause.end > pause.start else pause.end + 86400
        last += first - pause.start
        span = instant_of(zone, ordinal, first), instant_of(zone, ordinal, last)
        (paid if pause.paid else unpaid).append(span)
    expected = shift.expected
    if expected is None:
        expected = ends - starts - sum(end - start for start, end in unpaid) - shift.unpaid_break
    return Instance(
        day=day,
        shift=shift,
        starts=starts,
        ends=ends,
        opens=None if shift.before is None else starts - shift.before,
        closes=None if shift.after is None else ends + shift.after,
        unpaid=tuple(unpaid),
        paid=tuple(paid),
        due_in=starts,
        due_out=ends,
        expected=max(0, expected),
    )


def with_leave(instance: Instance, leave: Leave, zone: str) -> Instance:
    """The instance with what leave takes off: the expected start or end moves, and less is owed.

    Halves meet at the first unpaid fixed break (its end is the later half's start), without one in the middle.
    """
    if leave.part == "full":
        return replace(instance, leave=leave, expected=0)
    if leave.part == "hours":
        ordinal = instance.day.toordinal()
        first = max(instance.starts, instant_of(zone, ordinal, leave.start))
        last = min(instance.ends, instant_of(zone, ordinal, leave.end))
    else:
        middle = (instance.starts + instance.ends) // 2
        noon, afternoon = instance.unpaid[0] if instance.unpaid else (middle, middle)
        first, last = (instance.starts, afternoon) if leave.part == "first_half" else (noon, instance.ends)
    if last <= first:
        return instance
    pauses = sum(max(0, min(end, last) - max(start, first)) for start, end in instance.unpaid)
    away = last - first - pauses
    if leave.part in ("first_half", "second_half") and not instance.unpaid:
        away = instance.expected // 2
    return replace(
        instance,
        leave=leave,
        due_in=max(instance.due_in, last) if first <= instance.starts else instance.due_in,
        due_out=min(instance.due_out, first) if last >= instance.ends else instance.due_out,
        expected=max(0, instance.expected - away),
    )


class Roster:
    """The instances of one person, by date. Instances of the same shift and date are built once per ``shared`` cache,
    which may serve a whole batch of people."""

    def __init__(self, staff: StaffInput, shared: dict[tuple[int, int, str], Instance]) -> None:
        self._staff = staff
        self._shared = shared
        self._leaves = leave_by_day(staff.leaves)
        self._days: dict[date, tuple[Instance, ...]] = {}
        self.empty = not staff.assignments and staff.default_shift is None

    def leave_on(self, day: date) -> Leave | None:
        return self._leaves.get(day)

    def on(self, day: date) -> tuple[Instance, ...]:
        """The instances that start on a date, by start."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._build(day)
        return found

    def _build(self, day: date) -> tuple[Instance, ...]:
        staff = self._staff
        if (staff.joined and day < staff.joined) or (staff.left and day > staff.left):
            return ()
        found = [self._instance(code, day) for code in codes_on(staff.assignments, staff.default_shift, day)]
        instances = sorted((each for each in found if each is not None), key=_instance_order)
        leave = self._leaves.get(day)
        if leave is not None and leave.kind == "leave":
            return tuple(with_leave(each, leave, staff.zone) for each in instances)
        return tuple(instances)

    def _instance(self, code: str, day: date) -> Instance | None:
        shift = version_on(self._staff.shifts.get(code, ()), day)
        if shift is None:
            return None
        key = (id(shift), day.toordinal(), self._staff.zone)
        found = self._shared.get(key)
        if found is None or found.shift is not shift:
            found = self._shared[key] = instance_of(shift, day, self._staff.zone)
        return found


def codes_on(assignments: Iterable[Assignment], default: str | None, day: date) -> list[str]:
    """Shift codes of a date: those of the assignments that cover it; the default shift only when none does."""
    covering = [each for each in assignments if each.covers(day)]
    if not covering:
        return [] if default is None else [default]
    codes = [each.code_on(day) for each in covering]
    return sorted({code for code in codes if code is not None})


def leave_by_day(leaves: Iterable[Leave]) -> Mapping[date, Leave]:
    """One leave a day: leave wins over duty elsewhere, the longer over the shorter, and two halves are a whole."""
    found: dict[date, Leave] = {}
    for leave in sorted(leaves, key=_leave_order):
        before = found.get(leave.day)
        halves = {leave.part, "" if before is None else before.part}
        if before is not None and before.kind == leave.kind and halves == {"first_half", "second_half"}:
            codes = " + ".join(sorted({before.code, leave.code}))
            found[leave.day] = Leave(leave.day, "full", leave.kind, codes)
        else:
            found[leave.day] = leave
    return found


def _leave_order(leave: Leave) -> tuple[bool, bool, str, str]:
    return leave.kind == "leave", leave.part == "full", leave.part, leave.code


def _instance_order(instance: Instance) -> tuple[int, int, str]:
    return instance.starts, instance.ends, instance.shift.code
