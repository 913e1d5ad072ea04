"""The life of a record, as a pure state machine: open, submitted, approved, and the lock of its period.

Late data never changes approved figures unseen: an open record is recomputed, an approved one is reopened with a
snapshot and a difference, a locked one stays and the difference becomes an item of the current period (as UKG's
historical corrections do). Nobody approves their own record. Every transition names what must be audited and who
must be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from tenant_stack.rules.validation import RuleProblem


class State(StrEnum):
    OPEN = "open"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REOPENED = "reopened"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Life:
    """``figures`` are the computed seconds by name (worked, overtime ...); ``snapshot`` those that were approved."""

    staff_id: str
    day: date
    state: State = State.OPEN
    figures: tuple[tuple[str, int], ...] = ()
    snapshot: tuple[tuple[str, int], ...] | None = None
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference that a locked day cannot take: paid in ``period`` (its first date) for ``day``."""

    staff_id: str
    day: date
    period: date
    figures: tuple[tuple[str, int], ...]
    reason: str = "historical_correction"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transition did. ``audit`` names the entries to write; ``notify`` the roles to tell; ``conflict`` marks
    punches kept beside a record entered by hand."""

    life: Life
    delta: Delta | None = None
    difference: tuple[tuple[str, int], ...] = ()
    audit: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    conflict: bool = False


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What changed, by name: after minus before."""
    names = sorted(set(before) | set(after))
    return tuple(
        (name, after.get(name, 0) - before.get(name, 0)) for name in names if after.get(name) != before.get(name)
    )


def recompute(life: Life, figures: Mapping[str, int], current_period: date) -> Outcome:
    """New figures for a record (late punches, a rule change): the one policy for open, approved and locked days."""
    new = tuple(sorted(figures.items()))
    changed = difference(dict(life.figures), figures)
    if not changed:
        return Outcome(life)
    if life.manual:
        return Outcome(
            life, difference=changed, audit=("punches_beside_manual_record",), notify=("manager",), conflict=True
        )
    if life.state is State.LOCKED:
        delta = Delta(life.staff_id, life.day, current_period, changed)
        return Outcome(life, delta, changed, audit=("late_data_on_locked_day",), notify=("approver", "payroll"))
    if life.state in (State.APPROVED, State.SUBMITTED):
        approved = life.state is State.APPROVED
        again = replace(
            life,
            state=State.REOPENED if approved else State.OPEN,
            figures=new,
            snapshot=life.figures if approved else life.snapshot,
        )
        notify = ("approver",) if approved else ()
        return Outcome(again, difference=changed, audit=("reopened_by_late_data",), notify=notify)
    return Outcome(replace(life, figures=new), difference=changed)


def submit(life: Life) -> Life:
    if life.state not in (State.OPEN, State.REOPENED):
        raise RuleProblem("state", f"a record that is {life.state} cannot be submitted")
    return replace(life, state=State.SUBMITTED)


def approve(life: Life, approver_staff_id: str | None) -> Life:
    """Approve the figures as they are now. ``approver_staff_id`` is the approver's own staff id, if they have one."""
    if approver_staff_id is not None and approver_staff_id == life.staff_id:
        raise RuleProblem("approver", "nobody approves their own record")
    if life.state not in (State.OPEN, State.SUBMITTED, State.REOPENED):
        raise RuleProblem("state", f"a record that is {life.state} cannot be approved")
    return replace(life, state=State.APPROVED, snapshot=life.figures)


def lock(life: Life) -> Life:
    if life.state is not State.APPROVED:
        raise RuleProblem("state", f"a record that is {life.state} cannot be locked")
    return replace(life, state=State.LOCKED)


def unlock(life: Life) -> Life:
    if life.state is not State.LOCKED:
        raise RuleProblem("state", f"a record that is {life.state} is not locked")
    return replace(life, state=State.APPROVED)


@dataclass(frozen=True, slots=True)
class LockPeriod:
    """Days of a period are closed after ``grace_until`` (for those without the right to override)."""

    first: date
    last: date
    grace_until: date


def may_edit(day: date, today: date, period: LockPeriod | None, *, override: bool) -> bool:
    """May a day still be changed? Days before the latest closed period are closed for everyone; without a (valid)
    period nothing is closed, and a broken one cannot be saved (``lock_problems``)."""
    if period is None or day > period.last:
        return True
    if day < period.first:
        return False
    return override or today <= period.grace_until


def lock_problems(period: LockPeriod) -> list[RuleProblem]:
    found = []
    if period.last < period.first:
        found.append(RuleProblem("last", "the period ends before it starts"))
    if period.grace_until < period.last:
        found.append(RuleProblem("grace_until", "the grace ends before the period"))
    return found


def matched_anew(*, processed: bool, locked: bool, reprocess: bool = True) -> bool:
    """Does a punch follow a new roster? Locked days never do (their difference becomes a delta); with ``reprocess`` off
    neither do punches that are in a record already."""
    return not locked and (reprocess or not processed)
