"""Background work on devices: carry out synchronisations, tell the bridge of wishes, watch who is there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import sqlalchemy as sa
from pydantic import ValidationError

from foundation.contracts.bridge import SyncSummary
from foundation.logs import get_logger
from tenant_stack.devices import completeness, syncs
from tenant_stack.devices.alerts import service as alerts
from tenant_stack.devices.comm_keys import comm_keys_of, has_clear_keys, seal_clear_keys
from tenant_stack.devices.status import status_expression, status_message
from tenant_stack.job_context import JobContext
from tenant_stack.live.events import publish_alerts, publish_device
from tenant_stack.tables.devices import Device

# Answers of the bridge that time does not mend: somebody must change the key, the address or the connection.
PERMANENT_CODES = frozenset({"terminal_refused", "terminal_unsupported", "terminal_mismatch", "terminal_unknown"})
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the bridge did not deliver, in plain words, and whether trying again may help."""

    message: str
    transient: bool


async def run_sync(context: JobContext, sync_id: UUID) -> None:
    """Carry out one synchronisation if it is due; safe to call twice or late."""
    async with context.database.transaction() as session:
        started = await syncs.start(session, sync_id)
    if started is None or started.connection == "push":
        return
    outcome = await _ask_bridge(context.bridge, started.serial, full=started.kind == "full")
    async with context.database.transaction() as session:
        if isinstance(outcome, SyncSummary):
            await syncs.succeed(session, started.sync_id, outcome)
            await completeness.take_full_read(session, started.device_id, outcome)
        else:
            backoff = syncs.Backoff.of(context.settings)
            await syncs.fail(session, started, outcome.message, transient=outcome.transient, backoff=backoff)
    if isinstance(outcome, SyncSummary):
        context.work()


async def _ask_bridge(bridge: httpx.AsyncClient, serial: str, *, full: bool) -> SyncSummary | Failure:
    try:
        response = await bridge.post(f"/internal/terminals/{serial}/sync", params={"full": "true"} if full else None)
    except httpx.TimeoutException:
        return Failure("The device bridge took too long to read the clock", transient=True)
    except httpx.HTTPError:
        return Failure("The device bridge does not answer", transient=True)
    try:
        if response.status_code == 200:
            return SyncSummary.model_validate_json(response.content)
        problem = response.json()
        detail = str(problem.get("detail") or f"The device bridge answered {response.status_code}")
        code = str(problem.get("code", ""))
    except (ValueError, ValidationError, AttributeError):
        return Failure("The device bridge answered something unreadable", transient=True)
    transient = response.status_code in TRANSIENT_STATUSES and code not in PERMANENT_CODES
    return Failure(detail[:1000], transient=transient)


async def refresh_terminals(context: JobContext) -> None:
    """Tell the bridge that our wishes changed; it reads the list from time to time anyway."""
    try:
        response = await context.bridge.post("/internal/terminals/refresh", timeout=10)
        response.raise_for_status()
    except httpx.HTTPError as error:
        get_logger().warning("terminals.refresh_lost", error=type(error).__name__)


async def watch_clocks(context: JobContext) -> None:
    """Open and close alerts, and tell open pages when any did."""
    async with context.database.transaction() as session:
        changed = await alerts.watch(session)
    if changed:
        await publish_alerts(context.valkey)
        context.work()


async def seal_comm_keys(context: JobContext) -> None:
    """Seal keys of clocks that were entered before keys were sealed."""
    async with context.database.transaction() as session:
        if await has_clear_keys(session):
            await seal_clear_keys(session, comm_keys_of(context.settings))


async def announce_changes(context: JobContext) -> None:
    """Tell open pages of clocks whose status is another than they were told last."""
    status = status_expression()
    # updated_at stays: it is about what people entered.
    change = (
        sa.update(Device)
        .where(Device.announced_status != status)
        .values(announced_status=status, updated_at=Device.updated_at)
        .returning(Device)
        .execution_options(synchronize_session=False)
    )
    async with context.database.transaction() as session:
        changed = list(await session.scalars(change))
    for device in changed:
        await publish_device(
            context.valkey,
            {
                "id": str(device.id),
                "status": device.announced_status,
                "status_message": status_message(device, device.announced_status),
                "last_seen_at": device.last_seen_at.isoformat() if device.last_seen_at else None,
            },
        )
