"""Reading attendance records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from foundation.clock import zone
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.attendance.filters import RecordFilter, restricted
from tenant_stack.attendance.record_rows import unpack
from tenant_stack.attendance.schemas import PayLineView, RecordView
from tenant_stack.tables.attendance import AttendanceAnomaly, AttendanceRecord
from tenant_stack.tables.staff import Staff

# Double swipes and the like explain themselves; nobody has to act.
NEEDS_SOMEBODY = sa.and_(AttendanceAnomaly.state != "resolved", AttendanceAnomaly.severity != "info")

# Fields that the API shows as they are stored.
COPIED = [name for name in RecordView.model_fields if name in AttendanceRecord.model_fields and name != "pay"]


def record_query(*, traced: bool = False) -> sa.Select[*tuple[Any, ...]]:
    """Records with the names that people know and how many of their anomalies need somebody."""
    doubts = (
        sa.select(sa.func.count())
        .where(
            AttendanceAnomaly.staff_id == AttendanceRecord.staff_id,
            AttendanceAnomaly.work_date == AttendanceRecord.work_date,
            NEEDS_SOMEBODY,
        )
        .scalar_subquery()
    )
    query = sa.select(AttendanceRecord, Staff.employee_id, Staff.name, Staff.department, doubts.label("doubts")).join(
        Staff, Staff.id == AttendanceRecord.staff_id
    )
    return query if traced else query.options(defer(AttendanceRecord.trace))


def _wall_time(at: datetime | None, zone_name: str) -> str | None:
    return at.astimezone(zone(zone_name)).strftime("%H:%M") if at else None


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else int(seconds / 60)


def record_view(row: Any) -> RecordView:
    """A row of `record_query` as the API shows it."""
    record: AttendanceRecord = row[0]
    plain = unpack(record, traced=False)
    rates = [str(line.rate) for line in plain.pay]
    values = {name: getattr(record, name) for name in COPIED}
    values |= {
        f"{name}_minutes": _minutes(getattr(record, f"{name}_seconds"))
        for name in ("late", "early", "overtime", "expected", "balance")
    }
    return RecordView(
        **values,
        employee_id=row[1],
        staff_name=row[2],
        department=row[3],
        first_in_local=_wall_time(record.first_in, record.zone),
        last_out_local=_wall_time(record.last_out, record.zone),
        break_minutes=(record.break_seconds + record.deducted_seconds - record.paid_break_seconds) // 60,
        pay=[
            PayLineView(code=code, rate=rate, minutes=minutes)
            for (code, minutes), rate in zip(plain.pay_minutes, rates, strict=True)
        ],
        anomalies=row[4],
    )


async def list_records(session: AsyncSession, page: PageRequest, wanted: RecordFilter) -> Page[RecordView]:
    """Records, newest day first."""
    query = restricted(record_query(), AttendanceRecord, wanted)
    anomaly, q = wanted.anomaly, wanted.q
    if anomaly is not None:
        query = query.where(
            sa.exists().where(
                AttendanceAnomaly.staff_id == AttendanceRecord.staff_id,
                AttendanceAnomaly.work_date == AttendanceRecord.work_date,
                NEEDS_SOMEBODY if anomaly == "any" else AttendanceAnomaly.kind == anomaly,
            )
        )
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
