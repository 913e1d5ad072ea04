"""Three versions of a person become one: what was last agreed, ours, the clock's. Pure.

A side has changed a fact when its value is another than that side's own last one: ours against ``agreed``, the clock's
against ``seen`` (a clock keeps names in a form of its own, which is no change). Only one changed: it wins. Both did:
the later one wins. What a clock does not say (no name) it has not changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenant_stack.people.enrollments.clock_person import FIELDS, Facts, shows_name

ONLY_CLOCK = "Only the clock had changed it, so the clock's value counts"
LATER_CLOCK = "Both had changed it; the clock's change is the later one, so it counts"
LATER_OURS = "Both had changed it; ours is the later change, so it counts"
EACH_LATER = "Changed on both sides; of each value the later change counts"


@dataclass(frozen=True, slots=True)
class Merge:
    """The outcome: ``fields`` are those that the clock had changed, ``taken`` whose values ``result`` has for them."""

    kind: str
    fields: tuple[str, ...]
    result: Facts
    taken: str
    rule: str


def merge(
    agreed: Facts, ours: Facts, theirs: Facts, seen: Facts, *, ours_at: datetime, theirs_at: datetime
) -> Merge | None:
    """What becomes of a clock's report; None when the clock has changed nothing."""
    winners: dict[str, str] = {}
    both = False
    for name in FIELDS:
        if not _clock_changed(name, ours, theirs, seen):
            continue
        if getattr(ours, name) == getattr(agreed, name):
            winners[name] = "device"
        else:
            both = True
            winners[name] = "device" if theirs_at >= ours_at else "ours"
    if not winners:
        return None
    result = Facts(**{name: getattr(theirs if winners.get(name) == "device" else ours, name) for name in FIELDS})
    takers = set(winners.values())
    taken = takers.pop() if len(takers) == 1 else "mixed"
    kind = "changed_on_both" if both else "changed_at_clock"
    rule = {"device": LATER_CLOCK, "ours": LATER_OURS, "mixed": EACH_LATER}[taken] if both else ONLY_CLOCK
    return Merge(kind, tuple(winners), result, taken, rule)


def _clock_changed(name: str, ours: Facts, theirs: Facts, seen: Facts) -> bool:
    if name == "name":
        return bool(theirs.name) and theirs.name != seen.name and not shows_name(ours.name, theirs.name)
    value = getattr(theirs, name)
    return bool(value != getattr(seen, name) and value != getattr(ours, name))


def differing(ours: Facts, theirs: Facts) -> list[str]:
    """The fields in which a clock does not say what we say."""
    found = [name for name in ("card", "privilege") if getattr(ours, name) != getattr(theirs, name)]
    return ([] if shows_name(ours.name, theirs.name) else ["name"]) + found
