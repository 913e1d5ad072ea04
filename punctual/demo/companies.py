"""The demo's two organisations in different time zones: their people, shifts and clocks. Data only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class Shift:
    """Working hours in the site's wall time; an end before the start is on the next day."""

    name: str
    start: time
    end: time
    weekdays: frozenset[int]


@dataclass(frozen=True)
class Place:
    """Where a department works: the code of its site, and the indexes of its clocks, the nearest first."""

    site: str
    clocks: tuple[int, ...]


@dataclass(frozen=True)
class Person:
    """Somebody who punches. ``habit`` 0..1 is how unpunctual; ``clocks`` are indexes, the nearest first."""

    employee_id: str
    badge_number: str
    name: str
    department: str
    job_title: str
    shift: Shift
    habit: float
    site: str
    clocks: tuple[int, ...]

    @property
    def clock(self) -> int:
        """The index of the nearest clock."""
        return self.clocks[0]


@dataclass(frozen=True)
class ClockFacts:
    """A clock at a door. ``connection`` is ``push`` or ``pull``; ``wrong_by`` is how many seconds it goes fast."""

    serial: str
    name: str
    location: str
    connection: str
    profile: str
    site: str
    wrong_by: float = 0.0


@dataclass(frozen=True)
class Group:
    """A device group: clocks by index, and the departments whose people belong on each of them."""

    name: str
    clocks: tuple[int, ...]
    departments: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """An organisation of the demo. ``sites`` are names by code; ``offs`` their free
    weekdays (0 is Monday); ``own_holiday`` is a name."""

    slug: str
    name: str
    zone: str
    country: str
    owner_name: str
    sites: dict[str, str]
    offs: dict[str, tuple[int, ...]]
    clocks: tuple[ClockFacts, ...]
    groups: tuple[Group, ...]
    people: tuple[Person, ...]
    own_holiday: str
    payroll_profile: str

    @property
    def owner_email(self) -> str:
        return f"owner@{self.slug}.example"

    @property
    def shifts(self) -> dict[str, Shift]:
        """The shift of each department."""
        return {person.department: person.shift for person in self.people}


GULF_WEEK = frozenset({0, 1, 2, 3, 6})  # Sunday to Thursday
WEEK = frozenset({0, 1, 2, 3, 4})
SIX_DAYS = frozenset({0, 1, 2, 3, 4, 5})

ACME_SHIFTS = {
    "Office": Shift("Day", time(9), time(18), GULF_WEEK),
    "Warehouse": Shift("Early", time(7), time(16), GULF_WEEK | {5}),
    "Dispatch": Shift("Late", time(14), time(22, 30), GULF_WEEK),
    "Security": Shift("Night", time(22), time(6), GULF_WEEK),
}
ACME_PLACES = {
    "Office": Place("HQ", (1,)),
    "Warehouse": Place("DEPOT", (0, 2)),
    "Dispatch": Place("DEPOT", (2, 0)),
    "Security": Place("DEPOT", (0,)),
}
GLOBEX_SHIFTS = {
    "Administration": Shift("Day", time(8, 30), time(17), WEEK),
    "Assembly": Shift("Early", time(6), time(14, 30), SIX_DAYS),
    "Maintenance": Shift("Late", time(13, 30), time(22), WEEK),
    "Night line": Shift("Night", time(22), time(6), WEEK),
}
GLOBEX_PLACES = {
    "Administration": Place("PLANT", (0,)),
    "Assembly": Place("PLANT", (1, 0)),
    "Maintenance": Place("WORKS", (2,)),
    "Night line": Place("PLANT", (0, 1)),
}
TITLES = {
    "Office": ("Accountant", "Office manager", "Sales coordinator", "Buyer"),
    "Warehouse": ("Picker", "Forklift driver", "Stock controller", "Packer"),
    "Dispatch": ("Dispatcher", "Loader", "Route planner"),
    "Administration": ("Clerk", "Payroll officer", "Planner"),
    "Assembly": ("Fitter", "Line lead", "Inspector", "Assembler"),
    "Maintenance": ("Electrician", "Mechanic"),
    "Security": ("Guard", "Shift lead"),
    "Night line": ("Operator", "Night lead"),
}

