"""Figures set by hand: they stay whatever punches come, which then are a conflict for a person to decide."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from tenant_stack.attendance.record_rows import snapshot_of, unpack
from tenant_stack.attendance.schemas import HandFigures
from tenant_stack.rules.lifecycle import State, changed
from tenant_stack.tables.attendance import AttendanceRecord

RELEASE = sa.text("""
UPDATE attendance_records SET manual = false, conflict = false, digest = ''
WHERE staff_id = CAST(:staff AS uuid) AND work_date = CAST(:day AS date) AND manual
""")


async def set_by_hand(
    session: AsyncSession, staff_id: UUID, day: date, figures: HandFigures, organisation_zone: str
) -> None:
    """Put figures in place of what was computed for a day; an approved record is reopened with a snapshot."""
    query = (
        sa.select(AttendanceRecord)
        .options(defer(AttendanceRecord.trace))
        .where(AttendanceRecord.staff_id == staff_id, AttendanceRecord.work_date == day)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    record = await session.scalar(query)
    if record is None:
        record = AttendanceRecord(
            staff_id=staff_id,
            work_date=day,
            zone=organisation_zone,
            worked_minutes=0,
            status="incomplete",
            punch_count=0,
            state="open",
            digest="empty",
            break_seconds=0,
            version=0,
        )
        session.add(record)
    elif record.state in ("approved", "submitted"):
        if record.state == "approved":
            record.snapshot = snapshot_of(unpack(record, traced=False))
        record.state = changed(State(record.state)).value
    worked, overtime = figures.worked_minutes * 60, figures.overtime_minutes * 60
    record.worked_minutes = figures.worked_minutes
    record.worked_seconds, record.overtime_seconds = worked, overtime
    record.late_seconds, record.early_seconds = figures.late_minutes * 60, figures.early_minutes * 60
    if record.expected_seconds is not None:
        record.balance_seconds = worked - record.expected_seconds
    record.pay = [{"code": "REG", "rate": "1", "seconds": worked - overtime}] if worked > overtime else []
    if overtime:
        record.pay = [*record.pay, {"code": "OT", "rate": "1.5", "seconds": overtime}]
    if worked and record.status not in ("holiday_worked", "off_day_worked", "half_day"):
        record.status, record.fractions = "present", {"present": "1"}
    elif record.status == "incomplete":
        record.status, record.fractions = "absent", {"absent": "1"}
    record.manual, record.conflict = True, False
    record.version += 1
    await session.flush()


async def release(session: AsyncSession, staff_id: UUID, day: date) -> None:
    """Give a day back to the rules."""
    await session.execute(RELEASE, {"staff": staff_id, "day": day})
