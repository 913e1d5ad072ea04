"""The bridge's application: clocks under ``/iclock``, the back end's worker under ``/internal``."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable
from device_bridge.iclock import routes as iclock
from device_bridge.iclock.units import Units
from device_bridge.pull.coordinator import Coordinator
from device_bridge.settings import BridgeSettings
from foundation.contracts.bridge import ActionResult, SyncSummary, TerminalAction
from foundation.errors import NotSignedIn, Unavailable
from foundation.settings import product_version
from foundation.web import create_app as create_edge

LARGEST_BODY = 5_000_000


def _only_the_back_end(request: Request) -> None:
    """Every ``/internal`` path asks for the bridge's bearer token."""
    settings: BridgeSettings = request.app.state.settings
    expected = f"Bearer {settings.bridge_token.get_secret_value()}".encode()
    offered = request.headers.get("authorization", "").encode("latin-1", errors="replace")
    if not secrets.compare_digest(offered, expected):
        raise NotSignedIn("not_signed_in", "This path is for the organisation's own back end")


internal = APIRouter(prefix="/internal", dependencies=[Depends(_only_the_back_end)], tags=["back end"])


def _coordinator(request: Request) -> Coordinator:
    coordinator: Coordinator = request.app.state.coordinator
    return coordinator


@internal.get("/health")
async def bridge_health() -> dict[str, str]:
    """The bridge runs; whether clocks are there is told by their reports."""
    return {"status": "ok"}


@internal.post("/terminals/refresh", status_code=204)
async def refresh_terminals(request: Request) -> Response:
    """Read the list of pull clocks again, now."""
    try:
        await _coordinator(request).refresh()
    except (BackendUnavailable, BackendRefused) as error:
        raise Unavailable("backend_unavailable", f"The list of clocks could not be read: {error}") from error
    return Response(status_code=204)


@internal.post("/terminals/{serial}/sync")
async def sync_terminal(
    request: Request, serial: Annotated[str, Path(max_length=64)], full: bool = False
) -> SyncSummary:
    """Read one pull clock now; ``full`` reads its whole log whatever the counts say."""
    return await _coordinator(request).sync(serial, full=full)


@internal.post("/terminals/{serial}/act")
async def act_on_terminal(
    request: Request, serial: Annotated[str, Path(max_length=64)], action: TerminalAction
) -> ActionResult:
    """Do one thing on a pull clock now. An enrolment is answered once the clock asks for the finger."""
    return await _coordinator(request).act(serial, action)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: BridgeSettings = app.state.settings
    backend = Backend(settings)
    coordinator = Coordinator(backend, settings)
    app.state.backend, app.state.coordinator = backend, coordinator
    app.state.units = Units()
    coordinator.start()
    try:
        yield
    finally:
        await coordinator.stop()
        await backend.close()


def create_app(settings: BridgeSettings, described: FastAPI | None = None) -> FastAPI:
    """The application of one organisation; ``described`` is one made ahead, used once.

    Connections, threads and tasks begin with its lifespan, not here.
    """
    app = described or describe()
    app.state.settings = settings
    return app


def describe() -> FastAPI:
    """The application before it belongs to anybody: for its OpenAPI document, and for making it ahead of a fork."""
    app = create_edge(
        "Punctual device bridge", product_version(), lifespan=_lifespan, max_body_bytes=LARGEST_BODY, docs=False
    )
    app.include_router(internal)
    app.include_router(iclock.router)
    app.add_middleware(iclock.PathVariants)
    return app
