"""Step 2: the organisation's keys in OpenBao, and a policy that names exactly what its stack may do with them."""

from __future__ import annotations

from dataclasses import dataclass

from control_plane.organisations.naming import Names
from control_plane.ports.keys import TransitKey
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.step import StepBlocked, StepObservation, missing, satisfied
from foundation.vault import KV_MOUNT


def keys_of(names: Names) -> tuple[TransitKey, ...]:
    """Templates are encrypted with a context (derived key), so a ciphertext moved to another row does not decrypt."""
    return (
        TransitKey(names.templates_key, "aes256-gcm96", derived=True),
        TransitKey(names.backups_key, "aes256-gcm96"),
        TransitKey(names.tokens_key, "ed25519"),
    )


def policy_of(names: Names) -> str:
    """The stack may use its keys, never export or delete them, and read one secret. Update only, no create:
    OpenBao would make a missing key on the first encryption.

    It renews the templates' key itself: it adds versions, and retires old ones when it has rewrapped what they made.
    Of the key's settings it may touch that number alone, which the platform can set back, so nothing is lost by it.
    """
    rules = {
        f"transit/encrypt/{names.templates_key}": "update",
        f"transit/decrypt/{names.templates_key}": "update",
        f"transit/rewrap/{names.templates_key}": "update",
        f"transit/keys/{names.templates_key}": "read",
        f"transit/keys/{names.templates_key}/rotate": "update",
        f"transit/encrypt/{names.backups_key}": "update",
        f"transit/decrypt/{names.backups_key}": "update",
        f"transit/sign/{names.tokens_key}": "update",
        f"transit/keys/{names.tokens_key}": "read",
        f"{KV_MOUNT}/data/{names.sign_in_path}": "read",
    }
    retire = (
        f'path "transit/keys/{names.templates_key}/config" {{ capabilities = ["update"] '
        'allowed_parameters = { "min_decryption_version" = [] } }\n'
    )
    return "".join(f'path "{path}" {{ capabilities = ["{right}"] }}\n' for path, right in rules.items()) + retire


@dataclass(frozen=True)
class EncryptionStep:
    name: str = "encryption"
    timeout: float = 30.0
    settle: float = 0.0

    async def check(self, context: StepContext) -> StepObservation:
        vault, names = context.ports.vault, context.names
        for key in keys_of(names):
            found = await vault.find_key(key.name)
            if found is None:
                return missing(f"The key {key.name} is missing")
            if found != key:
                raise StepBlocked(
                    f"The key {key.name} is of another kind than it should be",
                    "A key can't be changed in place: find out who made it, and what it has encrypted",
                )
        if await vault.find_policy(names.stack) != policy_of(names):
            return missing(f"The policy {names.stack} is missing or differs")
        return satisfied("Keys for templates, backups and tokens")

    async def apply(self, context: StepContext) -> None:
        vault, names = context.ports.vault, context.names
        for key in keys_of(names):
            await vault.put_key(key)
            context.reach(f"encryption:{key.name.removeprefix(names.stack + '-')}-key-made")
        await vault.put_policy(names.stack, policy_of(names))

    async def remove(self, context: StepContext) -> None:
        vault, names = context.ports.vault, context.names
        await vault.delete_policy(names.stack)
        for key in keys_of(names):
            await vault.delete_key(key.name)
