"""A believable history of punches: mostly punctual, some late, some long evenings, some forgotten. Pure and repeatable.

Every person's day is drawn from a generator seeded with the person and the date, so running the demo again tomorrow
tells the same past. The last month is whole but for what the script says; this month has its loose ends.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from punctual.demo.companies import Company, Person
from punctual.demo.scenario import Script, script_of, wall

IN, OUT = 0, 1
FINGER, CARD = 1, 4
LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
FORGOTTEN_IN, FORGOTTEN = 0.005, 0.02
STRANGER_PIN = "9001"
SEEN_AGO = timedelta(minutes=20)
LOST_ITS_TIME = "1999-12-31 23:58:41"
"""What a clock writes whose battery is empty; such a line is kept aside."""


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
    script = script_of(company, today)
    punches = [
        punch
        for number in range((today - script.first).days + 1)
        for person in company.people
        for punch in day_of(person, script.first + timedelta(days=number), script)
    ]
    seen = (until - SEEN_AGO).strftime(LOCAL_TIME_FORMAT)
    punches.append(HistoricPunch(0, STRANGER_PIN, seen, IN, FINGER))
    punches.append(HistoricPunch(0, company.people[1].badge_number, LOST_ITS_TIME, IN, FINGER))
    now = until.strftime(LOCAL_TIME_FORMAT)
    return sorted((punch for punch in punches if punch.local_time <= now), key=lambda punch: punch.local_time)


def day_of(person: Person, day: date, script: Script) -> list[HistoricPunch]:
    """What one person punched on one day: nothing when absent, one punch when the other was forgotten."""
    chance = random.Random(f"{person.employee_id} {day.isoformat()}")
    part = script.part(person, day)
    if day in script.leave.get(person.badge_number, ()):
        return []
    if day.weekday() not in person.shift.weekdays or day in script.holidays:
        if chance.random() >= 0.03:  # now and then somebody is called in
            return []
    elif chance.random() < 0.03 + 0.03 * person.habit and not part:
        return []
    arrival, departure = _times(person, chance, part)
    verify = CARD if chance.random() < 0.15 else FINGER
    elsewhere = person.clocks[-1] if chance.random() < 0.08 else person.clock
    forgotten = chance.random() if day > script.last and not part else 1.0
    punches = []
    if forgotten >= FORGOTTEN_IN:
        punches.append(HistoricPunch(person.clock, person.badge_number, wall(day, 0, 0, later=arrival), IN, verify))
    if chance.random() < 0.02:  # pressed twice: the finger was not heard the first time
        again = wall(day, 0, 0, later=arrival + timedelta(seconds=chance.randint(3, 20)))
        punches.append(HistoricPunch(person.clock, person.badge_number, again, IN, verify))
    if not FORGOTTEN_IN <= forgotten < FORGOTTEN and part not in {"missing_out", "forgotten"}:
        punches.append(HistoricPunch(elsewhere, person.badge_number, wall(day, 0, 0, later=departure), OUT, verify))
    return punches


def on_shift(person: Person, now: datetime) -> bool:
    """Whether this moment (in the site's zone) lies in one of the person's shifts."""
    start, end, moment = person.shift.start, person.shift.end, now.time()
    if start < end:
        return now.weekday() in person.shift.weekdays and start <= moment < end
    began = now.weekday() if moment >= start else (now.weekday() - 1) % 7
    return began in person.shift.weekdays and (moment >= start or moment < end)


def _times(person: Person, chance: random.Random, part: str) -> tuple[timedelta, timedelta]:
    """Arrival and departure, from midnight of the day on which the shift begins."""
    start = timedelta(hours=person.shift.start.hour, minutes=person.shift.start.minute)
    end = timedelta(hours=person.shift.end.hour, minutes=person.shift.end.minute)
    if end <= start:
        end += timedelta(days=1)
    late = chance.random() < 0.05 + 0.20 * person.habit
    arrival = start + timedelta(minutes=chance.uniform(6, 45) if late else chance.uniform(-14, 2))
    long_evening = chance.random() < 0.10 and not part
    departure = end + timedelta(minutes=chance.uniform(35, 130) if long_evening else chance.uniform(0.5, 12))
    return arrival, departure
