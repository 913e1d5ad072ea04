"""Under ``/api/devices/{id}``: completeness, commands, actions, trust, addresses; and ``/api/dead-letters``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    DeviceApprover,
    DeviceEditor,
    DeviceReader,
    DeviceSyncer,
    Paging,
    Transaction,
    Worker,
)
from tenant_stack.devices import maintenance
from tenant_stack.devices.actions import act
from tenant_stack.devices.commands import history
from tenant_stack.devices.schemas import (
    ActionIn,
    ActionView,
    AddressIn,
    CommandView,
    CompletenessView,
    DeviceView,
    FailedSyncView,
    TrustIn,
)
from tenant_stack.devices.service import get_device, read_device
from tenant_stack.devices.sources import settle_address

CommandId = Annotated[int, Path(ge=1, lt=1 << 63)]
CommandState = Literal["queued", "sent", "done", "failed", "cancelled"]


def care_router() -> APIRouter:
    router = APIRouter(tags=["devices"])
    one = "/api/devices/{device_id}"
    router.add_api_route(f"{one}/completeness", read_completeness, methods=["GET"])
    router.add_api_route(f"{one}/commands", list_device_commands, methods=["GET"])
    router.add_api_route(f"{one}/commands/{{command_id}}/cancel", cancel_command, methods=["POST"])
    router.add_api_route(f"{one}/commands/{{command_id}}/retry", retry_command, methods=["POST"])
    router.add_api_route(f"{one}/actions", act_on_device, methods=["POST"], status_code=202)
    router.add_api_route(f"{one}/trust", change_trust, methods=["PUT"])
    router.add_api_route(f"{one}/address", answer_address, methods=["POST"])
    router.add_api_route("/api/dead-letters/commands", list_failed_commands, methods=["GET"])
    router.add_api_route("/api/dead-letters/syncs", list_failed_syncs, methods=["GET"])
    return router


async def read_completeness(device_id: UUID, caller: DeviceReader, session: Transaction) -> CompletenessView:
    """On the clock, stored, last verified; and every line that ever came, accounted for."""
    return await maintenance.read_completeness(session, device_id)


async def list_device_commands(
    device_id: UUID,
    caller: DeviceReader,
    session: Transaction,
    page: Paging,
    state: Annotated[CommandState | None, Query()] = None,
) -> Page[CommandView]:
    """What was asked of a clock, newest first."""
    return await history.list_commands(session, page, device_id=device_id, state=state)


async def cancel_command(
    device_id: UUID, command_id: CommandId, caller: DeviceSyncer, session: Transaction
) -> CommandView:
    """Take a command back, or put a failed one aside."""
    return await history.cancel(session, caller.actor, device_id, command_id)


async def retry_command(
    device_id: UUID, command_id: CommandId, caller: DeviceSyncer, session: Transaction
) -> CommandView:
    """Queue a failed or cancelled command once more."""
    return await history.retry(session, caller.actor, device_id, command_id)


async def act_on_device(
    device_id: UUID, entered: ActionIn, caller: DeviceEditor, session: Transaction, hints: Worker
) -> ActionView:
    """Have a clock do something now."""
    done = await act(session, caller.actor, await get_device(session, device_id), entered)
    if done.sync_id is not None:
        after_commit(session, partial(hints.sync, str(done.sync_id)))
    return done


async def change_trust(device_id: UUID, entered: TrustIn, caller: DeviceApprover, session: Transaction) -> DeviceView:
    """Say what may be sent to a clock."""
    await maintenance.change_trust(session, caller.actor, device_id, entered.trust)
    return await read_device(session, device_id)


async def answer_address(
    device_id: UUID, entered: AddressIn, caller: DeviceApprover, session: Transaction
) -> DeviceView:
    """Say whether the new address from which a clock calls is really the clock's."""
    device = await get_device(session, device_id)
    await settle_address(session, caller.actor, device, accept=entered.accept)
    return await read_device(session, device_id)


async def list_failed_commands(caller: DeviceReader, session: Transaction, page: Paging) -> Page[CommandView]:
    """Commands of all clocks that failed for good."""
    return await history.list_failed_commands(session, page)


async def list_failed_syncs(caller: DeviceReader, session: Transaction, page: Paging) -> Page[FailedSyncView]:
    """Clocks whose last synchronisation failed."""
    return await history.list_failed_syncs(session, page)
