"""``/api/attendance``: anomalies, corrections, periods, differences of closed days."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from foundation.database import after_commit
from foundation.pagination import Page
from foundation.sign_in.principal import require_recent_login
from tenant_stack.access.dependencies import (
    AttendanceApprover,
    AttendanceEditor,
    AttendanceReader,
    Paging,
    Settings,
    Transaction,
    Worker,
)
from tenant_stack.attendance import anomalies, corrections, periods
from tenant_stack.attendance.filters import AnomalyFilter, DeltaFilter
from tenant_stack.attendance.schemas import (
    AnomalyView,
    CorrectDay,
    CorrectionView,
    Decision,
    DeltaView,
    NewPeriod,
    PeriodView,
    ResolveAnomaly,
    UnlockPeriod,
)


def add_workflow(router: APIRouter) -> None:
    """Add these routes to the attendance router."""
    router.add_api_route("/anomalies", list_anomalies, methods=["GET"])
    router.add_api_route("/anomalies/{anomaly_id}", change_anomaly, methods=["PUT"])
    router.add_api_route("/corrections", list_corrections, methods=["GET"])
    router.add_api_route("/corrections", create_correction, methods=["POST"], status_code=201)
    router.add_api_route("/corrections/{correction_id}/decide", decide_correction, methods=["POST"])
    router.add_api_route("/periods", list_periods, methods=["GET"])
    router.add_api_route("/periods", create_period, methods=["POST"], status_code=201)
    router.add_api_route("/periods/{period_id}/lock", lock_period, methods=["POST"])
    router.add_api_route("/periods/{period_id}/unlock", unlock_period, methods=["POST"])
    router.add_api_route("/deltas", list_deltas, methods=["GET"])


async def list_anomalies(
    caller: AttendanceReader, session: Transaction, page: Paging, wanted: Annotated[AnomalyFilter, Query()]
) -> Page[AnomalyView]:
    """What a person must look at, newest day first."""
    return await anomalies.list_anomalies(session, page, wanted)


async def change_anomaly(
    anomaly_id: UUID, wanted: ResolveAnomaly, caller: AttendanceEditor, session: Transaction
) -> AnomalyView:
    """Resolve an anomaly, make it active again, or give it to somebody."""
    return await anomalies.change_anomaly(session, anomaly_id, wanted, caller)


async def list_corrections(
    caller: AttendanceReader,
    session: Transaction,
    page: Paging,
    state: Literal["proposed", "approved", "rejected"] | None = None,
    staff_id: UUID | None = None,
) -> Page[CorrectionView]:
    """Corrections, newest first."""
    return await corrections.list_corrections(session, page, state=state, staff_id=staff_id)


async def create_correction(
    wanted: CorrectDay, caller: AttendanceEditor, session: Transaction, settings: Settings
) -> CorrectionView:
    """Correct a day that may have no record yet, by the same rules as a record."""
    return await corrections.correct_day(session, wanted, caller, settings.zone)


async def decide_correction(
    correction_id: UUID, wanted: Decision, caller: AttendanceApprover, session: Transaction, settings: Settings
) -> CorrectionView:
    """Approve or reject what somebody else proposed."""
    return await corrections.decide_correction(session, correction_id, wanted, caller, settings.zone)


async def list_periods(caller: AttendanceReader, session: Transaction, page: Paging) -> Page[PeriodView]:
    """Periods, newest first."""
    return await periods.list_periods(session, page)


async def create_period(wanted: NewPeriod, caller: AttendanceApprover, session: Transaction) -> PeriodView:
    """Open a period; periods never overlap."""
    return await periods.create_period(session, wanted, caller)


async def lock_period(period_id: UUID, caller: AttendanceApprover, session: Transaction) -> PeriodView:
    """Close a period; all its records must be approved."""
    return await periods.lock_period(session, period_id, caller)


async def unlock_period(
    period_id: UUID, wanted: UnlockPeriod, caller: AttendanceApprover, session: Transaction, hints: Worker
) -> PeriodView:
    """Open a closed period again, with a reason, by another person than whoever closed it."""
    require_recent_login(caller)
    period = await periods.unlock_period(session, period_id, wanted.reason, caller)
    after_commit(session, hints.drain)
    return period


async def list_deltas(
    caller: AttendanceReader, session: Transaction, page: Paging, wanted: Annotated[DeltaFilter, Query()]
) -> Page[DeltaView]:
    """What late data changes about closed days, newest day first."""
    return await periods.list_deltas(session, page, wanted)
