"""Hundreds of push clocks in one process, and a ledger of what they did.

Everything by chance comes from the seed: who punches where, and what goes wrong on which line. (When it happens also
depends on the server.) Every clock keeps a punch until the server has acknowledged it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device_bridge.records import LOCAL_TIME_FORMAT
from device_bridge.simulator.faults import Faults, FaultyLine
from device_bridge.simulator.ledger import Ledger, LedgerRow
from device_bridge.simulator.memory import Announce, silent
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_line import trust
from device_bridge.simulator.push_scenario import PushScenarioClock
from device_bridge.simulator.scenario import Scenario, play

TICK = 0.05
CROWDED = 20
REPORT_EVERY = 5.0
STARTS_PER_SECOND = 100.0


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What a fleet does. Times in seconds; serial numbers are the prefix and 0001, 0002, …

    ``burst`` punches happen at once in the middle of ``seconds``, beside the steady ones; a scenario beside both. With
    ``burst_seconds``, the burst is what clocks held back while the server was away, each coming back with its share at
    a moment of its own within so many seconds from the start.
    ``patience`` is how long clocks may take to be admitted, and then how long the last punches may take to be taken.
    """

    url: str
    clocks: int
    punches_per_second: float
    seconds: float
    seed: int
    ledger: Path
    serial_prefix: str = "FLEET"
    profiles: Sequence[str] = ("att-2.4",)
    people: int = 200
    faults: Faults = field(default_factory=Faults)
    ca_file: Path | None = None
    error_delay: float = 3.0
    poll_seconds: float | None = None
    patience: float = 120.0
    burst: int = 0
    burst_seconds: float = 0.0
    scenario: Scenario | None = None

    def serials(self) -> list[str]:
        """The serial numbers, in order."""
        return [f"{self.serial_prefix}{number:04d}" for number in range(1, self.clocks + 1)]


@dataclass(frozen=True, slots=True)
class FleetResult:
    """What a fleet did; ``waiting`` punches were not acknowledged in time."""

    ready: int
    punches: int
    waiting: int
    happened: Counter[str]

    def __str__(self) -> str:
        taken = "all were taken" if not self.waiting else f"{self.waiting} were NOT taken"
        wrong = ", ".join(f"{count} {name.replace('_', '-')}" for name, count in sorted(self.happened.items()) if count)
        return f"{self.ready} clocks made {self.punches} punches, {taken}; faults: {wrong or 'none'}"


