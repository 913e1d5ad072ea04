"""``/api/attendance``: raw punches, quarantined lines, records, computing again."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from foundation.clock import utc_now, zone
from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.attendance.marking import mark_period
from tenant_stack.attendance.rules.records import Status
from tenant_stack.attendance.schemas import ProcessAnswer, ProcessRequest, RecordView
from tenant_stack.attendance.service import list_records
from tenant_stack.base import audited
from tenant_stack.edge import AttendanceEditor, AttendanceReader, Paging, Settings, Transaction, Worker
from tenant_stack.punches.schemas import PunchView, QuarantineView
from tenant_stack.punches.service import list_punches, list_quarantine

First = Annotated[date | None, Query(alias="from", description="First local date")]
Last = Annotated[date | None, Query(alias="to", description="Last local date, included")]
Search = Annotated[str | None, Query(max_length=100)]


def attendance_router() -> APIRouter:
    router = APIRouter(prefix="/api/attendance", tags=["attendance"])
    router.add_api_route("/logs", list_punch_logs, methods=["GET"])
    router.add_api_route("/quarantine", list_quarantined_lines, methods=["GET"])
    router.add_api_route("/records", list_attendance_records, methods=["GET"])
    router.add_api_route("/process", process_attendance, methods=["POST"], status_code=202)
    return router


async def list_punch_logs(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    first: First = None,
    last: Last = None,
    staff_id: UUID | None = None,
    device_id: UUID | None = None,
    unknown: bool | None = None,
    q: Search = None,
) -> Page[PunchView]:
    """Raw punches, newest first. ``unknown=true``: only those whose PIN nobody answers to."""
    return await list_punches(
        session, page, first=first, last=last, staff_id=staff_id, device_id=device_id, unknown=unknown, q=q
    )


async def list_quarantined_lines(caller: AttendanceReader, session: Transaction, page: Paging) -> Page[QuarantineView]:
    """Lines that are kept but are no punches, newest first."""
    return await list_quarantine(session, page)


async def list_attendance_records(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    first: First = None,
    last: Last = None,
    staff_id: UUID | None = None,
    status: Status | None = None,
    q: Search = None,
) -> Page[RecordView]:
    """Attendance records, newest day first."""
    return await list_records(session, page, first=first, last=last, staff_id=staff_id, status=status, q=q)


async def process_attendance(
    wanted: ProcessRequest, caller: AttendanceEditor, session: Transaction, hints: Worker, settings: Settings
) -> ProcessAnswer:
    """Compute the records of a period again from the raw punches."""
    today = utc_now().astimezone(zone(settings.zone)).date()
    marked = await mark_period(session, wanted.first, wanted.last, wanted.staff_ids, today)
    period: dict[str, object] = {"from": str(wanted.first), "to": str(wanted.last), "staff_days": marked}
    audited(session, caller.actor, "attendance.process", "attendance", f"{wanted.first}..{wanted.last}", after=period)
    after_commit(session, hints.drain)
    return ProcessAnswer(staff_days=marked)
