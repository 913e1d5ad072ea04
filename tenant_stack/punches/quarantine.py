"""Quarantined lines: listed, replayed under the current rules, or dismissed with a reason. None is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now, zone
from foundation.contracts.bridge import Punch
from foundation.database import after_commit
from foundation.pagination import Page, PageRequest, page_of
from tenant_stack.people.enrollments.pin_matches import match_pins
from tenant_stack.punch_lines import ValidPunch, parse_line, validate_punch
from tenant_stack.punches.intake import Intake, PartitionsMissing, Receipt, insert_punches
from tenant_stack.punches.partitions import Months, month_of
from tenant_stack.punches.schemas import DismissView, QuarantineView, ReplayView
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device
from tenant_stack.tables.punches import QuarantinedLine
from tenant_stack.views import view_of

REPLAY_LIMIT = 5000
REPLAY = "replay"


@dataclass(slots=True)
class _ReplayGroup:
    """Replayable lines of one device and one source."""

    device: Device
    source: str
    lines: list[QuarantinedLine]
    valid: list[ValidPunch]
    received_at: datetime


async def list_lines(
    session: AsyncSession,
    page: PageRequest,
    *,
    state: str | None = None,
    device_id: UUID | None = None,
    q: str | None = None,
) -> Page[QuarantineView]:
    """Quarantined lines, newest first. ``q`` searches the line and the reason."""
    query = sa.select(QuarantinedLine, Device.device_serial, Device.name).join(
        Device, Device.id == QuarantinedLine.device_id
    )
    if state is not None:
        query = query.where(QuarantinedLine.state == state)
    if device_id is not None:
        query = query.where(QuarantinedLine.device_id == device_id)
    if q:
        columns = (QuarantinedLine.raw, QuarantinedLine.reason)
        query = query.where(sa.or_(*(column.icontains(q, autoescape=True) for column in columns)))
    order = [QuarantinedLine.__table__.c.received_at, QuarantinedLine.__table__.c.id]
    return await page_of(session, query, page, _view, order=order, descending=True)


def _view(row: Any) -> QuarantineView:
    return view_of(QuarantineView, row[0], device_serial=row[1], device_name=row[2])


async def open_lines(session: AsyncSession, ids: Sequence[UUID] | None) -> list[UUID]:
    """Those of these lines (None: of all) that are open and visible to the caller of the session, oldest first."""
    query = sa.select(QuarantinedLine.id).where(QuarantinedLine.state == "open")
    if ids is not None:
        query = query.where(QuarantinedLine.id.in_(ids))
    return list(await session.scalars(query.order_by(QuarantinedLine.id).limit(REPLAY_LIMIT)))


async def replay(intake: Intake, actor: Actor, ids: Sequence[UUID] | None) -> ReplayView:
    """Replay these open lines, or all; committed on return. At most 5,000 at a time, oldest first.

    A valid line becomes a punch, once however often it is replayed; the others stay quarantined with the reason.
    """
    try:
        return await _replay(intake, actor, ids)
    except PartitionsMissing as missing:
        await intake.months.create(missing.months)
        return await _replay(intake, actor, ids)


async def _replay(intake: Intake, actor: Actor, ids: Sequence[UUID] | None) -> ReplayView:
    async with intake.database.transaction() as session:
        result = await _replay_in(session, intake.months, actor, ids)
        if result.stored:
            after_commit(session, intake.hints.drain)
        return result


async def _replay_in(session: AsyncSession, months: Months, actor: Actor, ids: Sequence[UUID] | None) -> ReplayView:
    groups, left = await _group_replayable(session, ids)
    if missing := months.missing({month_of(line.local_time) for group in groups for line in group.valid}):
        raise PartitionsMissing(missing)
    stored = replayed = 0
    for group in groups:
        owners = await match_pins(session, group.device.id, sorted({line.pin for line in group.valid}))
        # Nothing new was received: what leaves the quarantine is stored or a duplicate.
        receipt = Receipt(group.source, REPLAY, group.received_at, received=0, quarantined=-len(group.lines))
        stored += await insert_punches(session, group.device.id, group.device.zone, group.valid, owners, receipt)
        replayed += len(group.lines)
        for line in group.lines:
            line.state, line.settled_at, line.settled_by = "replayed", utc_now(), actor.label[:200]
    await session.flush()
    if replayed:
        audited(
            session, actor, "quarantine.replay", "quarantine", "lines", after={"replayed": replayed, "stored": stored}
        )
    return ReplayView(replayed=replayed, stored=stored, duplicate=replayed - stored, left=left)


async def _group_replayable(session: AsyncSession, ids: Sequence[UUID] | None) -> tuple[list[_ReplayGroup], int]:
    """Lines that are valid now, by device and source, and the number of the others; locked after their devices."""
    query = sa.select(QuarantinedLine).where(QuarantinedLine.state == "open")
    if ids is not None:
        query = query.where(QuarantinedLine.id.in_(ids))
    found = list(await session.scalars(query.order_by(QuarantinedLine.id).limit(REPLAY_LIMIT)))
    devices = {
        device.id: device
        for device in await session.scalars(
            sa.select(Device)
            .where(Device.id.in_({line.device_id for line in found}))
            .order_by(Device.id)
            .with_for_update(key_share=True)
        )
    }
    lines = await session.scalars(
        query.where(QuarantinedLine.id.in_([line.id for line in found]))
        .order_by(QuarantinedLine.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    groups: dict[tuple[UUID, str], _ReplayGroup] = {}
    left, now = 0, utc_now()
    for line in lines:
        device = devices[line.device_id]
        line.attempts += 1
        punch = _punch(line)
        valid = validate_punch(punch, zone(device.zone), now) if punch else None
        if not isinstance(valid, ValidPunch):
            line.reason = valid.reason if valid else line.reason
            left += 1
            continue
        group = groups.setdefault((device.id, line.source), _ReplayGroup(device, line.source, [], [], line.received_at))
        group.lines.append(line)
        group.valid.append(valid)
        group.received_at = max(group.received_at, line.received_at)
    return list(groups.values()), left


def _punch(line: QuarantinedLine) -> Punch | None:
    if line.fields is None:
        return parse_line(line.raw)
    try:
        return Punch.model_validate(line.fields)
    except ValidationError:
        return None


async def dismiss(session: AsyncSession, actor: Actor, ids: Sequence[UUID], reason: str) -> DismissView:
    """Dismiss lines that are no punches, with a reason; they are kept."""
    rows = await session.execute(
        sa.update(QuarantinedLine)
        .where(QuarantinedLine.id.in_(ids), QuarantinedLine.state == "open")
        .values(state="dismissed", settled_at=sa.func.now(), settled_by=actor.label[:200], note=reason)
        .returning(QuarantinedLine.id)
    )
    dismissed = [str(row.id) for row in rows]
    if dismissed:
        audited(session, actor, "quarantine.dismiss", "quarantine", "lines", after={"ids": dismissed, "reason": reason})
    return DismissView(dismissed=len(dismissed))
