"""The key store: encryption keys, policies and roles of organisations, and the secrets kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class TransitKey:
    """A key that never leaves the store. ``kind`` is OpenBao's key type; ``derived`` keys need a context per call."""

    name: str
    kind: str
    derived: bool = False


class KeyStore(Protocol):
    """All calls are idempotent. Raises `Unavailable` when the store does not answer."""

    async def read_secret(self, path: str) -> dict[str, str] | None:
        """The newest version of a key-value secret, None when there is none."""

    async def write_secret(self, path: str, values: dict[str, str], *, only_if_missing: bool = False) -> bool:
        """Store a secret; with ``only_if_missing`` return False when it exists already."""

    async def delete_secrets(self, path: str) -> None:
        """Remove a key-value secret with all its versions; fine when there is none."""

    async def find_key(self, name: str) -> TransitKey | None:
        """The key of that name, None when there is none."""

    async def put_key(self, key: TransitKey) -> None:
        """Create a key; an existing one stays as it is."""

    async def delete_key(self, name: str) -> None:
        """Destroy a key and with it all that it encrypted; fine when there is none."""

    async def find_policy(self, name: str) -> str | None:
        """A policy's text, None when there is none."""

    async def put_policy(self, name: str, text: str) -> None:
        """Create or replace a policy."""

    async def delete_policy(self, name: str) -> None:
        """Remove a policy; fine when there is none."""

    async def find_role_policies(self, name: str) -> list[str] | None:
        """The policies that an AppRole's tokens carry, None when there is no such role."""

    async def put_role(self, name: str, policy: str) -> None:
        """An AppRole whose tokens carry one policy and live an hour; services sign in again by themselves."""

    async def delete_role(self, name: str) -> None:
        """Remove an AppRole; fine when there is none."""

    async def role_id(self, name: str) -> str:
        """The public half of an AppRole's credentials."""

    async def has_secret_id(self, name: str, secret_id: str) -> bool:
        """Does this secret id sign the role in?"""

    async def put_secret_id(self, name: str, secret_id: str) -> None:
        """Make a secret id of our own choosing valid; repeating it adds no second one."""