ACME_NAMES = (
    "Aisha Rahman, Bilal Haddad, Carmen Ortega, Dinesh Pillai, Elena Petrova, Farid Mansour, Grace Mwangi, Hassan Ali, "
    "Imani Okafor, Jamal Nasser, Kavita Sharma, Layla Farouk, Marco Conti, Nadia Saleh, Omar Khalil, Priya Nair, "
    "Qasim Javed, Rosa Delgado, Samir Aziz, Tara Fernandes, Usman Sheikh, Vera Kovac, Wassim Daher, Yara Sabbagh, "
    "Zain Malik"
)
GLOBEX_NAMES = (
    "Ana Torres, Beatriz Molina, Carlos Vega, Daniela Ruiz, Esteban Gil, Fernanda Soto, Gonzalo Marin, Helena Prieto, "
    "Iker Lasa, Julia Campos, Karim Benali, Lucia Serrano, Mateo Blanco, Nuria Costa, Oriol Puig, Paula Reyes, "
    "Quim Roca, Raquel Nieto, Sergio Luna, Teresa Vidal, Unai Etxea, Valentina Cruz, Walter Brandt, Ximena Paz, "
    "Yago Feijoo"
)


def _people(
    names: str, shifts: dict[str, Shift], places: dict[str, Place], prefix: str, first_badge: int
) -> tuple[Person, ...]:
    chance = random.Random(prefix)  # the same people at every run
    departments = list(shifts)
    people = []
    for number, name in enumerate(each.strip() for each in names.split(",")):
        department = departments[number % len(departments)]
        people.append(
            Person(
                employee_id=f"{prefix}-{number + 1:03}",
                badge_number=str(first_badge + number),
                name=name,
                department=department,
                job_title=chance.choice(TITLES[department]),
                shift=shifts[department],
                habit=chance.random() ** 2,
                site=places[department].site,
                clocks=places[department].clocks,
            )
        )
    return tuple(people)


COMPANIES = (
    Company(
        slug="acme",
        name="Acme Logistics",
        zone="Asia/Dubai",
        country="AE",
        owner_name="Amira Acme",
        sites={"HQ": "Head office", "DEPOT": "Jebel Ali depot"},
        offs={"HQ": (4, 5), "DEPOT": (4,)},
        clocks=(
            ClockFacts("CKUA210460001", "Main gate", "Warehouse entrance", "push", "att-2.4", "DEPOT"),
            ClockFacts("CKUA210460002", "Office door", "Second floor", "push", "att-legacy", "HQ"),
            ClockFacts("AF6P192360003", "Loading dock", "Dock 3", "pull", "zk8", "DEPOT"),
        ),
        groups=(
            Group("Yard and dock", (0, 2), ("Warehouse", "Dispatch", "Security")),
            Group("Head office", (1,), ("Office",)),
        ),
        people=_people(ACME_NAMES, ACME_SHIFTS, ACME_PLACES, "ACM", 1001),
        own_holiday="Founders' Day",
        payroll_profile="generic-wide",
    ),
    Company(
        slug="globex",
        name="Globex Manufacturing",
        zone="Europe/Madrid",
        country="ES",
        owner_name="Gloria Globex",
        sites={"PLANT": "Getafe plant", "WORKS": "Workshop"},
        offs={"PLANT": (6,), "WORKS": (5, 6)},
        clocks=(
            ClockFacts("CKUB220770001", "Factory gate", "North entrance", "push", "att-2.4", "PLANT"),
            ClockFacts("AF6P205510002", "Assembly hall", "Line 1", "pull", "zk8", "PLANT"),
            ClockFacts("AF6P205510003", "Workshop", "Building C", "pull", "zk8-1008", "WORKS", wrong_by=-95),
        ),
        groups=(
            Group("Plant", (0, 1), ("Administration", "Assembly", "Night line")),
            Group("Workshop", (2,), ("Maintenance",)),
        ),
        people=_people(GLOBEX_NAMES, GLOBEX_SHIFTS, GLOBEX_PLACES, "GLX", 2001),
        own_holiday="Plant anniversary",
        payroll_profile="generic-long",
    ),
)
