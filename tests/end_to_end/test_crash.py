"""Killed at the worst moment: after the commit and before the answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from pathlib import Path

import hvac
import uvicorn

from control_plane.local.platform import Platform
from control_plane.local.process import Lock
from device_bridge.app import create_app
from device_bridge.settings import BridgeSettings
from device_bridge.simulator.push_clock import PushClock
from tests.operator import Operator, until

PUNCHES = 60


class CutBeforeAnswer:
    """Stands between a bridge and its back end; kills the back end once it has answered, and loses that answer."""

    def __init__(self, backend_socket: Path, backend: Lock, listen: Path, *, kills: int) -> None:
        self._backend_socket = backend_socket
        self._backend = backend
        self._listen = listen
        self.kills_left = kills

    async def __aenter__(self) -> CutBeforeAnswer:
        self._server = await asyncio.start_unix_server(self._serve, str(self._listen))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        punches_under_way = False

        async def ask() -> None:
            nonlocal punches_under_way
            while part := await reader.read(65_536):
                if part.startswith((b"POST ", b"GET ")):
                    punches_under_way = part.startswith(b"POST /internal/bridge/punches")
                forth.write(part)
                await forth.drain()

        with contextlib.suppress(OSError, asyncio.CancelledError):
            back, forth = await asyncio.open_unix_connection(str(self._backend_socket))
            asked = asyncio.create_task(ask())
            try:
                while answer := await back.read(65_536):
                    if punches_under_way and self.kills_left and answer.startswith(b"HTTP/1.1 200"):
                        self.kills_left -= 1
                        pid = self._backend.holder()
                        assert pid
                        os.kill(pid, signal.SIGKILL)
                        break
                    writer.write(answer)
                    await writer.drain()
            finally:
                asked.cancel()
                forth.close()
        writer.close()


async def test_back_end_killed_between_commit_and_acknowledgement(
    platform: Platform, operator: Operator, two_organisations: tuple[str, str]
) -> None:
    slug = two_organisations[1]
    async with operator.console() as console:
        client = await operator.client(console, slug)
    vault = hvac.Client(url=platform.openbao.url)
    role = platform.openbao.credentials()
    vault.auth.approle.login(role_id=role.role_id, secret_id=role.secret_id)
    secrets = vault.secrets.kv.v2.read_secret_version(
        path=f"organisations/{slug}/credentials", mount_point="secret", raise_on_deleted_version=True
    )["data"]["data"]
    between = platform.home.run / "between.sock"
    backend = platform.home.run / f"org-{slug}-backend.sock"
    lock = Lock(platform.components.files(f"org-{slug}", "tenant-backend").lock)
    settings = BridgeSettings(
        listen="127.0.0.1:0",
        organisation=f"org-{slug}",
        backend_url=f"unix:{between}",
        bridge_token=secrets["bridge_token"],
        device_networks=["10.255.0.0/16"],
    )
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None))
    async with operator.tenant(client) as api, CutBeforeAnswer(backend, lock, between, kills=2) as cut:
        answer = await api.post(
            "/api/devices", json={"device_serial": "CRASH001", "name": "Crash", "connection": "push"}
        )
        assert answer.status_code == 201, answer.text
        device_id = answer.json()["id"]
        serving = asyncio.create_task(server.serve())

        async def started() -> bool:
            return server.started

        await until(started, what="the bridge")
        port = server.servers[0].sockets[0].getsockname()[1]
        clock = PushClock(f"http://127.0.0.1:{port}", "CRASH001", error_delay=0.5, poll_seconds=60)
        wanted = [(str(1 + number % 7), f"2026-11-{10 + number % 9:02} 08:{number:02}:00") for number in range(PUNCHES)]
        for pin, local_time in wanted:
            clock.punch(pin, local_time)
        await clock.start()
        try:
            await clock.wait_until_sent(60)
        finally:
            await clock.stop()
            server.should_exit = True
            await serving
        assert cut.kills_left == 0

        async def stored() -> list[tuple[str, str]] | None:
            found = await api.get("/api/attendance/logs", params={"device_id": device_id, "limit": 200})
            return [(log["pin"], log["local_time"]) for log in found.json()["items"]] if found.is_success else None

        logs = await until(stored, what="the back end after its death")
        assert logs is not None
        assert Counter(logs) == Counter(wanted)
