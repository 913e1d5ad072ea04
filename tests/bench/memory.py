"""Idle memory of one stack (proportional set size), with all stacks running.

The baseline is three separate interpreters that import what the three programs import: what a stack would cost without
the zygote.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys

import psutil

from control_plane.local.platform import Platform
from control_plane.local.process import Lock
from control_plane.ports.driver import SERVICES
from tests.bench.figure import Figure

BUDGET_MB = 80.0
SETTLE_SECONDS = 5
IDLE = "import punctual.zygote, sys; print('ready', flush=True); sys.stdin.read()"


def _pss_mb(pid: int) -> float:
    return float(psutil.Process(pid).memory_full_info().pss) / 1024**2


async def measure(platform: Platform, slugs: list[str]) -> list[Figure]:
    await asyncio.sleep(SETTLE_SECONDS)  # let start-up's garbage go; a measurement, not a test
    stacks = []
    parts: dict[str, list[float]] = {role.value: [] for role in SERVICES}
    for slug in slugs:
        total = 0.0
        for role in SERVICES:
            pid = Lock(platform.components.files(f"org-{slug}", role).lock).holder()
            assert pid, f"{role} of {slug} is not running"
            parts[role.value].append(_pss_mb(pid))
            total += parts[role.value][-1]
        stacks.append(total)
    separate = _separate_mb()
    detail = ", ".join(f"{role.split('-')[1]} {statistics.median(values):.0f}" for role, values in parts.items())
    return [
        Figure(
            what=f"idle memory of one stack, {len(slugs)} running ({detail})",
            value=statistics.median(stacks),
            unit="MB",
            baseline=separate,
            baseline_name="three separate interpreters",
            budget=f"≤ {BUDGET_MB:.0f} MB",
            within=lambda figure: figure.value <= BUDGET_MB,
        )
    ]


def _separate_mb() -> float:
    processes = [
        subprocess.Popen([sys.executable, "-c", IDLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        return sum(_pss_mb(process.pid) for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
