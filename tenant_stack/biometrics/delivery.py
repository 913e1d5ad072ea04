"""Delivery of templates to devices: decrypted when a device fetches them, in the process that talks to the bridge.

A queued command holds an id only. A template that is no longer wanted, not trusted to the device or not decryptable is
not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.bridge import (
    Command,
    Template,
    TemplateDemand,
    TemplateName,
    TemplateReport,
    TemplateType,
    TerminalList,
    WantedTemplates,
)
from foundation.errors import Unavailable
from foundation.logs import get_logger
from tenant_stack.biometrics.distribution import count_due_templates
from tenant_stack.biometrics.template_encryption import TemplateCipher, record_access, report_unreadable
from tenant_stack.devices import trust
from tenant_stack.devices.commands.queue import Leased
from tenant_stack.pins import normal_pin
from tenant_stack.punch_lines import printable
from tenant_stack.tables.biometrics import BiometricTemplate, DeviceTemplate
from tenant_stack.tables.devices import Device

UNREADABLE = "The template could not be decrypted; it is sent to no clock"
KEY_STORE_RETRY_SECONDS = 30

REQUEUE = sa.text("""
UPDATE device_commands SET state = 'queued', attempts = greatest(attempts - 1, 0),
       leased_until = now() + make_interval(secs => CAST(:seconds AS integer))
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'sent'
""")
CANCEL_COMMANDS = sa.text("""
UPDATE device_commands SET state = 'cancelled', finished_at = now()
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'sent'
""")
MARK_SENT = sa.text("""
UPDATE device_templates c SET state = 'sent', revision = t.revision, attempts = c.attempts + 1, updated_at = now()
FROM biometric_templates t
WHERE t.id = c.template_id AND c.device_id = :device AND c.template_id = ANY(CAST(:ids AS uuid[]))
  AND c.state IN ('pending', 'sent')
""")
MARK_REFUSED = sa.text("""
UPDATE device_templates c SET state = a.state, message = left(a.message, 300), command_id = NULL, updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:messages AS text[])) AS a(id, state, message)
WHERE c.device_id = :device AND c.template_id = a.id AND c.state IN ('pending', 'sent')
""")
MARK_CONFIRMED = sa.text("""
UPDATE device_templates SET state = 'confirmed', message = '', confirmed_at = :at, updated_at = now()
WHERE device_id = :device AND template_id = ANY(CAST(:ids AS uuid[])) AND state IN ('sent', 'written', 'pending')
""")
MARK_REMOVED = sa.text("""
UPDATE device_templates c SET state = 'removed', message = '', confirmed_at = :at, updated_at = now()
FROM biometric_templates t, unnest(CAST(:pins AS text[]), CAST(:types AS text[]), CAST(:indexes AS integer[]))
     AS r(pin, template_type, finger_index)
WHERE t.id = c.template_id AND c.device_id = :device AND c.state = 'removing' AND c.pin = r.pin
  AND t.template_type = r.template_type AND t.finger_index = r.finger_index
