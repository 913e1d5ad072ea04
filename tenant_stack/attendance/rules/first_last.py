"""The first rule: a day is from the first punch in to the last punch out. Pure; the order of the punches is no matter.

Elapsed time is a difference of instants, so a day with 23 or 25 hours counts what really passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DayPunch:
    """A punch as the rule sees it: its instant (aware), and the IANA zone of the clock."""

    punched_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What a person's punches of a local day amount to. ``last_out`` is None when there is only one instant."""

    zone: str
    first_in: datetime
    last_out: datetime | None
    worked_minutes: int
    status: str
    punch_count: int


def summarise(punches: Iterable[DayPunch]) -> DaySummary | None:
    """The day's summary, None when nothing was punched. ``worked_minutes`` are whole minutes, rounded down."""
    ordered = sorted(punches, key=lambda punch: (punch.punched_at, punch.zone))
    if not ordered:
        return None
    first, last = ordered[0], ordered[-1]
    complete = last.punched_at > first.punched_at
    elapsed = int((last.punched_at - first.punched_at).total_seconds())
    return DaySummary(
        zone=first.zone,
        first_in=first.punched_at,
        last_out=last.punched_at if complete else None,
        worked_minutes=elapsed // 60,
        status="present" if complete else "incomplete",
        punch_count=len(ordered),
    )
