"""Which date a stretch of work belongs to. Pure.

Five rules, a setting per site: the scheduled start (the date of the first punch where no shift matched), the first
punch, the end, the day with most work, or split at local midnight. A pair is split only where it crosses midnight;
the stretch stays whole where none does, unless ``strict_split``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.pairing import Stretch
from tenant_stack.rules.roster import Instance
from tenant_stack.rules.ruleset import DateRule
from tenant_stack.rules.walltime import instant_of, local_ordinal

Interval = tuple[int, int]


def pieces(zone: str, interval: Interval) -> list[tuple[int, Interval]]:
    """An interval cut at every local midnight: (ordinal of the date, piece)."""
    start, end = interval
    day = local_ordinal(zone, start)
    found: list[tuple[int, Interval]] = []
    while True:
        midnight = instant_of(zone, day + 1, 0)
        if end <= midnight:
            found.append((day, (start, end)))
            return found
        found.append((day, (start, midnight)))
        start = midnight
        day += 1


def ordinal_of(stretch: Stretch, instance: Instance | None, rule: DateRule, zone: str) -> int:
    """The date (as ordinal) of a whole stretch. For 'split_midnight' this is the date of what is not split."""
    if rule.kind == "shift_start" and instance is not None:
        return instance.day.toordinal()
    pairs = stretch.pairs
    if rule.kind == "shift_end" and pairs:
        return local_ordinal(zone, pairs[-1][1].at)
    if rule.kind == "most_worked" and pairs:
        sums: dict[int, int] = {}
        for entered, left in pairs:
            for day, (start, end) in pieces(zone, (entered.at, left.at)):
                sums[day] = sums.get(day, 0) + end - start
        return min(sums, key=lambda day: (-sums[day], day))
    return local_ordinal(zone, stretch.first)


def is_split(stretch: Stretch, rule: DateRule, zone: str) -> bool:
    """Does this stretch go to more than one date?"""
    if rule.kind != "split_midnight" or not stretch.pairs:
        return False
    if any(_crosses(zone, pair) for pair in stretch.pairs):
        return True
    return rule.strict_split and local_ordinal(zone, stretch.first) != local_ordinal(zone, stretch.pairs[-1][1].at - 1)


def _crosses(zone: str, pair: tuple[Event, Event]) -> bool:
    return local_ordinal(zone, pair[0].at) != local_ordinal(zone, max(pair[0].at, pair[1].at - 1))


@dataclass(slots=True)
class Part:
    """What one date gets of a split stretch. ``whole_start``/``whole_end`` are False where midnight cut it."""

    stretch: Stretch
    pairs: list[Interval] = field(default_factory=list)
    whole_start: bool = True
    whole_end: bool = True


def by_midnight(stretch: Stretch, zone: str) -> dict[int, Part]:
    """A stretch cut at local midnight, by ordinal of the date; every punch stays on its own date."""
    found: dict[int, Part] = {}

    def part(ordinal: int) -> Part:
        return found.setdefault(ordinal, Part(Stretch(estimated=stretch.estimated)))

    for event in stretch.events:
        part(local_ordinal(zone, event.at)).stretch.events.append(event)
    for event in stretch.opens:
        part(local_ordinal(zone, event.at)).stretch.opens.append(event)
    for event in stretch.orphans:
        part(local_ordinal(zone, event.at)).stretch.orphans.append(event)
    for event in stretch.repeats:
        part(local_ordinal(zone, event.at)).stretch.repeats.append(event)
    for pair in stretch.held:
        part(local_ordinal(zone, pair[0].at)).stretch.held.append(pair)
    for entered, left in stretch.pairs:
        for ordinal, (start, end) in pieces(zone, (entered.at, left.at)):
            if start == end and start != entered.at:
                continue
            mine = part(ordinal)
            mine.pairs.append((start, end))
            mine.whole_start = mine.whole_start and (start == entered.at or len(mine.pairs) > 1)
            mine.whole_end = end == left.at
    return found
