"""Clocks: add, approve, list, read, change, remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.addresses import Network, device_address
from foundation.audit import Actor
from foundation.database import server_now, unique
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.devices.comm_keys import CommKeys
from tenant_stack.devices.completeness import compared
from tenant_stack.devices.completeness_view import completeness_view
from tenant_stack.devices.schemas import (
    ApproveIn,
    DeviceIn,
    DeviceStatusView,
    DeviceUserView,
    DeviceView,
    LastSeen,
    SyncView,
)
from tenant_stack.devices.status import status_expression, status_message
from tenant_stack.schedules.sites import require_site
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device, DeviceCommand, SyncLog
from tenant_stack.tables.staff import DeviceEnrollment, Staff
from tenant_stack.views import view_of

ENTERED = ("device_serial", "name", "connection", "ip_address", "port", "zone", "location", "device_config", "trust")


def _view(row: Any) -> DeviceView:
    device: Device = row[0]
    return view_of(DeviceView, device, status=row[1], status_message=status_message(device, row[1]))


def _query() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(Device, status_expression().label("status"))


def _entered(device: Device) -> dict[str, object]:
    """What the audit trail shows of a clock; its key is no part of it."""
    facts = {name: getattr(device, name) for name in ENTERED}
    return {**facts, "site_id": str(device.site_id) if device.site_id else None}


async def list_devices(
    session: AsyncSession, page: PageRequest, *, status: str | None = None, q: str | None = None
) -> Page[DeviceView]:
    """Clocks by name. ``q`` looks in name, serial and location."""
    query = _query()
    if status is not None:
        query = query.where(status_expression() == status)
    if q:
        columns = (Device.name, Device.device_serial, Device.location)
        query = query.where(sa.or_(*(column.icontains(q, autoescape=True) for column in columns)))
    table = Device.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.name, table.id])
    return Page(items=[_view(row) for row in rows], next_cursor=cursor, total=total)


async def all_devices(session: AsyncSession, *, most: int = 500) -> list[DeviceView]:
    """Clocks for the dashboard: those that wait first, then by name."""
    rows = await session.execute(
        _query().order_by(Device.approved_at.is_(None).desc(), Device.name, Device.id).limit(most)
    )
    return [_view(row) for row in rows]


async def read_device(session: AsyncSession, device_id: UUID) -> DeviceView:
    """One clock; `NotFound` when there is none."""
    await session.flush()
    row = (await session.execute(_query().where(Device.id == device_id))).one_or_none()
    if row is None:
        raise NotFound("device_not_found", "There is no such clock")
    return _view(row)


async def get_device(session: AsyncSession, device_id: UUID) -> Device:
    """One clock, locked for a change; `NotFound` when there is none."""
    device = await session.get(Device, device_id, with_for_update={"key_share": True})
    if device is None:
        raise NotFound("device_not_found", "There is no such clock")
    return device


def _check_address(entered: DeviceIn, networks: Sequence[Network]) -> str | None:
    if entered.ip_address is not None:
        return str(device_address(entered.ip_address, networks))
    if entered.connection == "pull":
        raise Invalid("address_missing", "A clock that is read by us needs its IP address", field="ip_address")
    return None


async def create_device(
    session: AsyncSession,
    actor: Actor,
    entered: DeviceIn,
    *,
    networks: Sequence[Network],
    zone: str,
    keys: CommKeys,
    claimed: bool = False,
) -> DeviceView:
    """Add a clock; one that waits for approval under this serial is approved by it."""
    await require_site(session, entered.site_id)
    values = entered.model_dump(exclude={"comm_key"})
    values["ip_address"] = _check_address(entered, networks)
    values["zone"] = entered.zone or zone
    values["claim_state"] = "ours" if claimed else "unasked"
    device = await session.scalar(
        sa.select(Device)
        .where(Device.device_serial == entered.device_serial, Device.approved_at.is_(None))
        .with_for_update(key_share=True)
    )
    if device is None:
        # A clock that we call at an address we were told is trusted; one that calls us is known by its serial alone.
        device = Device(**values, approved_at=server_now(), trust="full" if entered.connection == "pull" else "punches")
        async with unique(session, uq_devices_device_serial="device_serial"):
            session.add(device)
    else:
        for name, value in values.items():
            setattr(device, name, value)
        device.approved_at = server_now()
        if entered.connection == "pull":
            device.trust = "full"
        else:
            device.pinned_address = device.source_address
        await session.flush()
    device.sealed_comm_key, device.comm_key = await keys.seal(device.id, entered.comm_key or 0), 0
    await session.flush()
    await session.refresh(device)
    audited(session, actor, "device.create", "device", device.id, after=_entered(device))
    return await read_device(session, device.id)


async def approve_device(
    session: AsyncSession, actor: Actor, device_id: UUID, entered: ApproveIn, *, zone: str, claimed: bool = False
) -> DeviceView:
    """Accept a clock that waits; `Conflict` when it was approved before."""
    device = await get_device(session, device_id)
    if device.approved_at is not None:
        raise Conflict("device_approved", "This clock is approved already")
    device.name = entered.name
    device.zone = entered.zone or zone
    device.pinned_address = device.source_address
    device.claim_state = "ours" if claimed else "unasked"
    device.location = entered.location
    device.approved_at = server_now()
    await session.flush()
    await session.refresh(device)
    audited(session, actor, "device.approve", "device", device.id, after=_entered(device))
    return await read_device(session, device.id)


async def update_device(
    session: AsyncSession,
    actor: Actor,
    device_id: UUID,
    entered: DeviceIn,
    *,
    networks: Sequence[Network],
    zone: str,
    keys: CommKeys,
    claimed: bool = False,
) -> DeviceView:
    """Replace what was entered about a clock. The zone holds for punches that arrive from now on."""
    device = await get_device(session, device_id)
    if entered.device_serial != device.device_serial and device.stored_punches:
        raise Conflict(
            "device_has_records", "The serial of a clock with punches stays; add the new one", field="device_serial"
        )
    await require_site(session, entered.site_id)
    before = _entered(device)
    values = entered.model_dump(exclude={"comm_key"})
    values["ip_address"] = _check_address(entered, networks)
    values["zone"] = entered.zone or zone
    key_changed = entered.comm_key is not None
    if entered.comm_key is not None:
        values |= {"sealed_comm_key": await keys.seal(device.id, entered.comm_key), "comm_key": 0}
    if entered.device_serial != device.device_serial:
        values["claim_state"] = "ours" if claimed else "unasked"
    if entered.connection != device.connection:
        values["trust"] = "full" if entered.connection == "pull" else "punches"
    async with unique(session, uq_devices_device_serial="device_serial"):
        for name, value in values.items():
            setattr(device, name, value)
    await session.refresh(device)
    after = _entered(device)
    if after != before or key_changed:
        change = {**after, "comm_key_changed": True} if key_changed else after
        audited(session, actor, "device.update", "device", device.id, before=before, after=change)
    return await read_device(session, device.id)


async def delete_device(session: AsyncSession, actor: Actor, device_id: UUID) -> str:
    """Remove a clock of which nothing is recorded, and say its serial; `Conflict` otherwise."""
    device = await get_device(session, device_id)
    before = _entered(device)
    try:
        async with session.begin_nested():
            await session.delete(device)
            await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "device_has_records",
            f"{before['name']} has punches, enrolments or synchronisations, which must be kept",
        ) from error
    audited(session, actor, "device.delete", "device", device_id, before=before)
    return device.device_serial


async def device_status(session: AsyncSession, device_id: UUID) -> DeviceStatusView:
    """Everything about whether a clock is there and whether all of it is here."""
    row = (await session.execute(_query().where(Device.id == device_id))).one_or_none()
    if row is None:
        raise NotFound("device_not_found", "There is no such clock")
    device: Device = row[0]
    last_sync = await session.scalar(
        sa.select(SyncLog)
        .where(SyncLog.device_id == device_id)
        .order_by(SyncLog.created_at.desc(), SyncLog.id.desc())
        .limit(1)
    )
    queued = await session.scalar(
        sa.select(sa.func.count())
        .select_from(DeviceCommand)
        .where(DeviceCommand.device_id == device_id, DeviceCommand.state.in_(["queued", "sent"]))
    )
    logs = device.counts.get("logs")
    completeness = completeness_view(device, await compared(session, device_id))
    return DeviceStatusView(
        status=row[1],
        status_message=status_message(device, row[1]),
        last_seen=LastSeen.model_validate(device.last_seen),
        last_sync_at=device.last_sync_at,
        clock_offset_seconds=device.clock_offset_seconds,
        on_device=logs if isinstance(logs, int) else None,
        stored=device.stored_punches,
        queued_commands=queued or 0,
        last_sync=SyncView.model_validate(last_sync) if last_sync else None,
        completeness=completeness,
    )


async def list_syncs(session: AsyncSession, device_id: UUID, page: PageRequest) -> Page[SyncView]:
    """Synchronisations of a clock, newest first."""
    await read_device(session, device_id)
    table = SyncLog.__table__.c
    query = sa.select(SyncLog).where(SyncLog.device_id == device_id)
    rows, cursor, total = await paginate(session, query, page, order=[table.created_at, table.id], descending=True)
    return Page(items=[SyncView.model_validate(row[0]) for row in rows], next_cursor=cursor, total=total)


async def list_users(session: AsyncSession, device_id: UUID, page: PageRequest) -> Page[DeviceUserView]:
    """Whom a clock knows, by PIN; also those that we do not know."""
    await read_device(session, device_id)
    table = DeviceEnrollment.__table__.c
    query = (
        sa.select(DeviceEnrollment, Staff.name)
        .outerjoin(Staff, Staff.id == DeviceEnrollment.staff_id)
        .where(DeviceEnrollment.device_id == device_id)
    )
    rows, cursor, total = await paginate(session, query, page, order=[table.pin, table.id])
    items = [
        DeviceUserView(
            id=each.id,
            pin=each.pin,
            staff_id=each.staff_id,
            staff_name=name,
            reported_name=each.reported_name,
            status=each.status,
            origin=each.origin,
            message=each.message,
            confirmed_at=each.confirmed_at,
        )
        for each, name, *_ in rows
    ]
    return Page(items=items, next_cursor=cursor, total=total)
