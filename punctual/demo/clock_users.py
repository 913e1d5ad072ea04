"""The users of the demo's clocks: a few at first, later those whom the server writes; stored beside the logs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_profiles import PUSH
from device_bridge.simulator.push_templates import FINGER, SimulatedTemplate, captured
from device_bridge.simulator.terminal_clock import TerminalClock
from punctual.demo.companies import ClockFacts, Company, Person
from punctual.demo.history import UNKNOWN_PIN

UNKNOWN_NAME = "R. Okonkwo"
DUPLICATE_NAME = "Z. Abidin"
RIGHT_INDEX = 6
FINGERS = 3

Clock = PushClock | TerminalClock


class ClockUsers(BaseModel):
    """Users as PIN, name, card, privilege and slot; templates as the simulator has them."""

    model_config = ConfigDict(extra="forbid")

    users: list[tuple[str, str, int, int, int]] = []
    templates: list[SimulatedTemplate] = []


def enrolled_people(company: Company) -> list[Person]:
    """People with a fingerprint on the first clock from before the start; the last of them never gave consent."""
    return [person for person in company.people if person.clock == 0][:FINGERS]


def person_with_duplicate_pin(company: Company) -> Person:
    """A person whose PIN belongs to somebody else on the first clock, where that person never punches."""
    return next(person for person in company.people if 0 not in person.clocks)


def load_users(company: Company, role: ClockFacts, path: Path) -> ClockUsers:
    """A clock's users at its start."""
    if path.exists():
        return ClockUsers.model_validate_json(path.read_text())
    if role != company.clocks[0]:
        return ClockUsers()
    people = enrolled_people(company)
    users = [
        (UNKNOWN_PIN, UNKNOWN_NAME, 0, 0, 0),
        (person_with_duplicate_pin(company).badge_number, DUPLICATE_NAME, 0, 0, 0),
    ]
    users += [(person.badge_number, person.name, 0, 0, 0) for person in people]
    unit = PUSH[role.profile]
    templates = [
        each for person in people for each in captured(unit, role.serial, person.badge_number, FINGER, RIGHT_INDEX)
    ]
    return ClockUsers(users=users, templates=templates)


def simulated_users(memory: ClockUsers) -> list[SimulatedUser]:
    """The users in the simulator's form."""
    return [SimulatedUser(pin, name, card, privilege, uid) for pin, name, card, privilege, uid in memory.users]


def users_of(clock: Clock) -> ClockUsers:
    """A clock's present users and templates."""
    users = [(each.pin, each.name, each.card, each.privilege, each.uid) for each in clock.users.values()]
    templates = clock.templates.of() if isinstance(clock, PushClock) else []
    return ClockUsers(users=users, templates=templates)
