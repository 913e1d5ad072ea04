"""Overtime needs approval: the computed and the approved number are two numbers, and an approval stands on something.

Pure. When what a day's overtime was computed from changes, its approval is gone: its own punches under a daily rule,
those of the whole week (or two weeks) once a rule looks back that far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from tenant_stack.rules.overtime import Book
from tenant_stack.rules.records import DayRecord
from tenant_stack.rules.ruleset import OvertimeRule

Basis = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class OvertimeApproval:
    """Seconds of overtime. ``status``: to_approve, approved, refused. ``by_hand`` is a number somebody set instead of
    the computed one; it survives recomputation. ``basis`` is what the computation stood on."""

    computed: int
    status: str = "to_approve"
    by_hand: int | None = None
    basis: Basis = ()

    @property
    def validated(self) -> int:
        """What would be paid: the number set by hand, else the computed one."""
        return self.computed if self.by_hand is None else self.by_hand

    @property
    def counted(self) -> int:
        """What payroll may pay: nothing unless approved."""
        return self.validated if self.status == "approved" else 0


def settle(before: OvertimeApproval | None, computed: int, basis: Basis) -> OvertimeApproval:
    """The approval after a computation: kept while what it stood on is the same, else to be approved again."""
    if before is None:
        return OvertimeApproval(computed, basis=basis)
    if before.basis != basis:
        return OvertimeApproval(computed, by_hand=before.by_hand, basis=basis)
    return replace(before, computed=computed)


def decide(before: OvertimeApproval, status: str) -> OvertimeApproval:
    """Approved or refused by a person."""
    return replace(before, status=status)


def bases(records: Iterable[DayRecord], rule: OvertimeRule) -> Mapping[date, Basis]:
    """What each day's overtime stands on: its own work, or that of its week or two weeks when a tier looks back."""
    book = Book(rule, "UTC")
    kinds = {tier.basis for tier in rule.tiers}
    found: dict[date, list[object]] = {}
    groups: dict[tuple[str, int], list[object]] = {}
    keys: dict[date, tuple[str, int]] = {}
    for record in records:
        own = (record.day, record.worked, record.expected, record.first_in, record.last_out)
        if "biweekly" in kinds:
            key = ("period", book.period_of(record.day))
        elif book.looks_back:
            key = ("week", book.week_of(record.day))
        else:
            key = ("day", record.day.toordinal())
        keys[record.day] = key
        if record.punch_count:
            groups.setdefault(key, []).append(own)
        found[record.day] = []
    return {day: (rule.tiers, *groups.get(keys[day], ())) for day in found}
