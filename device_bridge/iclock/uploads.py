"""What becomes of each table that a push clock uploads.

The rule: a clock hears OK only when everything in the upload that concerns a person is committed by the back end,
as a punch, a user, a template or a quarantined line; otherwise it hears an error and keeps its log. Clocks repeat a
refused upload for ever and send nothing else meanwhile, so what is not kept (pictures, finger veins, unknown tables)
is *not* refused: its lines are reported with the reason, secrets withheld, and acknowledged, and the punches behind
it come through. Only what is of the machine itself (``options``, ``ERRORLOG``, ``rtstate``, the OPLOG lines, an access
unit's events that are nobody's punch) is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from device_bridge.backend import Backend
from device_bridge.iclock.access_parser import looks_like_events, parse_events, parse_table_users
from device_bridge.iclock.body import text_of
from device_bridge.iclock.capabilities import CapabilityRegistry
from device_bridge.iclock.operation_log import parse_operations, parse_pictures, parse_templates, parse_unknown
from device_bridge.iclock.parser import ParsedLines, lines_of, parse_options, parse_punches, parse_user, query_value
from device_bridge.iclock.request_context import address_of, serial_of
from device_bridge.messages import punch_batches, rejected_lines, user_batches
from device_bridge.records import BadLine, ClockUser, LoggedPunch
from foundation.clock import utc_now
from foundation.contracts.bridge import BatchSource, Contact, ContactKind, Template, TemplateBatch

OF_THE_MACHINE = frozenset(("OPTIONS", "ERRORLOG", "RTSTATE"))
TEMPLATES = frozenset(("BIODATA", "FACE", "TEMPLATEV10"))
PICTURES = frozenset(("ATTPHOTO", "BIOPHOTO", "USERPIC"))
USERS = frozenset(("USERINFO",))
NOT_KEPT = {"IDCARD": "identity cards are not kept"}
TEMPLATE_BATCH = 100
_TABLE_NAME = re.compile(r"\w{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. ``table`` is in capitals; ``table_name`` and ``count`` are what access units add to ``tabledata``."""

    serial: str
    table: str
    table_name: str
    body: bytes
    source_address: str
    received_at: datetime
    count: int = 0

    @classmethod
    def of(cls, request: Request, table: str, body: bytes) -> Upload:
        """What a request brought. Raises `Refusal` when it names no clock."""
        name, count = (query_value(request.query_params, key) for key in ("tablename", "count"))
        return cls(
            serial=serial_of(request),
            table=table,
            table_name=name if _TABLE_NAME.fullmatch(name) else "",
            body=body,
            source_address=address_of(request),
            received_at=utc_now(),
            count=int(count) if count.isascii() and count.isdigit() and len(count) < 9 else 0,
        )


async def take(backend: Backend, capabilities: CapabilityRegistry, upload: Upload) -> str:
    """Hand an upload to the back end; the answer for the clock once all of it is committed.

    Raises `BackendRefused`, `BackendUnavailable` or `UnreadableBody`: then nothing may be acknowledged.
    """
    text = text_of(upload.body)
    if upload.table == "RTLOG" or (upload.table == "ATTLOG" and looks_like_events(text)):
        handled = await _store_events(backend, upload, text)
        return "OK\n" if upload.table == "RTLOG" else f"OK: {handled}\n"
    if upload.table == "TABLEDATA":
        return await _take_table(backend, capabilities, upload, text)
    if upload.table == "ATTLOG":
        lines = parse_punches(text)
        await _store_punches(backend, upload, lines.punches, lines.rejected)
        return f"OK: {lines.handled}\n"
    if upload.table in OF_THE_MACHINE:
        said = parse_options(text) if upload.table == "OPTIONS" else {}
        await _contact(backend, upload, said)
        capabilities.note(upload.serial, said)
        return "OK\n"
    if upload.table == "OPERLOG":
        return f"OK: {await _take_operations(backend, capabilities, upload, text)}\n"
    if upload.table in TEMPLATES:
        return f"OK: {await _store_table(backend, capabilities, upload, upload.table, text)}\n"
    if upload.table in PICTURES:
        pictures = parse_pictures(text, upload.table)
        await _store_users(backend, upload, (), pictures)
        return "OK\n" if upload.table == "ATTPHOTO" else f"OK: {len(pictures)}\n"
    if upload.table in USERS:
        return f"OK: {await _store_people(backend, upload, text)}\n"
    if upload.table in NOT_KEPT:
        kept = parse_unknown(text, NOT_KEPT[upload.table])
        await _store_users(backend, upload, (), kept)
    else:
        # Perhaps punches in a form that we don't read yet, as from access-control units: quarantined with them.
        kept = parse_unknown(text, f"{upload.table or 'no table'}: this kind of upload is not read")
        await _store_punches(backend, upload, (), kept)
    return f"OK: {len(kept)}\n"


