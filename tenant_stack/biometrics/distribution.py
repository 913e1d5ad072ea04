"""Distribution of templates: the difference between the wanted and the confirmed copies becomes commands.

Wanted is every active template of a person on every approved device that has confirmed the person, is trusted with
templates and can take the format. A copy that cannot be made carries the reason. Everything is set-based: the number of
statements does not grow with people or devices.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import CommandKind, TemplateName, TemplateType
from tenant_stack.biometrics.device_capabilities import incompatibility, read_capabilities
from tenant_stack.devices import trust
from tenant_stack.devices.commands.queue import Wish, queue_many
from tenant_stack.devices.commands.results import in_words
from tenant_stack.tables.devices import Device

QUEUE_BATCH = 2000
# Without staff ids, all templates are compared.
SCOPE = "(CAST(:staff AS uuid[]) IS NULL OR t.staff_id = ANY(CAST(:staff AS uuid[])))"

FORMATS_BY_DEVICE = sa.text(f"""
SELECT DISTINCT e.device_id, t.template_type, t.template_format
FROM biometric_templates t
JOIN device_enrollments e ON e.staff_id = t.staff_id AND e.status = 'enrolled'
WHERE t.state = 'active' AND t.unreadable_at IS NULL AND {SCOPE}
""")  # noqa: S608 - the scope is a constant

UPSERT_COPIES = sa.text(f"""
INSERT INTO device_templates (device_id, template_id, pin, state, message)
SELECT e.device_id, t.id, e.pin, CASE WHEN k.reason = '' THEN 'pending' ELSE 'unfit' END, k.reason
FROM biometric_templates t
JOIN device_enrollments e ON e.staff_id = t.staff_id AND e.status = 'enrolled'
JOIN unnest(CAST(:devices AS uuid[]), CAST(:types AS text[]), CAST(:formats AS text[]), CAST(:reasons AS text[]))
     AS k(device_id, template_type, template_format, reason)
  ON k.device_id = e.device_id AND k.template_type = t.template_type AND k.template_format = t.template_format
WHERE t.state = 'active' AND t.unreadable_at IS NULL AND {SCOPE}
ORDER BY e.device_id, t.id
ON CONFLICT (device_id, template_id) DO UPDATE SET
    state = excluded.state, message = excluded.message, pin = excluded.pin, command_id = NULL, updated_at = now()
WHERE device_templates.pin <> excluded.pin
   OR (device_templates.state = 'unfit' AND device_templates.message <> excluded.message)
   OR (device_templates.state IN ('pending', 'sent') AND excluded.state = 'unfit')
   OR device_templates.state IN ('removing', 'removed')
""")  # noqa: S608

# A new capture replaces older copies, also on devices that refused the older one.
MARK_OUTDATED = sa.text(f"""
UPDATE device_templates c SET state = 'pending', message = '', command_id = NULL, updated_at = now()
FROM biometric_templates t
WHERE t.id = c.template_id AND t.state = 'active' AND c.revision < t.revision
  AND c.state IN ('sent', 'written', 'confirmed', 'refused') AND {SCOPE}
  AND (c.state <> 'sent' OR c.command_id IS NOT NULL)
""")  # noqa: S608

# A device that removed a user removed the templates too.
DELETE_COPIES = sa.text(f"""
DELETE FROM device_templates c USING biometric_templates t
WHERE t.id = c.template_id AND t.state <> 'revoked' AND t.staff_id IS NOT NULL AND {SCOPE}
  AND NOT EXISTS (SELECT 1 FROM device_enrollments e WHERE e.device_id = c.device_id AND e.staff_id = t.staff_id
                  AND e.status <> 'removed')
""")  # noqa: S608

MARK_REMOVALS = sa.text(f"""
UPDATE device_templates c SET
    state = CASE WHEN c.state IN ('pending', 'unfit', 'refused') AND c.revision = 0 AND c.attempts = 0 THEN 'removed'
                 WHEN t.staff_id IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM device_enrollments e WHERE e.device_id = c.device_id AND e.pin = c.pin
                       AND e.status <> 'removed'
                 ) THEN 'removed'
                 ELSE 'removing' END,
    message = '', command_id = NULL, updated_at = now()
