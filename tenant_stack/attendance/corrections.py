"""Corrections: asked for with a reason, decided by somebody else, applied beside the raw punches."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.apply_corrections import ADDED
from tenant_stack.attendance.approval import APPROVE
from tenant_stack.attendance.batch_writes import RECORD
from tenant_stack.attendance.day_processor import compute_now
from tenant_stack.attendance.manual_figures import release, set_by_hand
from tenant_stack.attendance.own_staff import own_staff
from tenant_stack.attendance.pending_days import hold_people
from tenant_stack.attendance.schemas import Changes, CorrectDay, CorrectionView, CorrectRecord, Decision
from tenant_stack.rules.walltime import NON_EXISTENT, resolve
from tenant_stack.schedules.terms import terms_of
from tenant_stack.tables.attendance import AttendanceCorrection, AttendancePeriod, AttendanceRecord
from tenant_stack.tables.base import audited
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of
from tenant_stack.webhook_events import announce

# A night's punches lie on the date after, and the punches of a correction near the day it is about.
NEAR = timedelta(days=1)

KNOWN = sa.text("""
SELECT CAST(id AS text) FROM punch_logs
WHERE staff_id = CAST(:staff AS uuid) AND local_time >= CAST(:first AS date) AND local_time < CAST(:last AS date) + 1
  AND CAST(id AS text) = ANY(CAST(:ids AS text[]))
""")


def correction_query() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(AttendanceCorrection, Staff.employee_id, Staff.name).join(
        Staff, Staff.id == AttendanceCorrection.staff_id
    )


def correction_view(row: Any) -> CorrectionView:
    found: AttendanceCorrection = row[0]
    return view_of(
        CorrectionView,
        found,
        employee_id=row[1],
        staff_name=row[2],
        requested_by=found.requested_name,
        requested_at=found.created_at,
        decided_by=found.decided_name or None,
    )


async def list_corrections(
    session: AsyncSession, page: PageRequest, *, state: str | None, staff_id: UUID | None
) -> Page[CorrectionView]:
    """Corrections, newest first."""
    query = correction_query()
    if state is not None:
        query = query.where(AttendanceCorrection.state == state)
    if staff_id is not None:
        query = query.where(AttendanceCorrection.staff_id == staff_id)
    order = [AttendanceCorrection.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[correction_view(row) for row in rows], next_cursor=cursor, total=total)


async def correct_record(
    session: AsyncSession, record_id: UUID, wanted: CorrectRecord, caller: Principal, zone: str
) -> CorrectionView:
    """Correct a record the caller has seen: `Conflict` when it has changed since."""
    days = await session.execute(
        sa.select(AttendanceRecord.staff_id, AttendanceRecord.work_date).where(AttendanceRecord.id == record_id)
    )
    found = days.one_or_none()
    if found is None:
        raise NotFound("record_not_found", "There is no such record (any more)")
    day = CorrectDay(staff_id=found[0], work_date=found[1], changes=wanted.changes, reason=wanted.reason)
    return await correct_day(session, day, caller, zone, version=wanted.version)


async def correct_day(
    session: AsyncSession, wanted: CorrectDay, caller: Principal, zone: str, *, version: int | None = None
) -> CorrectionView:
    """Correct a person's day, at once for whoever may approve and is not that person; else it is proposed."""
    terms = await terms_of(session, [wanted.staff_id], wanted.work_date, wanted.work_date, zone)
    if wanted.staff_id not in terms:
        raise Invalid("unknown_staff", "There is no such person", field="staff_id")
    await hold_people(session, [wanted.staff_id])
    await _refuse_locked(session, wanted.work_date)
    record = await _record(session, wanted.staff_id, wanted.work_date)
    if version is not None and (record is None or record.version != version):
        raise Conflict("version_conflict", "The record has changed since you saw it; look at it again", field="version")
    await _check(session, wanted, terms[wanted.staff_id].zone)
    applied = caller.may(APPROVE) and await own_staff(session, caller) != wanted.staff_id
    correction = AttendanceCorrection(
        staff_id=wanted.staff_id,
        work_date=wanted.work_date,
        changes=wanted.changes.stored(),
        reason=wanted.reason,
        state="proposed",
        requested_by=caller.id[:80],
        requested_name=caller.label[:200],
    )
    session.add(correction)
    await session.flush()
    _audit(session, caller, "attendance.correction.ask", correction, record, wanted.reason)
    if applied:
        await _apply(session, correction, wanted.changes, caller, zone)
    return await _view(session, correction.id)


