"""What becomes of each table that a push clock uploads.

The rule: a clock hears OK only when everything in the upload that concerns a person is committed by the back end,
as a punch, a user or a quarantined line; otherwise it hears an error and keeps its log. Clocks repeat a refused upload
for ever and send nothing else meanwhile, so a table that we cannot use yet is *not* refused: its lines are quarantined
(templates, pictures and passwords withheld, which the clock still holds) and acknowledged, and the punches behind it
come through. Only tables about the machine itself (``options``, ``ERRORLOG``, the OPLOG lines) are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from device_bridge.backend import Backend
from device_bridge.iclock.body import text_of
from device_bridge.iclock.parse import parse_operations, parse_options, parse_punches, parse_unknown
from device_bridge.messages import punch_batches, user_batches
from device_bridge.records import BadLine, ClockUser, LoggedPunch
from foundation.contracts.bridge import BatchSource, Contact, ContactKind

OF_THE_MACHINE = frozenset(("OPTIONS", "ERRORLOG", "RTSTATE"))
OF_PEOPLE = frozenset(("BIODATA", "IDCARD", "ATTPHOTO", "BIOPHOTO", "USERPIC", "FACE", "TABLEDATA", "USERINFO"))


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. ``table`` is in capitals; ``table_name`` is what access units add to ``tabledata``."""

    serial: str
    table: str
    table_name: str
    body: bytes
    source_address: str
    received_at: datetime


async def take(backend: Backend, upload: Upload) -> str:
    """Hand an upload to the back end; the answer for the clock once all of it is committed.

    Raises `BackendRefused`, `BackendUnavailable` or `UnreadableBody`: then nothing may be acknowledged.
    """
    text = text_of(upload.body)
    if upload.table == "ATTLOG":
        lines = parse_punches(text)
        await _store_punches(backend, upload, lines.punches, lines.rejected)
        return f"OK: {lines.handled}\n"
    if upload.table in OF_THE_MACHINE:
        await _contact(backend, upload, parse_options(text) if upload.table == "OPTIONS" else {})
        return "OK\n"
    if upload.table == "OPERLOG":
        operations = parse_operations(text)
        await _store_users(backend, upload, operations.users, operations.rejected)
        return f"OK: {operations.handled}\n"
    if upload.table in OF_PEOPLE:
        kept = parse_unknown(text, f"{upload.table}: templates are not taken yet")
        await _store_users(backend, upload, (), kept)
    else:
        # Perhaps punches in a form that we don't read yet, as from access-control units: quarantined with them.
        kept = parse_unknown(text, f"{upload.table or 'no table'}: this kind of upload is not read yet")
        await _store_punches(backend, upload, (), kept)
    if upload.table == "TABLEDATA" and upload.table_name:
        return f"{upload.table_name}={len(kept)}\n"
    return f"OK: {len(kept)}\n"


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
