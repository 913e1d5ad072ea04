"""Periods that payroll closes, and what late data changes about closed days."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.filters import DeltaFilter, restricted
from tenant_stack.attendance.pending_days import mark
from tenant_stack.attendance.schemas import DeltaView, NewPeriod, PeriodView
from tenant_stack.tables.attendance import AttendanceDelta, AttendancePeriod
from tenant_stack.tables.base import audited
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of
from tenant_stack.webhook_events import announce

PERIOD = "attendance_period"

WAITING = sa.text("""
SELECT (SELECT count(*) FROM attendance_records
        WHERE work_date BETWEEN :first AND :last AND state NOT IN ('approved', 'locked')) AS unapproved,
       (SELECT count(*) FROM pending_staff_days WHERE work_date BETWEEN :first AND :last) AS marked
""")
MOVE = sa.text("""
UPDATE attendance_records SET state = :state, version = version + 1
WHERE id IN (SELECT id FROM attendance_records
             WHERE work_date BETWEEN :first AND :last AND state = :before
             ORDER BY staff_id, work_date FOR UPDATE)
RETURNING id
""")
UNPAID = sa.text("""
SELECT d.staff_id, d.work_date FROM attendance_deltas d LEFT JOIN attendance_periods p ON p.id = d.period_id
WHERE d.work_date BETWEEN :first AND :last AND p.state IS DISTINCT FROM 'locked'
""")
FORGET = sa.text("""
DELETE FROM attendance_deltas d
WHERE d.work_date BETWEEN :first AND :last
  AND NOT EXISTS (SELECT 1 FROM attendance_periods p WHERE p.id = d.period_id AND p.state = 'locked')
""")


def period_view(period: AttendancePeriod) -> PeriodView:
    return view_of(PeriodView, period, locked_by=period.locked_name or None)


async def list_periods(session: AsyncSession, page: PageRequest) -> Page[PeriodView]:
    """Periods, newest first."""
    order = [AttendancePeriod.__table__.c.starts_on, AttendancePeriod.__table__.c.id]
    rows, cursor, total = await paginate(session, sa.select(AttendancePeriod), page, order=order, descending=True)
    return Page(items=[period_view(row[0]) for row in rows], next_cursor=cursor, total=total)


async def create_period(session: AsyncSession, wanted: NewPeriod, caller: Principal) -> PeriodView:
    """Open a period; differences that waited for one come into it. `Conflict` when it overlaps another."""
    await session.execute(sa.text("LOCK TABLE attendance_periods IN SHARE ROW EXCLUSIVE MODE"))
    other = await session.scalar(
        sa.select(AttendancePeriod).where(
            AttendancePeriod.starts_on <= wanted.ends_on, AttendancePeriod.ends_on >= wanted.starts_on
        )
    )
    if other is not None:
        detail = f"It overlaps the period {other.starts_on} to {other.ends_on}"
        raise Conflict("period_overlaps", detail, field="starts_on")
    period = AttendancePeriod(starts_on=wanted.starts_on, ends_on=wanted.ends_on, state="open", locked_name="")
    session.add(period)
    await session.flush()
    await session.execute(
        sa.update(AttendanceDelta).where(AttendanceDelta.period_id.is_(None)).values(period_id=period.id)
    )
    after: dict[str, object] = {"starts_on": str(wanted.starts_on), "ends_on": str(wanted.ends_on)}
    audited(session, caller.actor, "attendance.period.create", PERIOD, period.id, after=after)
    return period_view(period)


async def lock_period(session: AsyncSession, period_id: UUID, caller: Principal) -> PeriodView:
    """Close a period whose records are all approved: nothing in it changes any more.

    It waits for workers that are writing; what they read of the periods cannot change under them.
    """
    period = await _held(session, period_id)
    if period.state == "locked":
        raise Conflict("already_locked", "The period is locked already")
    days = {"first": period.starts_on, "last": period.ends_on}
    waiting = (await session.execute(WAITING, days)).one()
    if waiting.unapproved:
        raise Conflict("not_all_approved", f"{waiting.unapproved:,} records of the period are not approved yet")
    if waiting.marked:
        raise Conflict("being_computed", f"{waiting.marked:,} days of the period are being computed; try again")
    locked = (await session.execute(MOVE, {**days, "before": "approved", "state": "locked"})).all()
    period.state, period.locked_by, period.locked_name = "locked", caller.id[:80], caller.label[:200]
    period.locked_at = utc_now()
    audited(session, caller.actor, "attendance.period.lock", PERIOD, period.id, after={"records": len(locked)})
    said = {"period_id": str(period.id), "from": str(period.starts_on), "to": str(period.ends_on)}
    announce(session, "period.locked", {**said, "records": len(locked), "by": caller.label})
    await session.flush()
    return period_view(period)


async def unlock_period(session: AsyncSession, period_id: UUID, reason: str, caller: Principal) -> PeriodView:
    """Open a closed period again: takes a reason and another person than whoever closed it.

    Differences of its days that nobody has paid yet go; the days are computed again and reopen with them.
    """
    plain = await session.get(AttendancePeriod, period_id)
    if plain is None:
        raise NotFound("period_not_found", "There is no such period")
    days = {"first": plain.starts_on, "last": plain.ends_on}
    # Marks come before the period and its records, in the order in which workers lock them.
    different = [(row[0], row[1]) for row in await session.execute(UNPAID, days)]
    if different:
        await mark(session, different)
    period = await _held(session, period_id)
    if period.state != "locked":
        raise Conflict("not_locked", "The period is not locked")
    if period.locked_by == caller.id:
        raise Conflict("same_person", "Whoever locked a period cannot unlock it; somebody else must")
    opened = (await session.execute(MOVE, {**days, "before": "locked", "state": "approved"})).all()
    await session.execute(FORGET, days)
    before: dict[str, object] = {"locked_by": period.locked_name, "locked_at": str(period.locked_at)}
    period.state, period.locked_by, period.locked_name, period.locked_at = "open", None, "", None
    after: dict[str, object] = {"reason": reason, "records": len(opened)}
    audited(session, caller.actor, "attendance.period.unlock", PERIOD, period.id, before=before, after=after)
    await session.flush()
    return period_view(period)


async def _held(session: AsyncSession, period_id: UUID) -> AttendancePeriod:
    query = sa.select(AttendancePeriod).where(AttendancePeriod.id == period_id).with_for_update()
    period: AttendancePeriod | None = await session.scalar(query.execution_options(populate_existing=True))
    if period is None:
        raise NotFound("period_not_found", "There is no such period")
    return period


async def list_deltas(session: AsyncSession, page: PageRequest, wanted: DeltaFilter) -> Page[DeltaView]:
    """Differences of closed days, newest day first."""
    query: sa.Select[*tuple[Any, ...]] = sa.select(AttendanceDelta, Staff.employee_id, Staff.name).join(
        Staff, Staff.id == AttendanceDelta.staff_id
    )
    query = restricted(query, AttendanceDelta, wanted)
    order = [AttendanceDelta.__table__.c.work_date, AttendanceDelta.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[_delta_view(row) for row in rows], next_cursor=cursor, total=total)


def _delta_view(row: Any) -> DeltaView:
    return view_of(DeltaView, row[0], employee_id=row[1], staff_name=row[2])
