"""``/api/live``: a WebSocket that sends a page punches, records and devices as they change.

Origin and session are checked before the handshake and again while the socket is open, so that signing out or a
disabled account closes it. An open socket does not count as activity of the session.
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
from tenant_stack.live.event_filter import EventFilter
from tenant_stack.live.hub import Hub, Listener

PERMISSION = "attendance:read"
SESSION_ENDED, TOO_SLOW, TOO_MANY, TOO_LARGE = 4401, 4408, 1008, 1009
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
    event_filter = EventFilter(socket.app.state.database)
    await event_filter.refresh(caller)
    await socket.accept()
    with hub.subscribe(caller.id) as listener:
        await socket.send_json({"type": "hello", "at": utc_now().isoformat()})
        await _run_until_first(
            _forward(socket, listener, event_filter),
            _send_heartbeats(socket, settings.live_heartbeat_seconds),
            _check_session(socket, settings.live_check_seconds, event_filter),
            _read(socket),
        )


async def _run_until_first(*coroutines: Coroutine[None, None, None]) -> None:
    """Run all coroutines until one ends, then cancel the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forward(socket: WebSocket, listener: Listener, event_filter: EventFilter) -> None:
    while (message := await listener.next()) is not None:
        if not event_filter.allows(message):
            continue
        try:
            await asyncio.wait_for(socket.send_text(message), SEND_SECONDS)
        except TimeoutError:
            break
    if listener.displaced:
        await socket.close(TOO_MANY, "Too many pages are open; this is the oldest")
    else:
        await socket.close(TOO_SLOW, "This page fell too far behind")


async def _send_heartbeats(socket: WebSocket, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await socket.send_json({"type": "heartbeat", "at": utc_now().isoformat()})


async def _check_session(socket: WebSocket, seconds: float, event_filter: EventFilter) -> None:
    authenticate: Authenticator = socket.app.state.authenticate
    while True:
        await asyncio.sleep(seconds)
        try:
            caller = await authenticate.account_principal(socket, keep_alive=False)
        except Problem:
            break
        if not caller.may(PERMISSION):
            break
        await event_filter.refresh(caller)
    await socket.close(SESSION_ENDED, "The session has ended")


async def _read(socket: WebSocket) -> None:
    """Pages send nothing; reading detects a closed connection, and limits size and rate."""
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