class Fleet:
    """``await run()``; ``halt()`` from elsewhere ends the punching early."""

    def __init__(self, plan: FleetPlan, announce: Announce = silent) -> None:
        self._plan = plan
        self._announce = announce
        self._chance = random.Random(plan.seed)
        self._happened: Counter[str] = Counter()
        self._used: set[LedgerRow] = set()
        self._halted = asyncio.Event()
        self._ledger: Ledger | None = None
        context = trust(plan.url, plan.ca_file)
        self.clocks = [
            PushClock(
                plan.url,
                serial,
                profile=plan.profiles[number % len(plan.profiles)],
                error_delay=plan.error_delay,
                poll_seconds=plan.poll_seconds,
                line=FaultyLine(
                    plan.url,
                    plan.ca_file,
                    faults=plan.faults,
                    chance=random.Random(f"{plan.seed} {serial}"),
                    happened=self._happened,
                    context=context,
                ),
            )
            for number, serial in enumerate(plan.serials())
        ]

    def halt(self) -> None:
        """No more punches; those made are still sent."""
        self._halted.set()

    @property
    def punches(self) -> int:
        """How many have been made."""
        return len(self._used)

    @property
    def waiting(self) -> int:
        """Punches that nobody has acknowledged yet."""
        return sum(clock.waiting for clock in self.clocks)

    async def run(self) -> FleetResult:
        """Switch on, punch, and wait until everything is acknowledged. Raises `OSError` for the ledger."""
        with Ledger(self._plan.ledger) as ledger:
            self._ledger = ledger
            try:
                ready = await self._switch_on()
                if ready:
                    await asyncio.gather(self._punch(ledger, ready), self._play(ready))
                    sent = (clock.wait_until_sent(self._plan.patience) for clock in ready)
                    await asyncio.gather(*sent, return_exceptions=True)
                return FleetResult(len(ready), len(self._used), self.waiting, self._happened)
            finally:
                await asyncio.gather(*(clock.stop() for clock in self.clocks))

    async def _switch_on(self) -> list[PushClock]:
        for clock in self.clocks:
            await clock.start()
            await asyncio.sleep(1.0 / STARTS_PER_SECOND)
        admitted = asyncio.gather(*(clock.wait_until_ready() for clock in self.clocks))
        halted = asyncio.ensure_future(self._halted.wait())
        await asyncio.wait((admitted, halted), timeout=self._plan.patience, return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        admitted.cancel()
        await asyncio.gather(admitted, halted, return_exceptions=True)
        ready = [clock for clock in self.clocks if clock.ready]
        for clock in self.clocks:
            if not clock.ready:
                self._announce(f"{clock.serial}: is not admitted; {clock.last_error}")
        return ready

    async def _play(self, clocks: Sequence[PushClock]) -> None:
        """The scenario, until it is over or somebody calls a halt."""
        if self._plan.scenario is None:
            return
        people = [str(number) for number in range(1, self._plan.people + 1)]
        stages = [PushScenarioClock(clock, people=people, punch=self._one) for clock in clocks]
        playing = asyncio.ensure_future(play(self._plan.scenario, stages, self._announce))
        halted = asyncio.ensure_future(self._halted.wait())
        await asyncio.wait((playing, halted), return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        if not playing.done():
            playing.cancel()
        await asyncio.gather(playing, halted, return_exceptions=True)
        for clock in clocks:
            # A scenario may end with a cable out or a bad line; what is in the clocks must still arrive.
            clock.online = True

    async def _punch(self, ledger: Ledger, clocks: Sequence[PushClock]) -> None:
        plan, began = self._plan, time.monotonic()
        due, reported, burst = 0, began, 0 if plan.burst_seconds else plan.burst
        returning = self._returning(clocks)
        # A slow machine makes the whole burst too, only later.
        while not self._halted.is_set() and ((past := time.monotonic() - began) < plan.seconds or burst or returning):
            owed = int(min(past, plan.seconds) * plan.punches_per_second) - due
            due += owed
            if burst and past >= plan.seconds / 2:
                self._announce(f"{past:.0f} s: {burst} punches at once")
                owed, burst = owed + burst, 0
            self._make(ledger, [self._somebody(clocks) for _ in range(owed)])
            while returning and returning[-1][0] <= past:
                _, clock = returning.pop()
                share = plan.burst // len(clocks)
                self._make(ledger, [self._somebody([clock]) for _ in range(share)])
            if time.monotonic() - reported >= REPORT_EVERY:
                reported = time.monotonic()
                wrong = sum(self._happened.values())
                self._announce(f"{past:.0f} s: {len(self._used)} punches, {self.waiting} waiting, {wrong} faults")
            await asyncio.sleep(TICK)

    def _returning(self, clocks: Sequence[PushClock]) -> list[tuple[float, PushClock]]:
        """When each clock comes back with its share of the burst, the last first."""
        if not self._plan.burst_seconds:
            return []
        times = [(self._chance.uniform(0.0, self._plan.burst_seconds), clock) for clock in clocks]
        return sorted(times, key=lambda each: each[0], reverse=True)

    def _make(self, ledger: Ledger, made: Sequence[tuple[PushClock, LedgerRow]]) -> None:
        # Written down first: what a clock knows and the ledger doesn't could never be found missing.
        ledger.write(row for _, row in made)
        for clock, row in made:
            clock.punch(row.pin, row.local_time, status=row.status)

    def _one(self, clock: PushClock, pin: str, status: int) -> None:
        """A punch of a scenario; the same one twice in a second is one punch to every clock."""
        row = LedgerRow(clock.serial, pin, clock.local_time(), status)
        if self._ledger is not None and row not in self._used:
            self._used.add(row)
            self._make(self._ledger, [(clock, row)])

    def _somebody(self, clocks: Sequence[PushClock]) -> tuple[PushClock, LedgerRow]:
        for attempt in itertools.count():
            clock = self._chance.choice(clocks)
            pin, status = str(self._chance.randint(1, self._plan.people)), self._chance.choice((0, 1))
            shown = clock.local_time()
            if attempt > CROWDED:
                # So many at once that everybody has punched in this second: they did in the seconds before it.
                shown = earlier(shown, attempt - CROWDED)
            row = LedgerRow(clock.serial, pin, shown, status)
            if row not in self._used:
                self._used.add(row)
                return clock, row
        raise AssertionError("the count has no end")


def earlier(shown: str, seconds: int) -> str:
    """A wall time some seconds before."""
    moment = datetime.strptime(shown, LOCAL_TIME_FORMAT).replace(tzinfo=UTC) - timedelta(seconds=seconds)
    return moment.strftime(LOCAL_TIME_FORMAT)
