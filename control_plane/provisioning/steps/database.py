"""Step 1: the organisation's own role and database, closed to everybody else."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.drivers.databases import CONNECTION_LIMIT, ROLE_SETTINGS
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.credentials import credentials_of, find_credentials
from control_plane.provisioning.step import StepObservation, missing, satisfied


@dataclass(frozen=True)
class DatabaseStep:
    name: str = "database"
    timeout: float = 30.0
    settle: float = 0.0

    async def check(self, context: StepContext) -> StepObservation:
        databases, name = context.ports.databases, context.names.database
        facts = await databases.facts(name)
        credentials = await find_credentials(context.ports.vault, context.names)
        if credentials is None:
            return missing("The organisation has no credentials yet")
        if not facts.role:
            return missing(f"The role {name} is missing")
        if not facts.role_is_plain or facts.connection_limit != CONNECTION_LIMIT or facts.settings != ROLE_SETTINGS:
            return missing(f"The role {name} has other rights or limits than it should")
        if not facts.database:
            return missing(f"The database {name} is missing")
        if not facts.owned or not facts.closed:
            return missing(f"The database {name} is open to others than its own role")
        if not await databases.accepts(name, credentials.database_password):
            return missing(f"The role {name} can't sign in")
        return satisfied(f"Database {name}")

    async def apply(self, context: StepContext) -> None:
        databases, name = context.ports.databases, context.names.database
        credentials = await credentials_of(context.ports.vault, context.names)
        context.reach("database:credentials-kept")
        await databases.ensure_role(name, credentials.database_password)
        context.reach("database:role-made")
        await databases.ensure_database(name)

    async def remove(self, context: StepContext) -> None:
        await context.ports.databases.drop_database(context.names.database)
        await context.ports.databases.drop_role(context.names.database)
        await context.ports.vault.delete_secrets(context.names.credentials_path)
