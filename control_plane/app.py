"""The console's back end: a FastAPI application made from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI

from control_plane.console.audit_endpoints import anchors_router
from control_plane.console.composition import open_parts
from control_plane.console.device_claim_endpoints import device_claims_router
from control_plane.console.organisation_endpoints import organisations_router
from control_plane.console.session_endpoints import operators_router
from control_plane.console.support_endpoints import support_router
from control_plane.operators.service import Operators
from control_plane.settings import PORTAL_DIR, ControlSettings
from foundation.database_answers import answer_database_errors
from foundation.portal import mount_portal
from foundation.settings import product_version
from foundation.sign_in.principal import Public
from foundation.sign_in.routes import sign_in_router
from foundation.web import Lifespan, create_app

TITLE = "Punctual control plane"


def build(settings: ControlSettings) -> FastAPI:
    """The application; its connections are opened when it starts and closed when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings, "control-backend") as parts:
            operators = Operators(settings, parts.database, parts.valkey, parts.vault)
            try:
                await operators.seed()
                app.state.parts = parts
                app.state.sign_in = operators
                app.state.authenticate = operators.authenticate
                yield
            finally:
                await operators.close()

    return _assemble(lifespan, settings.portal_dir)


def describe() -> FastAPI:
    """The application without connections, for its OpenAPI document."""

    @asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    return _assemble(nothing, PORTAL_DIR)


def _assemble(lifespan: Lifespan, portal_dir: Path) -> FastAPI:
    app = create_app(TITLE, product_version(), lifespan=lifespan)
    answer_database_errors(app)
    app.include_router(_health_router())
    app.include_router(sign_in_router())
    app.include_router(operators_router())
    app.include_router(organisations_router())
    app.include_router(anchors_router())
    app.include_router(support_router())
    app.include_router(device_claims_router(), include_in_schema=False)
    mount_portal(app, portal_dir)
    return app


def _health_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["health"])
    router.add_api_route("/health", health, methods=["GET"], dependencies=[Depends(Public())])
    return router


async def health() -> dict[str, str]:
    """The console answers."""
    return {"status": "ok"}
