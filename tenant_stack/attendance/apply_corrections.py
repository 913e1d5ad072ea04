"""Corrections beside the raw punches: punches added, voided and moved; figures set by hand. Pure.

The raw punches stay as they are. A moved punch keeps its id; an added one is known by its correction and its place
in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tenant_stack.rules.inputs import Direction, Punch
from tenant_stack.rules.walltime import resolve

ADDED = "correction:"


def corrected(punches: Iterable[Punch], corrections: Iterable[tuple[str, Mapping[str, Any]]], zone: str) -> list[Punch]:
    """The punches as the approved corrections leave them, in order of time; wall times are in the person's zone."""
    found = {punch.id: punch for punch in punches}
    for correction_id, changes in corrections:
        for punch_id in changes.get("void", ()):
            found.pop(punch_id, None)
        for move in changes.get("move", ()):
            punch = found.get(move["punch_id"])
            if punch is not None:
                found[punch.id] = replace(punch, at=_instant(move["at"], zone), flags=(), clock_ahead=None)
        for number, added in enumerate(changes.get("add", ())):
            name = f"{ADDED}{correction_id}:{number}"
            found[name] = Punch(name, _instant(added["at"], zone), zone, Direction(added["direction"]))
    return sorted(found.values(), key=lambda punch: (punch.at, punch.id))


def _instant(text: str, zone: str) -> datetime:
    return datetime.fromtimestamp(resolve(text, zone).instant, UTC)
