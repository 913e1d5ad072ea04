"""Reading raw punches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import LOCAL_TIME_FORMAT
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.pins import normal_pin
from tenant_stack.punches.names import status_name, verify_name
from tenant_stack.punches.schemas import PunchView
from tenant_stack.tables.devices import Device
from tenant_stack.tables.punches import PunchLog
from tenant_stack.tables.staff import Staff

SKEW_SECONDS = 120
MOST_FOUND = 500


def punch_query() -> sa.Select[*tuple[Any, ...]]:
    """Punches with the names that people know."""
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
    return PunchView(
        id=punch.id,
        device_id=punch.device_id,
        device_serial=row[1],
        device_name=row[2],
        staff_id=punch.staff_id,
        staff_name=row[3],
        employee_id=row[4],
        pin=punch.pin,
        local_time=punch.local_time.strftime(LOCAL_TIME_FORMAT),
        zone=punch.zone,
        punched_at=punch.punched_at,
        status=punch.status,
        status_name=status_name(punch.status),
        verify=punch.verify,
        verify_name=verify_name(punch.verify),
        work_code=punch.work_code,
        source=punch.source,
        clock_offset_seconds=offset,
        received_at=punch.received_at,
        flags=flags,
    )


async def list_punches(
    session: AsyncSession,
    page: PageRequest,
    *,
    first: date | None = None,
    last: date | None = None,
    staff_id: UUID | None = None,
    device_id: UUID | None = None,
    unknown: bool | None = None,
    q: str | None = None,
) -> Page[PunchView]:
    """Punches, newest first. ``first`` and ``last`` are local dates at the clock, both included."""
    query = punch_query()
    if first is not None:
        query = query.where(PunchLog.local_time >= datetime.combine(first, datetime.min.time()))
    if last is not None:
        query = query.where(PunchLog.local_time < datetime.combine(last, datetime.min.time()) + timedelta(days=1))
    if staff_id is not None:
        query = query.where(PunchLog.staff_id == staff_id)
    if device_id is not None:
        query = query.where(PunchLog.device_id == device_id)
    if unknown is not None:
        query = query.where(PunchLog.staff_id.is_(None) if unknown else PunchLog.staff_id.is_not(None))
    if q:
        # People first: a search through millions of punches must start from an index.
        found = sa.or_(Staff.name.icontains(q, autoescape=True), Staff.employee_id.icontains(q, autoescape=True))
        people = list(await session.scalars(sa.select(Staff.id).where(found).limit(MOST_FOUND)))
        query = query.where(
            sa.or_(PunchLog.staff_id.in_(people), sa.and_(PunchLog.staff_id.is_(None), PunchLog.pin == normal_pin(q)))
        )
    order = [PunchLog.__table__.c.punched_at, PunchLog.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[punch_view(row) for row in rows], next_cursor=cursor, total=total)


async def read_punches(session: AsyncSession, ids: Sequence[UUID], first: datetime, last: datetime) -> list[PunchView]:
    """These punches, oldest first; ``first`` and ``last`` are their wall times, naming the partitions to look in."""
    query = punch_query().where(PunchLog.id.in_(ids), PunchLog.local_time.between(first, last))
    rows = await session.execute(query.order_by(PunchLog.punched_at, PunchLog.id))
    return [punch_view(row) for row in rows]
