"""What a clock tells us when it makes contact: last seen per kind, firmware, counts, clock offset."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import TerminalReport, TerminalState
from foundation.errors import NotFound
from tenant_stack.devices.completeness import compare_counts
from tenant_stack.devices.sources import FOLLOW_ADDRESS
from tenant_stack.punch_lines import printable

# What the two roads call the same count (INFO list of a push poll; size block of the 4370 protocol).
COUNT_NAMES = {
    "user_count": "users",
    "finger_count": "fingers",
    "punch_count": "logs",
    "face_count": "faces",
    "punches": "logs",
    "usercount": "users",
    "fpcount": "fingers",
    "facecount": "faces",
    "transactioncount": "logs",
}
# Push clocks tell their log's size in units of ten thousand.
CAPACITY_NAME, CAPACITY_UNIT = "maxattlogcount", 10_000
FIRMWARE_NAMES = ("firmware", "fwversion", "ver", "firmver")

TOUCH = sa.text(
    "UPDATE devices SET"
    + FOLLOW_ADDRESS
    + """,
    last_seen_at = greatest(last_seen_at, CAST(:at AS timestamptz)),
    last_seen = last_seen || jsonb_build_object(CAST(:kind AS text), CAST(:at AS timestamptz)),
    firmware = coalesce(CAST(:firmware AS text), firmware),
    counts = counts || CAST(:counts AS jsonb),
    info = info || CAST(:info AS jsonb)
WHERE id = :device
"""
)

REPORT = sa.text("""
UPDATE devices SET
    last_seen_at = CASE WHEN CAST(:online AS boolean)
                        THEN greatest(last_seen_at, CAST(:at AS timestamptz)) ELSE last_seen_at END,
    last_seen = CASE WHEN CAST(:online AS boolean)
                     THEN last_seen || jsonb_build_object('pull', CAST(:at AS timestamptz)) ELSE last_seen END,
    pull_state = :state, pull_message = :message,
    clock_offset_seconds = coalesce(CAST(:clock_offset AS integer), clock_offset_seconds),
    firmware = coalesce(CAST(:firmware AS text), firmware),
    counts = counts || CAST(:counts AS jsonb),
    info = info || CAST(:info AS jsonb)
WHERE device_serial = :serial AND approved_at IS NOT NULL
RETURNING id
""")


FAMILY = sa.text("SELECT info ->> 'devicetype' FROM devices WHERE id = :device")


async def touch(
    session: AsyncSession, device_id: UUID, kind: str, at: datetime, *, address: str, info: dict[str, str]
) -> None:
    """A push device was seen; ``info`` is what it said of itself, if anything."""
    values = {"device": device_id, "kind": kind, "at": at, "address": address[:64], **_said(info)}
    await session.execute(TOUCH, values)


async def push_family(session: AsyncSession, device_id: UUID) -> Literal["", "att", "acc"]:
    """Which push protocol the device named when it last introduced itself; empty when it never did."""
    said = await session.scalar(FAMILY, {"device": device_id})
    match (said or "").strip().lower():
        case "att":
            return "att"
        case "acc":
            return "acc"
    return ""


def counts_by_name(report: TerminalReport) -> dict[str, int]:
    """What a pull device holds, under the names that both connections share."""
    return {COUNT_NAMES.get(name, name): count for name, count in report.counts.items()}


async def take_report(session: AsyncSession, report: TerminalReport) -> UUID:
    """The bridge spoke with a pull device, or tried to; returns the device's id.

    Raises `NotFound` when there is no such device (any more).
    """
    values = {
        "serial": report.serial,
        "at": report.at,
        "online": report.state is TerminalState.ONLINE,
        "state": report.state.value,
        "message": printable(report.message)[:300],
        "clock_offset": report.clock_offset_seconds,
        **_said(report.info, counts_by_name(report)),
    }
    device_id: UUID | None = await session.scalar(REPORT, values)
    if device_id is None:
        raise NotFound("device_not_found", f"There is no approved clock {report.serial}")
    if report.state is TerminalState.ONLINE:
        await compare_counts(session, device_id)
    return device_id


def _said(info: dict[str, str], counts: dict[str, int] | None = None) -> dict[str, str | None]:
    known = {name.lstrip("~").lower(): value for name, value in info.items()}
    firmware = next((printable(known[name])[:120] for name in FIRMWARE_NAMES if known.get(name)), None)
    counted: dict[str, int] = dict(counts or {})
    for name, plain in COUNT_NAMES.items():
        if known.get(name, "").isdecimal():
            counted[plain] = int(known[name][:9])
    capacity = known.get(CAPACITY_NAME, "").rstrip(",")
    if capacity.isdecimal() and int(capacity[:9]) > 0:
        counted["punch_capacity"] = int(capacity[:9]) * (CAPACITY_UNIT if len(capacity) <= 4 else 1)
    kept = {printable(name)[:40]: printable(value)[:256] for name, value in list(info.items())[:100]}
    return {"firmware": firmware, "counts": json.dumps(counted), "info": json.dumps(kept)}
