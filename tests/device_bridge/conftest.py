"""A real bridge on a real port, with a recording back end behind a Unix socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
import uvloop
from fastapi import FastAPI

from device_bridge.app import create_app
from device_bridge.settings import BridgeSettings
from foundation.contracts.bridge import Terminal
from tests.device_bridge.recording_backend import TOKEN, RecordingBackend


async def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return once the condition holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(app: FastAPI, **where: object) -> AsyncIterator[uvicorn.Server]:
    """Uvicorn in this loop, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **where))  # type: ignore[arg-type]
    running = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started or running.done())
        yield server
    finally:
        server.should_exit = True
        await running


@dataclass
class Bridge:
    """What a test needs: the address clocks call, the back end, and an authorised client of ``/internal``."""

    url: str
    backend: RecordingBackend
    client: httpx.AsyncClient
    settings: BridgeSettings
    app: FastAPI

    async def list_terminal(self, serial: str, port: int, **more: object) -> None:
        """Put a pull clock on the back end's list and tell the bridge."""
        terminal = Terminal.model_validate(
            {"serial": serial, "address": "127.0.0.1", "port": port, "zone": "UTC", **more}
        )
        others = [other for other in self.backend.terminals if other.serial != serial]
        self.backend.terminals = [*others, terminal]
        response = await self.client.post("/internal/terminals/refresh")
        assert response.status_code == 204


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of production; simulators run under the standard one in the tests of their command."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def backend() -> RecordingBackend:
    return RecordingBackend()


@pytest.fixture
async def bridge(backend: RecordingBackend, tmp_path: Path) -> AsyncIterator[Bridge]:
    socket_path = tmp_path / "backend.sock"
    settings = BridgeSettings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "organisation": "acme",
            "backend_url": f"unix:{socket_path}",
            "bridge_token": TOKEN,
            "device_networks": ["127.0.0.0/8"],
            "connect_timeout": 1.0,
            "answer_timeout": 3.0,
            "conversation_deadline": 20.0,
            "sync_deadline": 20.0,
            "poll_interval": 0.5,
            "list_interval": 0.5,
            "backoff_base": 0.05,
            "backoff_cap": 0.3,
            "error_delay": 1,
        }
    )
    async with (
        serving(backend.app, uds=str(socket_path)),
        serving(app := create_app(settings), host="127.0.0.1", port=0) as server,
    ):
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30.0) as client:
            yield Bridge(url, backend, client, settings, app)
