"""Scenario files: what happens at simulated clocks, second by second, the same each time.

YAML, times in seconds from the moment a clock is ready::

    seed: 7
    steps:
      - {at: 1, punch: "17", status: 1}
      - {at: 2, punches: 20, over: 5}            # people it knows, chosen by the seed
      - {at: 3, enrol: "17", kind: finger, number: 6}
      - {at: 4, fault: "drop=0.2,lost-ack=0.1"}  # until the next fault; "" is a good line
      - {at: 6, offline: true}
      - {at: 9, online: true, clocks: [FLEET0001]}
      - {at: 12, reboot: true}

Without ``clocks`` a step is for all of them. A clock takes part by a `ScenarioClock`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from device_bridge.simulator.memory import Announce, silent

ACTS = ("punch", "punches", "enrol", "fault", "offline", "online", "reboot")
DETAILS = {"punch": ("status",), "punches": ("over",), "enrol": ("kind", "number")}
KINDS = ("finger", "face", "palm")
LONGEST, MOST = 86_400.0, 100_000


class BadScenario(ValueError):
    """One sentence that names the file, the step and the reason."""


class ScenarioClock(Protocol):
    """A clock as a scenario sees it. What a clock cannot do raises `ValueError` with one sentence."""

    @property
    def serial(self) -> str:
        """Its serial number."""

    def known(self) -> Sequence[str]:
        """PINs of people who may punch."""

    def punch(self, pin: str, status: int) -> None:
        """Somebody punches now."""

    async def capture(self, pin: str, kind: str, number: int) -> None:
        """Capture somebody's finger, face or palm."""

    def fault(self, text: str) -> None:
        """From now on this goes wrong; see `device_bridge.simulator.faults`."""

    def connect(self, plugged: bool) -> None:
        """Plug the cable in or out."""

    def reboot(self) -> None:
        """Power off and on."""


@dataclass(frozen=True, slots=True)
class Step:
    """``what`` is one of `ACTS`; ``clocks`` empty = all."""

    at: float
    what: str
    value: str
    clocks: tuple[str, ...] = ()
    status: int = 0
    over: float = 0.0
    kind: str = "finger"
    number: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps in the order of their times."""

    seed: int
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        """When the last step is over."""
        return max((step.at + step.over for step in self.steps), default=0.0)


def read_scenario(path: Path, seed: int | None = None) -> Scenario:
    """A scenario file; ``seed`` replaces the file's own. Raises `BadScenario`."""
    import yaml  # only here: a clock without a scenario need not have it in memory

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadScenario(f"{path}: cannot be read ({' '.join(str(error).split())[:200]})") from error
    try:
        return scenario_of(document, seed)
    except BadScenario as error:
        raise BadScenario(f"{path}: {error}") from error


def scenario_of(document: object, seed: int | None = None) -> Scenario:
    """From a document as YAML gives it. Raises `BadScenario`."""
    if not isinstance(document, dict) or set(document) - {"seed", "steps"}:
        raise BadScenario("a scenario has a seed and steps")
    own, steps = document.get("seed", 1), document.get("steps")
    if not isinstance(own, int) or isinstance(own, bool) or not isinstance(steps, list) or not steps:
        raise BadScenario("the seed is a number and steps is a list")
    read = [_step(number, each) for number, each in enumerate(steps, start=1)]
    return Scenario(own if seed is None else seed, tuple(sorted(read, key=lambda step: step.at)))


async def play(scenario: Scenario, stages: Sequence[ScenarioClock], announce: Announce = silent) -> None:
    """Let it happen; returns when the last step is over. A step that a clock cannot do is said and left out."""
    timetable = [(at, stage, step, pin, status) for stage in stages for at, step, pin, status in _acts(scenario, stage)]
    timetable.sort(key=lambda act: act[0])
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as captures:
        for at, stage, step, pin, status in timetable:
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            try:
                if step.what == "enrol":
                    captures.create_task(_take_finger(stage, step, announce))
                else:
                    _act(stage, step, pin, status)
            except ValueError as error:
                announce(f"{stage.serial}: {error}")
    await asyncio.sleep(max(0.0, began + scenario.seconds - loop.time()))


def _acts(scenario: Scenario, stage: ScenarioClock) -> list[tuple[float, Step, str, int]]:
    """What happens at one clock and when; the choices come from the seed, the clock and the step alone."""
    acts: list[tuple[float, Step, str, int]] = []
    for number, step in enumerate(scenario.steps):
        if step.clocks and stage.serial not in step.clocks:
            continue
        if step.what != "punches":
            acts.append((step.at, step, step.value, step.status))
            continue
        chance = random.Random(f"{scenario.seed} {stage.serial} {number}")
        people = list(stage.known())
        for _ in range(int(step.value) if people else 0):
            acts.append((step.at + chance.uniform(0, step.over), step, chance.choice(people), chance.choice((0, 1))))
    return acts


def _act(stage: ScenarioClock, step: Step, pin: str, status: int) -> None:
    match step.what:
        case "punch" | "punches":
            stage.punch(pin, status)
        case "fault":
            stage.fault(step.value)
        case "offline" | "online":
            stage.connect(step.what == "online")
        case "reboot":
            stage.reboot()


async def _take_finger(stage: ScenarioClock, step: Step, announce: Announce) -> None:
    try:
        await stage.capture(step.value, step.kind, step.number)
    except ValueError as error:
        announce(f"{stage.serial}: {error}")


def _step(number: int, said: object) -> Step:
    if not isinstance(said, dict):
        raise BadScenario(f"step {number} is no list of names and values")
    acts = [name for name in ACTS if name in said]
    if len(acts) != 1:
        raise BadScenario(f"step {number} does exactly one of {', '.join(ACTS)}")
    (what,) = acts
    if unknown := set(said) - {"at", what, "clocks", *DETAILS.get(what, ())}:
        raise BadScenario(f"step {number} has no place for {', '.join(sorted(map(str, unknown)))}")
    clocks = said.get("clocks", [])
    if not isinstance(clocks, list) or not all(isinstance(each, str) for each in clocks):
        raise BadScenario(f"step {number}: clocks is a list of serial numbers")
    kind = said.get("kind", "finger")
    if kind not in KINDS:
        raise BadScenario(f"step {number}: kind is one of {', '.join(KINDS)}")
    return Step(
        at=_seconds(number, said, "at"),
        what=what,
        value=_value(number, what, said[what]),
        clocks=tuple(clocks),
        status=_whole(number, said, "status", 255),
        over=_seconds(number, said, "over") if "over" in said else 0.0,
        kind=str(kind),
        number=_whole(number, said, "number", 9),
    )


def _value(number: int, what: str, value: object) -> str:
    match what:
        case "punch" | "enrol" if isinstance(value, (str, int)) and not isinstance(value, bool):
            if 0 < len(str(value)) <= 24 and str(value).isprintable():
                return str(value)
            raise BadScenario(f"step {number}: {what} names a PIN of 1 to 24 characters")
        case "punches" if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST:
            return str(value)
        case "fault" if isinstance(value, str):
            return value
        case "offline" | "online" | "reboot" if value is True:
            return ""
    raise BadScenario(f"step {number}: {what} cannot be {value!r}")


def _seconds(number: int, said: Mapping[Any, Any], name: str) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise BadScenario(f"step {number}: {name} is a number of seconds from 0 to {LONGEST:.0f}")
    return float(value)


def _whole(number: int, said: Mapping[Any, Any], name: str, largest: int) -> int:
    value = said.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
        raise BadScenario(f"step {number}: {name} is a number from 0 to {largest}")
    return value
