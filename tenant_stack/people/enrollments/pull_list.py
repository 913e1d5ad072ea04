"""The pull devices that the bridge is to talk to, and whom we want on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import DeviceUser, Terminal, TerminalList
from tenant_stack.people.enrollments.clock_person import Facts, our_facts
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import DeviceEnrollment, Staff

Transport = Literal["tcp", "udp", "auto"]


async def terminal_list(session: AsyncSession, keys: Mapping[UUID, int]) -> TerminalList:
    """All approved pull devices, in two statements. ``keys`` are the comm keys of those that have one."""
    devices = list(
        await session.scalars(
            sa.select(Device)
            .where(Device.connection == "pull", Device.approved_at.is_not(None), Device.ip_address.is_not(None))
            .order_by(Device.id)
        )
    )
    wanted: dict[UUID, list[DeviceUser]] = {}
    unwanted: dict[UUID, list[str]] = {}
    rows = await session.execute(
        sa.select(DeviceEnrollment, Staff.name, Staff.badge_number, Staff.card_number)
        .outerjoin(Staff, Staff.id == DeviceEnrollment.staff_id)
        .where(
            DeviceEnrollment.device_id.in_([device.id for device in devices]),
            DeviceEnrollment.status.in_(["pending", "removing"]),
        )
        .order_by(DeviceEnrollment.id)
    )
    for enrollment, name, badge_number, card_number in rows:
        if enrollment.status == "removing":
            unwanted.setdefault(enrollment.device_id, []).append(enrollment.pin)
        else:
            sent = Facts.of(enrollment.sent)
            user = (sent or our_facts(name or "", card_number, badge_number, enrollment.privilege)).user(enrollment.pin)
            wanted.setdefault(enrollment.device_id, []).append(user)
    return TerminalList(
        terminals=[
            _terminal(device, keys.get(device.id, 0), wanted.get(device.id, []), unwanted.get(device.id, []))
            for device in devices
        ]
    )


def _terminal(device: Device, comm_key: int, users: list[DeviceUser], remove_pins: list[str]) -> Terminal:
    transport = str(device.device_config.get("transport", "auto"))
    encoding = str(device.device_config.get("encoding", "UTF-8"))
    connection = (device.ip_address, device.port, comm_key, transport, encoding, device.zone)
    return Terminal(
        serial=device.device_serial,
        address=str(device.ip_address),
        port=device.port,
        comm_key=comm_key,
        transport=cast(Transport, transport if transport in {"tcp", "udp"} else "auto"),
        encoding=encoding,
        zone=device.zone,
        stored_punches=device.stored_punches,
        users=users,
        remove_pins=remove_pins,
        revision=hashlib.sha256(repr(connection).encode()).hexdigest()[:16],
    )


def device_user(
    pin: str, name: str, badge_number: str | None, card_number: int | None = None, privilege: int = 0
) -> DeviceUser:
    """A person as a clock is told of them, see `tenant_stack.people.enrollments.clock_person`."""
    return our_facts(name, card_number, badge_number, privilege).user(pin)
