"""A fleet of clocks on bad lines against a real bridge: the ledger and the back end agree to the last punch."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device_bridge.simulator.command import app
from device_bridge.simulator.faults import Faults, parse_faults
from device_bridge.simulator.fleet import Fleet, FleetPlan
from device_bridge.simulator.judge import judge
from device_bridge.simulator.ledger import LedgerRow, read_ledger
from tests.device_bridge.conftest import Bridge, eventually

PROFILES = ("att-2.4", "att-legacy", "att-bio", "acc-3.1")
ALL_FAULTS = "drop=0.05,lost-ack=0.1,delay=0.02,corrupt=0.1,reset=0.03,truncate=0.05,garbage=0.05,reboot=0.01"


def plan(bridge: Bridge, ledger: Path, **more: object) -> FleetPlan:
    values = {
        "url": bridge.url,
        "clocks": 30,
        "punches_per_second": 150.0,
        "seconds": 2.0,
        "seed": 20261122,
        "ledger": ledger,
        "profiles": PROFILES,
        "error_delay": 0.05,
        "poll_seconds": 0.5,
        "patience": 40.0,
    }
    return FleetPlan(**{**values, **more})  # type: ignore[arg-type]


def vars_of(faults: Faults) -> list[str]:
    return [field.name for field in fields(faults)]


def stored(bridge: Bridge) -> list[LedgerRow]:
    return [LedgerRow(*key) for key in bridge.backend.punches]


async def test_nothing_is_lost_doubled_or_altered(bridge: Bridge, tmp_path: Path) -> None:
    faults = parse_faults(ALL_FAULTS)
    fleet = Fleet(plan(bridge, tmp_path / "ledger.csv", faults=faults))
    bridge.backend.known.update(clock.serial for clock in fleet.clocks)
    running = asyncio.create_task(fleet.run())
    await eventually(lambda: len(bridge.backend.punches) > 50, 40)
    bridge.backend.lost_answers = 10
    bridge.backend.down = True
    await eventually(lambda: fleet.waiting > 20)
    bridge.backend.down = False
    result = await running
    assert (result.ready, result.waiting) == (30, 0)
    assert result.punches > 200
    assert all(result.happened[name] for name in vars_of(faults)), result
    assert "all were taken; faults:" in str(result)
    ledger = read_ledger(tmp_path / "ledger.csv")
    assert len(ledger) == result.punches
    received = sum(len(batch.punches) for batch in bridge.backend.batches)
    assert received > result.punches, "lost answers make clocks say things twice"
    assert bridge.backend.rejected, "the corrupt lines"
    verdict = judge(ledger, stored(bridge))
    assert verdict.clean, verdict.differences()[:5]
    bridge.backend.punches.popitem()
    assert str(judge(ledger, stored(bridge))) == "lost 1 doubled 0 altered 0"


async def test_the_same_seed_makes_the_same_choices(bridge: Bridge, tmp_path: Path) -> None:
    choices = []
    for name in ("one", "two"):
        fleet = Fleet(plan(bridge, tmp_path / name, clocks=3, punches_per_second=40.0, seconds=0.5))
        bridge.backend.known.update(clock.serial for clock in fleet.clocks)
        result = await fleet.run()
        assert result.waiting == 0
        choices.append([(row.serial, row.pin, row.status) for row in read_ledger(tmp_path / name)])
    assert len(choices[0]) > 10
    common = min(len(each) for each in choices)
    assert choices[0][:common] == choices[1][:common]


async def test_clocks_that_are_not_admitted_do_not_punch(bridge: Bridge, tmp_path: Path) -> None:
    said: list[str] = []
    fleet = Fleet(plan(bridge, tmp_path / "ledger.csv", clocks=2, seconds=0.3, patience=5.0), said.append)
    bridge.backend.known.add("FLEET0001")
    result = await fleet.run()
    assert (result.ready, result.waiting) == (1, 0)
    assert {row.serial for row in read_ledger(tmp_path / "ledger.csv")} == {"FLEET0001"}
    assert said[0].startswith("FLEET0002: is not admitted; ")
    assert "403" in said[0]


async def test_clocks_come_back_with_what_they_held(bridge: Bridge, tmp_path: Path) -> None:
    more = {"clocks": 5, "punches_per_second": 1.0, "seconds": 0.05, "burst": 1500, "burst_seconds": 0.5}
    fleet = Fleet(plan(bridge, tmp_path / "ledger.csv", **more))
    bridge.backend.known.update(clock.serial for clock in fleet.clocks)
    result = await fleet.run()
    assert (result.waiting, result.punches >= 1500) == (0, True)
    assert {len(clock.log) >= 300 for clock in fleet.clocks} == {True}
    assert judge(read_ledger(tmp_path / "ledger.csv"), stored(bridge)).clean


async def test_halting_ends_the_punching_but_loses_nothing(bridge: Bridge, tmp_path: Path) -> None:
    fleet = Fleet(plan(bridge, tmp_path / "ledger.csv", clocks=3, seconds=60.0))
    bridge.backend.known.update(clock.serial for clock in fleet.clocks)
    running = asyncio.create_task(fleet.run())
    await eventually(lambda: bridge.backend.punches)
    fleet.halt()
    result = await asyncio.wait_for(running, 10)
    assert result.waiting == 0
    assert judge(read_ledger(tmp_path / "ledger.csv"), stored(bridge)).clean


async def test_the_command(bridge: Bridge, tmp_path: Path) -> None:
    bridge.backend.known.update(("X0001", "X0002"))
    arguments = f"fleet --url {bridge.url} --ledger {tmp_path / 'l.csv'} --clocks 2 --punches-per-second 20"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from device_bridge.simulator.command import app; app()"),
        *arguments.split(),
        *("--seconds", "0.5", "--serial-prefix", "X", "--fault", "lost-ack=0.2", "--error-delay", "0.05"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    lines = output.decode().splitlines()
    assert process.returncode == 0
    assert lines[0] == f"2 clocks call {bridge.url}, seed 1"
    assert lines[-1].startswith("2 clocks made ")
    assert judge(read_ledger(tmp_path / "l.csv"), stored(bridge)).clean


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--fault", "flood=1"], "There is no fault 'flood': choose from corrupt, delay, drop, garbage, lost-ack"),
        (["--fault", "drop=2"], "from 0 to 1, not '2'"),
        (["--fault", "drop"], "from 0 to 1, not ''"),
        (["--profile", "zk9"], "There is no profile 'zk9'"),
        (["--url", "nowhere"], "is no address"),
        (["--ledger", "/nowhere/ledger.csv"], "/nowhere/ledger.csv"),
    ],
)
def test_refusals(arguments: list[str], reason: str, tmp_path: Path) -> None:
    usual = ["fleet", "--url", "http://127.0.0.1:1", "--ledger", str(tmp_path / "l.csv"), "--clocks", "1"]
    result = CliRunner().invoke(app, [*usual, *arguments])
    assert result.exit_code == 2
    assert reason in result.stderr


def test_faults() -> None:
    assert parse_faults("") == Faults()
    assert parse_faults(" drop=0.01, delay=0.05,lost-ack=1") == Faults(drop=0.01, delay=0.05, lost_ack=1.0)
