"""What changes: between two runs of the same days (what-if), and between a record and the one before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from tenant_stack.rules.records import DayRecord

NAMES = ("worked", "overtime", "late", "early", "breaks", "deducted", "paid_breaks")


def figures(record: DayRecord) -> Mapping[str, int]:
    """The figures of a record that payroll pays by, in seconds, by name; pay codes as 'pay.CODE'. This is what an
    approval freezes and a late punch is compared with (``lifecycle.recompute``)."""
    found = {name: getattr(record, name) for name in NAMES}
    found |= {f"pay.{line.code}": line.seconds for line in record.pay}
    found |= {f"premium.{line.code}": line.seconds for line in record.premiums}
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs on one date. ``before``/``after`` None: there is no record then."""

    day: date
    name: str
    before: str | int | None
    after: str | int | None


def differences(before: Iterable[DayRecord], after: Iterable[DayRecord]) -> list[Change]:
    """Every difference between two runs over the same dates, by date and name."""
    old = {record.day: record for record in before}
    new = {record.day: record for record in after}
    found: list[Change] = []
    for day in sorted(set(old) | set(new)):
        one, other = _words(old.get(day)), _words(new.get(day))
        for name in sorted(set(one) | set(other)):
            if one.get(name) != other.get(name):
                found.append(Change(day, name, one.get(name), other.get(name)))
    return found


def _words(record: DayRecord | None) -> dict[str, str | int]:
    if record is None:
        return {}
    found: dict[str, str | int] = {**figures(record), "status": record.status.value}
    if record.shifts:
        found["shift"] = ", ".join(record.shifts)
    return found