async def _take_operations(backend: Backend, capabilities: CapabilityRegistry, upload: Upload, text: str) -> int:
    """OPERLOG: people first, because their templates follow them. How many lines were handled."""
    unit = capabilities.of(upload.serial)
    lines = parse_operations(text, finger_algorithm=unit.finger, face_algorithm=unit.face)
    if lines.users or lines.rejected or not (lines.templates or lines.bad_templates):
        await _store_users(backend, upload, lines.users, lines.rejected)
    await _store_templates(backend, upload, lines.templates, lines.bad_templates)
    return lines.handled


async def _take_table(backend: Backend, capabilities: CapabilityRegistry, upload: Upload, text: str) -> str:
    """Rows of an access unit's own table. It repeats them for ever unless it hears its own count of them back."""
    name = upload.table_name.upper()
    if name == "USER":
        people = parse_table_users(text)
        await _store_users(backend, upload, people.users, people.rejected)
        handled = people.handled
    elif name == "TRANSACTION":
        handled = await _store_events(backend, upload, text)
    elif name in TEMPLATES:
        handled = await _store_table(backend, capabilities, upload, name, text)
    elif name in PICTURES:
        pictures = parse_pictures(text, name)
        await _store_users(backend, upload, (), pictures)
        handled = len(pictures)
    elif name in OF_THE_MACHINE:
        await _contact(backend, upload, {})
        handled = len(lines_of(text))
    else:
        kept = parse_unknown(text, f"{name or 'a table without a name'}: this table is not kept")
        await _store_users(backend, upload, (), kept)
        handled = len(kept)
    # A row may have been torn into two lines; but never acknowledge rows that did not come.
    number = upload.count if 0 < upload.count <= handled else handled
    return f"{upload.table_name}={number}\n" if upload.table_name else f"OK: {number}\n"


async def _store_table(backend: Backend, capabilities: CapabilityRegistry, upload: Upload, name: str, text: str) -> int:
    """A table of templates; how many lines were handled."""
    lines = parse_templates(text, name, finger_algorithm=capabilities.of(upload.serial).finger)
    await _store_templates(backend, upload, lines.templates, lines.bad_templates)
    if not lines.handled:
        await _contact(backend, upload, {})
    return lines.handled


async def _store_people(backend: Backend, upload: Upload, text: str) -> int:
    """USERINFO: the form of USER lines without their first word, as some firmware answers a query."""
    lines = ParsedLines()
    for line in lines_of(text):
        lines.add(parse_user(re.sub(r"^\s*USER(INFO)?\s+", "", line, flags=re.I)))
    await _store_users(backend, upload, lines.users, lines.rejected)
    return lines.handled


async def _store_templates(
    backend: Backend, upload: Upload, templates: Sequence[Template], rejected: Sequence[BadLine]
) -> None:
    lines: list[Template | BadLine] = [*templates, *rejected]
    for start in range(0, len(lines), TEMPLATE_BATCH):
        part = lines[start : start + TEMPLATE_BATCH]
        await backend.templates(
            TemplateBatch(
                serial=upload.serial,
                received_at=upload.received_at,
                source_address=upload.source_address,
                templates=[line for line in part if isinstance(line, Template)],
                rejected=rejected_lines(line for line in part if isinstance(line, BadLine)),
            )
        )


async def _store_events(backend: Backend, upload: Upload, text: str) -> int:
    """Punches among an access unit's events; how many lines were handled."""
    events = parse_events(text)
    await _store_punches(backend, upload, events.punches, events.rejected)
    return events.handled


async def _store_punches(
    backend: Backend, upload: Upload, punches: Sequence[LoggedPunch], rejected: Sequence[BadLine]
) -> None:
    if not punches and not rejected:
        await _contact(backend, upload, {})
    for batch in punch_batches(
        upload.serial,
        BatchSource.PUSH,
        upload.received_at,
        punches,
        rejected,
        source_address=upload.source_address,
    ):
        await backend.punches(batch)


async def _store_users(
    backend: Backend, upload: Upload, users: Sequence[ClockUser], rejected: Sequence[BadLine]
) -> None:
    if not users and not rejected:
        await _contact(backend, upload, {})
    for batch in user_batches(upload.serial, upload.received_at, users, rejected):
        await backend.users(batch)


async def _contact(backend: Backend, upload: Upload, info: dict[str, str]) -> None:
    """Nothing to store, but an unknown clock must hear 403 here too."""
    await backend.contact(
        Contact(
            serial=upload.serial,
            kind=ContactKind.UPLOAD,
            source_address=upload.source_address,
            at=upload.received_at,
            info=info,
        )
    )
