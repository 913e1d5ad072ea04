"""The demo's clocks: one process with all of them, each with its people and its log, somebody punching now and then.

Run as ``python -m punctual.demo.clocks FILE``, where FILE is a JSON document of `Scene`. A clock's log is kept in a CSV
file beside it, so that a clock switched off and on again still knows what it showed.
"""

from __future__ import annotations

import asyncio
import csv
import random
import signal
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.people import read_log
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.terminal_clock import TerminalClock
from punctual.demo.cast import COMPANIES, ClockRole, Company
from punctual.demo.history import FINGER, IN, OUT, history

LIVE_SECONDS = (3.0, 8.0)

Clock = PushClock | TerminalClock


class Scene(BaseModel):
    """Where the clocks stand: push addresses by slug, ports of pull clocks by serial."""

    model_config = ConfigDict(extra="forbid")

    folder: Path
    ca_file: Path
    push_urls: dict[str, str]
    ports: dict[str, int]


def main() -> None:
    """Run the clocks until SIGTERM."""
    scene = Scene.model_validate_json(Path(sys.argv[1]).read_text())
    asyncio.run(perform(scene))


async def perform(scene: Scene) -> None:
    """Switch all clocks on, let people punch, and switch them off at the end."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    troupes = [(company, [_clock(scene, company, role) for role in company.clocks]) for company in COMPANIES]
    for company, clocks in troupes:
        for role, clock in zip(company.clocks, clocks, strict=True):
            if isinstance(clock, TerminalClock):
                await clock.start("127.0.0.1", scene.ports[role.serial])
            else:
                await clock.start()
    punching = [asyncio.create_task(_live(scene, company, clocks)) for company, clocks in troupes]
    await over.wait()
    for task in punching:
        task.cancel()
    await asyncio.gather(*(clock.stop() for _, clocks in troupes for clock in clocks))


def _log_file(scene: Scene, role: ClockRole) -> Path:
    return scene.folder / f"{role.serial}.csv"


def _clock(scene: Scene, company: Company, role: ClockRole) -> Clock:
    """A clock with everybody of the company, and its log: the kept one, else a month of history."""
    path = _log_file(scene, role)
    if not path.exists():
        index = company.clocks.index(role)
        now = datetime.now(ZoneInfo(company.zone))
        lines = [punch for punch in history(company, now) if punch.clock == index]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows((line.pin, line.local_time, line.status, line.verify) for line in lines)
    users = [SimulatedUser(person.badge_number, person.name) for person in company.people]
    log = read_log(path)
    if role.connection == "pull":
        return TerminalClock(role.serial, profile=role.profile, users=users, log=log, zone=company.zone)
    url = scene.push_urls[company.slug]
    return PushClock(url, role.serial, profile=role.profile, users=users, log=log, ca_file=scene.ca_file, error_delay=2)


async def _live(scene: Scene, company: Company, clocks: list[Clock]) -> None:
    """Every few seconds somebody comes or goes, in turn."""
    inside: set[str] = set()
    while True:
        await asyncio.sleep(random.uniform(*LIVE_SECONDS))
        person = random.choice(company.people)
        clock, role = clocks[person.clock], company.clocks[person.clock]
        if isinstance(clock, PushClock) and not clock.options:
            continue  # it has not learnt its time zone yet
        status = OUT if person.badge_number in inside else IN
        inside ^= {person.badge_number}
        _keep(_log_file(scene, role), clock.punch(person.badge_number, status=status, verify=FINGER))


def _keep(path: Path, punch: SimulatedPunch) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow((punch.pin, punch.local_time, punch.status, punch.verify))


if __name__ == "__main__":
    main()
