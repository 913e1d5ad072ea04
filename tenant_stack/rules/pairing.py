"""Events become stretches of work: pairs of in and out, and what found no partner. Pure.

Modes: by the device's state, by alternation, by state with alternation where a state contradicts the order.
Hours are those of closed pairs only; a punch without a partner is never guessed, it is shown and flagged.

Without a shift's window a stretch ends when the next in comes ``gap`` after the last out, and a pair longer than
``longest`` is never made: the open punch stays without partner and the next one starts anew, so a forgotten out does
not invert the days after it. A pair that would stretch a whole stretch beyond ``longest`` is held for review.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.inputs import ARRIVALS, DEPARTURES
from tenant_stack.rules.ruleset import PairingRule
from tenant_stack.rules.walltime import local_ordinal

FOREVER = 1 << 60
STATED = ARRIVALS | DEPARTURES


@dataclass(slots=True)
class Stretch:
    """Work without a long interruption. ``pairs`` in order; ``opens``: ins without out; ``orphans``: outs without in;
    ``held``: pairs beyond the limit, not counted; ``repeats``: a state said twice."""

    pairs: list[tuple[Event, Event]] = field(default_factory=list)
    opens: list[Event] = field(default_factory=list)
    orphans: list[Event] = field(default_factory=list)
    held: list[tuple[Event, Event]] = field(default_factory=list)
    repeats: list[Event] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    estimated: bool = False

    @property
    def first(self) -> int:
        return self.events[0].at

    @property
    def last(self) -> int:
        return self.events[-1].at


def stretches(events: list[Event], rule: PairingRule, *, bounded: bool) -> list[Stretch]:
    """Pair events in time order. ``bounded``: a shift's window already bounds them, so neither gap nor length cuts."""
    if not events:
        return []
    if rule.hours == "first_last":
        return _first_last(events, rule, bounded=bounded)
    gap = FOREVER if bounded else rule.gap
    longest = FOREVER if bounded else rule.longest
    found: list[Stretch] = []
    current: Stretch | None = None
    waiting: Event | None = None
    left = 0  # when the last pair of the current stretch was closed
    for index, event in enumerate(events):
        if waiting is not None and event.at - waiting.at > longest:
            waiting.role, waiting.why = "unpaired", "no out within the longest stretch"
            closing = _far_end(events, index, waiting, rule, longest)
            waiting = current = None
        else:
            closing = _closes(events, index, waiting is not None, rule, longest)
        if current is None or (waiting is None and event.at - left >= gap):
            current = Stretch()
            found.append(current)
            left = event.at
        current.events.append(event)
        if not closing:
            if waiting is not None:  # in while in, and the state is to be trusted
                current.repeats.append(event)
                if rule.repeated_in == "keep_first":
                    event.role, event.why = "repeated", "in while already in"
                    continue
                waiting.role, waiting.why = "unpaired", "in again before any out"
            current.opens.append(event)
            event.role = "in"
            waiting = event
        elif waiting is None and current.pairs and event.at - left <= rule.repeat_within:
            event.role, event.why = "repeated", "out again right after the out"
            current.repeats.append(event)
        elif waiting is None:
            event.role, event.why = "unpaired", "out without an in"
            current.orphans.append(event)
        else:
            current.opens.remove(waiting)
            event.role = "out"
            current.pairs.append((waiting, event))
            left = event.at
            waiting = None
    if waiting is not None:
        waiting.role, waiting.why = "unpaired", "no out followed"
    return found


def hold_over_long(stretch: Stretch, rule: PairingRule) -> None:
    """Keep back the pairs that make a stretch longer than allowed: shown, not counted until somebody decides."""
    if rule.over_long != "hold":
        return
    kept = stretch.pairs[:1]
    for pair in stretch.pairs[1:]:
        if pair[1].at - stretch.first > rule.longest:
            for event in pair:
                event.role, event.why = "held", "the stretch would be longer than allowed"
            stretch.held.append(pair)
        else:
            kept.append(pair)
    stretch.pairs = kept


def _closes(events: list[Event], index: int, inside: bool, rule: PairingRule, longest: int) -> bool:
    """Is this event an out? ``inside``: an in is waiting for its out."""
    direction = events[index].direction
    said = direction in DEPARTURES
    if rule.mode == "alternate" or not (said or direction in ARRIVALS):
        return inside
    if rule.mode == "device_state" or said is inside:
        return said
    # The state contradicts the order. People who never press the state key send the same state all day: when the
    # next event says the same again (or an in has nothing after it), alternation is what happened.
    following = events[index + 1] if index + 1 < len(events) else None
    if following is None or following.at - events[index].at > longest:
        return True  # in, in: the second went home; a lone out stays without its in
    again = following.direction in (DEPARTURES if said else ARRIVALS) or following.direction not in STATED
    return inside if again else said


def _far_end(events: list[Event], index: int, waiting: Event, rule: PairingRule, longest: int) -> bool:
    """Is this event the far end of a day that became too long (an out), rather than the start of something new?

    By state the device says so. By alternation it is, when it falls on the date of the open in and nothing follows
    that it could open.
    """
    event = events[index]
    if rule.mode != "alternate" and event.direction in STATED:
        return event.direction in DEPARTURES
    follows = index + 1 < len(events) and events[index + 1].at - event.at <= longest
    zone = event.punch.zone
    return not follows and local_ordinal(zone, event.at) == local_ordinal(zone, waiting.at)


def _first_last(events: list[Event], rule: PairingRule, *, bounded: bool) -> list[Stretch]:
    """First in to last out; what lies between is inside. By state only ins can be first and outs last."""
    found: list[Stretch] = []
    group: list[Event] = []
    limit = FOREVER if bounded else rule.longest
    for event in events:
        if group and event.at - group[0].at > limit:
            found.append(_span(group, rule))
            group = []
        group.append(event)
    found.append(_span(group, rule))
    return found


def _span(group: list[Event], rule: PairingRule) -> Stretch:
    stretch = Stretch(events=group)
    first, last = group[0], group[-1]
    if rule.mode == "device_state":
        ins = [event for event in group if event.direction not in DEPARTURES]
        first = ins[0] if ins else group[0]
        outs = [event for event in group if event.direction not in ARRIVALS and event.at > first.at]
        if not ins or not outs:
            for event in group:
                event.role, event.why = ("unpaired", "no partner")
            if ins:
                stretch.opens.append(first)
            else:
                stretch.orphans.append(group[-1])
            return stretch
        last = outs[-1]
    if first.at >= last.at:
        for event in group:
            event.role, event.why = ("unpaired", "no out followed")
        if first.direction in DEPARTURES and rule.mode != "alternate":
            first.why = "out without an in"
            stretch.orphans.append(first)
        else:
            stretch.opens.append(first)
        return stretch
    for event in group:
        event.role = "inside"
        if not first.at <= event.at <= last.at:
            event.role, event.why = "unpaired", "outside first in and last out"
    first.role, last.role = "in", "out"
    stretch.pairs.append((first, last))
    return stretch
