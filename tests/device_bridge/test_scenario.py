"""Scenario files: read strictly, played the same each time, by clocks of both roads and by a fleet."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
import yaml

from device_bridge.simulator.fleet import Fleet, FleetPlan
from device_bridge.simulator.judge import judge
from device_bridge.simulator.ledger import LedgerRow, read_ledger
from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.scenario import BadScenario, Scenario, play, read_scenario, scenario_of
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_scenario import TerminalScenarioClock
from device_bridge.terminal.frames import Command, Frame
from tests.device_bridge.conftest import Bridge, eventually

DAY = """
seed: 7
steps:
  - {at: 0.05, punch: "17", status: 1}
  - {at: 0.1, fault: "lost-ack=0.3,corrupt=0.3,truncate=0.2"}
  - {at: 0.1, punches: 30, over: 0.5}
  - {at: 0.3, offline: true, clocks: [S1]}
  - {at: 0.5, online: true}
  - {at: 0.6, reboot: true}
  - {at: 0.65, enrol: 17, kind: finger, number: 6}
  - {at: 0.7, fault: ""}
  - {at: 0.8, punch: "18"}
"""


class Recorder:
    """A stage that writes down what happens, and can enrol nobody."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.seen: list[str] = []

    def known(self) -> list[str]:
        return ["1", "2", "3"]

    def punch(self, pin: str, status: int) -> None:
        self.seen.append(f"punch {pin} {status}")

    async def capture(self, pin: str, kind: str, number: int) -> None:
        raise ValueError(f"no reader for {kind} {number} of {pin}")

    def fault(self, text: str) -> None:
        self.seen.append(f"fault {text}")

    def connect(self, plugged: bool) -> None:
        self.seen.append("online" if plugged else "offline")

    def reboot(self) -> None:
        self.seen.append("reboot")


def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.yaml"
    path.write_text(DAY)
    return path


async def test_the_same_file_is_played_the_same(tmp_path: Path) -> None:
    scenario = read_scenario(day(tmp_path))
    assert scenario.seconds == 0.8
    said: list[str] = []
    played = []
    for _ in range(2):
        one, other = Recorder("S1"), Recorder("S2")
        await play(scenario, [one, other], said.append)
        played.append((one.seen, other.seen))
    assert played[0] == played[1]
    one_seen, other_seen = played[0]
    assert len([each for each in one_seen if each.startswith("punch")]) == 32
    assert "offline" in one_seen
    assert "offline" not in other_seen, "only for the clocks that the step names"
    assert one_seen != other_seen, "each clock has its own people"
    assert said[0] == "S1: no reader for finger 6 of 17"
    assert read_scenario(day(tmp_path), seed=8) == Scenario(8, scenario.steps)


