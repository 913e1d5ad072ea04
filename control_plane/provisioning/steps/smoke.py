"""Step 8: the stack answers through its public hosts, as a customer and a clock would reach it."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from control_plane.provisioning.context import StepContext
from control_plane.provisioning.step import StepObservation, missing, satisfied

# A path that clocks use to see whether the server is there. What the bridge says to a caller without a serial number
# does not matter; that the bridge says it, does: every program of ours stamps its answers with a correlation id.
PUSH_PROBE = "/iclock/ping"
STAMP = "x-correlation-id"


@dataclass(frozen=True)
class SmokeStep:
    name: str = "smoke"
    timeout: float = 15.0
    settle: float = 15.0

    async def check(self, context: StepContext) -> StepObservation:
        http, names = context.ports.http, context.names
        for url in (f"{names.public_url}/api/health", names.push_url + PUSH_PROBE):
            try:
                answer = await http.get(url, timeout=5.0)
            except httpx.TransportError as error:
                return missing(f"{url} can't be reached: {error or type(error).__name__}")
            healthy = answer.status_code == 200 if url.endswith("/api/health") else answer.status_code < 500
            if not healthy or STAMP not in answer.headers:
                return missing(f"{url} answers {answer.status_code}")
        return satisfied("Answers through its public hosts")

    async def apply(self, context: StepContext) -> None:
        """Nothing to make: what the steps before made needs a moment to be reachable."""

    async def remove(self, context: StepContext) -> None:
        """Nothing to take away."""
