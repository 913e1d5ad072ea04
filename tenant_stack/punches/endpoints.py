"""``/api/attendance/logs`` and ``/api/attendance/quarantine``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from foundation.pagination import Page
from tenant_stack.access.dependencies import AttendanceEditor, AttendanceReader, Paging, Transaction
from tenant_stack.punches import quarantine
from tenant_stack.punches.intake import Intake
from tenant_stack.punches.schemas import DismissIn, DismissView, PunchView, QuarantineView, ReplayIn, ReplayView
from tenant_stack.punches.service import PunchFilter, list_punches

First = Annotated[date | None, Query(alias="from", description="First local date")]
Last = Annotated[date | None, Query(alias="to", description="Last local date, included")]
Search = Annotated[str | None, Query(max_length=100)]


def punches_router() -> APIRouter:
    router = APIRouter(prefix="/api/attendance", tags=["attendance"])
    router.add_api_route("/logs", list_punch_logs, methods=["GET"])
    router.add_api_route("/quarantine", list_quarantined_lines, methods=["GET"])
    router.add_api_route("/quarantine/replay", replay_quarantined_lines, methods=["POST"])
    router.add_api_route("/quarantine/dismiss", dismiss_quarantined_lines, methods=["POST"])
    return router


def _punch_filter(
    first: First = None,
    last: Last = None,
    staff_id: UUID | None = None,
    device_id: UUID | None = None,
    unknown: bool | None = None,
    q: Search = None,
) -> PunchFilter:
    return PunchFilter(first, last, staff_id, device_id, unknown, q)


async def list_punch_logs(
    caller: AttendanceReader,
    session: Transaction,
    wanted: Annotated[PunchFilter, Depends(_punch_filter)],
    page: Paging,
) -> Page[PunchView]:
    """Raw punches, newest first. ``unknown=true``: only those whose PIN nobody answers to."""
    return await list_punches(session, page, wanted)


async def list_quarantined_lines(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    state: Literal["open", "replayed", "dismissed"] | None = None,
    device_id: UUID | None = None,
    q: Search = None,
) -> Page[QuarantineView]:
    """Lines of clocks that could not be taken as punches, newest first."""
    return await quarantine.list_lines(session, page, state=state, device_id=device_id, q=q)


async def replay_quarantined_lines(
    entered: ReplayIn, caller: AttendanceEditor, request: Request, session: Transaction
) -> ReplayView:
    """Take these lines in again by today's rules, or all that are open."""
    intake: Intake = request.app.state.intake
    ids = None if entered.all else entered.ids
    if caller.parts is not None:
        # The intake opens its own transaction, which is not limited to the caller's part of the organisation.
        ids = await quarantine.open_lines(session, ids)
    return await quarantine.replay(intake, caller.actor, ids)


async def dismiss_quarantined_lines(entered: DismissIn, caller: AttendanceEditor, session: Transaction) -> DismissView:
    """Say why these lines are no punches."""
    return await quarantine.dismiss(session, caller.actor, entered.ids, entered.reason)
