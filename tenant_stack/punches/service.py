"""Reads raw punches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import LOCAL_TIME_FORMAT
from foundation.pagination import Page, PageRequest, page_of
from tenant_stack.pins import normal_pin
from tenant_stack.punches.names import status_name, verify_name
from tenant_stack.punches.schemas import PunchView
from tenant_stack.tables.devices import Device
from tenant_stack.tables.punches import PunchLog
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of

SKEW_SECONDS = 120
MOST_PEOPLE = 500


def punch_query() -> sa.Select[*tuple[Any, ...]]:
    """Punches with the names of their device and person."""
    return (
        sa.select(PunchLog, Device.device_serial, Device.name, Staff.name.label("staff_name"), Staff.employee_id)
        .join(Device, Device.id == PunchLog.device_id)
        .outerjoin(Staff, Staff.id == PunchLog.staff_id)
    )


def punch_view(row: Any) -> PunchView:
    """A row of `punch_query` as the API shows it."""
    punch: PunchLog = row[0]
    offset = punch.clock_offset_seconds
    flags = []
    if punch.staff_id is None:
        flags.append("unknown_pin")
    if offset is not None and abs(offset) > SKEW_SECONDS:
        flags.append("clock_skew")
    if punch.unconfirmed_source:
        flags.append("unconfirmed_source")
    return view_of(
        PunchView,
        punch,
        device_serial=row[1],
        device_name=row[2],
        staff_name=row[3],
        employee_id=row[4],
        local_time=punch.local_time.strftime(LOCAL_TIME_FORMAT),
        status_name=status_name(punch.status),
        verify_name=verify_name(punch.verify),
        flags=flags,
    )


@dataclass(frozen=True)
class PunchFilter:
    """``first`` and ``last`` are local dates at the device, both included; ``q`` is a name, number or PIN."""

    first: date | None = None
    last: date | None = None
    staff_id: UUID | None = None
    device_id: UUID | None = None
    unknown: bool | None = None
    q: str | None = None


async def list_punches(session: AsyncSession, page: PageRequest, wanted: PunchFilter) -> Page[PunchView]:
    """Punches, newest first."""
    query = punch_query()
    if wanted.first is not None:
        query = query.where(PunchLog.local_time >= datetime.combine(wanted.first, time.min))
    if wanted.last is not None:
        query = query.where(PunchLog.local_time < datetime.combine(wanted.last, time.min) + timedelta(days=1))
    if wanted.staff_id is not None:
        query = query.where(PunchLog.staff_id == wanted.staff_id)
    if wanted.device_id is not None:
        query = query.where(PunchLog.device_id == wanted.device_id)
    if wanted.unknown is not None:
        query = query.where(PunchLog.staff_id.is_(None) if wanted.unknown else PunchLog.staff_id.is_not(None))
    if wanted.q:
        query = query.where(await _search(session, wanted.q))
    order = [PunchLog.__table__.c.punched_at, PunchLog.__table__.c.id]
    return await page_of(session, query, page, punch_view, order=order, descending=True)


async def _search(session: AsyncSession, text: str) -> sa.ColumnElement[bool]:
    # Find the people first: a search through millions of punches must start from an index.
    found = sa.or_(Staff.name.icontains(text, autoescape=True), Staff.employee_id.icontains(text, autoescape=True))
    people = list(await session.scalars(sa.select(Staff.id).where(found).limit(MOST_PEOPLE)))
    return sa.or_(PunchLog.staff_id.in_(people), sa.and_(PunchLog.staff_id.is_(None), PunchLog.pin == normal_pin(text)))


async def read_punches(session: AsyncSession, ids: Sequence[UUID], first: datetime, last: datetime) -> list[PunchView]:
    """These punches, oldest first; ``first`` and ``last`` are their wall times, naming the partitions to look in."""
    query = punch_query().where(PunchLog.id.in_(ids), PunchLog.local_time.between(first, last))
    rows = await session.execute(query.order_by(PunchLog.punched_at, PunchLog.id))
    return [punch_view(row) for row in rows]
