"""``/api/live``: a WebSocket that tells a page of punches, records and clocks as they happen.

Origin and session are checked before the handshake is accepted and again while it is open, so that signing out or being
disabled closes it. An open socket does not keep a session alive: only a person does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket
from starlette.websockets import WebSocketDisconnect

from foundation.clock import utc_now
from foundation.errors import Problem
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.service import Authenticator
from tenant_stack.edge import Settings
from tenant_stack.live.hub import Hub, Listener

PERMISSION = "attendance:read"
ENDED, TOO_SLOW = 4401, 4408
SEND_SECONDS = 10.0


def live_router() -> APIRouter:
    router = APIRouter()
    router.add_api_websocket_route("/api/live", live)
    return router


async def live(
    socket: WebSocket, caller: Annotated[Principal, Depends(Requires(PERMISSION))], settings: Settings
) -> None:
    """Events as JSON: hello, punch, record, device, heartbeat."""
    hub: Hub = socket.app.state.hub
    await socket.accept()
    with hub.listening() as listener:
        await _send(socket, {"type": "hello", "at": utc_now().isoformat()})
        await _first_of(
            _forward(socket, listener),
            _beat(socket, settings.live_heartbeat_seconds),
            _check(socket, settings.live_check_seconds),
            _read(socket),
        )


async def _first_of(*works: Coroutine[None, None, None]) -> None:
    """Run all until one ends, then end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forward(socket: WebSocket, listener: Listener) -> None:
    while (message := await listener.next()) is not None:
        try:
            await asyncio.wait_for(socket.send_text(message), SEND_SECONDS)
        except TimeoutError:
            break
    await socket.close(TOO_SLOW, "This page fell too far behind")


async def _beat(socket: WebSocket, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _send(socket, {"type": "heartbeat", "at": utc_now().isoformat()})


async def _check(socket: WebSocket, seconds: float) -> None:
    authenticate: Authenticator = socket.app.state.authenticate
    while True:
        await asyncio.sleep(seconds)
        try:
            caller = await authenticate.account_principal(socket, keep_alive=False)
        except Problem:
            break
        if not caller.may(PERMISSION):
            break
    await socket.close(ENDED, "The session has ended")


async def _read(socket: WebSocket) -> None:
    """Pages have nothing to say; reading notices that they went away."""
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return


async def _send(socket: WebSocket, message: dict[str, str]) -> None:
    await socket.send_json(message)
