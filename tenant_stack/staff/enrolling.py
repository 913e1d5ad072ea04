"""Putting people on clocks: which PIN, and how each kind of clock is told."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.bridge import CommandKind
from foundation.errors import Conflict, Invalid
from tenant_stack.base import audited
from tenant_stack.devices.commands import queue
from tenant_stack.devices.models import Device
from tenant_stack.devices.terminals import device_user
from tenant_stack.punches.attach import attach_known
from tenant_stack.punches.pins import normal_pin
from tenant_stack.staff.enrollment_status import refresh_status
from tenant_stack.staff.models import DeviceEnrollment, Staff
from tenant_stack.staff.service import get_staff

LONGEST_PIN = 9

NEXT_FREE = sa.text("""
SELECT 1 + coalesce(max(CAST(pin AS bigint)), 0) FROM device_enrollments WHERE pin ~ '^[0-9]{1,8}$'
""")
PIN_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203413)")


async def enroll(
    session: AsyncSession, actor: Actor, staff_id: UUID, device_ids: Sequence[UUID], pin: str | None
) -> bool:
    """Assign a person to clocks; returns whether a pull clock is among them (the bridge is to be told).

    Enrolling again on the same clock asks it again. A PIN that is somebody else's there is a `Conflict`.
    """
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    devices = list(await session.scalars(sa.select(Device).where(Device.id.in_(device_ids)).order_by(Device.id)))
    if len(devices) != len(set(device_ids)):
        raise Invalid("unknown_device", "There is no such clock", field="device_ids")
    if waiting := [device for device in devices if device.approved_at is None]:
        raise Invalid("device_waiting", f"The clock {waiting[0].name} is not approved yet", field="device_ids")
    number = normal_pin(pin) if pin else await _pin_of(session, person)
    for device in devices:
        enrollment = await _assign(session, person, device, number)
        if device.connection == "push":
            user = device_user(enrollment.pin, person.name, person.badge_number)
            await queue(session, device.id, CommandKind.USER_UPDATE, user=user, enrollment_id=enrollment.id)
    await attach_known(session, staff_id=person.id)
    await refresh_status(session, [person.id])
    audited(
        session,
        actor,
        "staff.enroll",
        "staff",
        person.id,
        after={"device_serials": [device.device_serial for device in devices], "pin": number},
    )
    return any(device.connection == "pull" for device in devices)


async def _assign(session: AsyncSession, person: Staff, device: Device, pin: str) -> DeviceEnrollment:
    known = list(
        await session.scalars(
            sa.select(DeviceEnrollment).where(
                DeviceEnrollment.device_id == device.id,
                sa.or_(DeviceEnrollment.pin == pin, DeviceEnrollment.staff_id == person.id),
            )
        )
    )
    holder = next((each for each in known if each.pin == pin), None)
    if holder is not None and holder.staff_id not in {None, person.id}:
        raise Conflict("pin_taken", f"PIN {pin} is somebody else's on {device.name}", field="pin")
    # Somebody who is on this clock already keeps the number they punch with.
    enrollment = holder or next((each for each in known if each.staff_id == person.id), None)
    if enrollment is None:
        enrollment = DeviceEnrollment(device_id=device.id, pin=pin)
        session.add(enrollment)
    if enrollment.staff_id is None:
        enrollment.origin = "assigned"
    enrollment.staff_id = person.id
    enrollment.status, enrollment.message = "pending", ""
    await session.flush()
    return enrollment


async def _pin_of(session: AsyncSession, person: Staff) -> str:
    """The number they have on other clocks, else their badge or employee number, else the next free one."""
    used = await session.scalar(
        sa.select(DeviceEnrollment.pin)
        .where(DeviceEnrollment.staff_id == person.id)
        .order_by(DeviceEnrollment.created_at)
        .limit(1)
    )
    for number in (used, person.badge_pin, person.employee_pin):
        if number and number.isascii() and number.isdigit() and len(number) <= LONGEST_PIN and number != "0":
            return number
    await session.execute(PIN_LOCK)
    return str(await session.scalar(NEXT_FREE))
