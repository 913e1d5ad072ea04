"""Step 6: the public hosts lead to the stack."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.ports.driver import Role
from control_plane.ports.router import Route
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.step import StepObservation, missing, satisfied


def routes_of(context: StepContext) -> tuple[Route, ...]:
    driver, names = context.ports.driver, context.names
    return (
        Route(names.portal_host, driver.address(names.stack, Role.BACKEND)),
        Route(names.push_host, driver.address(names.stack, Role.BRIDGE)),
    )


@dataclass(frozen=True)
class RoutingStep:
    name: str = "routing"
    timeout: float = 20.0
    settle: float = 5.0

    async def check(self, context: StepContext) -> StepObservation:
        served = await context.ports.router.observe(context.names.stack)
        if set(served) != set(routes_of(context)):
            return missing("The gateway does not lead to the stack yet")
        return satisfied(f"{context.names.public_url} and {context.names.push_url}")

    async def apply(self, context: StepContext) -> None:
        await context.ports.router.apply(context.names.stack, routes_of(context))

    async def remove(self, context: StepContext) -> None:
        await context.ports.router.remove(context.names.stack)
