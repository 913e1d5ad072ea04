"""Schedules and saved reports: kept, changed, removed, and turned into runs when they are due."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from foundation.database import unique
from foundation.errors import Forbidden, NotFound, Problem
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.access.service import find_account
from tenant_stack.reports.recurrence import newest_due, next_due
from tenant_stack.reports.runs import add_run
from tenant_stack.reports.schemas import ReportRequest, SavedIn, SavedView, ScheduleIn, ScheduleView
from tenant_stack.reports.service import resolve
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import audited
from tenant_stack.tables.reports import ReportDelivery, ReportSchedule, SavedReport
from tenant_stack.views import view_of

DUE_AT_ONCE = 20


async def save_report(session: AsyncSession, wanted: SavedIn, caller: Principal, home_zone: str) -> SavedReport:
    resolve(wanted.report, utc_now(), home_zone, caller.parts)
    row = SavedReport(name=wanted.name, request=_kept(wanted.report), created_by=caller.label[:200])
    async with unique(session, uq_saved_reports_name="name"):
        session.add(row)
    await session.refresh(row)
    audited(session, caller.actor, "report.save", "saved_report", row.id, after={"name": row.name, **row.request})
    return row


async def change_saved(
    session: AsyncSession, saved_id: UUID, wanted: SavedIn, caller: Principal, home_zone: str
) -> SavedReport:
    row = await find_saved(session, saved_id)
    resolve(wanted.report, utc_now(), home_zone, caller.parts)
    before = {"name": row.name, **row.request}
    async with unique(session, uq_saved_reports_name="name"):
        row.name, row.request = wanted.name, _kept(wanted.report)
    await session.refresh(row)
    audited(
        session,
        caller.actor,
        "report.change",
        "saved_report",
        row.id,
        before=before,
        after={"name": row.name, **row.request},
    )
    return row


async def remove_saved(session: AsyncSession, saved_id: UUID, caller: Principal) -> None:
    row = await find_saved(session, saved_id)
    audited(session, caller.actor, "report.remove", "saved_report", row.id, before={"name": row.name})
    await session.delete(row)


async def find_saved(session: AsyncSession, saved_id: UUID) -> SavedReport:
    row = await session.get(SavedReport, saved_id)
    if row is None:
        raise NotFound("unknown_saved_report", "There is no such saved report")
    return row


def saved_view(row: SavedReport) -> SavedView:
    return view_of(SavedView, row, report=row.request)


async def list_saved(session: AsyncSession, page: PageRequest) -> Page[SavedView]:
    order = [SavedReport.__table__.c.name, SavedReport.__table__.c.id]
    rows, cursor, total = await paginate(session, sa.select(SavedReport), page, order=order)
    return Page(items=[saved_view(row[0]) for row in rows], next_cursor=cursor, total=total)


def _kept(request: ReportRequest) -> dict[str, object]:
    found: dict[str, object] = request.model_dump(mode="json", exclude_defaults=True)
    return found


NAMES = ("name", "format", "every", "weekday", "day", "at", "zone", "recipients", "active")


def _values(wanted: ScheduleIn, now: datetime) -> dict[str, Any]:
    zone(wanted.zone)
    due = next_due(now, every=wanted.every, weekday=wanted.weekday, day=wanted.day, at=wanted.at, zone_name=wanted.zone)
    return {**{name: getattr(wanted, name) for name in NAMES}, "request": _kept(wanted.report), "next_at": due}


def _told(row: ReportSchedule) -> dict[str, object]:
    return {"report": row.request, **{name: getattr(row, name) for name in NAMES}}


async def add_schedule(session: AsyncSession, wanted: ScheduleIn, caller: Principal, home_zone: str) -> ReportSchedule:
    if caller.kind != "user":
        raise Forbidden("people_only", "Reports are sent on behalf of a person")
    now = utc_now()
    resolve(wanted.report, now, home_zone, caller.parts)
    row = ReportSchedule(requester_id=caller.id, created_by=caller.label[:200], **_values(wanted, now))
    async with unique(session, uq_report_schedules_name="name"):
        session.add(row)
    audited(session, caller.actor, "report.schedule", "report_schedule", row.id, after=_told(row))
    return row


async def change_schedule(
    session: AsyncSession, schedule_id: UUID, wanted: ScheduleIn, caller: Principal, home_zone: str
) -> ReportSchedule:
    row = await find_schedule(session, schedule_id)
    now = utc_now()
    resolve(wanted.report, now, home_zone, caller.parts)
    before = _told(row)
    async with unique(session, uq_report_schedules_name="name"):
        for name, value in _values(wanted, now).items():
            setattr(row, name, value)
    audited(session, caller.actor, "report.schedule", "report_schedule", row.id, before=before, after=_told(row))
    return row


async def remove_schedule(session: AsyncSession, schedule_id: UUID, caller: Principal) -> None:
    row = await find_schedule(session, schedule_id)
    audited(session, caller.actor, "report.unschedule", "report_schedule", row.id, before=_told(row))
    await session.delete(row)


async def find_schedule(session: AsyncSession, schedule_id: UUID) -> ReportSchedule:
    row = await session.get(ReportSchedule, schedule_id)
    if row is None:
        raise NotFound("unknown_schedule", "There is no such schedule")
    return row


async def schedule_view(session: AsyncSession, row: ReportSchedule) -> ScheduleView:
    newest = await session.scalar(
        sa.select(ReportDelivery)
        .where(ReportDelivery.schedule_id == row.id)
        .order_by(ReportDelivery.due_at.desc())
        .limit(1)
    )
    return view_of(
        ScheduleView,
        row,
        report=row.request,
        last_at=newest.due_at if newest else None,
        last_state=newest.state if newest else None,
        last_message=newest.message if newest else "",
    )


async def list_schedules(session: AsyncSession, page: PageRequest) -> Page[ScheduleView]:
    order = [ReportSchedule.__table__.c.name, ReportSchedule.__table__.c.id]
    rows, cursor, total = await paginate(session, sa.select(ReportSchedule), page, order=order)
    return Page(items=[await schedule_view(session, row[0]) for row in rows], next_cursor=cursor, total=total)


async def start_due(session: AsyncSession, settings: TenantSettings, now: datetime) -> int:
    """Make a run for every schedule that is due; returns how many. The row of a due time is unique, so two workers
    that look at the same moment make one run."""
    query = (
        sa.select(ReportSchedule)
        .where(ReportSchedule.active, ReportSchedule.next_at <= now)
        .order_by(ReportSchedule.next_at)
        .limit(DUE_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    due = list(await session.scalars(query))
    for row in due:
        when = {"every": row.every, "weekday": row.weekday, "day": row.day, "at": row.at, "zone_name": row.zone}
        due_at = newest_due(row.next_at, now, **when)  # type: ignore[arg-type]
        row.next_at = next_due(now, **when)  # type: ignore[arg-type]
        await _start(session, settings, row, due_at)
    return len(due)


async def _start(session: AsyncSession, settings: TenantSettings, row: ReportSchedule, due_at: datetime) -> None:
    account = await find_account(session, UUID(row.requester_id))
    if account is None or "reports:export" not in account.permissions:
        row.active = False
        return
    # The days are seen from the due time in the schedule's own zone, however late the worker is.
    try:
        asked = resolve(ReportRequest.model_validate(row.request), due_at, row.zone, account.parts)
        label = account.name or account.email
        requester = Principal("user", str(account.id), label, account.permissions, parts=account.parts)
        run = await add_run(session, asked, row.format, requester, schedule_id=row.id)
    except (Problem, ValueError):
        # A column or kind that no longer exists: shown as a schedule that stopped, not tried every second.
        row.active = False
        return
    session.add(ReportDelivery(schedule_id=row.id, due_at=due_at, run_id=run.id))
    await session.flush()
