"""How long it takes from the POST to an active organisation, on a warm platform, one after the other."""

from __future__ import annotations

import statistics
import time

from tests.bench.figure import Figure
from tests.operator import Operator

BUDGET_SECONDS = 5.0


async def measure(operator: Operator, slugs: list[str]) -> Figure:
    """Onboards every slug; the median counts."""
    times = []
    async with operator.console() as console:
        for slug in slugs:
            began = time.monotonic()
            await operator.onboard(console, slug)
            times.append(time.monotonic() - began)
    return Figure(
        what=f"onboarding, median of {len(slugs)} (slowest {max(times):.1f} s)",
        value=statistics.median(times),
        unit="s",
        baseline=None,
        baseline_name="",
        budget=f"≤ {BUDGET_SECONDS:.0f} s",
        within=lambda figure: figure.value <= BUDGET_SECONDS,
    )
