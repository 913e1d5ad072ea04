"""Who plays: two organisations in different time zones, their people, shifts and clocks. Data only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class Shift:
    """Working hours in the site's wall time; a night shift ends on the next day."""

    start: time
    end: time
    weekdays: frozenset[int]


@dataclass(frozen=True)
class Person:
    """Somebody who punches. ``habit`` 0..1 is how unpunctual; ``clock`` the index of the nearest clock."""

    employee_id: str
    badge_number: str
    name: str
    department: str
    job_title: str
    shift: Shift
    habit: float
    clock: int


@dataclass(frozen=True)
class ClockRole:
    """A clock at a door. ``connection`` is ``push`` or ``pull``."""

    serial: str
    name: str
    location: str
    connection: str
    profile: str


@dataclass(frozen=True)
class Company:
    """An organisation of the demo."""

    slug: str
    name: str
    zone: str
    country: str
    owner_name: str
    clocks: tuple[ClockRole, ...]
    people: tuple[Person, ...]

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
    "Office": Shift(time(9), time(18), GULF_WEEK),
    "Warehouse": Shift(time(7), time(16), GULF_WEEK | {5}),
    "Dispatch": Shift(time(14), time(22, 30), GULF_WEEK),
}
GLOBEX_SHIFTS = {
    "Administration": Shift(time(8, 30), time(17), WEEK),
    "Assembly": Shift(time(6), time(14, 30), SIX_DAYS),
    "Maintenance": Shift(time(13, 30), time(22), WEEK),
}
TITLES = {
    "Office": ("Accountant", "Office manager", "Sales coordinator", "Buyer"),
    "Warehouse": ("Picker", "Forklift driver", "Stock controller", "Packer"),
    "Dispatch": ("Dispatcher", "Loader", "Route planner"),
    "Administration": ("Clerk", "Payroll officer", "Planner"),
    "Assembly": ("Fitter", "Line lead", "Inspector", "Assembler"),
    "Maintenance": ("Electrician", "Mechanic"),
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


def _people(names: str, shifts: dict[str, Shift], prefix: str, first_badge: int, clocks: int) -> tuple[Person, ...]:
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
                clock=number % clocks,
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
        clocks=(
            ClockRole("CKUA210460001", "Main gate", "Warehouse entrance", "push", "att-2.4"),
            ClockRole("CKUA210460002", "Office door", "Second floor", "push", "att-legacy"),
            ClockRole("AF6P192360003", "Loading dock", "Dock 3", "pull", "zk8"),
        ),
        people=_people(ACME_NAMES, ACME_SHIFTS, "ACM", 1001, 3),
    ),
    Company(
        slug="globex",
        name="Globex Manufacturing",
        zone="Europe/Madrid",
        country="ES",
        owner_name="Gloria Globex",
        clocks=(
            ClockRole("CKUB220770001", "Factory gate", "North entrance", "push", "att-2.4"),
            ClockRole("AF6P205510002", "Assembly hall", "Line 1", "pull", "zk8"),
            ClockRole("AF6P205510003", "Workshop", "Building C", "pull", "zk8-1008"),
        ),
        people=_people(GLOBEX_NAMES, GLOBEX_SHIFTS, "GLX", 2001, 3),
    ),
)