FROM biometric_templates t
WHERE t.id = c.template_id AND t.state = 'revoked' AND c.state NOT IN ('removing', 'removed') AND {SCOPE}
""")  # noqa: S608

# Queued commands for copies that are no longer wanted; a command that was fetched still gets its result.
CANCEL_COMMANDS = sa.text("""
UPDATE device_commands d SET state = 'cancelled', finished_at = now()
WHERE d.kind = 'template_update' AND d.state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM device_templates c WHERE c.command_id = d.id AND c.state IN ('pending', 'sent')
)
""")

UNQUEUED_COPIES = sa.text("""
SELECT c.id, c.device_id, c.template_id, c.pin, c.state, t.template_type, t.finger_index
FROM device_templates c
JOIN biometric_templates t ON t.id = c.template_id
JOIN devices d ON d.id = c.device_id AND d.connection = 'push' AND d.approved_at IS NOT NULL
WHERE c.state IN ('pending', 'removing') AND c.command_id IS NULL
ORDER BY c.device_id, c.pin, c.id LIMIT :most
FOR UPDATE OF c SKIP LOCKED
""")
SET_COMMANDS = sa.text("""
UPDATE device_templates c SET command_id = a.command_id
FROM unnest(CAST(:ids AS uuid[]), CAST(:commands AS bigint[])) AS a(id, command_id) WHERE c.id = a.id
""")

RECORD_RESULTS = sa.text("""
UPDATE device_templates c SET
    state = CASE WHEN c.state = 'removing' AND d.state = 'done' THEN 'removed'
                 WHEN c.state = 'removing' THEN 'removing'
                 WHEN d.state = 'done' THEN 'written' ELSE 'refused' END,
    message = CASE WHEN d.state = 'done' THEN '' WHEN d.result_code IS NULL THEN d.result_text ELSE '?' END,
    confirmed_at = CASE WHEN c.state = 'removing' AND d.state = 'done' THEN now() ELSE c.confirmed_at END,
    command_id = CASE WHEN c.state = 'removing' AND d.state <> 'done' THEN c.command_id END,
    updated_at = now()
FROM device_commands d, biometric_templates t
WHERE d.id = c.command_id AND d.state IN ('done', 'failed') AND c.state IN ('pending', 'sent', 'removing')
  AND t.id = c.template_id AND (CAST(:device AS uuid) IS NULL OR c.device_id = CAST(:device AS uuid))
  AND NOT (c.state = 'removing' AND d.state = 'failed' AND c.message <> '')
