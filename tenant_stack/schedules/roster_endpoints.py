"""Assignments (``/api/staff/{id}/assignments``, ``/api/assignments``), holidays, weekly offs and leave."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from foundation.pagination import Page
from tenant_stack.access.dependencies import AttendanceEditor, AttendanceReader, Paging, Transaction
from tenant_stack.schedules import assignments, calendar, leaves
from tenant_stack.schedules.schemas import (
    AssignmentIn,
    AssignmentView,
    BulkAnswer,
    BulkAssignmentIn,
    HolidayImport,
    HolidayIn,
    HolidayView,
    ImportAnswer,
    LeaveIn,
    LeaveView,
    WeeklyOffIn,
    WeeklyOffView,
)

First = Annotated[date | None, Query(alias="from", description="First local date")]
Last = Annotated[date | None, Query(alias="to", description="Last local date, included")]


def roster_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["schedules"])
    router.add_api_route("/staff/{staff_id}/assignments", list_assignments, methods=["GET"])
    router.add_api_route("/staff/{staff_id}/assignments", create_assignment, methods=["POST"], status_code=201)
    router.add_api_route("/assignments/bulk", create_assignments, methods=["POST"], status_code=201)
    router.add_api_route("/assignments/{assignment_id}", update_assignment, methods=["PUT"])
    router.add_api_route("/assignments/{assignment_id}", delete_assignment, methods=["DELETE"], status_code=204)
    router.add_api_route("/holidays", list_holidays, methods=["GET"])
    router.add_api_route("/holidays", create_holiday, methods=["POST"], status_code=201)
    router.add_api_route("/holidays/import", import_holidays, methods=["POST"])
    router.add_api_route("/holidays/{holiday_id}", delete_holiday, methods=["DELETE"], status_code=204)
    router.add_api_route("/weekly-offs", list_weekly_offs, methods=["GET"])
    router.add_api_route("/weekly-offs", create_weekly_off, methods=["POST"], status_code=201)
    router.add_api_route("/weekly-offs/{weekly_off_id}", delete_weekly_off, methods=["DELETE"], status_code=204)
    router.add_api_route("/leaves", list_leaves, methods=["GET"])
    router.add_api_route("/leaves", create_leave, methods=["POST"], status_code=201)
    router.add_api_route("/leaves/{leave_id}", delete_leave, methods=["DELETE"], status_code=204)
    return router


async def list_assignments(
    staff_id: UUID, caller: AttendanceReader, session: Transaction, page: Paging
) -> Page[AssignmentView]:
    """A person's assignments, oldest first."""
    return await assignments.list_assignments(session, staff_id, page)


async def create_assignment(
    staff_id: UUID, entered: AssignmentIn, caller: AttendanceEditor, session: Transaction
) -> AssignmentView:
    """Assign a person to a shift or a cycle of shifts."""
    return await assignments.assign(session, caller.actor, staff_id, entered)


async def create_assignments(entered: BulkAssignmentIn, caller: AttendanceEditor, session: Transaction) -> BulkAnswer:
    """Assign many people alike: all of them, or when one is refused none."""
    return BulkAnswer(created=await assignments.assign_many(session, caller.actor, entered))


async def update_assignment(
    assignment_id: UUID, entered: AssignmentIn, caller: AttendanceEditor, session: Transaction
) -> AssignmentView:
    """Replace an assignment, for example to end it."""
    return await assignments.change_assignment(session, caller.actor, assignment_id, entered)


async def delete_assignment(assignment_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove an assignment, as if it had never been; to end one, change its last day."""
    await assignments.remove_assignment(session, caller.actor, assignment_id)
    return Response(status_code=204)


async def list_holidays(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    first: First = None,
    last: Last = None,
    site_id: UUID | None = None,
) -> Page[HolidayView]:
    """Holidays by date; with ``site_id`` those that count there."""
    return await calendar.list_holidays(session, page, first=first, last=last, site_id=site_id)


async def create_holiday(entered: HolidayIn, caller: AttendanceEditor, session: Transaction) -> HolidayView:
    """Enter a holiday."""
    return await calendar.add_holiday(session, caller.actor, entered)


async def import_holidays(entered: HolidayImport, caller: AttendanceEditor, session: Transaction) -> ImportAnswer:
    """Add a country's public holidays of a year; days there are keep their names."""
    return await calendar.import_holidays(session, caller.actor, entered)


async def delete_holiday(holiday_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove a holiday."""
    await calendar.remove_holiday(session, caller.actor, holiday_id)
    return Response(status_code=204)


async def list_weekly_offs(caller: AttendanceReader, session: Transaction, page: Paging) -> Page[WeeklyOffView]:
    """Weekly offs by their first day."""
    return await calendar.list_weekly_offs(session, page)


async def create_weekly_off(entered: WeeklyOffIn, caller: AttendanceEditor, session: Transaction) -> WeeklyOffView:
    """Enter weekdays off."""
    return await calendar.add_weekly_off(session, caller.actor, entered)


async def delete_weekly_off(weekly_off_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove weekdays off."""
    await calendar.remove_weekly_off(session, caller.actor, weekly_off_id)
    return Response(status_code=204)


async def list_leaves(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    first: First = None,
    last: Last = None,
    staff_id: UUID | None = None,
) -> Page[LeaveView]:
    """Leave by date, newest first."""
    return await leaves.list_leaves(session, page, first=first, last=last, staff_id=staff_id)


async def create_leave(entered: LeaveIn, caller: AttendanceEditor, session: Transaction) -> LeaveView:
    """Enter leave, or duty away from the clocks, on one date."""
    return await leaves.add_leave(session, caller.actor, entered)


async def delete_leave(leave_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove leave."""
    await leaves.remove_leave(session, caller.actor, leave_id)
    return Response(status_code=204)
