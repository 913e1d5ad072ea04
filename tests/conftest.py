"""The whole platform for tests that need it: started once, from nothing, in a folder of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from control_plane.local.home import Home, free_ports
from control_plane.local.platform import Platform
from tests.operator import Operator

# The default renders the values of every variable in every frame, which takes seconds for each logged exception.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

DEVICE_NETWORKS = ["10.0.0.0/8", "127.0.0.0/8"]


def new_home() -> Path:
    """A short path that PostgreSQL's lent user can reach when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="pnc-", dir="/tmp"))
    folder.chmod(0o755)
    return folder / "home"


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A running platform without organisations."""
    place = new_home()
    platform = Platform(Home(place), device_networks=DEVICE_NETWORKS)
    try:
        asyncio.run(platform.up(free_ports(1)[0]))
        yield platform
    finally:
        asyncio.run(platform.down())
        platform.home.erase()
        shutil.rmtree(place.parent)


@pytest.fixture(scope="session")
def operator(platform: Platform) -> Operator:
    """Somebody who onboards organisations through the console's API."""
    return Operator.of(platform)


@pytest.fixture(scope="session")
def two_organisations(operator: Operator) -> tuple[str, str]:
    """Slugs of two active organisations in different time zones."""

    async def onboard() -> None:
        async with operator.console() as console:
            await asyncio.gather(
                operator.onboard(console, "alpha", zone="Asia/Dubai"),
                operator.onboard(console, "beta", zone="America/Chicago"),
            )

    asyncio.run(onboard())
    return "alpha", "beta"
