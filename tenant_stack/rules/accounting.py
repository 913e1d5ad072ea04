"""No punch without a fate: for any set of punches, used + duplicate + unmatched + unassigned + ... = received. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tenant_stack.rules.records import Fate, Result


def stored_as(staff_id: str | None) -> str:
    """How a punch is kept: for a person, or unassigned until somebody is enrolled under its PIN."""
    return "unassigned" if staff_id is None else "assigned"


def fates(result: Result) -> list[Fate]:
    """Every punch of the period with what became of it, by time."""
    found = [fate for record in result.records for fate in record.trace.fates]
    found += result.fates
    return sorted(found, key=lambda fate: (fate.at, fate.punch))


def balance(results: Iterable[Result]) -> Counter[str]:
    """How many punches met which fate; 'used' stands for every role that counts."""
    found: Counter[str] = Counter()
    for result in results:
        found.update("used" if fate.used else fate.role for fate in fates(result))
    return found
