"""Reading attendance records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import zone
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.attendance.models import AttendanceRecord
from tenant_stack.attendance.schemas import RecordView
from tenant_stack.staff.models import Staff


def record_query() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(AttendanceRecord, Staff.employee_id, Staff.name, Staff.department).join(
        Staff, Staff.id == AttendanceRecord.staff_id
    )


def _wall_time(at: datetime | None, zone_name: str) -> str | None:
    return at.astimezone(zone(zone_name)).strftime("%H:%M") if at else None


def record_view(row: Any) -> RecordView:
    """A row of `record_query` as the API shows it."""
    record: AttendanceRecord = row[0]
    return RecordView(
        id=record.id,
        staff_id=record.staff_id,
        employee_id=row[1],
        staff_name=row[2],
        department=row[3],
        work_date=record.work_date,
        zone=record.zone,
        first_in=record.first_in,
        last_out=record.last_out,
        first_in_local=_wall_time(record.first_in, record.zone),
        last_out_local=_wall_time(record.last_out, record.zone),
        worked_minutes=record.worked_minutes,
        status=record.status,
        punch_count=record.punch_count,
        processed_at=record.processed_at,
    )


async def list_records(
    session: AsyncSession,
    page: PageRequest,
    *,
    first: date | None = None,
    last: date | None = None,
    staff_id: UUID | None = None,
    status: str | None = None,
    q: str | None = None,
) -> Page[RecordView]:
    """Records, newest day first; ``first`` and ``last`` are local dates, both included."""
    query = record_query()
    if first is not None:
        query = query.where(AttendanceRecord.work_date >= first)
    if last is not None:
        query = query.where(AttendanceRecord.work_date <= last)
    if staff_id is not None:
        query = query.where(AttendanceRecord.staff_id == staff_id)
    if status is not None:
        query = query.where(AttendanceRecord.status == status)
    if q:
        query = query.where(
            sa.or_(Staff.name.icontains(q, autoescape=True), Staff.employee_id.icontains(q, autoescape=True))
        )
    order = [AttendanceRecord.__table__.c.work_date, AttendanceRecord.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[record_view(row) for row in rows], next_cursor=cursor, total=total)


async def read_records(session: AsyncSession, ids: Sequence[UUID]) -> list[RecordView]:
    rows = await session.execute(record_query().where(AttendanceRecord.id.in_(ids)))
    return [record_view(row) for row in rows]
