"""Which shift a punch belongs to. Pure.

Windows are inclusive at both edges. Where the windows of two consecutive shifts overlap, the direction decides when
it is known; else an open pair is closed first when the punch is nearer to the end of the earlier shift than to the
start of the later one; else the windows are trimmed: the later shift has its window from its opening, the earlier one
everything up to its scheduled end (inclusive). A punch outside every window keeps no shift and is shown.

Work of shifts without windows is matched as whole stretches: by the largest overlap, else by nearness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.inputs import ARRIVALS, DEPARTURES
from tenant_stack.rules.pairing import Stretch
from tenant_stack.rules.roster import Instance

NEAR = 4 * 3600


def boundary(earlier: Instance, later: Instance) -> tuple[int, bool]:
    """Where the overlapping windows of two shifts meet, and whether that very second is the earlier one's."""
    opens = later.opens if later.opens is not None else later.starts
    return (earlier.ends, True) if earlier.ends >= opens else (opens, False)


def split_by_window(
    events: Iterable[Event], instances: Sequence[Instance], *, by_state: bool
) -> tuple[list[list[Event]], list[Event]]:
    """The events of each instance that has a window (same order), and the events outside every window."""
    held: list[list[Event]] = [[] for _ in instances]
    loose: list[Event] = []
    windows = [(each.opens, each.closes) for each in instances]
    start = 0
    count = len(instances)
    for event in events:
        at = event.at
        while start < count and (windows[start][1] or 0) < at:
            start += 1
        candidates = []
        for index in range(start, count):
            opens, closes = windows[index]
            if opens is None or closes is None:
                continue
            if opens > at:
                break
            if at <= closes:
                candidates.append(index)
        if not candidates:
            loose.append(event)
        elif len(candidates) == 1:
            held[candidates[0]].append(event)
        else:
            held[_contested(event, candidates, instances, held, by_state=by_state)].append(event)
    return held, loose


def _contested(
    event: Event,
    candidates: Sequence[int],
    instances: Sequence[Instance],
    held: Sequence[Sequence[Event]],
    *,
    by_state: bool,
) -> int:
    chosen = candidates[0]
    for index in candidates[1:]:
        earlier, later = instances[chosen], instances[index]
        if _later(event, earlier, later, held[chosen], by_state=by_state):
            chosen = index
    return chosen


def _later(event: Event, earlier: Instance, later: Instance, before: Sequence[Event], *, by_state: bool) -> bool:
    at = event.at
    to_end, to_start = abs(at - earlier.ends), abs(later.starts - at)
    if by_state and event.direction in DEPARTURES:
        return at > later.starts and not _open(before, earlier, by_state=True)
    if by_state and event.direction in ARRIVALS:
        back = bool(before) and at < earlier.ends and at - before[-1].at < later.starts - at
        return not back
    if _open(before, earlier, by_state=by_state) and to_end <= to_start:
        return False
    edge, to_earlier = boundary(earlier, later)
    return at > edge or (at == edge and not to_earlier)


def _open(before: Sequence[Event], instance: Instance, *, by_state: bool) -> bool:
    """Is a pair of this shift open? A punch at or after the end of a shift does not open one of it."""
    if not before or before[-1].at >= instance.ends:
        return False
    if by_state:
        return before[-1].direction not in DEPARTURES
    return len(before) % 2 == 1


def nearest(stretch: Stretch, instances: Sequence[Instance]) -> Instance | None:
    """The shift (without a window) that a stretch of work belongs to: largest overlap, else the nearest within
    four hours; None: unscheduled."""
    first, last = stretch.first, stretch.last
    best: Instance | None = None
    rank = (0, 0)
    for each in instances:
        if each.opens is not None:
            continue
        overlap = min(last, each.ends) - max(first, each.starts)
        if overlap < -NEAR:
            continue
        found = (overlap, -abs(each.starts - first))
        if best is None or found > rank:
            best, rank = each, found
    return best


def split_by_shift(stretch: Stretch, instances: Sequence[Instance]) -> list[tuple[Stretch, Instance | None]]:
    """A stretch that runs through several shifts without windows (a double shift), cut where the next pair lies more
    in another shift. Punches without partner stay with the pair before them."""
    whole = nearest(stretch, instances)
    if whole is None or len(stretch.pairs) < 2:
        return [(stretch, whole)]
    homes: list[Instance] = []
    for entered, left in stretch.pairs:
        best, most = homes[-1] if homes else whole, 0
        for each in instances:
            overlap = min(left.at, each.ends) - max(entered.at, each.starts)
            if each.opens is None and overlap > most:
                best, most = each, overlap
        homes.append(best)
    if all(home is homes[0] for home in homes):
        return [(stretch, homes[0])]
    found: list[tuple[Stretch, Instance | None]] = []
    starts: list[int] = []
    for pair, home in zip(stretch.pairs, homes, strict=True):
        if not found or found[-1][1] is not home:
            found.append((Stretch(estimated=stretch.estimated), home))
            starts.append(pair[0].at)
        found[-1][0].pairs.append(pair)

    def part(event: Event) -> Stretch:
        place = max((index for index, start in enumerate(starts) if start <= event.at), default=0)
        # A handover at one second: who leaves belongs to the part before, who comes to the part after.
        if place and event.at == starts[place] and any(event is left for _, left in found[place - 1][0].pairs):
            place -= 1
        return found[place][0]

    for event in stretch.events:
        part(event).events.append(event)
    for source, name in ((stretch.opens, "opens"), (stretch.orphans, "orphans"), (stretch.repeats, "repeats")):
        for event in source:
            getattr(part(event), name).append(event)
    for held in stretch.held:
        part(held[0]).held.append(held)
    return found
