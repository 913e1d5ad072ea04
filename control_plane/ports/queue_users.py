"""Users of the queue server: one for each organisation, restricted to its own keys and channels."""

from __future__ import annotations

from typing import Protocol


class QueueUsers(Protocol):
    """All calls are idempotent."""

    def tenant_url(self, name: str, password: str) -> str:
        """The server's address for one user."""

    async def has(self, name: str, prefix: str, password: str) -> bool:
        """Is there exactly this user: this password, these keys and channels, these commands, and nothing more?"""

    async def put(self, name: str, prefix: str, password: str) -> None:
        """Create or replace a user at once, and keep it across restarts where the server has a file for that."""

    async def remove(self, name: str) -> None:
        """Remove a user and end its connections; fine when there is none."""