""")


def _wanted_rows(device_id: UUID) -> sa.Select[BiometricTemplate, DeviceTemplate]:
    return (
        sa.select(BiometricTemplate, DeviceTemplate)
        .join(DeviceTemplate, DeviceTemplate.template_id == BiometricTemplate.id)
        .where(
            DeviceTemplate.device_id == device_id,
            DeviceTemplate.state.in_(["pending", "sent"]),
            BiometricTemplate.state == "active",
        )
    )


async def fill_commands(
    session: AsyncSession, cipher: TemplateCipher, device_id: UUID, leased: Sequence[Leased]
) -> list[Command]:
    """The leased commands, with the bytes of their templates. What cannot be sent is cancelled with a reason.

    While the key store is unavailable, commands with templates wait half a minute; the others are sent.
    """
    waiting = [each for each in leased if each.template_id is not None]
    plain = [each.command for each in leased if each.template_id is None]
    if not waiting:
        return plain
    ids = [each.template_id for each in waiting if each.template_id]
    rows = list(await session.execute(_wanted_rows(device_id).where(BiometricTemplate.id.in_(ids))))
    try:
        templates = await _decrypt_for_device(session, cipher, device_id, [(row[0], row[1].pin) for row in rows])
    except Unavailable as error:
        get_logger().warning("biometrics.waiting", reason=error.code, count=len(waiting))
        values = {"ids": [int(each.command.id) for each in waiting], "seconds": KEY_STORE_RETRY_SECONDS}
        await session.execute(REQUEUE, values)
        return plain
    ready = [
        each.command.model_copy(update={"template": templates[each.template_id], "pin": None})
        for each in waiting
        if each.template_id in templates
    ]
    if unsendable := [int(each.command.id) for each in waiting if each.template_id not in templates]:
        await session.execute(CANCEL_COMMANDS, {"ids": unsendable})
    return sorted([*plain, *ready], key=lambda command: int(command.id))


async def list_wanted_templates(
    session: AsyncSession, cipher: TemplateCipher, device_id: UUID, demand: TemplateDemand
) -> WantedTemplates:
    """Templates a pull device lacks, decrypted, and those to remove; at most ``limit`` of each."""
    query = _wanted_rows(device_id).order_by(DeviceTemplate.id).limit(demand.limit)
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    accepted = demand.fingerprint_format.partition(".")[0]
    incompatible = {
        template.id: f"This clock takes {demand.fingerprint_format}, this one is {template.template_format}"
        for template, _ in rows
        if accepted
        and template.template_type == "FINGERPRINT"
        and template.template_format.partition(".")[0] != accepted
    }
    await _record_refusals(session, device_id, "unfit", incompatible)
    fitting = [(template, copy.pin) for template, copy in rows if template.id not in incompatible]
    templates = await _decrypt_for_device(session, cipher, device_id, fitting)
    removals = await session.execute(
        sa.select(DeviceTemplate.pin, BiometricTemplate.template_type, BiometricTemplate.finger_index)
        .join(BiometricTemplate, BiometricTemplate.id == DeviceTemplate.template_id)
        .where(DeviceTemplate.device_id == device_id, DeviceTemplate.state == "removing")
        .distinct()
        .limit(demand.limit)
    )
    names = [TemplateName(pin=pin, template_type=TemplateType(kind), template_index=nth) for pin, kind, nth in removals]
    return WantedTemplates(templates=list(templates.values()), remove=names)


async def add_template_counts(session: AsyncSession, terminals: TerminalList) -> TerminalList:
    """The pull devices with the number of due templates and whether to report the templates they hold.

    ``read_templates: false`` in a device's configuration switches the reports off.
    """
    found = await session.scalars(
        sa.select(Device).where(Device.device_serial.in_([each.serial for each in terminals.terminals]))
    )
    devices = {device.device_serial: device for device in found}
    due = await count_due_templates(session, [device.id for device in devices.values()])
    return TerminalList(
        terminals=[
            each.model_copy(
                update={
                    "templates_due": due.get(devices[each.serial].id, 0),
                    "read_templates": devices[each.serial].device_config.get("read_templates") is not False,
                }
            )
            for each in terminals.terminals
        ]
    )


async def record_template_report(session: AsyncSession, device_id: UUID, report: TemplateReport) -> None:
    """Record what a pull device has confirmed, refused and removed."""
    ids = [UUID(each) for each in report.written]
    await session.execute(MARK_CONFIRMED, {"device": device_id, "ids": ids, "at": report.at})
    refused = {UUID(each): printable(reason) for each, reason in report.refused.items()}
    await _record_refusals(session, device_id, "refused", refused)
    if report.removed:
        values = {
            "pins": [normal_pin(each.pin) for each in report.removed],
            "types": [each.template_type.value for each in report.removed],
            "indexes": [each.template_index for each in report.removed],
        }
        await session.execute(MARK_REMOVED, {"device": device_id, "at": report.at, **values})


async def _decrypt_for_device(
    session: AsyncSession, cipher: TemplateCipher, device_id: UUID, rows: Sequence[tuple[BiometricTemplate, str]]
) -> dict[UUID, Template]:
    """Decrypt templates for one device and record each access; those that do not decrypt are reported and left out."""
    device = await session.get_one(Device, device_id)
    if why := trust.why_not(device, "template"):
        await _record_refusals(session, device_id, "unfit", {row.id: why for row, _ in rows})
        return {}
    clear = await cipher.decrypt([row for row, _ in rows])
    unreadable = [row for (row, _), data in zip(rows, clear, strict=True) if data is None]
    await report_unreadable(session, unreadable)
    await _record_refusals(session, device_id, "refused", {row.id: UNREADABLE for row in unreadable})
    readable = {row.id: (row, pin, data) for (row, pin), data in zip(rows, clear, strict=True) if data is not None}
    actor = Actor("device", str(device_id), f"{device.name} ({device.device_serial})")
    record_access(session, [row for row, _, _ in readable.values()], "sent to clock", actor=actor, device_id=device_id)
    await session.execute(MARK_SENT, {"device": device_id, "ids": list(readable)})
    return {template_id: _contract_template(row, pin, data) for template_id, (row, pin, data) in readable.items()}


async def _record_refusals(session: AsyncSession, device_id: UUID, state: str, reasons: dict[UUID, str]) -> None:
    if reasons:
        values = {"ids": list(reasons), "states": [state] * len(reasons), "messages": list(reasons.values())}
        await session.execute(MARK_REFUSED, {"device": device_id, **values})


def _contract_template(row: BiometricTemplate, pin: str, data: str) -> Template:
    return Template.model_validate(
        {
            "id": str(row.id),
            "pin": pin,
            "template_type": row.template_type,
            "template_index": row.finger_index,
            "part": row.part,
            "template_format": row.template_format,
            "valid": row.valid,
            "template_data": data,
        }
    )
