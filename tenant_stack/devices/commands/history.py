"""What was asked of clocks: listed with its state in words, cancelled, tried again; and what failed for good."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.devices.commands.descriptions import NEVER_AGAIN, held_because, what, words
from tenant_stack.devices.schemas import CommandView, FailedSyncView
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device, DeviceCommand, SyncLog
from tenant_stack.views import view_of


def _view(command: DeviceCommand, device: Device) -> CommandView:
    return view_of(
        CommandView,
        command,
        id=str(command.id),
        device_name=device.name,
        what=what(command),
        words=words(command),
        held_because=held_because(device, command),
        count=command.result_count,
        can_retry=command.state in {"failed", "cancelled"} and command.kind not in NEVER_AGAIN,
        can_cancel=command.state in {"queued", "sent", "failed"},
    )


async def list_commands(
    session: AsyncSession, page: PageRequest, *, device_id: UUID | None = None, state: str | None = None
) -> Page[CommandView]:
    """Commands of a clock, or of all, newest first."""
    query = sa.select(DeviceCommand, Device).join(Device, Device.id == DeviceCommand.device_id)
    if device_id is not None:
        if await session.get(Device, device_id) is None:
            raise NotFound("device_not_found", "There is no such clock")
        query = query.where(DeviceCommand.device_id == device_id)
    if state is not None:
        query = query.where(DeviceCommand.state == state)
    rows, cursor, total = await paginate(session, query, page, order=[DeviceCommand.__table__.c.id], descending=True)
    return Page(items=[_view(row[0], row[1]) for row in rows], next_cursor=cursor, total=total)


async def list_failed_commands(session: AsyncSession, page: PageRequest) -> Page[CommandView]:
    """Commands that failed for good and that nobody has dealt with; steps of a synchronisation are shown by it."""
    query = (
        sa.select(DeviceCommand, Device)
        .join(Device, Device.id == DeviceCommand.device_id)
        .where(DeviceCommand.state == "failed", DeviceCommand.sync_id.is_(None))
    )
    rows, cursor, total = await paginate(session, query, page, order=[DeviceCommand.__table__.c.id], descending=True)
    return Page(items=[_view(row[0], row[1]) for row in rows], next_cursor=cursor, total=total)


async def list_failed_syncs(session: AsyncSession, page: PageRequest) -> Page[FailedSyncView]:
    """The clocks whose last synchronisation failed."""
    newest = (
        sa.select(SyncLog.id)
        .where(SyncLog.device_id == Device.id)
        .order_by(SyncLog.created_at.desc(), SyncLog.id.desc())
        .limit(1)
        .correlate(Device)
        .scalar_subquery()
    )
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(SyncLog, Device.name)
        .join(Device, Device.id == SyncLog.device_id)
        .where(SyncLog.state == "failed", SyncLog.id == newest)
    )
    order = [SyncLog.__table__.c.created_at, SyncLog.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    items = [view_of(FailedSyncView, sync, device_name=name) for sync, name, *_ in rows]
    return Page(items=items, next_cursor=cursor, total=total)


async def cancel(session: AsyncSession, actor: Actor, device_id: UUID, command_id: int) -> CommandView:
    """Take a command back, or put a failed one aside. What the clock has fetched it may still do."""
    command, device = await _command(session, device_id, command_id)
    if command.state not in {"queued", "sent", "failed"}:
        raise Conflict("command_over", "This command is over")
    before = command.state
    command.state = "cancelled"
    command.finished_at = server_now()
    command.leased_until = None
    await _saved(session, actor, "device.command_cancelled", command, before)
    return _view(command, device)


async def retry(session: AsyncSession, actor: Actor, device_id: UUID, command_id: int) -> CommandView:
    """Queue a failed or cancelled command once more; `Conflict` for one that must not be repeated unseen."""
    command, device = await _command(session, device_id, command_id)
    if command.state not in {"failed", "cancelled"}:
        raise Conflict("command_open", "Only what failed or was cancelled is tried again")
    if command.kind in NEVER_AGAIN:
        raise Conflict("command_once", "A log is not cleared later than it was counted: ask for it anew")
    before = command.state
    command.state, command.attempts, command.sync_id = "queued", 0, None
    command.leased_until = command.finished_at = command.result_code = command.result_count = None
    command.result_text = ""
    await _saved(session, actor, "device.command_retried", command, before)
    return _view(command, device)


async def _command(session: AsyncSession, device_id: UUID, command_id: int) -> tuple[DeviceCommand, Device]:
    command = await session.scalar(
        sa.select(DeviceCommand)
        .where(DeviceCommand.id == command_id, DeviceCommand.device_id == device_id)
        .with_for_update()
    )
    if command is None:
        raise NotFound("command_not_found", "There is no such command")
    return command, await session.get_one(Device, device_id)


async def _saved(session: AsyncSession, actor: Actor, action: str, command: DeviceCommand, before: str) -> None:
    await session.flush()
    await session.refresh(command)
    audited(
        session,
        actor,
        action,
        "device",
        command.device_id,
        before={"command": str(command.id), "state": before},
        after={"command": str(command.id), "state": command.state, "what": what(command)},
    )
