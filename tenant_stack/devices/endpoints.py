"""``/api/devices``."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    DeviceCreator,
    DeviceEditor,
    DeviceReader,
    DeviceRemover,
    DeviceSyncer,
    Paging,
    Settings,
    Transaction,
    Worker,
)
from tenant_stack.devices import service
from tenant_stack.devices.alerts.endpoints import alerts_router
from tenant_stack.devices.claims import claim_serial, release_serial
from tenant_stack.devices.comm_keys import Keys
from tenant_stack.devices.maintenance_endpoints import care_router
from tenant_stack.devices.schemas import (
    ApproveIn,
    DeviceIn,
    DeviceStatusView,
    DeviceUserView,
    DeviceView,
    Status,
    SyncView,
)
from tenant_stack.devices.syncs import request_sync


def devices_router() -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])
    router.add_api_route("", create_device, methods=["POST"], status_code=201)
    router.add_api_route("", list_devices, methods=["GET"])
    router.add_api_route("/{device_id}", read_device, methods=["GET"])
    router.add_api_route("/{device_id}", update_device, methods=["PUT"])
    router.add_api_route("/{device_id}", delete_device, methods=["DELETE"], status_code=204)
    router.add_api_route("/{device_id}/approve", approve_device, methods=["POST"])
    router.add_api_route("/{device_id}/status", read_device_status, methods=["GET"])
    router.add_api_route("/{device_id}/sync", sync_device, methods=["POST"], status_code=202)
    router.add_api_route("/{device_id}/syncs", list_device_syncs, methods=["GET"])
    router.add_api_route("/{device_id}/users", list_device_users, methods=["GET"])
    whole = APIRouter()
    whole.include_router(router)
    whole.include_router(care_router())
    whole.include_router(alerts_router())
    return whole


async def create_device(
    entered: DeviceIn, caller: DeviceCreator, session: Transaction, settings: Settings, hints: Worker, keys: Keys
) -> DeviceView:
    """Add a clock; a serial that waits for approval is approved by this."""
    claimed = await claim_serial(settings, entered.device_serial)
    after_commit(session, hints.refresh_terminals)
    after_commit(session, hints.plan)
    return await service.create_device(
        session, caller.actor, entered, networks=settings.networks, zone=settings.zone, claimed=claimed, keys=keys
    )


async def list_devices(
    caller: DeviceReader,
    session: Transaction,
    page: Paging,
    status: Status | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[DeviceView]:
    """Clocks by name."""
    return await service.list_devices(session, page, status=status, q=q)


async def read_device(device_id: UUID, caller: DeviceReader, session: Transaction) -> DeviceView:
    """One clock."""
    return await service.read_device(session, device_id)


async def update_device(
    device_id: UUID,
    entered: DeviceIn,
    caller: DeviceEditor,
    session: Transaction,
    settings: Settings,
    hints: Worker,
    keys: Keys,
) -> DeviceView:
    """Replace what was entered about a clock."""
    before = await service.read_device(session, device_id)
    moved = before.device_serial != entered.device_serial
    claimed = await claim_serial(settings, entered.device_serial) if moved else before.claim_state == "ours"
    after_commit(session, hints.refresh_terminals)
    return await service.update_device(
        session,
        caller.actor,
        device_id,
        entered,
        networks=settings.networks,
        zone=settings.zone,
        claimed=claimed,
        keys=keys,
    )


async def delete_device(
    device_id: UUID, caller: DeviceRemover, session: Transaction, settings: Settings, hints: Worker
) -> Response:
    """Remove a clock of which nothing is recorded."""
    after_commit(session, hints.refresh_terminals)
    serial = await service.delete_device(session, caller.actor, device_id)
    after_commit(session, partial(release_serial, settings, serial))
    return Response(status_code=204)


async def approve_device(
    device_id: UUID, entered: ApproveIn, caller: DeviceCreator, session: Transaction, settings: Settings, hints: Worker
) -> DeviceView:
    """Accept a clock that called by itself; it sends its log with its next attempt."""
    waiting = await service.read_device(session, device_id)
    claimed = waiting.approved_at is None and await claim_serial(settings, waiting.device_serial)
    after_commit(session, hints.plan)
    return await service.approve_device(session, caller.actor, device_id, entered, zone=settings.zone, claimed=claimed)


async def read_device_status(device_id: UUID, caller: DeviceReader, session: Transaction) -> DeviceStatusView:
    """Is the clock there, and is everything of it here?"""
    return await service.device_status(session, device_id)


async def sync_device(device_id: UUID, caller: DeviceSyncer, session: Transaction, hints: Worker) -> SyncView:
    """Read a clock now; a synchronisation that is under way is returned instead of a second."""
    device = await service.get_device(session, device_id)
    sync = await request_sync(session, caller.actor, device)
    after_commit(session, partial(hints.sync, str(sync.id)))
    return SyncView.model_validate(sync)


async def list_device_syncs(
    device_id: UUID, caller: DeviceReader, session: Transaction, page: Paging
) -> Page[SyncView]:
    """Synchronisations of a clock, newest first."""
    return await service.list_syncs(session, device_id, page)


async def list_device_users(
    device_id: UUID, caller: DeviceReader, session: Transaction, page: Paging
) -> Page[DeviceUserView]:
    """Whom a clock knows, also those that we do not know."""
    return await service.list_users(session, device_id, page)
