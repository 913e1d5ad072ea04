"""Fingerprints between a pull clock and the back end: what is on the clock is told, what is wanted is written.

They pass through memory only. Nothing here logs them, and no reason or message names more than a PIN and a finger.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from device_bridge.backend import Backend
from device_bridge.messages import rejected_lines
from device_bridge.pull.conversation import Conversation
from device_bridge.records import BadLine, Counts, DeviceInfo
from device_bridge.terminal.fingers import Place
from device_bridge.terminal.templates import ClockTemplate, DecodedTemplates, same_format, template_format
from device_bridge.terminal.users import UserTable
from foundation.clock import utc_now
from foundation.contracts.bridge import (
    Template,
    TemplateBatch,
    TemplateDemand,
    TemplateName,
    TemplateReport,
    TemplateType,
    Terminal,
)

BATCH = 200
DEMAND = 50


class Fingerprints:
    """The fingerprints of one clock. It remembers what was told, so that nothing is read again for no reason."""

    def __init__(self, serial: str, backend: Backend) -> None:
        self._serial = serial
        self._backend = backend
        self._told: tuple[int | None, UserTable] | None = None

    def forget(self) -> None:
        """A finger was captured, or somebody asked: the next synchronisation reports everything again."""
        self._told = None

    def to_tell(self, terminal: Terminal, counts: Counts, table: UserTable) -> bool:
        """Whether the clock may hold fingers that the back end has not heard of."""
        fingers = counts.details.get("fingers")
        return terminal.read_templates and bool(table.users) and fingers != 0 and self._told != (fingers, table)

    async def tell(
        self, conversation: Conversation, terminal: Terminal, info: DeviceInfo | None, counts: Counts, table: UserTable
    ) -> str:
        """Read all fingerprints and hand them over. What keeps us from it, in words; empty when nothing does."""
        name = _format_of(info)
        if not name:
            return "the clock does not say which fingerprint format it has, so its fingers are not read"
        found = await conversation.run(lambda: conversation.client.templates(counts, table))
        for batch in _batches(self._serial, terminal.address, name, found, table):
            await self._backend.templates(batch)
        self._told = (counts.details.get("fingers"), table)
        return ""

    async def fit(self, conversation: Conversation, info: DeviceInfo | None, counts: Counts, table: UserTable) -> None:
        """Write what the organisation wants on this clock and it lacks, take off what must go, and report both."""
        name = _format_of(info)
        seen: set[object] = set()
        while True:
            wanted = await self._backend.templates_wanted(
                TemplateDemand(serial=self._serial, fingerprint_format=name, limit=DEMAND)
            )
            new = [template for template in wanted.templates if template.id not in seen]
            gone = [target for target in wanted.remove if target not in seen]
            if not new and not gone:
                return
            seen.update(template.id for template in new)
            seen.update(gone)
            removed, _ = await self._remove(conversation, table, gone)
            written, refused = await self._write(conversation, name, counts, table, new)
            # What was written is on the clock by our own hand: it is not read back as news.
            if written or removed:
                counts = await conversation.run(conversation.client.counts)
                if self._told is not None:
                    self._told = (counts.details.get("fingers"), table)
            await self._backend.templates_seen(
                TemplateReport(serial=self._serial, at=utc_now(), written=written, refused=refused, removed=removed)
            )

    async def _write(
        self,
        conversation: Conversation,
        name: str,
        counts: Counts,
        table: UserTable,
        templates: Sequence[Template],
    ) -> tuple[list[str], dict[str, str]]:
        refused: dict[str, str] = {}
        accepted: dict[Place, tuple[str, ClockTemplate]] = {}
        for template in templates:
            identifier = template.id or ""
            ready = _prepared(template, name, counts, table)
            if isinstance(ready, str):
                refused[identifier] = ready
            else:
                accepted[ready.uid, ready.finger] = (identifier, ready)
        if not accepted:
            return [], refused
        sent = [ready for _, ready in accepted.values()]
        problems = await conversation.run(lambda: conversation.client.write_templates(table, sent))
        for place, (identifier, _) in accepted.items():
            if place in problems:
                refused[identifier] = problems[place]
        return [identifier for place, (identifier, _) in accepted.items() if place not in problems], refused

    async def _remove(
        self, conversation: Conversation, table: UserTable, targets: Sequence[TemplateName]
    ) -> tuple[list[TemplateName], list[TemplateName]]:
        """Those that are gone, and those that are not. Faces and palms were never there by this road."""
        if not table.users:
            return [], list(targets)
        fingers = [target for target in targets if target.template_type is TemplateType.FINGERPRINT]
        there = [(table.users[each.pin], each.template_index) for each in fingers if each.pin in table.users]
        left = await conversation.run(lambda: conversation.client.delete_templates(table, there)) if there else set()
        kept = [
            each
            for each in fingers
            if each.pin in table.users and (table.users[each.pin].uid, each.template_index) in left
        ]
        return [target for target in targets if target not in kept], kept


def _format_of(info: DeviceInfo | None) -> str:
    return template_format(info.details.get("fingerprint_algorithm", "")) if info else ""


def _prepared(template: Template, name: str, counts: Counts, table: UserTable) -> ClockTemplate | str:
    """The template for this clock, or the reason why it cannot have it."""
    if template.template_type is not TemplateType.FINGERPRINT:
        return "this kind of connection carries only fingerprints: faces and palms need a clock that pushes"
    if not name:
        return "the clock does not say which fingerprint format it takes"
    if not same_format(name, template.template_format):
        return f"the clock takes the format {name}, and this finger was taken as {template.template_format}"
    if not template.valid:
        return "the clock on which this finger was taken holds it to be useless"
    if template.pin not in table.users:
        return "this person is not on the clock"
    if counts.details.get("fingers_free") == 0:
        return "the clock has no room for more fingers"
    try:
        data = base64.b64decode(template.template_data, validate=True)
    except binascii.Error:
        return "the stored template cannot be read"
    return ClockTemplate(table.users[template.pin].uid, template.template_index, template.valid, data)


def _batches(serial: str, address: str, name: str, found: DecodedTemplates, table: UserTable) -> list[TemplateBatch]:
    pins = table.pins_by_uid()
    templates: list[Template] = []
    rejected = list(found.rejected)
    for each in found.templates:
        pin = pins.get(each.uid)
        if pin is None:
            rejected.append(BadLine(f"template of slot {each.uid}, finger {each.finger}", "nobody is in this slot"))
            continue
        templates.append(
            Template(
                pin=pin,
                template_type=TemplateType.FINGERPRINT,
                template_index=each.finger,
                template_format=name,
                valid=3 if each.flag == 3 else 1 if each.flag else 0,
                template_data=base64.b64encode(each.data).decode(),
            )
        )
    at = utc_now()
    return [
        TemplateBatch(
            serial=serial,
            received_at=at,
            source_address=address,
            templates=templates[start : start + BATCH],
            rejected=rejected_lines(rejected[start : start + BATCH]),
        )
        for start in range(0, max(len(templates), len(rejected)), BATCH)
    ]
