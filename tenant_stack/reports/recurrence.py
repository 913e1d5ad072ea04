"""When a schedule is due. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta

from foundation.clock import instant_of, zone

LOOK_AHEAD_DAYS = 400


def falls_on(day: date, every: str, weekday: int | None, of_month: int | None) -> bool:
    """Is this date one of the schedule's? The 29th to 31st is the last day of a shorter month."""
    if every == "day":
        return True
    if every == "week":
        return day.weekday() == weekday
    assert of_month is not None
    return day.day == min(of_month, monthrange(day.year, day.month)[1])


def next_due(after: datetime, *, every: str, weekday: int | None, day: int | None, at: str, zone_name: str) -> datetime:
    """The first due instant later than ``after``. ``at`` is ``HH:MM`` of wall time in the zone; a time that the zone
    skips is read with the offset before the gap."""
    local = after.astimezone(zone(zone_name)).date()
    for ahead in range(-1, LOOK_AHEAD_DAYS):
        on = local + timedelta(days=ahead)
        if falls_on(on, every, weekday, day):
            instant = instant_of(f"{on.isoformat()} {at}:00", zone_name)
            if instant > after:
                return instant
    raise AssertionError("every schedule is due within a year")


def newest_due(
    first: datetime, now: datetime, *, every: str, weekday: int | None, day: int | None, at: str, zone_name: str
) -> datetime:
    """The latest due instant up to ``now``, given that ``first`` is one: what was missed is made up for once."""
    due = first
    while True:
        following = next_due(due, every=every, weekday=weekday, day=day, at=at, zone_name=zone_name)
        if following > now:
            return due
        due = following
