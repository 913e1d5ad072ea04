"""Chains of punches: where one punch may change how the next is read, and where it cannot. Pure.

A person who never presses the state key is read by alternation, so a late punch turns every following one around until
there is a rest longer than any stretch of work, or an out followed by an in that the clock itself named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

from tenant_stack.rules.inputs import ARRIVALS, DEPARTURES, Punch
from tenant_stack.rules.ruleset import PairingRule
from tenant_stack.rules.walltime import epoch, local_date

# A chain without end (seven days a week, no state, short nights) is followed this far.
MOST = timedelta(days=7)

Chain = tuple[date, date]


def breaks(one: Punch, other: Punch, longest: timedelta, *, stated: bool) -> bool:
    """Is the second punch read the same whatever came before it? An out after a long rest is not: it may be the far end
    of a day that became too long."""
    if other.direction in DEPARTURES:
        return False
    if other.direction in ARRIVALS:
        return other.at - one.at > longest or (stated and one.direction in DEPARTURES)
    zone = other.zone
    return other.at - one.at > longest and local_date(zone, epoch(one.at)) != local_date(zone, epoch(other.at))


def chains_of(punches: Sequence[Punch], pairings: Collection[PairingRule], zone: str) -> list[Chain]:
    """The first and last local date of each chain; ``punches`` are in order of time."""
    longest, stated = _limits(pairings)
    found: list[Chain] = []
    previous: Punch | None = None
    for punch in punches:
        day = local_date(zone, epoch(punch.at))
        if previous is not None and not breaks(previous, punch, longest, stated=stated):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
        previous = punch
    return found


def from_a_break(punches: Sequence[Punch], pairings: Collection[PairingRule], since: date, zone: str) -> list[Punch]:
    """The punches from the first break on, so that they are read alike wherever the reading of them began.

    ``since`` is the date from which on all are there. Without a break all are given.
    """
    longest, stated = _limits(pairings)
    if punches and local_date(zone, epoch(punches[0].at)) - since > longest:
        return list(punches)
    for index in range(1, len(punches)):
        if breaks(punches[index - 1], punches[index], longest, stated=stated):
            return list(punches[index:])
    return list(punches)


def _limits(pairings: Iterable[PairingRule]) -> tuple[timedelta, bool]:
    rules = list(pairings)
    longest = max((rule.longest for rule in rules), default=0)
    return timedelta(seconds=longest), all(rule.mode != "alternate" and rule.hours == "paired" for rule in rules)