BAD = {
    "no document": ("", "a seed and steps"),
    "no YAML": ("steps: [", "cannot be read"),
    "something else": ("steps: [{at: 1, punch: '1'}]\nspeed: 2", "a seed and steps"),
    "no steps": ("seed: 1\nsteps: []", "steps is a list"),
    "a word": ("steps: [punch]", "step 1 is no list of names"),
    "nothing to do": ("steps: [{at: 1}]", "exactly one of punch"),
    "two things": ("steps: [{at: 1, punch: '1', reboot: true}]", "exactly one of"),
    "no time": ("steps: [{punch: '1'}]", "at is a number of seconds"),
    "a negative time": ("steps: [{at: -1, punch: '1'}]", "at is a number of seconds"),
    "no number": ("steps: [{at: 1, punch: '1', status: x}]", "status is a number from 0 to 255"),
    "an odd detail": ("steps: [{at: 1, reboot: true, over: 2}]", "no place for over"),
    "an empty PIN": ("steps: [{at: 1, punch: ''}]", "1 to 24 characters"),
    "too many": ("steps: [{at: 1, punches: 1000000}]", "punches cannot be 1000000"),
    "an odd kind": ("steps: [{at: 1, enrol: '1', kind: nose}]", "finger, face, palm"),
    "no list": ("steps: [{at: 1, punch: '1', clocks: S1}]", "list of serial numbers"),
    "not true": ("steps: [{at: 1, offline: 3}]", "offline cannot be 3"),
    "code": ("steps: !!python/object/apply:os.system ['true']", "cannot be read"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_a_sentence(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(BadScenario, match=reason) as refused:
        read_scenario(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="cannot be read"):
        read_scenario(tmp_path / "nowhere.yaml")


async def test_a_fleet_plays_it_and_loses_nothing(bridge: Bridge, tmp_path: Path) -> None:
    scenario = scenario_of(
        {
            "seed": 3,
            "steps": [
                {"at": 0.1, "fault": "lost-ack=0.3,drop=0.2,truncate=0.2"},
                {"at": 0.1, "punches": 10, "over": 1.0},
                {"at": 0.3, "offline": True},
                {"at": 0.7, "online": True},
                {"at": 0.8, "reboot": True},
                {"at": 0.9, "fault": ""},
                {"at": 0.9, "enrol": "5", "number": 2, "clocks": ["FLEET0001"]},
                {"at": 1.2, "offline": True},
            ],
        }
    )
    plan = FleetPlan(
        url=bridge.url,
        clocks=6,
        punches_per_second=10,
        seconds=1.5,
        seed=3,
        ledger=tmp_path / "ledger.csv",
        error_delay=0.05,
        poll_seconds=0.3,
        patience=20,
        burst=120,
        scenario=scenario,
    )
    bridge.backend.known.update(plan.serials())
    result = await Fleet(plan).run()
    assert (result.ready, result.waiting) == (6, 0)
    assert result.punches > 60 + 120
    assert result.happened["lost_ack"]
    assert judge(read_ledger(plan.ledger), [LedgerRow(*key) for key in bridge.backend.punches]).clean
    assert ("5", "FINGERPRINT", 2, 0) in bridge.backend.templates["FLEET0001"]


async def played(*arguments: str) -> tuple[asyncio.subprocess.Process, list[str]]:
    """A clock by command, once its scenario is over, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from device_bridge.simulator.command import app; app()"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said: list[str] = []
    async with asyncio.timeout(40):
        while not said or "the scenario is over" not in said[-1]:
            said.append((await process.stdout.readline()).decode().strip())
    return process, said


async def test_one_clock_plays_it_by_command(bridge: Bridge, tmp_path: Path) -> None:
    bridge.backend.known.add("S1")
    process, said = await played("push", "--url", bridge.url, "--serial", "S1", "--scenario", str(day(tmp_path)))
    assert said[0] == f"S1: calling {bridge.url}, 0 users, 0 punches, seed 7"
    await eventually(lambda: bridge.backend.stored("S1") >= 2, 20)
    await eventually(lambda: bridge.backend.templates["S1"], 20)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


TERMINAL_DAY = """
seed: 7
steps:
  - {at: 0.1, punch: "17", status: 1}
  - {at: 0.1, punches: 30, over: 0.5}
  - {at: 0.2, fault: "checksum=0.5"}
  - {at: 0.3, enrol: 17, kind: finger, number: 6}
  - {at: 0.3, enrol: 17, kind: face}
  - {at: 0.4, offline: true}
  - {at: 0.8, online: true}
  - {at: 0.9, fault: ""}
  - {at: 1.0, reboot: true}
"""


async def test_a_pull_clock_plays_it() -> None:
    said: list[str] = []
    clock = TerminalClock("T1", users=[SimulatedUser("17"), SimulatedUser("18")], announce=said.append, seed=7)
    await clock.start()
    port = clock.port

    async def answers() -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return False
        writer.write(Frame(Command.CONNECT, 0, 0).stream())
        answer = await reader.read(16)
        writer.close()
        return len(answer) == 16

    async def until(reachable: bool) -> None:
        for _ in range(2000):
            if await answers() is reachable:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"the clock is {'not ' if reachable else ''}to be reached for 20 s")

    try:
        day = asyncio.ensure_future(
            play(scenario_of(yaml.safe_load(TERMINAL_DAY)), [TerminalScenarioClock(clock)], said.append)
        )
        await until(True)
        await until(False)
        await until(True)
        await day
        await eventually(lambda: clock.reboots == 1)
        await until(True)
        assert len(clock.log) == 31
        assert {line.pin for line in clock.log} == {"17", "18"}
        assert list(clock.fingers) == [(1, 6)]
        assert "T1: a pull clock has no reader for a face" in said
        assert [line for line in said if "cable" in line] == ["T1: the cable is out", "T1: the cable is in"]
    finally:
        await clock.stop()


async def test_a_pull_clock_plays_it_by_command(tmp_path: Path) -> None:
    path = tmp_path / "day.yaml"
    path.write_text(TERMINAL_DAY)
    process, said = await played("terminal", "--port", "0", "--serial", "T1", "--scenario", str(path), "--seed", "9")
    assert said[0].endswith("0 users, 0 punches, seed 9")
    assert "T1: 17 punched" in said[1]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
