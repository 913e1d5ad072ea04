"""Links cut and programs killed at random for three minutes: lost 0, doubled 0, altered 0, stuck 0.

The seed is printed; ``PUNCTUAL_CHAOS_SEED`` plays the same choices again and ``PUNCTUAL_CHAOS_SECONDS`` changes the
length. (What is under way at the moment of a kill also depends on the machine.)
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from control_plane.local.home import Home, free_ports
from control_plane.local.platform import Platform
from device_bridge.simulator.faults import Faults
from device_bridge.simulator.fleet import Fleet, FleetPlan
from device_bridge.simulator.judge import judge, read_organisation
from device_bridge.simulator.ledger import Ledger, LedgerRow, read_ledger
from device_bridge.simulator.terminal_clock import TerminalClock
from tests.conftest import DEVICE_NETWORKS, new_home
from tests.end_to_end.chaos.links import Link
from tests.end_to_end.chaos.reaper import Reaper
from tests.end_to_end.test_platform import punctual
from tests.operator import Client, Operator, until

SECONDS = float(os.environ.get("PUNCTUAL_CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("PUNCTUAL_CHAOS_SEED") or random.SystemRandom().randint(1, 999_999))
SLUG = "chaos"
PUSH_CLOCKS, PUNCHES_PER_SECOND, PEOPLE = 40, 20.0, 60
PULL_PROFILES = ("zk8", "zk8-1008", "slow")
RECOVERY_SECONDS = 90


@pytest.fixture
def chaos_platform() -> Iterator[Platform]:
    """A platform of its own, whose keeper brings back what is killed."""
    home = new_home()
    started = punctual(home, "up", port=free_ports(1)[0])
    assert started.returncode == 0, started.stderr
    platform = Platform(Home(home), device_networks=DEVICE_NETWORKS)
    platform.open(platform.home.load())
    yield platform
    punctual(home, "down", "--erase")
    shutil.rmtree(home.parent)


@pytest.mark.chaos
async def test_nothing_is_lost_while_everything_is_killed(
    chaos_platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    with capsys.disabled():
        print(f"\nchaos: seed {SEED}, {SECONDS:.0f} s", flush=True)
    operator = Operator.of(chaos_platform)
    async with operator.console() as console:
        await operator.onboard(console, SLUG, zone="Asia/Kathmandu")
        client = await operator.client(console, SLUG)
    clocks = [
        TerminalClock(f"PULL{number}", profile=profile, zone="Asia/Kathmandu")
        for number, profile in enumerate(PULL_PROFILES)
    ]
    for clock in clocks:
        await clock.start()
    links = [await Link(clock.port, random.Random(f"{SEED} {clock.serial}")).__aenter__() for clock in clocks]
    reaper = Reaper(chaos_platform, f"org-{SLUG}", random.Random(f"{SEED} reaper"))
    ledger = tmp_path / "ledger.csv"
    try:
        fleet = Fleet(_plan(client, operator.ca_file, ledger))
        await _introduce(operator, client, [clock.serial for clock in fleet.clocks], clocks, links)
        punching = asyncio.create_task(fleet.run())
        _, _, _, result = await asyncio.gather(
            reaper.reap(SECONDS),
            _cut(links, chance, SECONDS),
            _punch_at_terminals(clocks, tmp_path / "terminals.csv", random.Random(f"{SEED} people"), SECONDS),
            punching,
        )
        made = [*read_ledger(ledger), *read_ledger(tmp_path / "terminals.csv")]
        seen: dict[str, Any] = {}

        async def clean() -> bool:
            try:
                seen["verdict"], seen["stuck"] = await _look(operator, client, made)
            except (httpx.HTTPError, AssertionError):
                return False  # still coming back
            return seen["verdict"].clean and not seen["stuck"]

        try:
            await until(clean, seconds=RECOVERY_SECONDS, every=2.0, what="everything stored and counted")
        finally:
            verdict, stuck = seen.get("verdict", "no verdict"), seen.get("stuck", [])
            killed = ", ".join(f"{name} {count}" for name, count in sorted(reaper.killed.items()))
            with capsys.disabled():
                print(
                    f"chaos: {len(made)} punches; {verdict} stuck {len(stuck)}; {sum(link.cuts for link in links)} "
                    f"links cut, killed: {killed}; {result}",
                    flush=True,
                )
        assert result.waiting == 0
        assert set(reaper.killed) >= {"database", "backend", "worker", "device-bridge"} or SECONDS < 120
    finally:
        for link in links:
            await link.__aexit__()
        for clock in clocks:
            await clock.stop()


def _plan(client: Client, ca_file: Path, ledger: Path) -> FleetPlan:
    return FleetPlan(
        url=client.push_url,
        clocks=PUSH_CLOCKS,
        punches_per_second=PUNCHES_PER_SECOND,
        seconds=SECONDS,
        seed=SEED,
        ledger=ledger,
        serial_prefix="CHAOS",
        profiles=("att-2.4", "att-legacy", "acc-3.1"),
        people=PEOPLE,
        faults=Faults(drop=0.02, lost_ack=0.02, delay=0.02, corrupt=0.01),
        ca_file=ca_file,
        error_delay=1.0,
        poll_seconds=5.0,
        patience=RECOVERY_SECONDS,
    )


async def _introduce(
    operator: Operator, client: Client, serials: list[str], clocks: list[TerminalClock], links: list[Link]
) -> None:
    """Clocks are added by serial, and half of the people are known: the others' punches must be kept all the same."""
    devices: list[dict[str, str | int]] = [
        {"device_serial": serial, "name": serial, "connection": "push"} for serial in serials
    ]
    devices += [
        {
            "device_serial": clock.serial,
            "name": clock.serial,
            "connection": "pull",
            "ip_address": "127.0.0.1",
            "port": link.port,
        }
        for clock, link in zip(clocks, links, strict=True)
    ]
    async with operator.tenant(client) as api:
        for device in devices:
            answer = await api.post("/api/devices", json=device)
            assert answer.status_code == 201, answer.text
        for number in range(1, PEOPLE // 2 + 1):
            answer = await api.post("/api/staff", json={"employee_id": str(number), "name": f"Person {number}"})
            assert answer.status_code == 201, answer.text


async def _cut(links: list[Link], chance: random.Random, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    while (left := over - loop.time()) > 0:
        await asyncio.sleep(min(left, chance.uniform(1.0, 6.0)))
        chance.choice(links).cut()


async def _punch_at_terminals(clocks: list[TerminalClock], path: Path, chance: random.Random, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    used: set[LedgerRow] = set()
    with Ledger(path) as ledger:
        while (left := over - loop.time()) > 0:
            await asyncio.sleep(min(left, chance.uniform(0.2, 1.0)))
            clock = chance.choice(clocks)
            row = LedgerRow(clock.serial, str(chance.randint(1, PEOPLE)), clock.local_time(), chance.choice((0, 1)))
            if row not in used:
                used.add(row)
                ledger.write([row])
                clock.punch(row.pin, row.local_time, status=row.status)


async def _look(operator: Operator, client: Client, made: list[LedgerRow]) -> tuple[Any, list[tuple[str, str]]]:
    """The judge's verdict, and the days of known people that have punches and no record: those are stuck."""
    async with operator.tenant(client) as api:
        stored, quarantined = await read_organisation(api, client.api_url)
        records: set[tuple[str, str]] = set()
        query: dict[str, str | int] = {"limit": 200}
        while True:
            page = (await api.get("/api/attendance/records", params=query)).json()
            records |= {(item["employee_id"], item["work_date"]) for item in page["items"] if item["punch_count"]}
            if not page["next_cursor"]:
                break
            query["cursor"] = page["next_cursor"]
    known = {str(number) for number in range(1, PEOPLE // 2 + 1)}
    expected = {(row.pin, row.local_time[:10]) for row in made if row.pin in known}
    return judge(made, stored, quarantined), sorted(expected - records)