async def decide_correction(
    session: AsyncSession, correction_id: UUID, wanted: Decision, caller: Principal, zone: str
) -> CorrectionView:
    """Approve or reject what somebody else proposed for somebody else."""
    correction = await session.get(AttendanceCorrection, correction_id)
    if correction is None:
        raise NotFound("correction_not_found", "There is no such correction")
    day = (correction.staff_id, correction.work_date)
    await hold_people(session, [correction.staff_id])
    await session.refresh(correction, with_for_update=True)
    if correction.state != "proposed":
        raise Conflict("already_decided", f"This correction is {correction.state} already")
    if await own_staff(session, caller) == correction.staff_id or correction.requested_by == caller.id:
        raise Conflict("own_correction", "Somebody else must decide about this correction")
    await _refuse_locked(session, correction.work_date)
    correction.note = wanted.note
    if wanted.decision == "approved":
        await _apply(session, correction, Changes.model_validate(correction.changes), caller, zone)
    else:
        _decide(correction, "rejected", caller)
        await session.flush()
    record = await _record(session, *day)
    _audit(session, caller, f"attendance.correction.{wanted.decision}", correction, record, wanted.note)
    return await _view(session, correction.id)


async def _apply(
    session: AsyncSession, correction: AttendanceCorrection, changes: Changes, caller: Principal, zone: str
) -> None:
    _decide(correction, "approved", caller)
    await session.flush()
    day = (correction.staff_id, correction.work_date)
    if changes.figures is None:  # whoever corrects the punches of a day wants them to count
        await release(session, *day)
    await compute_now(session, [day], zone)
    if changes.figures is not None:
        await set_by_hand(session, *day, changes.figures, zone)
    said = {"staff_id": str(correction.staff_id), "work_date": str(correction.work_date)}
    announce(session, "record.corrected", {**said, "correction_id": str(correction.id), "closed": False})


def _decide(correction: AttendanceCorrection, state: str, caller: Principal) -> None:
    correction.state = state
    correction.decided_by = caller.id[:80]
    correction.decided_name = caller.label[:200]
    correction.decided_at = utc_now()


async def _refuse_locked(session: AsyncSession, day: date) -> None:
    period = await session.scalar(
        sa.select(AttendancePeriod)
        .where(AttendancePeriod.starts_on <= day, AttendancePeriod.ends_on >= day, AttendancePeriod.state == "locked")
        .with_for_update(read=True)
    )
    if period is not None:
        detail = f"The period {period.starts_on} to {period.ends_on} is locked; unlock it first"
        raise Conflict("period_locked", detail)


async def _check(session: AsyncSession, wanted: CorrectDay, zone: str) -> None:
    """Times are real and near the day; punches are this person's. `Invalid` names the field."""
    changes = wanted.changes
    times = [(f"changes.add.{n}.at", each.at) for n, each in enumerate(changes.add)]
    times += [(f"changes.move.{n}.at", each.at) for n, each in enumerate(changes.move)]
    for field, text in times:
        _check_time(field, text, wanted.work_date, zone)
    named = dict.fromkeys(changes.void, "changes.void") | {each.punch_id: "changes.move" for each in changes.move}
    raw = [each for each in named if not each.startswith(ADDED)]
    first, last = wanted.work_date - 2 * NEAR, wanted.work_date + 2 * NEAR
    values = {"staff": wanted.staff_id, "first": first, "last": last, "ids": raw}
    known = set(await session.scalars(KNOWN, values)) if raw else set()
    for punch_id, field in named.items():
        if not punch_id.startswith(ADDED) and punch_id not in known:
            raise Invalid("unknown_punch", f"{punch_id[:60]} is no punch of this person near this day", field=field)


def _check_time(field: str, text: str, day: date, zone: str) -> None:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("invalid_time", f"{text} is no date and time", field=field) from error
    if not day - NEAR <= wall.date() <= day + NEAR:
        raise Invalid("time_too_far", f"{text} is more than a day away from {day}", field=field)
    reading = resolve(text, zone)
    if reading.doubt == NON_EXISTENT:
        raise Invalid("invalid_time", f"The clocks of {zone} skip {text}", field=field)
    if reading.instant > utc_now().timestamp():
        raise Invalid("time_in_future", f"{text} has not come yet", field=field)


async def _record(session: AsyncSession, staff_id: UUID, day: date) -> AttendanceRecord | None:
    query = sa.select(AttendanceRecord).where(AttendanceRecord.staff_id == staff_id, AttendanceRecord.work_date == day)
    found: AttendanceRecord | None = await session.scalar(query.execution_options(populate_existing=True))
    return found


async def _view(session: AsyncSession, correction_id: UUID) -> CorrectionView:
    return correction_view(
        (await session.execute(correction_query().where(AttendanceCorrection.id == correction_id))).one()
    )


def _audit(
    session: AsyncSession,
    caller: Principal,
    action: str,
    correction: AttendanceCorrection,
    record: AttendanceRecord | None,
    note: str,
) -> None:
    after: dict[str, object] = {"changes": correction.changes, "state": correction.state, "note": note}
    if record is not None:
        before: dict[str, object] = {"worked_minutes": record.worked_minutes, "status": record.status}
        audited(session, caller.actor, action, RECORD, record.id, before=before, after=after)
    else:
        audited(session, caller.actor, action, "attendance_correction", correction.id, after=after)
