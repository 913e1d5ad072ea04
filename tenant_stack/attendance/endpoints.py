"""``/api/attendance``: raw punches, records and why they are so, computing again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import AttendanceEditor, AttendanceReader, Paging, Settings, Transaction, Worker
from tenant_stack.attendance.approval import decide
from tenant_stack.attendance.approval_endpoints import add_workflow
from tenant_stack.attendance.corrections import correct_record
from tenant_stack.attendance.detail import read_detail
from tenant_stack.attendance.filters import RecordFilter
from tenant_stack.attendance.runs import read_run, start_run
from tenant_stack.attendance.schemas import (
    ApproveAnswer,
    ApproveRequest,
    CorrectionView,
    CorrectRecord,
    ProcessAnswer,
    ProcessRequest,
    RecordDetail,
    RecordView,
    RunView,
)
from tenant_stack.attendance.service import list_records
from tenant_stack.attendance.what_if import what_if
from tenant_stack.schedules.schemas import WhatIf, WhatIfAnswer


def what_if_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["schedules"])
    router.add_api_route("/rule-sets/what-if", compare_rules, methods=["POST"])
    return router


def attendance_router() -> APIRouter:
    router = APIRouter(prefix="/api/attendance", tags=["attendance"])
    router.add_api_route("/records", list_attendance_records, methods=["GET"])
    router.add_api_route("/records/{record_id}", read_record, methods=["GET"])
    router.add_api_route("/records/{record_id}", correct_attendance_record, methods=["PUT"])
    router.add_api_route("/approve", approve_records, methods=["POST"])
    router.add_api_route("/process", process_attendance, methods=["POST"], status_code=202)
    router.add_api_route("/runs/{run_id}", read_processing_run, methods=["GET"])
    add_workflow(router)
    return router


async def list_attendance_records(
    caller: AttendanceReader, session: Transaction, page: Paging, wanted: Annotated[RecordFilter, Query()]
) -> Page[RecordView]:
    """Attendance records, newest day first."""
    return await list_records(session, page, wanted)


async def read_record(record_id: UUID, caller: AttendanceReader, session: Transaction) -> RecordDetail:
    """A record and why it is as it is."""
    return await read_detail(session, record_id)


async def correct_attendance_record(
    record_id: UUID, wanted: CorrectRecord, caller: AttendanceEditor, session: Transaction, settings: Settings
) -> CorrectionView:
    """Correct a record: at once for whoever may approve and is somebody else, otherwise it is proposed."""
    return await correct_record(session, record_id, wanted, caller, settings.zone)


async def approve_records(wanted: ApproveRequest, caller: AttendanceEditor, session: Transaction) -> ApproveAnswer:
    """Submit, approve, reopen or reject records; approving is for holders of ``attendance:approve``."""
    return await decide(session, wanted, caller)


async def process_attendance(
    wanted: ProcessRequest, caller: AttendanceEditor, session: Transaction, hints: Worker, settings: Settings
) -> ProcessAnswer:
    """Compute the records of a period again from the raw punches."""
    run = await start_run(session, wanted, caller, settings.zone)
    after_commit(session, hints.drain)
    return ProcessAnswer(run_id=run.id, staff_days=run.total)


async def read_processing_run(run_id: UUID, caller: AttendanceReader, session: Transaction) -> RunView:
    """How far a run is."""
    return await read_run(session, run_id)


async def compare_rules(
    wanted: WhatIf, caller: AttendanceReader, session: Transaction, settings: Settings
) -> WhatIfAnswer:
    """What other rules would make of a period. Nothing is stored."""
    return await what_if(session, wanted, settings.zone)
