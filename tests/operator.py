"""What an operator and a payroll system do, over the public addresses only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from control_plane.local.platform import CLI_CLIENT, Platform
from foundation.outbound import http_client

Seen = TypeVar("Seen")

EVERYTHING = [
    "staff:read",
    "staff:create",
    "staff:update",
    "staff:delete",
    "staff:sync",
    "devices:read",
    "devices:create",
    "devices:update",
    "devices:delete",
    "devices:sync",
    "attendance:read",
    "attendance:update",
]


async def until(
    look: Callable[[], Awaitable[Seen]], *, seconds: float = 20.0, what: str = "the condition", every: float = 0.1
) -> Seen:
    """Look again and again until the answer is true; fail with what was wanted and the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s; last seen: {seen!r}")
        await asyncio.sleep(every)


@dataclass(frozen=True)
class Client:
    """An OAuth client as the console hands it out."""

    client_id: str
    client_secret: str
    token_url: str
    api_url: str
    push_url: str


@dataclass(frozen=True)
class Operator:
    """Reaches the console with the command line's own credentials."""

    console_url: str
    base_domain: str
    ca_file: Path
    secret: str

    @classmethod
    def of(cls, platform: Platform) -> Operator:
        places = platform.places
        return cls(places.console_url, places.base_domain, places.ca_file, platform.state.cli_client_secret)

    @asynccontextmanager
    async def console(self) -> AsyncIterator[httpx.AsyncClient]:
        """The console's API, signed in."""
        async with http_client(ca_file=self.ca_file, timeout=30) as http:
            http.base_url = httpx.URL(self.console_url)
            http.headers["authorization"] = await self._token(http, "/oauth/token", CLI_CLIENT, self.secret)
            yield http

    async def onboard(self, console: httpx.AsyncClient, slug: str, *, zone: str = "UTC") -> dict[str, Any]:
        """Create an organisation and wait until it is active."""
        document = {
            "slug": slug,
            "name": f"{slug.title()} Ltd",
            "owner_email": f"owner@{slug}.example",
            "owner_name": f"Olivia {slug.title()}",
            "zone": zone,
        }
        answer = await console.post("/organisations", json=document)
        assert answer.status_code == 202, answer.text

        async def active() -> dict[str, Any] | None:
            found: dict[str, Any] = (await console.get(f"/organisations/{slug}")).json()
            return found if found["phase"] == "active" else None

        found = await until(active, seconds=60, what=f"{slug} active")
        assert found is not None
        return found

    async def client(self, console: httpx.AsyncClient, slug: str, scopes: list[str] | None = None) -> Client:
        """A new OAuth client of an organisation."""
        document = {"name": "Test", "scopes": scopes or EVERYTHING}
        answer = await console.post(f"/organisations/{slug}/clients", json=document)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Client(**{name: made[name] for name in Client.__dataclass_fields__})

    @asynccontextmanager
    async def tenant(self, client: Client) -> AsyncIterator[httpx.AsyncClient]:
        """An organisation's API, with a token of that client."""
        async with http_client(ca_file=self.ca_file, timeout=30) as http:
            http.base_url = httpx.URL(client.api_url)
            http.headers["authorization"] = await self._token(
                http, client.token_url, client.client_id, client.client_secret
            )
            yield http

    @staticmethod
    async def _token(http: httpx.AsyncClient, url: str, client_id: str, secret: str) -> str:
        answer = await http.post(url, auth=(client_id, secret), data={"grant_type": "client_credentials"})
        assert answer.status_code == 200, answer.text
        return f"Bearer {answer.json()['access_token']}"
