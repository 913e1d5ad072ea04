"""Putting people on clocks by hand, and taking them off. Groups do the same by `tenant_stack.people.groups`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import Conflict, Invalid, NotFound
from tenant_stack.people.enrollments.punch_owners import attach_known
from tenant_stack.people.enrollments.status import refresh_status
from tenant_stack.people.groups.apply_plan import reconcile, take_off
from tenant_stack.people.groups.pin_choice import NEXT_FREE, PIN_LOCK, usable
from tenant_stack.people.staff.service import get_staff
from tenant_stack.pins import normal_pin
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import DeviceEnrollment, Staff


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
        await _assign(session, person, device, number)
    serials: list[object] = [device.device_serial for device in devices]
    pulled = any(device.connection == "pull" for device in devices)
    audited(session, actor, "staff.enroll", "staff", staff_id, after={"device_serials": serials, "pin": number})
    await session.flush()
    await reconcile(session, staff_id=staff_id)
    await attach_known(session, staff_id=staff_id)
    await refresh_status(session, [staff_id])
    session.expire_all()
    return pulled


async def _assign(session: AsyncSession, person: Staff, device: Device, pin: str) -> None:
    known = list(
        await session.scalars(
            sa.select(DeviceEnrollment).where(
                DeviceEnrollment.device_id == device.id,
                sa.or_(DeviceEnrollment.pin == pin, DeviceEnrollment.staff_id == person.id),
            )
        )
    )
    holder = next((each for each in known if each.pin == pin), None)
    if holder is not None and holder.staff_id not in {None, person.id} and holder.status != "removed":
        raise Conflict("pin_taken", f"PIN {pin} is somebody else's on {device.name}", field="pin")
    # Somebody who is on this clock already keeps the number they punch with.
    mine = sorted((each for each in known if each.staff_id == person.id), key=lambda each: each.status == "removed")
    enrollment = holder or (mine[0] if mine else None)
    if enrollment is None:
        enrollment = DeviceEnrollment(device_id=device.id, pin=pin, status="pending")
        session.add(enrollment)
    if enrollment.staff_id != person.id:
        enrollment.origin = "assigned"
        enrollment.agreed = None
        enrollment.privilege = enrollment.reported_privilege or 0
    enrollment.staff_id = person.id
    enrollment.by_hand, enrollment.kept_apart = True, False
    enrollment.status, enrollment.message = "pending", ""
    # Nothing sent, nothing compared: the planner asks the clock (again).
    enrollment.sent = enrollment.facts_at = enrollment.written_at = enrollment.retry_at = None
    enrollment.retries = 0


async def leave_clock(session: AsyncSession, actor: Actor, staff_id: UUID, enrollment_id: UUID) -> bool:
    """Take a person off one clock; returns whether it is a pull clock. `Conflict` while a group wants them there."""
    person = await get_staff(session, staff_id)
    enrollment = await session.get(DeviceEnrollment, enrollment_id, with_for_update={"key_share": True})
    if enrollment is None or enrollment.staff_id != staff_id:
        raise NotFound("enrollment_not_found", f"{person.name} has no such enrolment")
    if enrollment.by_group:
        raise Conflict("group_wants", "A group puts this person on this clock; change the group instead")
    device_id, pin = enrollment.device_id, enrollment.pin
    enrollment.by_hand = False
    audited(session, actor, "staff.leave_clock", "staff", staff_id, before={"device_id": str(device_id), "pin": pin})
    await session.flush()
    await take_off(session, [enrollment_id])
    await refresh_status(session, [staff_id])
    session.expire_all()
    query = sa.select(Device.id).where(Device.id == device_id, Device.connection == "pull")
    return await session.scalar(query) is not None


async def _pin_of(session: AsyncSession, person: Staff) -> str:
    """The number they have on other clocks, else their badge or employee number, else the next free one."""
    used = await session.scalar(
        sa.select(DeviceEnrollment.pin)
        .where(DeviceEnrollment.staff_id == person.id)
        .order_by(DeviceEnrollment.created_at)
        .limit(1)
    )
    for number in (used, person.badge_pin, person.employee_pin):
        if number and usable(number):
            return number
    await session.execute(PIN_LOCK)
    return str(await session.scalar(NEXT_FREE))
