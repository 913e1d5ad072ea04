"""Step 1: the organisation's own database with its two roles, closed to everybody else."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.ports.databases import CONNECTION_LIMIT, OWNER_CONNECTION_LIMIT
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.credentials import (
    credentials_of,
    find_credentials,
    find_schema_owner,
    schema_owner_of,
)
from control_plane.provisioning.step import StepObservation, missing, satisfied


@dataclass(frozen=True)
class DatabaseStep:
    name: str = "database"
    timeout: float = 30.0
    settle: float = 0.0

    async def check(self, context: StepContext) -> StepObservation:
        databases, name, owner = context.ports.databases, context.names.database, context.names.database_owner
        credentials = await find_credentials(context.ports.vault, context.names)
        schema_owner = await find_schema_owner(context.ports.vault, context.names)
        if credentials is None or schema_owner is None:
            return missing("The organisation has no credentials yet")
        facts = await databases.facts(name, owner)
        for role, seen, limit in (
            (owner, facts.owner, OWNER_CONNECTION_LIMIT),
            (name, facts.programs, CONNECTION_LIMIT),
        ):
            if not seen.exists:
                return missing(f"The role {role} is missing")
            if not seen.as_wanted(limit):
                return missing(f"The role {role} has other rights or limits than it should")
        if not facts.database:
            return missing(f"The database {name} is missing")
        if not facts.owned:
            return missing(f"The database {name} does not belong to {owner}")
        if not facts.closed:
            return missing(f"The database {name} is open to others than its own roles")
        for role, password in ((name, credentials.database_password), (owner, schema_owner.password)):
            if not await databases.accepts(name, password, role=role):
                return missing(f"The role {role} can't sign in")
        return satisfied(f"Database {name}")

    async def apply(self, context: StepContext) -> None:
        databases, names = context.ports.databases, context.names
        credentials = await credentials_of(context.ports.vault, names)
        schema_owner = await schema_owner_of(context.ports.vault, names)
        context.reach("database:credentials-kept")
        await databases.ensure_role(
            names.database_owner, schema_owner.password, connection_limit=OWNER_CONNECTION_LIMIT
        )
        context.reach("database:owner-made")
        await databases.ensure_role(names.database, credentials.database_password)
        context.reach("database:role-made")
        await databases.ensure_database(names.database, names.database_owner)

    async def remove(self, context: StepContext) -> None:
        ports, names = context.ports, context.names
        await ports.databases.drop_database(names.database)
        await ports.databases.drop_role(names.database)
        await ports.databases.drop_role(names.database_owner)
        await ports.vault.delete_secrets(names.credentials_path)
        await ports.vault.delete_secrets(names.schema_path)
