"""``make bench``: speed and memory, each beside a named baseline measured in the same run. Prints a table.

Nothing here passes or fails: a figure that is worse than its budget says so in its line.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
import shutil
from datetime import UTC, datetime

import psutil
from rich.console import Console

from control_plane.drivers.processes.home import Home, free_ports
from control_plane.drivers.processes.platform import Platform
from tests.bench import fleet, ingest, memory, onboarding, payroll, pull, recalculation, reports
from tests.bench.figure import Figure
from tests.conftest import DEVICE_NETWORKS, new_home
from tests.operator import Operator

STACKS = 10


async def measure(platform: Platform) -> list[Figure]:
    """Everything, in an order in which nothing disturbs what comes after."""
    await platform.up(free_ports(1)[0])
    operator = Operator.of(platform)
    slugs = [f"bench{number:02}" for number in range(STACKS)]
    figures = [await onboarding.measure(operator, slugs)]
    figures += await memory.measure(platform, slugs)
    figures += await ingest.measure(platform, operator, slugs[0])
    figures += await fleet.measure(platform, operator, slugs[1])
    figures += await recalculation.measure(platform, operator, slugs[0])
    figures += await payroll.measure(platform)
    figures += await pull.measure()
    figures += await reports.measure(platform)
    return figures


def main() -> None:
    console = Console(highlight=False)
    total = psutil.virtual_memory().total / 1024**3
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {os.cpu_count()} cores · {total:.0f} GiB · Python {machine.python_version()}"
    )
    place = new_home()
    platform = Platform(Home(place), device_networks=DEVICE_NETWORKS, progress=console.print)
    try:
        figures = asyncio.run(measure(platform))
    finally:
        asyncio.run(platform.down())
        platform.home.erase()
        shutil.rmtree(place.parent)
    for figure in figures:
        console.print(figure.line(), soft_wrap=True)


if __name__ == "__main__":
    main()
