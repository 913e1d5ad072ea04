"""Step 5: back end, worker and bridge run, with the settings of this generation."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.ports.driver import SERVICES, Health
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.specification import spec_fingerprint, stack_spec
from control_plane.provisioning.step import StepObservation, broken, missing, satisfied, unknown


@dataclass(frozen=True)
class StackStep:
    """Drivers don't tell which settings a program was started with, so the specification's fingerprint is kept."""

    name: str = "stack"
    timeout: float = 20.0
    settle: float = 35.0

    async def check(self, context: StepContext) -> StepObservation:
        wanted = spec_fingerprint(await stack_spec(context))
        observed = await context.ports.driver.observe(context.names.stack)
        seen = {role: observed.components.get(role) for role in SERVICES}
        for role, component in seen.items():
            if component is not None and component.health is Health.UNKNOWN:
                return unknown(component.message or f"It can't be seen whether {role} runs")
        if context.applied.get(self.name) != wanted:
            return missing("The programs have not been started with these settings yet", wanted=wanted)
        for role, component in seen.items():
            if component is not None and component.health is Health.FAILED:
                return broken(f"{role} ended: {component.message or 'see its log'}", wanted=wanted)
            if component is None or component.health is not Health.READY:
                what = component.message if component and component.message else "not ready yet"
                return missing(f"{role}: {what}", wanted=wanted)
            if component.version not in ("", context.ports.release):
                return missing(f"{role} runs release {component.version}", wanted=wanted)
        return satisfied("Back end, worker and bridge run", wanted=wanted)

    async def apply(self, context: StepContext) -> None:
        await context.ports.driver.apply(await stack_spec(context))

    async def remove(self, context: StepContext) -> None:
        await context.ports.driver.remove(context.names.stack)
