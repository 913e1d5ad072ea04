"""The anomaly catalogue: what a person must look at, how bad it is, and what to do about it. Pure.

An anomaly is *pending* while it may still resolve itself (the out has not come yet) and *active* after that.
Rest of 11 hours: Directive 2003/88/EC article 3. Ten hours a day: ArbZG 3. Limits are data (``ruleset.AnomalyRule``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import asin, cos, radians, sin, sqrt

from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.records import Anomaly
from tenant_stack.rules.ruleset import AnomalyRule
from tenant_stack.rules.walltime import AMBIGUOUS, NON_EXISTENT


@dataclass(frozen=True, slots=True)
class Kind:
    """``owner`` is who should act: the 'manager', 'hr', or whoever runs the 'devices'."""

    severity: str
    owner: str
    text: str
    resolution: str


CATALOGUE: dict[str, Kind] = {
    "missing_in": Kind("high", "manager", "an out without an in", "add the missing punch"),
    "missing_out": Kind("high", "manager", "an in without an out", "add the missing punch"),
    "repeated_direction": Kind("medium", "manager", "the same direction twice in a row", "check the order of punches"),
    "duplicate_punch": Kind("info", "manager", "a double swipe, counted once", "nothing to do"),
    "unmatched_punch": Kind("medium", "manager", "a punch outside every shift window", "assign a shift or dismiss"),
    "unassigned_punch": Kind("high", "hr", "a punch of a device user nobody is enrolled as", "enrol the person"),
    "in_late": Kind("low", "manager", "arrived late", "excuse or accept"),
    "out_early": Kind("low", "manager", "left early", "excuse or accept"),
    "in_early": Kind("info", "manager", "arrived well before the start", "approve early work or dismiss"),
    "out_late": Kind("info", "manager", "stayed well after the end", "approve overtime or dismiss"),
    "not_arrived": Kind("medium", "manager", "has not arrived yet", "call the person"),
    "absence": Kind("medium", "manager", "absent without leave", "enter leave or accept"),
    "long_shift": Kind("high", "manager", "a stretch of work too long to be true", "check the out punch"),
    "short_shift": Kind("low", "manager", "a very short stretch of work", "check for a stray punch"),
    "no_break": Kind("medium", "manager", "no break in a long day", "speak to the person"),
    "short_break": Kind("medium", "hr", "a shorter break than required", "speak to the person"),
    "early_return": Kind("low", "manager", "returned early from the break", "accept or correct"),
    "long_break": Kind("low", "manager", "a break longer than allowed", "accept or correct"),
    "rest_below_11h": Kind("high", "hr", "too little rest between two working days", "change the roster"),
    "unscheduled_work": Kind("medium", "manager", "work without a scheduled shift", "approve or assign a shift"),
    "holiday_work": Kind("medium", "manager", "work on a holiday", "approve"),
    "off_day_work": Kind("medium", "manager", "work on a day off", "approve"),
    "leave_work": Kind("medium", "manager", "work during leave", "cancel the leave or the punches"),
    "over_day_limit": Kind("high", "hr", "more hours in a day than allowed", "change the roster"),
    "over_week_limit": Kind("high", "hr", "more hours in a week than allowed", "change the roster"),
    "over_weekly_schedule": Kind("low", "manager", "more hours in a week than scheduled", "approve or correct"),
    "days_in_a_row": Kind("medium", "hr", "too many working days in a row", "change the roster"),
    "estimated_out": Kind("high", "manager", "the out was estimated by rule", "confirm or correct the time"),
    "future_punch": Kind("high", "devices", "a punch from the future", "set the clock of the device"),
    "device_clock_skew": Kind("high", "devices", "the clock of the device was wrong", "shift its punches, audited"),
    "impossible_travel": Kind("high", "hr", "two clocks too far apart for the time between", "check for a shared PIN"),
    AMBIGUOUS: Kind("medium", "manager", "a wall time that happened twice", "say which one"),
    NON_EXISTENT: Kind("medium", "devices", "a wall time that did not exist", "make the clock follow summer time"),
    "manual_conflict": Kind("high", "manager", "punches contradict a record entered by hand", "keep one of them"),
}


def anomaly(
    kind: str, day: date, *, seconds: int = 0, punches: tuple[str, ...] = (), pending: bool = False, text: str = ""
) -> Anomaly:
    entry = CATALOGUE[kind]
    return Anomaly(kind, day, entry.severity, "pending" if pending else "active", text or entry.text, seconds, punches)


def of_event(event: Event, day: date, rule: AnomalyRule, now: int | None) -> list[Anomaly]:
    """What is doubtful about one punch by itself."""
    punch = event.punch
    found = [anomaly(flag, day, punches=(punch.id,)) for flag in punch.flags if flag in (AMBIGUOUS, NON_EXISTENT)]
    ahead = punch.clock_ahead
    if ahead is not None and abs(ahead) > rule.skew:
        text = f"the clock of the device was {abs(ahead)} s {'ahead' if ahead > 0 else 'behind'}"
        found.append(anomaly("device_clock_skew", day, seconds=ahead, punches=(punch.id,), text=text))
    known = now
    if punch.received_at is not None:
        known = int(punch.received_at.timestamp())
    if known is not None and event.at - known > rule.future and ahead is None:
        found.append(anomaly("future_punch", day, seconds=event.at - known, punches=(punch.id,)))
    return found


def travel(one: Event, other: Event, day: date, rule: AnomalyRule) -> Anomaly | None:
    """Two punches at clocks nobody can travel between in the time."""
    here, there = one.punch.place, other.punch.place
    if here is None or there is None or here == there:
        return None
    metres = distance(here, there)
    elapsed = max(1, other.at - one.at)
    if metres / elapsed <= rule.speed or metres < 1000:
        return None
    text = f"{metres / 1000:.1f} km in {elapsed} s"
    return anomaly("impossible_travel", day, seconds=elapsed, punches=(one.punch.id, other.punch.id), text=text)


def distance(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Metres between two positions in degrees on a sphere of 6,371 km (haversine)."""
    lat1, lon1, lat2, lon2 = (radians(each) for each in (*here, *there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_000 * asin(sqrt(half))
