"""From raw punches to events: each punch once, in time order, double swipes folded into one. Pure.

Rows are never changed; a duplicate keeps its fate with the reason. The window is chained: a swipe is compared with
the one before it, so three swipes a minute apart are one event (PayGlobal's anchor groups); ``fixed`` compares with
the kept one, as clocks' own firmware does. The order and the number of times a punch is given is no matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenant_stack.rules.inputs import ARRIVALS, DEPARTURES, Direction, Punch
from tenant_stack.rules.records import Fate
from tenant_stack.rules.ruleset import DuplicateRule
from tenant_stack.rules.walltime import epoch


class Event:
    """A punch that counts, at an instant. ``role`` is filled by pairing (see ``records.Fate``)."""

    __slots__ = ("at", "direction", "punch", "role", "why")

    def __init__(self, at: int, direction: Direction, punch: Punch) -> None:
        self.at = at
        self.direction = direction
        self.punch = punch
        self.role = ""
        self.why = ""


_RANK = {direction: rank for rank, direction in enumerate(Direction)}
# Two punches of the same second: who leaves leaves first, then somebody arrives (a transfer between jobs).
for _direction in DEPARTURES:
    _RANK[_direction] -= len(Direction)


def events_of(punches: Iterable[Punch]) -> list[Event]:
    """Every punch once, by instant; the order in which they were given leaves no mark. A naive instant is refused."""
    unique = {punch.id: punch for punch in punches}
    found = [Event(epoch(punch.at), punch.direction, punch) for punch in unique.values()]
    found.sort(key=lambda event: (event.at, _RANK[event.direction], event.punch.device, event.punch.id))
    return found


def groups(events: list[Event], rule: DuplicateRule, *, by_state: bool) -> list[list[Event]]:
    """Swipes that are one event, in order. ``by_state``: swipes of differing known directions are kept apart."""
    found: list[list[Event]] = []
    anchor = 0
    for event in events:
        if found and event.at - anchor <= rule.window and not (by_state and _differ(found[-1][-1], event)):
            found[-1].append(event)
            if not rule.fixed:
                anchor = event.at
        else:
            found.append([event])
            anchor = event.at
    return found


def _differ(one: Event, other: Event) -> bool:
    return (one.direction in ARRIVALS and other.direction in DEPARTURES) or (
        one.direction in DEPARTURES and other.direction in ARRIVALS
    )


def fold(events: list[Event], rule: DuplicateRule, *, by_state: bool) -> tuple[list[Event], list[Fate]]:
    """The events that count, and the fates of the swipes that do not."""
    if rule.window <= 0:
        return events, []
    kept: list[Event] = []
    fates: list[Fate] = []
    for group in groups(events, rule, by_state=by_state):
        chosen = group[0] if rule.keep == "first" else group[-1]
        kept.append(chosen)
        if len(group) > 1:
            fates.extend(
                Fate(
                    event.punch.id,
                    event.at,
                    "duplicate",
                    f"{abs(event.at - chosen.at)} s from the swipe that counts",
                )
                for event in group
                if event is not chosen
            )
    return kept, fates