RETURNING c.id, c.device_id, c.template_id, c.pin, c.state, c.message, d.result_code, t.template_type, t.finger_index
""")
SET_MESSAGES = sa.text("""
UPDATE device_templates c SET message = left(a.message, 300)
FROM unnest(CAST(:ids AS uuid[]), CAST(:messages AS text[])) AS a(id, message) WHERE c.id = a.id
""")

COUNT_DUE = sa.text("""
SELECT device_id, count(*) AS due FROM device_templates
WHERE device_id = ANY(CAST(:devices AS uuid[])) AND state IN ('pending', 'sent', 'removing') GROUP BY device_id
""")


async def distribute(session: AsyncSession, staff_ids: Sequence[UUID] | None = None) -> bool:
    """Queue commands for the differences, for these people or all; returns whether a pull device has work to fetch."""
    scope = {"staff": sorted(set(staff_ids)) if staff_ids is not None else None}
    await session.flush()
    await session.execute(DELETE_COPIES, scope)
    await session.execute(MARK_REMOVALS, scope)
    kinds = list(await session.execute(FORMATS_BY_DEVICE, scope))
    if kinds:
        reasons = await _reasons(session, [tuple(row) for row in kinds])
        values = {
            "devices": [key[0] for key in reasons],
            "types": [key[1] for key in reasons],
            "formats": [key[2] for key in reasons],
            "reasons": list(reasons.values()),
        }
        await session.execute(UPSERT_COPIES, {**scope, **values})
    await session.execute(MARK_OUTDATED, scope)
    await session.execute(CANCEL_COMMANDS)
    await _queue_push_commands(session)
    waiting = sa.text(
        "SELECT EXISTS (SELECT 1 FROM device_templates c JOIN devices d ON d.id = c.device_id AND d.connection = 'pull'"
        " WHERE c.state IN ('pending', 'removing'))"
    )
    return bool(await session.scalar(waiting))


async def _reasons(session: AsyncSession, kinds: Sequence[tuple[UUID, str, str]]) -> dict[tuple[UUID, str, str], str]:
    """Per device, type and format the reason against it, empty when it is accepted. Only approved devices."""
    found = await session.scalars(
        sa.select(Device).where(Device.id.in_({kind[0] for kind in kinds}), Device.approved_at.is_not(None))
    )
    devices = {device.id: device for device in found}
    answers: dict[tuple[UUID, str, str], str] = {}
    for kind in sorted(kinds):
        if device := devices.get(kind[0]):
            incompatible = incompatibility(read_capabilities(device.connection, device.info), kind[1], kind[2])
            answers[kind] = (trust.why_not(device, "template") or incompatible or "")[:300]
    return answers


async def _queue_push_commands(session: AsyncSession) -> None:
    rows = list(await session.execute(UNQUEUED_COPIES, {"most": QUEUE_BATCH}))
    wishes: list[Wish] = []
    removals: dict[tuple[UUID, str, str, int], int] = {}
    wish_of_row: list[int] = []
    for row in rows:
        name = TemplateName(pin=row.pin, template_type=TemplateType(row.template_type), template_index=row.finger_index)
        if row.state == "pending":
            wish_of_row.append(len(wishes))
            wishes.append(
                Wish(
                    device_id=row.device_id,
                    kind=CommandKind.TEMPLATE_UPDATE,
                    pin=row.pin,
                    template_id=row.template_id,
                    requested_by="Punctual",
                )
            )
            continue
        # A face has many parts and is removed as one.
        key = (row.device_id, row.pin, row.template_type, row.finger_index)
        if key not in removals:
            removals[key] = len(wishes)
            wishes.append(Wish(device_id=row.device_id, kind=CommandKind.TEMPLATE_DELETE, target=name))
        wish_of_row.append(removals[key])
    commands = await queue_many(session, wishes)
    if commands:
        await session.execute(
            SET_COMMANDS, {"ids": [row.id for row in rows], "commands": [commands[nth] for nth in wish_of_row]}
        )


async def record_command_results(session: AsyncSession, device_id: UUID | None = None) -> None:
    """Apply the results of template commands of push devices; a written template is read back for comparison."""
    rows = list(await session.execute(RECORD_RESULTS, {"device": device_id}))
    refused = [row for row in rows if row.message == "?"]
    if refused:
        values = {"ids": [row.id for row in refused], "messages": [in_words(row.result_code) for row in refused]}
        await session.execute(SET_MESSAGES, values)
    written = {(row.device_id, row.pin, row.template_type, row.finger_index) for row in rows if row.state == "written"}
    await queue_many(
        session,
        [
            Wish(
                device_id=device,
                kind=CommandKind.TEMPLATE_QUERY,
                target=TemplateName(pin=pin, template_type=TemplateType(kind), template_index=index),
                purpose="readback",
            )
            for device, pin, kind, index in sorted(written)
        ],
    )


async def count_due_templates(session: AsyncSession, device_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Templates to be written to or removed from each device; devices with none are absent."""
    rows = await session.execute(COUNT_DUE, {"devices": list(device_ids)})
    return {row.device_id: row.due for row in rows}
