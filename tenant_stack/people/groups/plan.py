"""What has to be done about one person and one clock, from what is wanted and what is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenant_stack.people.enrollments.clock_person import Facts

ON_THE_WAY = frozenset({"pending", "failed"})
GONE = frozenset({"removing", "removed"})


class Step(StrEnum):
    """``keep`` changes nothing on the clock; ``note`` only remembers who wants it."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    NOTE = "note"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Pair:
    """A person and a clock. ``status`` is None when nothing is known of them together.

    ``ours`` is what the clock should hold, ``agreed`` what both last held, ``sent`` what it was last asked to hold.
    ``contested``: a person has to decide first whose number it is. ``again``: it failed, and its time has come again.
    """

    active: bool
    wanted_by_group: bool
    by_group: bool
    by_hand: bool
    status: str | None
    ours: Facts
    agreed: Facts | None = None
    sent: Facts | None = None
    contested: bool = False
    again: bool = False


def plan(pair: Pair) -> Step:
    """The next step. Somebody whom nobody put there is left where they are, as long as they work here."""
    wanted = pair.active and (pair.wanted_by_group or pair.by_hand)
    if pair.contested and pair.active:
        return Step.KEEP
    if wanted:
        if pair.status is None or pair.status in GONE:
            return Step.ADD
        held = pair.sent if pair.status in ON_THE_WAY else pair.agreed
        if held != pair.ours or pair.again:
            return Step.CHANGE
        return Step.NOTE if pair.wanted_by_group != pair.by_group else Step.KEEP
    if pair.status is None or pair.status in GONE:
        return Step.KEEP
    if not pair.active or pair.by_group:
        return Step.REMOVE
    return Step.KEEP
