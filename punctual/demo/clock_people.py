"""Whom the demo's clocks know: at first a few, later whoever was put there; kept beside their logs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_profiles import PUSH
from device_bridge.simulator.push_templates import FINGER, SimulatedTemplate, captured
from device_bridge.simulator.terminal_clock import TerminalClock
from punctual.demo.cast import ClockRole, Company, Person
from punctual.demo.history import STRANGER_PIN

STRANGER_NAME = "R. Okonkwo"
NAMESAKE = "Z. Abidin"
RIGHT_INDEX = 6
FINGERS = 3

Clock = PushClock | TerminalClock


class Remembered(BaseModel):
    """What a clock knows of people. Users: PIN, name, card, privilege, slot; templates as the simulator has them."""

    model_config = ConfigDict(extra="forbid")

    users: list[tuple[str, str, int, int, int]] = []
    templates: list[SimulatedTemplate] = []


def fingered(company: Company) -> list[Person]:
    """Who laid a finger on the first clock before anybody set the organisation up; the last of them never agreed."""
    return [person for person in company.people if person.clock == 0][:FINGERS]


def namesake(company: Company) -> Person:
    """Whose number the first clock gave to somebody else: a person who never punches there."""
    return next(person for person in company.people if 0 not in person.clocks)


def remembered(company: Company, role: ClockRole, path: Path) -> Remembered:
    """What a clock knows when it is switched on."""
    if path.exists():
        return Remembered.model_validate_json(path.read_text())
    if role != company.clocks[0]:
        return Remembered()
    people = fingered(company)
    users = [(STRANGER_PIN, STRANGER_NAME, 0, 0, 0), (namesake(company).badge_number, NAMESAKE, 0, 0, 0)]
    users += [(person.badge_number, person.name, 0, 0, 0) for person in people]
    unit = PUSH[role.profile]
    templates = [
        each for person in people for each in captured(unit, role.serial, person.badge_number, FINGER, RIGHT_INDEX)
    ]
    return Remembered(users=users, templates=templates)


def users_of(memory: Remembered) -> list[SimulatedUser]:
    """As the simulator takes them."""
    return [SimulatedUser(pin, name, card, privilege, uid) for pin, name, card, privilege, uid in memory.users]


def memory_of(clock: Clock) -> Remembered:
    """What a clock knows now."""
    users = [(each.pin, each.name, each.card, each.privilege, each.uid) for each in clock.users.values()]
    templates = clock.templates.of() if isinstance(clock, PushClock) else []
    return Remembered(users=users, templates=templates)
