"""Routes from public hosts to the services of a stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Route:
    """Requests for ``host`` go to ``upstream`` (``unix:/path``, ``host:port``); ``blocked`` prefixes answer 404."""

    host: str
    upstream: str
    blocked: tuple[str, ...] = ("/internal",)


class Router(Protocol):
    """The gateway in front of all stacks. ``owner`` is the stack's id, or a name of the platform's own."""

    async def apply(self, owner: str, routes: tuple[Route, ...]) -> None:
        """Make these the owner's routes, replacing the ones before."""

    async def observe(self, owner: str) -> tuple[Route, ...]:
        """The owner's routes as the gateway serves them now."""

    async def remove(self, owner: str) -> None:
        """Take the owner's routes away; fine when there are none."""
