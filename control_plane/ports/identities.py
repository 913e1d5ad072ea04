"""The sign-in provider that an organisation uses when it does not bring its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ClientRegistration:
    """An application at the provider. ``redirect_uris`` are exact."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """A person at the provider. ``subject`` is what the ID token calls ``sub``."""

    subject: str
    email: str
    name: str


class IdentityProvider(Protocol):
    """The platform's own provider. All calls are idempotent."""

    @property
    def issuer(self) -> str:
        """The issuer of its ID tokens."""

    async def put_client(self, registration: ClientRegistration) -> None:
        """Create or replace an application."""

    async def has_client(self, registration: ClientRegistration) -> bool:
        """Is exactly this application registered?"""

    async def remove_client(self, client_id: str) -> None:
        """Forget an application; fine when there is none."""

    async def ensure_account(self, email: str, name: str, *, initial_password: str) -> tuple[Account, bool]:
        """The account of this e-mail address, created with that password if missing (True)."""
