"""The CSV files that fill a simulated clock: ``pin,name,card,privilege`` and ``pin,local_time,status,verify``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from device_bridge.iclock.parser import real_moment
from device_bridge.records import PRIVILEGES
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser

Row = TypeVar("Row")


class BadFile(ValueError):
    """One sentence that names the file, the line and the reason."""


def read_users(path: Path) -> list[SimulatedUser]:
    """People; card and privilege may be left out. Raises `BadFile`."""
    users = _read(path, _user, ("pin",))
    seen: set[str] = set()
    for user in users:
        if user.pin in seen:
            raise BadFile(f"{path}: the PIN {user.pin} appears twice")
        seen.add(user.pin)
    return users


def read_log(path: Path) -> list[SimulatedPunch]:
    """Punches, in the order of the file; status and verify may be left out (0 and 1). Raises `BadFile`."""
    return _read(path, _punch, ("pin", "local_time"))


def _read(path: Path, row: Callable[[list[str]], Row], header: tuple[str, ...]) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(enumerate(csv.reader(file), start=1))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: cannot be read ({error})") from error
    rows: list[Row] = []
    for number, fields in lines:
        cells = [cell.strip() for cell in fields]
        if not any(cells) or (number == 1 and tuple(cell.lower() for cell in cells[: len(header)]) == header):
            continue
        try:
            rows.append(row(cells))
        except ValueError as error:
            raise BadFile(f"{path}, line {number}: {error}") from error
    return rows


def _user(cells: list[str]) -> SimulatedUser:
    if len(cells) > 4:
        raise ValueError(f"{len(cells)} fields where pin,name,card,privilege are wanted")
    pin, name, card, privilege = [*cells, "", "", ""][:4]
    level = _number(privilege, "privilege", 14)
    if level not in PRIVILEGES:
        raise ValueError(f"the privilege {privilege} is none of 0, 2, 6 and 14")
    return SimulatedUser(_pin(pin), name, _number(card, "card", 0xFFFFFFFF), level)


def _punch(cells: list[str]) -> SimulatedPunch:
    if not 2 <= len(cells) <= 4:
        raise ValueError(f"{len(cells)} fields where pin,local_time,status,verify are wanted")
    pin, text, status, verify = [*cells, "", ""][:4]
    moment = real_moment(text)
    if moment is None:
        raise ValueError(f"{text!r} is no real time of the form YYYY-MM-DD HH:MM:SS")
    return SimulatedPunch(_pin(pin), moment, _number(status, "status", 255), _number(verify or "1", "verify", 255))


def _pin(text: str) -> str:
    if not text or len(text.encode()) > 24 or not text.isprintable():
        raise ValueError("the PIN must be 1 to 24 printable characters")
    return text


def _number(text: str, name: str, largest: int) -> int:
    if text and not (text.isascii() and text.isdigit() and int(text) <= largest):
        raise ValueError(f"the {name} {text!r} is no number from 0 to {largest}")
    return int(text or 0)
