"""A page of the portal that listens: its socket, and what it has been told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect, unix_connect

from foundation.sign_in.sessions import COOKIE
from tests.tenant_stack.conftest import PUBLIC_URL


def open_socket(backend: str, cookie: str | None, origin: str = PUBLIC_URL) -> connect:
    headers = {"cookie": f"{COOKIE}={cookie}"} if cookie else {}
    return unix_connect(
        backend.removeprefix("unix:"),
        "ws://acme.localhost:8443/api/live",
        additional_headers=headers,
        origin=origin,
    )


class OpenPage:
    """What an open page has been told and nobody asked for yet: no message is dropped for coming early."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.unread: list[dict[str, Any]] = []

    async def next_of(self, kind: str, *, seconds: float = 20) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                for at, message in enumerate(self.unread):
                    if message["type"] == kind:
                        return self.unread.pop(at)
                self.unread.append(json.loads(await self.socket.recv()))
