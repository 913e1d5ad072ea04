"""WebSockets: who gets in, how much they may say, how many there may be, and how soon a revoked one ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from foundation.database import Database
from foundation.outbound import service_client
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import PUBLIC_URL, client_of, page_headers, running_role, sign_in
from tests.tenant_stack.open_page import OpenPage, open_socket


@pytest.fixture
def backend(document: dict[str, object], tmp_path: Path) -> Iterator[str]:
    with running_role("backend", {**document, "live_check_seconds": 4.0}, tmp_path):
        yield str(document["listen"])


async def closing_code(socket: ClientConnection, seconds: float = 20.0) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await OpenPage(socket).next_of("never", seconds=seconds)
    received = closed.value.rcvd or closed.value.sent
    assert received is not None
    return int(received.code)


async def test_nobody_gets_in_from_elsewhere(backend: str, app: FastAPI) -> None:
    cookie = await sign_in(app)
    for offered, origin in (
        (None, PUBLIC_URL),
        ("guessed", PUBLIC_URL),
        (cookie, "https://evil.example"),
        (cookie, "https://globex.localhost:8443"),
        (cookie, "null"),
        (cookie, None),
    ):
        with pytest.raises(InvalidStatus):
            async with open_socket(backend, offered, origin):  # type: ignore[arg-type]
                pass


async def test_ending_a_session_ends_its_sockets_within_five_seconds(backend: str, app: FastAPI) -> None:
    cookie = await sign_in(app)
    async with open_socket(backend, cookie) as socket, client_of(app, **page_headers(cookie)) as client:
        await OpenPage(socket).next_of("hello")
        user_id = (await client.get("/api/session")).json()["user"]["id"]
        await app.state.sign_in.sessions.end_all(user_id)
        began = time.monotonic()
        assert await closing_code(socket) == 4401
        assert time.monotonic() - began < 6


async def test_pages_that_talk_too_much_are_ended(backend: str, app: FastAPI) -> None:
    cookie = await sign_in(app)
    async with open_socket(backend, cookie) as socket:
        await OpenPage(socket).next_of("hello")
        await socket.send("x" * 20_000)
        assert await closing_code(socket) == 1009
    async with open_socket(backend, cookie) as socket:
        await OpenPage(socket).next_of("hello")
        for _ in range(60):
            try:
                await socket.send("x")
            except ConnectionClosed:
                break
        assert await closing_code(socket) == 1008
    async with open_socket(backend, cookie) as socket:
        await OpenPage(socket).next_of("hello")
        await socket.send(b"bytes")
        assert await closing_code(socket) == 1003


async def test_a_sixth_page_ends_the_oldest(backend: str, app: FastAPI) -> None:
    cookie, other = await sign_in(app), await sign_in(app)
    sockets = []
    try:
        for who in (other, *[cookie] * 6):
            socket = await open_socket(backend, who)
            await OpenPage(socket).next_of("hello")
            sockets.append(socket)
        assert await closing_code(sockets[1]) == 1008
        await OpenPage(sockets[0]).next_of("heartbeat")
        await OpenPage(sockets[-1]).next_of("heartbeat")
    finally:
        for socket in sockets:
            await socket.close()


async def test_a_page_hears_of_its_part_only(
    document: dict[str, object], backend: str, app: FastAPI, api: Api, database: Database, tmp_path: Path
) -> None:
    north = await api.post("/api/sites", {"code": "north", "name": "North", "zone": "UTC"})
    here = await api.add_staff("1", site_id=north["id"])
    there = await api.add_staff("2")
    await api.add_device("CLOCK-1")
    cookie = await sign_in(app, "viewer")
    async with client_of(app, **page_headers(cookie)) as client:
        user_id = (await client.get("/api/session")).json()["user"]["id"]
    async with database.transaction() as session:
        query = sa.text("UPDATE users SET sites = CAST(:sites AS jsonb) WHERE id = :id")
        await session.execute(query, {"sites": json.dumps([north["id"]]), "id": user_id})
    with running_role("worker", document, tmp_path):
        async with open_socket(backend, cookie) as socket, service_client(backend, token="bridge-token") as client:
            await OpenPage(socket).next_of("hello")
            bridge = Bridge(client)
            await bridge.punches(punch("2", "2026-03-02 08:00:00"))
            await bridge.punches(punch("1", "2026-03-02 08:05:00"))
            shown = (await OpenPage(socket).next_of("punch"))["punch"]
            assert shown["staff_id"] == here["id"] != there["id"]
