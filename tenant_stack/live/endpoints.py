"""``/api/live``: a WebSocket that tells a page of punches, records and clocks as they happen.

Origin and session are checked before the handshake is accepted and again while it is open, so that signing out or being
disabled closes it. An open socket does not keep a session alive: only a person does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket
from starlette.websockets import WebSocketDisconnect

from foundation.clock import utc_now
from foundation.errors import Problem
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import Settings
from tenant_stack.access.service import Authenticator
from tenant_stack.live.hub import Hub, Listener
from tenant_stack.live.sight import Sight

PERMISSION = "attendance:read"
ENDED, TOO_SLOW, TOO_MANY, TOO_LARGE = 4401, 4408, 1008, 1009
LARGEST_MESSAGE = 16_384
MESSAGES_A_SECOND = 20
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
    sight = Sight(socket.app.state.database)
    await sight.look(caller)
    await socket.accept()
    with hub.listening(caller.id) as listener:
        await _send(socket, {"type": "hello", "at": utc_now().isoformat()})
        await _first_of(
            _forward(socket, listener, sight),
            _beat(socket, settings.live_heartbeat_seconds),
            _check(socket, settings.live_check_seconds, sight),
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


async def _forward(socket: WebSocket, listener: Listener, sight: Sight) -> None:
    while (message := await listener.next()) is not None:
        if not sight.shows(message):
            continue
        try:
            await asyncio.wait_for(socket.send_text(message), SEND_SECONDS)
        except TimeoutError:
            break
    if listener.displaced:
        await socket.close(TOO_MANY, "Too many pages are open; this is the oldest")
    else:
        await socket.close(TOO_SLOW, "This page fell too far behind")


async def _beat(socket: WebSocket, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _send(socket, {"type": "heartbeat", "at": utc_now().isoformat()})


async def _check(socket: WebSocket, seconds: float, sight: Sight) -> None:
    authenticate: Authenticator = socket.app.state.authenticate
    while True:
        await asyncio.sleep(seconds)
        try:
            caller = await authenticate.account_principal(socket, keep_alive=False)
        except Problem:
            break
        if not caller.may(PERMISSION):
            break
        await sight.look(caller)
    await socket.close(ENDED, "The session has ended")


async def _read(socket: WebSocket) -> None:
    """Pages have nothing to say; reading notices that they went away, and ends those that talk too much."""
    second, count = 0, 0
    try:
        while True:
            text = await socket.receive_text()
            now = int(time.monotonic())
            second, count = now, (count + 1 if now == second else 1)
            if len(text) > LARGEST_MESSAGE:
                await socket.close(TOO_LARGE, "The message is too large")
                return
            if count > MESSAGES_A_SECOND:
                await socket.close(TOO_MANY, "Too many messages")
                return
    except WebSocketDisconnect:
        return
    except KeyError:  # a binary frame
        await socket.close(1003, "Only text is read here")


async def _send(socket: WebSocket, message: dict[str, str]) -> None:
    await socket.send_json(message)
