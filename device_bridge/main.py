"""Entry point of the bridge's process."""

from __future__ import annotations

from collections.abc import Callable

import uvloop
from fastapi import FastAPI

from device_bridge.app import create_app
from device_bridge.settings import BridgeSettings
from foundation.logs import configure
from foundation.web import serve


def run(document: dict[str, object], announce_ready: Callable[[], None], described: FastAPI | None = None) -> None:
    """Serve one organisation's clocks until SIGTERM. ``document`` holds the fields of `BridgeSettings`.

    ``announce_ready`` is called once connections are accepted; ``described`` is an application made before the fork.
    """
    settings = BridgeSettings.model_validate(document)
    configure("device-bridge", organisation=settings.organisation, level=settings.log_level)

    async def ready() -> None:
        announce_ready()

    uvloop.run(serve(create_app(settings, described), settings.listen, on_ready=ready))
