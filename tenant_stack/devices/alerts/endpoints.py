"""``/api/alerts``."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from foundation.pagination import Page
from tenant_stack.access.dependencies import DeviceReader, DeviceSyncer, Paging, Transaction
from tenant_stack.devices.alerts import service
from tenant_stack.devices.alerts.facts import Severity
from tenant_stack.devices.schemas import AcknowledgeIn, AlertCounts, AlertView


def alerts_router() -> APIRouter:
    router = APIRouter(prefix="/api/alerts", tags=["alerts"])
    router.add_api_route("", list_alerts, methods=["GET"])
    router.add_api_route("/counts", count_alerts, methods=["GET"])
    router.add_api_route("/{alert_id}/acknowledge", acknowledge_alert, methods=["POST"])
    return router


async def list_alerts(
    caller: DeviceReader,
    session: Transaction,
    page: Paging,
    state: Literal["open", "closed"] = "open",
    severity: Severity | None = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    device_id: UUID | None = None,
) -> Page[AlertView]:
    """What is the matter with clocks, newest first."""
    return await service.list_alerts(
        session, page, closed=state == "closed", severity=severity, kind=kind, device_id=device_id
    )


async def count_alerts(caller: DeviceReader, session: Transaction) -> AlertCounts:
    """How many alerts are open, for the badge in the menu."""
    return await service.count_alerts(session)


async def acknowledge_alert(
    alert_id: UUID, entered: AcknowledgeIn, caller: DeviceSyncer, session: Transaction
) -> AlertView:
    """Say that somebody has taken this up."""
    return await service.acknowledge(session, caller.actor, alert_id, entered.note)
