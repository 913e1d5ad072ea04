"""``make bench``: speed and memory, each beside a named baseline measured in the same run. Prints a table.

Nothing here passes or fails: a figure that is worse than its budget says so in its line.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
import shutil
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psutil
from rich.console import Console

from control_plane.local.home import Home, free_ports
from control_plane.local.platform import Platform
from tests.bench import fleet, ingest, memory, onboarding, payroll, pull, recalculation, reports
from tests.bench.figure import Figure
from tests.conftest import DEVICE_NETWORKS, new_home
from tests.operator import Operator

STACKS = 10


async def measure(platform: Platform) -> AsyncIterator[list[Figure]]:
    """Everything, in an order in which nothing disturbs what comes after."""
    await platform.up(free_ports(1)[0])
    operator = Operator.of(platform)
    slugs = [f"bench{number:02}" for number in range(STACKS)]
    yield [await onboarding.measure(operator, slugs)]
    yield await memory.measure(platform, slugs)
    yield await ingest.measure(platform, operator, slugs[0])
    yield await fleet.measure(platform, operator, slugs[1])
    yield await recalculation.measure(platform, operator, slugs[0])
    yield await payroll.measure(platform)
    yield await pull.measure()
    yield await reports.measure(platform)


async def show(platform: Platform, console: Console) -> None:
    """Print each part as soon as it is known, and how long it took to measure."""
    began = time.monotonic()
    async for figures in measure(platform):
        for figure in figures:
            console.print(figure.line(), soft_wrap=True)
        console.print(f"  ({time.monotonic() - began:.0f} s so far)")


def main() -> None:
    console = Console(highlight=False)
    total = psutil.virtual_memory().total / 1024**3
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {os.cpu_count()} cores · {total:.0f} GiB · Python {machine.python_version()}"
    )
    place = new_home()
    platform = Platform(Home(place), device_networks=DEVICE_NETWORKS, progress=console.print)
    try:
        asyncio.run(show(platform, console))
    finally:
        asyncio.run(platform.down())
        platform.home.erase()
        shutil.rmtree(place.parent)


if __name__ == "__main__":
    main()
