"""Step 4: the database's tables, brought to the release's head by the stack's own migration program."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.ports.driver import Health, Role
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.specification import migration_spec, spec_fingerprint
from control_plane.provisioning.step import StepObservation, broken, missing, satisfied, unknown


@dataclass(frozen=True)
class SchemaStep:
    """The migration also sets what the programs' role may do, so it runs again when its settings change."""

    name: str = "schema"
    timeout: float = 20.0
    settle: float = 35.0

    async def check(self, context: StepContext) -> StepObservation:
        wanted = spec_fingerprint(await migration_spec(context))
        observed = await context.ports.driver.observe(context.names.stack)
        seen = observed.components.get(Role.MIGRATE)
        health = observed.health(Role.MIGRATE)
        message = seen.message if seen else ""
        if health is Health.UNKNOWN:
            return unknown(message or "It can't be seen whether the migration has run")
        if health is Health.FAILED:
            return broken(f"The migration failed: {message or 'see its log'}", wanted=wanted)
        if context.applied.get(self.name) != wanted:
            return missing("The migration has not run with these settings yet", wanted=wanted)
        if health is Health.FINISHED and seen is not None and seen.version in ("", context.ports.release):
            return satisfied(message or f"Schema of release {context.ports.release}", wanted=wanted)
        return missing(message or "The migration has not finished yet", wanted=wanted)

    async def apply(self, context: StepContext) -> None:
        await context.ports.driver.apply(await migration_spec(context))

    async def remove(self, context: StepContext) -> None:
        """Nothing of its own: the tables go with the database."""
