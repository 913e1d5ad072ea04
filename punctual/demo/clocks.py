"""The demo's clocks: one process with all of them, each with its users and its log, and punches every few seconds.

Run as ``python -m punctual.demo.clocks FILE``, where FILE is a JSON document of `ClocksConfig`. A clock's log
is kept in a CSV file beside it and its users in a JSON file, so that both survive a restart. The process also holds the
payroll system that receives the organisations' webhooks.
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
from punctual.demo import webhook_receiver
from punctual.demo.clock_events import ClockEvent, pending_events
from punctual.demo.clock_users import Clock, load_users, simulated_users, users_of
from punctual.demo.companies import COMPANIES, ClockFacts, Company, Person
from punctual.demo.history import FINGER, IN, OUT, history, on_shift

LIVE_SECONDS = (3.0, 8.0)
LOOK_SECONDS = 0.5
POLL_SECONDS = 2.0


class ClocksConfig(BaseModel):
    """Push addresses by slug, ports of pull clocks by serial, and the port for webhooks."""

    model_config = ConfigDict(extra="forbid")

    folder: Path
    ca_file: Path
    push_urls: dict[str, str]
    ports: dict[str, int]
    webhook_port: int


def main() -> None:
    """Run the clocks until SIGTERM."""
    config = ClocksConfig.model_validate_json(Path(sys.argv[1]).read_text())
    asyncio.run(run_clocks(config))


async def run_clocks(config: ClocksConfig) -> None:
    """Start all clocks, let people punch until a signal, and stop the clocks."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    groups = [(company, [_clock(config, company, role) for role in company.clocks]) for company in COMPANIES]
    clocks = {clock.serial: clock for _, several in groups for clock in several}
    payroll = await webhook_receiver.listen(config.webhook_port, config.folder / "webhooks.jsonl")
    for serial, clock in clocks.items():
        if isinstance(clock, TerminalClock):
            await clock.start("127.0.0.1", config.ports[serial])
        else:
            await clock.start()
    tasks = [asyncio.create_task(_punch_live(config, company, several)) for company, several in groups]
    tasks.append(asyncio.create_task(_handle_events(config, clocks)))
    await stopping.wait()
    for task in tasks:
        task.cancel()
    payroll.close()
    await asyncio.gather(*(clock.stop() for clock in clocks.values()))


def _log_file(config: ClocksConfig, serial: str) -> Path:
    return config.folder / f"{serial}.csv"


def _people_file(config: ClocksConfig, serial: str) -> Path:
    return config.folder / f"{serial}.people.json"


def _clock(config: ClocksConfig, company: Company, role: ClockFacts) -> Clock:
    """A clock with its users and its log: the stored one, else the generated history."""
    path = _log_file(config, role.serial)
    if not path.exists():
        index = company.clocks.index(role)
        now = datetime.now(ZoneInfo(company.zone))
        lines = [punch for punch in history(company, now) if punch.clock == index]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows((line.pin, line.local_time, line.status, line.verify) for line in lines)
    memory = load_users(company, role, _people_file(config, role.serial))
    log = read_log(path)
    if role.connection == "pull":
        return TerminalClock(
            role.serial,
            profile=role.profile,
            users=simulated_users(memory),
            log=log,
            zone=company.zone,
            clock_offset=role.wrong_by,
        )
    return PushClock(
        config.push_urls[company.slug],
        role.serial,
        profile=role.profile,
        users=simulated_users(memory),
        templates=memory.templates,
        log=log,
        ca_file=config.ca_file,
        error_delay=2,
        poll_seconds=POLL_SECONDS,
    )


async def _punch_live(config: ClocksConfig, company: Company, clocks: list[Clock]) -> None:
    """Every few seconds somebody on shift punches in or out; when nobody is on shift, anybody does."""
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
            continue  # the server has not told it its time zone yet
        status = OUT if person.badge_number in inside else IN
        inside ^= {person.badge_number}
        _append_to_log(config, clock.serial, clock.punch(person.badge_number, status=status, verify=FINGER))


def _inside(company: Company, clocks: list[Clock]) -> set[str]:
    """PINs whose last punch of today was IN."""
    today = f"{datetime.now(ZoneInfo(company.zone)).date()}"
    lines = sorted((line for clock in clocks for line in clock.log), key=lambda line: line.local_time)
    last = {line.pin: line for line in lines if line.local_time.startswith(today)}
    return {pin for pin, line in last.items() if line.status == IN}


async def _handle_events(config: ClocksConfig, clocks: dict[str, Clock]) -> None:
    """Act on queued events, and store the clocks' users when they change."""
    stored: dict[str, str] = {}
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for path in pending_events(config.folder):
            event = ClockEvent.model_validate_json(path.read_text())
            clock = clocks[event.serial]
            if event.kind == "punch":
                _append_to_log(
                    config, event.serial, clock.punch(event.pin, event.local_time, status=event.status, verify=FINGER)
                )
            elif isinstance(clock, PushClock) and event.pin in clock.users:
                user = clock.users[event.pin]
                user.name = event.name
                clock.report_users([user])
            path.unlink()
        for serial, clock in clocks.items():
            text = users_of(clock).model_dump_json()
            if stored.get(serial) != text:
                path = _people_file(config, serial)
                path.with_suffix(".part").write_text(text)
                path.with_suffix(".part").rename(path)
                stored[serial] = text


def _append_to_log(config: ClocksConfig, serial: str, punch: SimulatedPunch) -> None:
    with _log_file(config, serial).open("a", newline="") as file:
        csv.writer(file).writerow((punch.pin, punch.local_time, punch.status, punch.verify))


if __name__ == "__main__":
    main()
