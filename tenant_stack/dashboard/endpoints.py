"""``/api/dashboard``."""

from __future__ import annotations

from fastapi import APIRouter

from tenant_stack.access.dependencies import AttendanceReader, Settings, Transaction
from tenant_stack.access.scope import scope_of
from tenant_stack.dashboard.schemas import Dashboard
from tenant_stack.dashboard.service import dashboard


def dashboard_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["dashboard"])
    router.add_api_route("/dashboard", read_dashboard, methods=["GET"])
    return router


async def read_dashboard(caller: AttendanceReader, session: Transaction, settings: Settings) -> Dashboard:
    """Today's attendance, the clocks, the newest punches."""
    return await dashboard(session, settings.zone, scope_of(caller))
