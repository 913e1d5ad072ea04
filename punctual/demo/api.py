"""A client of the console's or an organisation's API, as the demo uses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from control_plane.local.problem import PlatformProblem

Json = dict[str, Any]

STALL_SECONDS = 120.0


class Api:
    """Calls with one client's token. Every call raises `PlatformProblem` with one sentence when it is refused."""

    def __init__(self, http: httpx.AsyncClient, url: str, headers: dict[str, str]) -> None:
        self._http = http
        self._url = url
        self._headers = headers

    async def get(self, path: str, **query: Any) -> Json:
        """The JSON of an address; a query value may be a list."""
        return checked(await self._http.get(f"{self._url}{path}", params=query, headers=self._headers))

    async def items(self, path: str, **query: Any) -> list[Json]:
        """The first rows of a list, at most 200."""
        found: list[Json] = (await self.get(path, **{"limit": 200, **query}))["items"]
        return found

    async def post(self, path: str, document: Json | None = None) -> Json:
        """POST a document; the answer's JSON."""
        return checked(await self._send("POST", path, document))

    async def put(self, path: str, document: Json) -> Json:
        """PUT a document; the answer's JSON."""
        return checked(await self._send("PUT", path, document))

    async def add(self, path: str, document: Json) -> Json | None:
        """POST a document; None when it exists already (409)."""
        answer = await self._send("POST", path, document)
        return None if answer.status_code == 409 else checked(answer)

    async def _send(self, method: str, path: str, document: Json | None) -> httpx.Response:
        return await self._http.request(method, f"{self._url}{path}", json=document, headers=self._headers)


def checked(answer: httpx.Response) -> Json:
    """The JSON of a good answer; a bad one becomes one sentence."""
    if answer.is_success:
        body: Json = answer.json()
        return body
    raise PlatformProblem(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}")


async def until(condition: Callable[[], Awaitable[object]], otherwise: str) -> None:
    """Call ``condition`` until it returns True. Every other value tells how far it has come: `PlatformProblem` with the
    words ``otherwise`` when `STALL_SECONDS` pass without a value that was not there before."""
    values: list[object] = []
    advanced = time.monotonic()
    while (value := await condition()) is not True:
        if value not in values:
            values.append(value)
            advanced = time.monotonic()
        elif time.monotonic() - advanced > STALL_SECONDS:
            raise PlatformProblem(otherwise)
        await asyncio.sleep(0.2)


async def token_headers(http: httpx.AsyncClient, url: str, client: tuple[str, str]) -> dict[str, str]:
    """The authorization header of an OAuth client (id and secret) at this address."""
    answer = await http.post(f"{url}/oauth/token", auth=client, data={"grant_type": "client_credentials"})
    return {"authorization": f"Bearer {checked(answer)['access_token']}"}
