"""Templates on their way to clocks: decrypted when a clock fetches them, in the process that speaks to the bridge.

A queued command holds an id only. What is no longer wanted, not trusted or not decryptable is not sent.
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
from tenant_stack.biometrics.distribution import templates_due
from tenant_stack.biometrics.template_encryption import Sealer, note_access, report_unreadable
from tenant_stack.devices import trust
from tenant_stack.devices.commands.queue import Leased
from tenant_stack.pins import normal_pin
from tenant_stack.punch_lines import printable
from tenant_stack.tables.biometrics import BiometricTemplate, DeviceTemplate
from tenant_stack.tables.devices import Device

UNREADABLE = "The template could not be decrypted; it is sent to no clock"
WITHOUT_KEY_SECONDS = 30

LATER = sa.text("""
UPDATE device_commands SET state = 'queued', attempts = greatest(attempts - 1, 0),
       leased_until = now() + make_interval(secs => CAST(:seconds AS integer))
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'sent'
""")
CANCEL = sa.text("""
UPDATE device_commands SET state = 'cancelled', finished_at = now()
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'sent'
""")
SENT = sa.text("""
UPDATE device_templates c SET state = 'sent', revision = t.revision, attempts = c.attempts + 1, updated_at = now()
FROM biometric_templates t
WHERE t.id = c.template_id AND c.device_id = :device AND c.template_id = ANY(CAST(:ids AS uuid[]))
  AND c.state IN ('pending', 'sent')
""")
REFUSE = sa.text("""
UPDATE device_templates c SET state = a.state, message = left(a.message, 300), command_id = NULL, updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:messages AS text[])) AS a(id, state, message)
WHERE c.device_id = :device AND c.template_id = a.id AND c.state IN ('pending', 'sent')
""")
CONFIRM = sa.text("""
UPDATE device_templates SET state = 'confirmed', message = '', confirmed_at = :at, updated_at = now()
WHERE device_id = :device AND template_id = ANY(CAST(:ids AS uuid[])) AND state IN ('sent', 'written', 'pending')
""")
REMOVED = sa.text("""
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


async def fill(session: AsyncSession, sealer: Sealer, device_id: UUID, leased: Sequence[Leased]) -> list[Command]:
    """The leased commands, those of templates with their bytes. What cannot be sent is left out and says why.

    Without the key store templates wait half a minute; everything else goes all the same.
    """
    waiting = [each for each in leased if each.template_id is not None]
    plain = [each.command for each in leased if each.template_id is None]
    if not waiting:
        return plain
    ids = [each.template_id for each in waiting if each.template_id]
    rows = list(await session.execute(_wanted_rows(device_id).where(BiometricTemplate.id.in_(ids))))
    try:
        templates = await _open(session, sealer, device_id, [(row[0], row[1].pin) for row in rows])
    except Unavailable as error:
        get_logger().warning("biometrics.waiting", reason=error.code, count=len(waiting))
        values = {"ids": [int(each.command.id) for each in waiting], "seconds": WITHOUT_KEY_SECONDS}
        await session.execute(LATER, values)
        return plain
    ready = [
        each.command.model_copy(update={"template": templates[each.template_id], "pin": None})
        for each in waiting
        if each.template_id in templates
    ]
    if lost := [int(each.command.id) for each in waiting if each.template_id not in templates]:
        await session.execute(CANCEL, {"ids": lost})
    return sorted([*plain, *ready], key=lambda command: int(command.id))


async def wanted(session: AsyncSession, sealer: Sealer, device_id: UUID, demand: TemplateDemand) -> WantedTemplates:
    """What a pull clock still lacks, with the bytes, and what must go; at most ``limit`` of each."""
    query = _wanted_rows(device_id).order_by(DeviceTemplate.id).limit(demand.limit)
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    takes = demand.fingerprint_format.partition(".")[0]
    unfit = {
        template.id: f"This clock takes {demand.fingerprint_format}, this one is {template.template_format}"
        for template, _ in rows
        if takes and template.template_type == "FINGERPRINT" and template.template_format.partition(".")[0] != takes
    }
    await _refuse(session, device_id, "unfit", unfit)
    fitting = [(template, copy.pin) for template, copy in rows if template.id not in unfit]
    templates = await _open(session, sealer, device_id, fitting)
    gone = await session.execute(
        sa.select(DeviceTemplate.pin, BiometricTemplate.template_type, BiometricTemplate.finger_index)
        .join(BiometricTemplate, BiometricTemplate.id == DeviceTemplate.template_id)
        .where(DeviceTemplate.device_id == device_id, DeviceTemplate.state == "removing")
        .distinct()
        .limit(demand.limit)
    )
    names = [TemplateName(pin=pin, template_type=TemplateType(kind), template_index=nth) for pin, kind, nth in gone]
    return WantedTemplates(templates=list(templates.values()), remove=names)


async def with_templates(session: AsyncSession, terminals: TerminalList) -> TerminalList:
    """The pull clocks, with how many templates wait for each and whether to report those that are on it.

    ``read_templates: false`` in a clock's configuration says that it keeps its own.
    """
    found = await session.scalars(
        sa.select(Device).where(Device.device_serial.in_([each.serial for each in terminals.terminals]))
    )
    devices = {device.device_serial: device for device in found}
    due = await templates_due(session, [device.id for device in devices.values()])
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


async def take_report(session: AsyncSession, device_id: UUID, report: TemplateReport) -> None:
    """A pull clock was shown to have these templates, refused those, and has these no more."""
    ids = [UUID(each) for each in report.written]
    await session.execute(CONFIRM, {"device": device_id, "ids": ids, "at": report.at})
    refused = {UUID(each): printable(reason) for each, reason in report.refused.items()}
    await _refuse(session, device_id, "refused", refused)
    if report.removed:
        values = {
            "pins": [normal_pin(each.pin) for each in report.removed],
            "types": [each.template_type.value for each in report.removed],
            "indexes": [each.template_index for each in report.removed],
        }
        await session.execute(REMOVED, {"device": device_id, "at": report.at, **values})


async def _open(
    session: AsyncSession, sealer: Sealer, device_id: UUID, rows: Sequence[tuple[BiometricTemplate, str]]
) -> dict[UUID, Template]:
    """Templates in clear for one clock, each noted; those that do not decrypt raise the alert and are left out."""
    device = await session.get_one(Device, device_id)
    if why := trust.why_not(device, "template"):
        await _refuse(session, device_id, "unfit", {row.id: why for row, _ in rows})
        return {}
    clear = await sealer.open([row for row, _ in rows])
    broken = [row for (row, _), data in zip(rows, clear, strict=True) if data is None]
    await report_unreadable(session, broken)
    await _refuse(session, device_id, "refused", {row.id: UNREADABLE for row in broken})
    readable = {row.id: (row, pin, data) for (row, pin), data in zip(rows, clear, strict=True) if data is not None}
    actor = Actor("device", str(device_id), f"{device.name} ({device.device_serial})")
    note_access(session, [row for row, _, _ in readable.values()], "sent to clock", actor=actor, device_id=device_id)
    await session.execute(SENT, {"device": device_id, "ids": list(readable)})
    return {template_id: _template(row, pin, data) for template_id, (row, pin, data) in readable.items()}


async def _refuse(session: AsyncSession, device_id: UUID, state: str, reasons: dict[UUID, str]) -> None:
    if reasons:
        values = {"ids": list(reasons), "states": [state] * len(reasons), "messages": list(reasons.values())}
        await session.execute(REFUSE, {"device": device_id, **values})


def _template(row: BiometricTemplate, pin: str, data: str) -> Template:
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
