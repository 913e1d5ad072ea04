"""The back end's application. Creating it opens nothing; connections are opened by its lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from foundation import web
from foundation.addresses import loopback_allowed
from foundation.database import Database
from foundation.database_answers import answer_database_errors
from foundation.jobs import JobQueue
from foundation.portal import mount_portal
from foundation.settings import product_version
from foundation.sign_in.principal import Public
from foundation.sign_in.routes import sign_in_router
from foundation.sign_in.sessions import Sessions
from foundation.sign_in.tokens import Tokens
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.access.break_glass import BreakGlassAuthenticator
from tenant_stack.access.break_glass_endpoints import break_glass_router
from tenant_stack.access.client_endpoints import clients_router
from tenant_stack.access.connection_endpoints import connection_router
from tenant_stack.access.connection_test import ConnectionTester
from tenant_stack.access.endpoints import access_router
from tenant_stack.access.host_check import KnownHost
from tenant_stack.access.idempotency import IdempotentWrites
from tenant_stack.access.people_endpoints import people_router
from tenant_stack.access.service import Authenticator, DenialLog
from tenant_stack.access.sign_in import TenantSignIn
from tenant_stack.access.support.endpoints import support_router
from tenant_stack.access.support.passes import Passes
from tenant_stack.attendance.endpoints import attendance_router, what_if_router
from tenant_stack.audit.chain import ChainSigner
from tenant_stack.audit.endpoints import audit_router
from tenant_stack.biometrics.endpoints import biometrics_router
from tenant_stack.biometrics.enrollment_endpoints import enrollment_router
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.dashboard.endpoints import dashboard_router
from tenant_stack.devices.endpoints import devices_router
from tenant_stack.internal.bridge import bridge_router
from tenant_stack.internal.control import control_router
from tenant_stack.jobs import registry
from tenant_stack.live.endpoints import live_router
from tenant_stack.live.hub import Hub
from tenant_stack.logo.endpoints import logo_router
from tenant_stack.payroll.endpoints import payroll_router
from tenant_stack.people.bulk.endpoints import bulk_router
from tenant_stack.people.conflicts.endpoints import conflicts_router
from tenant_stack.people.groups.endpoints import device_groups_router, manual_enrollment_router
from tenant_stack.people.staff.endpoints import staff_router
from tenant_stack.punches.endpoints import punches_router
from tenant_stack.punches.intake import Intake
from tenant_stack.punches.partitions import Months
from tenant_stack.reports.endpoints import reports_router
from tenant_stack.schedules.endpoints import schedules_router
from tenant_stack.schedules.roster_endpoints import roster_router
from tenant_stack.sealing import Seals
from tenant_stack.settings import TenantSettings
from tenant_stack.webhooks.endpoints import webhooks_router
from tenant_stack.worker_hints import Hints

PORTAL = Path(__file__).parent / "portal" / "dist"

# The bridge sends up to 5,000 punches or 20,000 users at a time; a staff import has up to 10 MB, a logo 1 MB.
LARGER_BODIES = {"/internal/bridge": 8_000_000, "/api/staff/import": 10_100_000, "/api/logo": 1_200_000}


async def read_health() -> dict[str, str]:
    """The process serves requests; whether its services answer is for `/internal/health`."""
    return {"status": "ok"}


def _health_router() -> APIRouter:
    router = APIRouter(tags=["health"])
    router.add_api_route("/api/health", read_health, methods=["GET"], dependencies=[Depends(Public())])
    return router


PUBLIC_ROUTERS = (
    _health_router,
    sign_in_router,
    access_router,
    people_router,
    connection_router,
    break_glass_router,
    clients_router,
    audit_router,
    support_router,
    bulk_router,
    staff_router,
    manual_enrollment_router,
    enrollment_router,
    biometrics_router,
    devices_router,
    device_groups_router,
    conflicts_router,
    attendance_router,
    punches_router,
    what_if_router,
    schedules_router,
    roster_router,
    reports_router,
    logo_router,
    payroll_router,
    webhooks_router,
    dashboard_router,
    live_router,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: TenantSettings = app.state.settings
    database = Database(
        settings.database_url.get_secret_value(),
        pool_size=4,
        max_overflow=6,
        application_name=f"{settings.organisation}-backend",
    )
    valkey = Valkey(settings.valkey_url.get_secret_value(), settings.valkey_prefix)
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    queue = JobQueue(settings.valkey_url.get_secret_value(), settings.jobs_namespace, registry)
    sessions = Sessions(valkey)
    tokens = Tokens(vault, settings.tokens_key, settings.public_url)
    hints = Hints(queue)
    hub = Hub(valkey)
    seals = Seals(vault, settings.backups_key)
    loopback = loopback_allowed(settings.networks)

    state = app.state
    state.database, state.valkey, state.hints, state.hub = database, valkey, hints, hub
    state.template_cipher = TemplateCipher(vault, settings.templates_key)
    state.sign_in = TenantSignIn(
        public_url=settings.public_url,
        database=database,
        valkey=valkey,
        sessions=sessions,
        tokens=tokens,
        vault=vault,
        seals=seals,
        ca_file=settings.ca_file,
        loopback=loopback,
    )
    state.sign_in_trial = ConnectionTester(database, state.sign_in, loopback=loopback)
    state.break_glass = BreakGlassAuthenticator(database, valkey, seals)
    state.authenticate = Authenticator(database, sessions, tokens, settings.public_url, valkey)
    state.refused = DenialLog(database)
    state.chain_signer = ChainSigner(vault, settings.tokens_key, settings.organisation)
    state.support_passes = Passes(vault, valkey, settings.tokens_key, settings.public_url)
    state.intake = Intake(database, Months(database), hints, settings.zone)
    hub.open()
    try:
        yield
    finally:
        await hub.close()
        await hints.close()
        await state.sign_in.close()
        await valkey.close()
        await database.close()
        queue.close()


def create_app(settings: TenantSettings, described: FastAPI | None = None) -> FastAPI:
    """The application of one organisation; opens nothing. ``described`` is one prepared by `describe`, used once."""
    app = described or describe()
    app.state.settings = settings
    app.state.bridge_token = settings.bridge_token.get_secret_value()
    app.state.control_token = settings.control_token.get_secret_value()
    return app


def describe() -> FastAPI:
    """The application before it is configured: for its OpenAPI document, and to prepare it before a fork."""
    app = web.create_app("Punctual tenant API", product_version(), lifespan=_lifespan, larger_bodies=LARGER_BODIES)
    answer_database_errors(app)
    # First: routes are matched in order, and requests with punches are the most frequent.
    app.include_router(bridge_router(), include_in_schema=False)
    for router in PUBLIC_ROUTERS:
        app.include_router(router())
    app.include_router(control_router(), include_in_schema=False)
    # Inside the other middleware, so that replayed responses carry its headers too.
    app.user_middleware.append(Middleware(KnownHost))
    app.user_middleware.append(Middleware(IdempotentWrites))
    mount_portal(app, PORTAL)
    return app
