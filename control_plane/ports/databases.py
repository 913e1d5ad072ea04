"""The database server of the organisations.

Each organisation has a database and two roles: one that owns the database and its tables and is used by migrations
alone, and one that its programs use, which may change rows but neither alter a table nor grant itself a right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

CONNECTION_LIMIT = 24
OWNER_CONNECTION_LIMIT = 4
ROLE_SETTINGS: Mapping[str, str] = {
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "60s",
}


@dataclass(frozen=True)
class RoleFacts:
    """The state of a role. ``plain``: it may sign in and has no right over the server."""

    exists: bool = False
    plain: bool = False
    connection_limit: int = -1
    settings: Mapping[str, str] = field(default_factory=dict)

    def as_wanted(self, connection_limit: int) -> bool:
        return self.plain and self.connection_limit == connection_limit and self.settings == ROLE_SETTINGS


@dataclass(frozen=True)
class DatabaseFacts:
    """The state of one organisation's database. ``owned``: by its owner's role. ``closed``: only the owner and the
    programs' role may connect, and the programs' role may do no more than connect."""

    programs: RoleFacts
    owner: RoleFacts
    database: bool = False
    owned: bool = False
    closed: bool = False


class Databases(Protocol):
    """All calls are idempotent."""

    def tenant_url(self, name: str, password: str, *, role: str | None = None) -> str:
        """The address of an organisation's database, for the role of its programs or for another ``role``."""

    async def facts(self, name: str, owner: str) -> DatabaseFacts:
        """The current state of the database ``name``, of the role of the same name, and of its owner."""

    async def accepts(self, name: str, password: str, *, role: str | None = None) -> bool:
        """Can the role sign in to the database with this password?"""

    async def ensure_role(self, name: str, password: str, *, connection_limit: int = CONNECTION_LIMIT) -> None:
        """The role exists, with this password and these limits, and with no right beyond signing in."""

    async def ensure_database(self, name: str, owner: str) -> None:
        """The database exists and belongs to ``owner``; of all others only the role of its own name may connect."""

    async def drop_database(self, name: str) -> None:
        """Remove the database with all its data and end the sessions in it; fine when there is none."""

    async def drop_role(self, name: str) -> None:
        """Remove the role; its database must be gone. Fine when there is none."""
