"""Five hundred simulated push clocks at a poll every ten seconds, and bursts of 100,000 punches.

Two bursts: one from clocks that find the server again within a minute after an outage, each with what it held back, as
their jitter makes them; the other from all clocks in the same instant, which can only queue. Everything goes through
the gateway over TLS as from real clocks, and the fleet shares the machine with the platform. Acknowledgement: from the
moment a clock begins to send a batch of up to 128 lines until it has read ``OK: n``.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from control_plane.local.platform import Platform
from control_plane.organisations.naming import Names
from device_bridge.simulator.fleet import Fleet, FleetPlan
from device_bridge.simulator.judge import judge
from device_bridge.simulator.judge_command import read_database
from device_bridge.simulator.ledger import read_ledger
from tests.bench.figure import Figure
from tests.operator import Client, Operator

CLOCKS, BURST, POLL_SECONDS = 500, 100_000, 10.0
STEADY_PER_SECOND, SECONDS = 20.0, 20.0
RETURN_SECONDS = 60.0
PATIENCE = 600.0
BUDGET_SECONDS = 0.5
BUDGET_ROWS = 1000.0
AT_ONCE = 8


@dataclass(frozen=True)
class Burst:
    """``answers`` are seconds of each upload, ``took`` until 99 % were taken, ``wrong`` punches amiss in the end."""

    answers: list[float]
    took: float
    made: int
    wrong: int

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.answers, n=100)[94]


async def measure(
    platform: Platform, operator: Operator, slug: str, *, clocks: int = CLOCKS, burst: int = BURST
) -> list[Figure]:
    async with operator.console() as console:
        client = await operator.client(console, slug)
    _allow_many_files()
    spread = await _burst(platform, operator, client, slug, clocks, burst, RETURN_SECONDS)
    instant = await _burst(platform, operator, client, slug, clocks, burst, 0.0)
    what = f"{clocks} push clocks, poll every {POLL_SECONDS:.0f} s, {burst:,} rows"
    wrong = spread.wrong + instant.wrong
    return [
        Figure(
            what=f"{what} held back, coming within {RETURN_SECONDS:.0f} s: acknowledgement of an upload, p95 "
            f"(median {statistics.median(spread.answers):.2f} s)",
            value=spread.p95,
            unit="s",
            baseline=None,
            baseline_name="",
            budget=f"≤ {BUDGET_SECONDS} s",
            within=lambda figure: figure.value <= BUDGET_SECONDS,
        ),
        Figure(
            what=f"{what} in one instant: 99 % taken within {instant.took:.0f} s, p95 {instant.p95:.1f} s",
            value=0.99 * burst / instant.took,
            unit="rows/s",
            baseline=None,
            baseline_name="",
            budget=f"≥ {BUDGET_ROWS:,.0f} rows/s",
            within=lambda figure: figure.value >= BUDGET_ROWS,
        ),
        Figure(
            what=f"both: {spread.made + instant.made:,} in the ledgers, not taken, lost, doubled or altered",
            value=float(wrong),
            unit="punches",
            baseline=None,
            baseline_name="",
            budget="0",
            within=lambda figure: figure.value == 0,
        ),
    ]


async def _burst(
    platform: Platform, operator: Operator, client: Client, slug: str, clocks: int, burst: int, spread: float
) -> Burst:
    with tempfile.TemporaryDirectory() as folder:
        plan = FleetPlan(
            url=client.push_url,
            clocks=clocks,
            punches_per_second=STEADY_PER_SECOND,
            seconds=spread or SECONDS,
            seed=20261122,
            ledger=Path(folder) / "ledger.csv",
            serial_prefix="BACK" if spread else "BURST",
            profiles=("att-2.4", "att-bio", "acc-3.1"),
            people=2000,
            ca_file=operator.ca_file,
            poll_seconds=POLL_SECONDS,
            patience=PATIENCE,
            burst=burst,
            burst_seconds=spread,
        )
        async with operator.tenant(client) as api:
            await _admit(api, plan.serials())
        began: list[float] = []
        answers: list[float] = []
        over: list[float] = []
        fleet = Fleet(plan, lambda said: began.append(time.monotonic()) if said.endswith("punches at once") else None)

        def answered(method: str, path: str, seconds: float) -> None:
            # Before the burst clocks introduce themselves, which is no acknowledgement of punches.
            if method == "POST" and path == "/iclock/cdata" and (began or (spread and fleet.punches)):
                answers.append(seconds)
                if not over and began and fleet.waiting <= burst // 100:
                    over.append(time.monotonic())

        for clock in fleet.clocks:
            clock.line.on_answer = answered
        result = await fleet.run()
        assert result.ready == clocks, f"{result.ready} of {clocks} clocks were admitted"
        ledger = read_ledger(plan.ledger)
        verdict = judge(ledger, *await read_database(platform.postgres.dsn(Names(slug, operator.base_domain).database)))
    wrong = result.waiting + len(verdict.lost) + len(verdict.doubled) + len(verdict.altered)
    return Burst(answers, over[0] - began[0] if over else 0.0, len(ledger), wrong)


async def _admit(api: httpx.AsyncClient, serials: list[str]) -> None:
    """Put every clock on the list, a few at a time."""
    waiting = iter(serials)

    async def work() -> None:
        for serial in waiting:
            document = {"device_serial": serial, "name": serial, "connection": "push"}
            answer = await api.post("/api/devices", json=document)
            assert answer.status_code == 201, answer.text

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
