"""The demo's clocks: one process with all of them, each with its people and its log, somebody punching now and then.

Run as ``python -m punctual.demo.clocks FILE``, where FILE is a JSON document of `Scene`. A clock's log is kept in a CSV
file beside it, and whom it knows in a JSON file, so that a clock switched off and on again still knows what it knew.
The process also holds the payroll system that gets the organisations' webhooks.
"""

from __future__ import annotations

import asyncio
import csv
import random
import signal
import sys
from collections import deque
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from device_bridge.simulator.csv_files import read_log
from device_bridge.simulator.memory import SimulatedPunch
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.terminal_clock import TerminalClock
from punctual.demo import cues, receiver
from punctual.demo.cast import COMPANIES, ClockRole, Company, Person
from punctual.demo.clock_people import Clock, memory_of, remembered, users_of
from punctual.demo.history import FINGER, IN, OUT, history, on_shift

LIVE_SECONDS = (3.0, 8.0)
LOOK_SECONDS = 0.5
POLL_SECONDS = 2.0


class Scene(BaseModel):
    """Where the clocks stand: push addresses by slug, ports of pull clocks by serial, the port for webhooks."""

    model_config = ConfigDict(extra="forbid")

    folder: Path
    ca_file: Path
    push_urls: dict[str, str]
    ports: dict[str, int]
    webhook_port: int


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
    clocks = {clock.serial: clock for _, several in troupes for clock in several}
    payroll = await receiver.listen(scene.webhook_port, scene.folder / "webhooks.jsonl")
    for serial, clock in clocks.items():
        if isinstance(clock, TerminalClock):
            await clock.start("127.0.0.1", scene.ports[serial])
        else:
            await clock.start()
    tasks = [asyncio.create_task(_live(scene, company, several)) for company, several in troupes]
    tasks.append(asyncio.create_task(_heed(scene, clocks)))
    await over.wait()
    for task in tasks:
        task.cancel()
    payroll.close()
    await asyncio.gather(*(clock.stop() for clock in clocks.values()))


def _log_file(scene: Scene, serial: str) -> Path:
    return scene.folder / f"{serial}.csv"


def _people_file(scene: Scene, serial: str) -> Path:
    return scene.folder / f"{serial}.people.json"


def _clock(scene: Scene, company: Company, role: ClockRole) -> Clock:
    """A clock with whom it knows, and its log: the kept one, else the history."""
    path = _log_file(scene, role.serial)
    if not path.exists():
        index = company.clocks.index(role)
        now = datetime.now(ZoneInfo(company.zone))
        lines = [punch for punch in history(company, now) if punch.clock == index]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows((line.pin, line.local_time, line.status, line.verify) for line in lines)
    memory = remembered(company, role, _people_file(scene, role.serial))
    log = read_log(path)
    if role.connection == "pull":
        return TerminalClock(
            role.serial,
            profile=role.profile,
            users=users_of(memory),
            log=log,
            zone=company.zone,
            clock_offset=role.wrong_by,
        )
    return PushClock(
        scene.push_urls[company.slug],
        role.serial,
        profile=role.profile,
        users=users_of(memory),
        templates=memory.templates,
        log=log,
        ca_file=scene.ca_file,
        error_delay=2,
        poll_seconds=POLL_SECONDS,
    )


async def _live(scene: Scene, company: Company, clocks: list[Clock]) -> None:
    """Every few seconds one of those on shift comes or goes, in turn; when nobody is on shift, anybody."""
    inside = _inside(company, clocks)
    lately: deque[Person] = deque(maxlen=4)  # nobody comes and goes within seconds
    while True:
        await asyncio.sleep(random.uniform(*LIVE_SECONDS))
        now = datetime.now(ZoneInfo(company.zone))
        there = [each for each in company.people if on_shift(each, now)] or company.people
        person = random.choice([each for each in there if each not in lately])
        lately.append(person)
        clock = clocks[person.clock]
        if not clock.ready:
            continue  # it has not learnt its time zone yet
        status = OUT if person.badge_number in inside else IN
        inside ^= {person.badge_number}
        _keep(scene, clock.serial, clock.punch(person.badge_number, status=status, verify=FINGER))


def _inside(company: Company, clocks: list[Clock]) -> set[str]:
    """Whose last punch of today was on the way in."""
    today = f"{datetime.now(ZoneInfo(company.zone)).date()}"
    lines = sorted((line for clock in clocks for line in clock.log), key=lambda line: line.local_time)
    last = {line.pin: line for line in lines if line.local_time.startswith(today)}
    return {pin for pin, line in last.items() if line.status == IN}


async def _heed(scene: Scene, clocks: dict[str, Clock]) -> None:
    """Act on cues, and keep whom the clocks know."""
    kept: dict[str, str] = {}
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for path in cues.waiting(scene.folder):
            cue = cues.read(path)
            clock = clocks[cue.serial]
            if cue.what == "punch":
                _keep(scene, cue.serial, clock.punch(cue.pin, cue.local_time, status=cue.status, verify=FINGER))
            elif isinstance(clock, PushClock) and cue.pin in clock.users:
                user = clock.users[cue.pin]
                user.name = cue.name
                clock.report_users([user])
            path.unlink()
        for serial, clock in clocks.items():
            text = memory_of(clock).model_dump_json()
            if kept.get(serial) != text:
                path = _people_file(scene, serial)
                path.with_suffix(".part").write_text(text)
                path.with_suffix(".part").rename(path)
                kept[serial] = text


def _keep(scene: Scene, serial: str, punch: SimulatedPunch) -> None:
    with _log_file(scene, serial).open("a", newline="") as file:
        csv.writer(file).writerow((punch.pin, punch.local_time, punch.status, punch.verify))


if __name__ == "__main__":
    main()
