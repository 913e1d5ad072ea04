"""``/api/reports/runs``: asking for files, watching, cancelling and fetching them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import StreamingResponse

from foundation.clock import utc_now
from foundation.database import after_commit
from foundation.pagination import Page
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import Paging, Settings, Transaction, Worker
from tenant_stack.reports import runs
from tenant_stack.reports.render_process import CONTENT_TYPES
from tenant_stack.reports.schedules import find_saved
from tenant_stack.reports.schemas import ReportRequest, RunRequest, RunView
from tenant_stack.reports.service import resolve

Reader = Annotated[Principal, Depends(Requires("reports:read"))]
Exporter = Annotated[Principal, Depends(Requires("reports:export"))]


def add_runs(router: APIRouter) -> None:
    router.add_api_route("/runs", list_report_runs, methods=["GET"])
    router.add_api_route("/runs", start_report_run, methods=["POST"], status_code=202)
    router.add_api_route("/runs/{run_id}", read_report_run, methods=["GET"])
    router.add_api_route("/runs/{run_id}/cancel", cancel_report_run, methods=["POST"])
    router.add_api_route("/runs/{run_id}/file", fetch_report_file, methods=["GET"], response_class=StreamingResponse)


async def list_report_runs(
    caller: Reader, session: Transaction, page: Paging, settings: Settings, mine: bool = False
) -> Page[RunView]:
    """Runs, newest first: one's own, and for those who may read the audit trail everybody's."""
    return await runs.list_runs(session, page, caller, settings.report_stuck_seconds, mine=mine)


async def start_report_run(
    wanted: RunRequest, caller: Exporter, session: Transaction, settings: Settings, hints: Worker
) -> RunView:
    """Make a file in the background. The answer names the run at once."""
    request = wanted.report
    if wanted.saved_id is not None:
        request = ReportRequest.model_validate((await find_saved(session, wanted.saved_id)).request)
    assert request is not None
    asked = resolve(request, utc_now(), settings.zone, caller.parts)
    run = await runs.add_run(session, asked, wanted.format, caller)
    after_commit(session, hints.write_reports)
    return runs.run_view(run, caller, settings.report_stuck_seconds)


async def read_report_run(run_id: UUID, caller: Reader, session: Transaction, settings: Settings) -> RunView:
    """How far a run is."""
    return runs.run_view(await runs.find_run(session, run_id, caller), caller, settings.report_stuck_seconds)


async def cancel_report_run(run_id: UUID, caller: Exporter, session: Transaction, settings: Settings) -> RunView:
    """Stop a run of one's own."""
    return runs.run_view(await runs.cancel_run(session, run_id, caller), caller, settings.report_stuck_seconds)


async def fetch_report_file(
    run_id: UUID, caller: Exporter, session: Transaction, request: Request
) -> StreamingResponse:
    """The file of a run of one's own: 404 for anybody else's, 410 after seven days."""
    run = await runs.open_file(session, run_id, caller)
    return StreamingResponse(
        runs.read_file(request.app.state.database, run_id),
        media_type=CONTENT_TYPES[run.format],
        headers={
            "content-disposition": f'attachment; filename="{run.file_name}"',
            "content-length": str(run.bytes),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
    )
