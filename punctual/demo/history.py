"""A believable month of punches: mostly punctual, some late, some long evenings, some forgotten. Pure and repeatable.

Every person's day is drawn from a generator seeded with the person and the date, so running the demo again tomorrow
tells the same past.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from punctual.demo.cast import Company, Person

IN, OUT = 0, 1
FINGER, CARD = 1, 4
LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class HistoricPunch:
    """One line of a clock's log, in the wall time of the site."""

    clock: int
    pin: str
    local_time: str
    status: int
    verify: int


def history(company: Company, until: datetime, *, days: int = 30) -> list[HistoricPunch]:
    """Punches of the ``days`` before ``until`` (wall time at the site, as an aware instant), oldest first."""
    today = until.date()
    punches = [
        punch
        for back in range(days, -1, -1)
        for person in company.people
        for punch in day_of(person, today - timedelta(days=back), len(company.clocks))
    ]
    now = until.strftime(LOCAL_TIME_FORMAT)
    return sorted((punch for punch in punches if punch.local_time <= now), key=lambda punch: punch.local_time)


def day_of(person: Person, day: date, clocks: int) -> list[HistoricPunch]:
    """What one person punched on one day: nothing when absent, one punch when the other was forgotten."""
    if day.weekday() not in person.shift.weekdays:
        return []
    chance = random.Random(f"{person.employee_id} {day.isoformat()}")
    if chance.random() < 0.03 + 0.03 * person.habit:
        return []
    start = _at(day, person.shift.start.hour, person.shift.start.minute)
    end = _at(day, person.shift.end.hour, person.shift.end.minute)
    late = chance.random() < 0.05 + 0.20 * person.habit
    arrival = start + timedelta(minutes=chance.uniform(6, 45) if late else chance.uniform(-14, 2))
    long_evening = chance.random() < 0.10
    departure = end + timedelta(minutes=chance.uniform(35, 130) if long_evening else chance.uniform(-3, 12))
    verify = CARD if chance.random() < 0.15 else FINGER
    elsewhere = (person.clock + 1) % clocks if chance.random() < 0.08 else person.clock
    forgotten = chance.random()
    punches = []
    if forgotten >= 0.015:
        punches.append(HistoricPunch(person.clock, person.badge_number, _text(arrival), IN, verify))
    if chance.random() < 0.02:  # pressed twice: the finger was not heard the first time
        again = arrival + timedelta(seconds=chance.randint(3, 20))
        punches.append(HistoricPunch(person.clock, person.badge_number, _text(again), IN, verify))
    if not 0.015 <= forgotten < 0.045:
        punches.append(HistoricPunch(elsewhere, person.badge_number, _text(departure), OUT, verify))
    return punches


def _at(day: date, hour: int, minute: int) -> datetime:
    """A wall-clock moment of the demo's own arithmetic; it leaves this module as text only."""
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a clock's wall time has no zone


def _text(moment: datetime) -> str:
    return moment.replace(microsecond=0).strftime(LOCAL_TIME_FORMAT)
