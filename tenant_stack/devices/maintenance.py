"""Looking after one clock: is all of it here, and what may be sent to it?"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import NotFound
from tenant_stack.devices.completeness import compared
from tenant_stack.devices.completeness_view import completeness_view
from tenant_stack.devices.schemas import CompletenessView, Trust
from tenant_stack.devices.service import get_device
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device


async def read_completeness(session: AsyncSession, device_id: UUID) -> CompletenessView:
    """The comparison of a clock's log with what is here; `NotFound` when there is no such clock."""
    device = await session.get(Device, device_id)
    if device is None:
        raise NotFound("device_not_found", "There is no such clock")
    return completeness_view(device, await compared(session, device_id))


async def change_trust(session: AsyncSession, actor: Actor, device_id: UUID, trust: Trust) -> None:
    """Say what may be sent to a clock; audited."""
    device = await get_device(session, device_id)
    if device.trust == trust:
        return
    before: dict[str, object] = {"trust": device.trust}
    device.trust = trust
    await session.flush()
    audited(session, actor, "device.trust", "device", device_id, before=before, after={"trust": trust})
