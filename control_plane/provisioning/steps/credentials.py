"""Step 3: the stack's users at OpenBao and Valkey, with the secrets kept for it."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.provisioning.context import StepContext
from control_plane.provisioning.credentials import credentials_of, find_credentials
from control_plane.provisioning.step import StepObservation, missing, satisfied


@dataclass(frozen=True)
class CredentialsStep:
    name: str = "credentials"
    timeout: float = 30.0
    settle: float = 0.0

    async def check(self, context: StepContext) -> StepObservation:
        vault, names = context.ports.vault, context.names
        credentials = await find_credentials(vault, names)
        if credentials is None:
            return missing("The organisation has no credentials yet")
        if await vault.find_role_policies(names.stack) != [names.stack]:
            return missing(f"The OpenBao role {names.stack} is missing or carries other policies")
        if not await vault.has_secret_id(names.stack, credentials.vault_secret_id):
            return missing(f"The OpenBao role {names.stack} does not know its secret id")
        if not await context.ports.queue_users.has(names.stack, names.valkey_prefix, credentials.valkey_password):
            return missing(f"The Valkey user {names.stack} is missing or has other rights than it should")
        return satisfied("Users at OpenBao and Valkey")

    async def apply(self, context: StepContext) -> None:
        vault, names = context.ports.vault, context.names
        credentials = await credentials_of(vault, names)
        await vault.put_role(names.stack, names.stack)
        context.reach("credentials:role-made")
        await vault.put_secret_id(names.stack, credentials.vault_secret_id)
        context.reach("credentials:secret-id-made")
        await context.ports.queue_users.put(names.stack, names.valkey_prefix, credentials.valkey_password)

    async def remove(self, context: StepContext) -> None:
        await context.ports.queue_users.remove(context.names.stack)
        await context.ports.vault.delete_role(context.names.stack)
