"""A generated history of punches: mostly punctual, some late, some overtime, some forgotten. Pure and repeatable.

Every person's day is drawn from a generator seeded with the person and the date, so running the demo again tomorrow
gives the same past. The last month is complete except for what the scenario says; this month has missing punches.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from punctual.demo.companies import Company, Person
from punctual.demo.scenario import Scenario, scenario_of, wall_time

IN, OUT = 0, 1
FINGER, CARD = 1, 4
LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
FORGOTTEN_IN, FORGOTTEN = 0.005, 0.02
UNKNOWN_PIN = "9001"
UNKNOWN_SEEN_AGO = timedelta(minutes=20)
RESET_CLOCK_TIME = "1999-12-31 23:58:41"
"""The time that a clock with an empty battery writes; such a line is quarantined."""


@dataclass(frozen=True)
class HistoricPunch:
    """One line of a clock's log, in the wall time of the site."""

    clock: int
    pin: str
    local_time: str
    status: int
    verify: int


def history(company: Company, until: datetime) -> list[HistoricPunch]:
    """Punches from the first of the last month to ``until`` (an instant in the site's zone), oldest first."""
    today = until.date()
    scenario = scenario_of(company, today)
    punches = [
        punch
        for number in range((today - scenario.first).days + 1)
        for person in company.people
        for punch in day_of(person, scenario.first + timedelta(days=number), scenario)
    ]
    seen = (until - UNKNOWN_SEEN_AGO).strftime(LOCAL_TIME_FORMAT)
    punches.append(HistoricPunch(0, UNKNOWN_PIN, seen, IN, FINGER))
    punches.append(HistoricPunch(0, company.people[1].badge_number, RESET_CLOCK_TIME, IN, FINGER))
    now = until.strftime(LOCAL_TIME_FORMAT)
    return sorted((punch for punch in punches if punch.local_time <= now), key=lambda punch: punch.local_time)


def day_of(person: Person, day: date, scenario: Scenario) -> list[HistoricPunch]:
    """What one person punched on one day: nothing when absent, one punch when the other was forgotten."""
    chance = random.Random(f"{person.employee_id} {day.isoformat()}")
    planned = scenario.planned(person, day)
    if day in scenario.leave.get(person.badge_number, ()):
        return []
    if day.weekday() not in person.shift.weekdays or day in scenario.holidays:
        if chance.random() >= 0.03:  # now and then somebody is called in
            return []
    elif chance.random() < 0.03 + 0.03 * person.habit and not planned:
        return []
    arrival, departure = _times(person, chance, planned)
    verify = CARD if chance.random() < 0.15 else FINGER
    elsewhere = person.clocks[-1] if chance.random() < 0.08 else person.clock
    forgotten = chance.random() if day > scenario.last and not planned else 1.0
    lines: list[tuple[int, timedelta, int]] = []
    if forgotten >= FORGOTTEN_IN:
        lines.append((person.clock, arrival, IN))
    if chance.random() < 0.02:  # punched twice: the first time seemed not to work
        lines.append((person.clock, arrival + timedelta(seconds=chance.randint(3, 20)), IN))
    if not FORGOTTEN_IN <= forgotten < FORGOTTEN and planned not in {"missing_out", "forgotten"}:
        lines.append((elsewhere, departure, OUT))
    return [
        HistoricPunch(clock, person.badge_number, wall_time(day, 0, 0, later=offset), status, verify)
        for clock, offset, status in lines
    ]


def on_shift(person: Person, now: datetime) -> bool:
    """Whether this moment (in the site's zone) lies in one of the person's shifts."""
    start, end, moment = person.shift.start, person.shift.end, now.time()
    if start < end:
        return now.weekday() in person.shift.weekdays and start <= moment < end
    began = now.weekday() if moment >= start else (now.weekday() - 1) % 7
    return began in person.shift.weekdays and (moment >= start or moment < end)


def _times(person: Person, chance: random.Random, planned: str) -> tuple[timedelta, timedelta]:
    """Arrival and departure, from midnight of the day on which the shift begins."""
    start = timedelta(hours=person.shift.start.hour, minutes=person.shift.start.minute)
    end = timedelta(hours=person.shift.end.hour, minutes=person.shift.end.minute)
    if end <= start:
        end += timedelta(days=1)
    late = chance.random() < 0.05 + 0.20 * person.habit
    arrival = start + timedelta(minutes=chance.uniform(6, 45) if late else chance.uniform(-14, 2))
    long_evening = chance.random() < 0.10 and not planned
    departure = end + timedelta(minutes=chance.uniform(35, 130) if long_evening else chance.uniform(0.5, 12))
    return arrival, departure
