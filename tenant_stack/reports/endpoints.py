"""``/api/reports``: every kind as JSON or a file, reports of one's own, saved ones, schedules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, Response

from foundation.clock import utc_now
from foundation.database import after_commit
from foundation.errors import Forbidden
from foundation.pagination import Page, PageRequest
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import STRICT, Paging, Settings, Transaction, Worker
from tenant_stack.reports import schedules
from tenant_stack.reports.definitions import KINDS
from tenant_stack.reports.query_params import Asking
from tenant_stack.reports.run_endpoints import add_runs
from tenant_stack.reports.runs import add_run, run_view
from tenant_stack.reports.schemas import (
    Catalogue,
    CustomAnswer,
    CustomRequest,
    Format,
    ReportPage,
    ReportRequest,
    RunView,
    SavedIn,
    SavedView,
    ScheduleIn,
    ScheduleView,
)
from tenant_stack.reports.service import catalogue, page_of, resolve
from tenant_stack.reports.small_exports import direct_file, is_small

Reader = Annotated[Principal, Depends(Requires("reports:read"))]
Exporter = Annotated[Principal, Depends(Requires("reports:export"))]
Creator = Annotated[Principal, Depends(Requires("reports:create"))]
EXPORT = "reports:export"
Wanted = Annotated[Format, Query(alias="format", description="Files of many rows are answered with 202 and a run")]
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report; with another `format`, the file",
        "content": {
            "text/csv": {},
            "application/pdf": {},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
        },
    },
    202: {"model": RunView, "description": "The file is being made: fetch it from the run when it is done"},
}


def reports_router() -> APIRouter:
    router = APIRouter(prefix="/api/reports", tags=["reports"])
    router.add_api_route("", read_catalogue, methods=["GET"])
    for kind in KINDS.values():
        router.add_api_route(
            f"/{kind.kind}",
            _reading(kind.kind),
            methods=["GET"],
            name=f"read_{kind.kind.replace('-', '_')}_report",
            summary=kind.title,
            description=kind.about,
            response_model=ReportPage,
            responses=FILES,
            dependencies=STRICT,
        )
    router.add_api_route("/custom", run_custom_report, methods=["POST"])
    router.add_api_route("/saved", list_saved_reports, methods=["GET"])
    router.add_api_route("/saved", save_report, methods=["POST"], status_code=201)
    router.add_api_route("/saved/{saved_id}", change_saved_report, methods=["PUT"])
    router.add_api_route("/saved/{saved_id}", remove_saved_report, methods=["DELETE"], status_code=204)
    router.add_api_route("/schedules", list_report_schedules, methods=["GET"])
    router.add_api_route("/schedules", add_report_schedule, methods=["POST"], status_code=201)
    router.add_api_route("/schedules/{schedule_id}", change_report_schedule, methods=["PUT"])
    router.add_api_route("/schedules/{schedule_id}", remove_report_schedule, methods=["DELETE"], status_code=204)
    add_runs(router)
    return router


async def read_catalogue(caller: Reader, session: Transaction) -> Catalogue:
    """The kinds of reports with their columns, and what reports of one's own can be made of."""
    return await catalogue(session)


def _reading(kind: str) -> Callable[..., Awaitable[ReportPage | Response]]:
    async def read_report(
        caller: Reader,
        session: Transaction,
        page: Paging,
        settings: Settings,
        hints: Worker,
        asking: Asking,
        form: Wanted = "json",
    ) -> ReportPage | Response:
        request = asking.model_copy(update={"kind": kind})
        return await _answer(session, caller, settings, hints, request, form, page)

    return read_report


async def _answer(
    session: Transaction,
    caller: Principal,
    settings: Settings,
    hints: Worker,
    request: ReportRequest,
    form: Format,
    page: PageRequest,
) -> ReportPage | Response:
    asked = resolve(request, utc_now(), settings.zone, caller.parts)
    if form == "json":
        return await page_of(session, asked, page, settings.organisation_name)
    if not caller.may(EXPORT):
        raise Forbidden("permission_missing", f"This needs the permission {EXPORT}")
    if await is_small(session, asked.definition):
        return await direct_file(session, asked, form, caller, settings)
    run = await add_run(session, asked, form, caller)
    after_commit(session, hints.write_reports)
    view = run_view(run, caller, settings.report_stuck_seconds)
    return JSONResponse(
        view.model_dump(mode="json"), status_code=202, headers={"location": f"/api/reports/runs/{run.id}"}
    )


async def run_custom_report(
    wanted: CustomRequest, caller: Creator, session: Transaction, page: Paging, settings: Settings, hints: Worker
) -> CustomAnswer:
    """A report of one's own: columns, filters, groups, sub-totals. ``name`` keeps it for later; a file is made as a
    run, JSON is answered at once (``limit`` and ``cursor`` page it)."""
    report = ReportRequest.model_validate(wanted.model_dump(exclude={"name", "format"}))
    saved = None
    if wanted.name is not None:
        saved = await schedules.save_report(session, SavedIn(name=wanted.name, report=report), caller, settings.zone)
    asked = resolve(report, utc_now(), settings.zone, caller.parts)
    shown, run = None, None
    if wanted.format == "json":
        shown = await page_of(session, asked, page, settings.organisation_name)
    else:
        if not caller.may(EXPORT):
            raise Forbidden("permission_missing", f"This needs the permission {EXPORT}")
        row = await add_run(session, asked, wanted.format, caller)
        after_commit(session, hints.write_reports)
        run = run_view(row, caller, settings.report_stuck_seconds)
    return CustomAnswer(saved_id=saved.id if saved else None, report=shown, run=run)


async def list_saved_reports(caller: Reader, session: Transaction, page: Paging) -> Page[SavedView]:
    """Saved reports of the organisation, by name."""
    return await schedules.list_saved(session, page)


async def save_report(wanted: SavedIn, caller: Creator, session: Transaction, settings: Settings) -> SavedView:
    """Keep a report under a name."""
    return schedules.saved_view(await schedules.save_report(session, wanted, caller, settings.zone))


async def change_saved_report(
    saved_id: UUID, wanted: SavedIn, caller: Creator, session: Transaction, settings: Settings
) -> SavedView:
    """Change a saved report; schedules hold their own copy."""
    return schedules.saved_view(await schedules.change_saved(session, saved_id, wanted, caller, settings.zone))


async def remove_saved_report(saved_id: UUID, caller: Creator, session: Transaction) -> None:
    """Forget a saved report."""
    await schedules.remove_saved(session, saved_id, caller)


async def list_report_schedules(caller: Exporter, session: Transaction, page: Paging) -> Page[ScheduleView]:
    """Reports that are sent again and again."""
    return await schedules.list_schedules(session, page)


async def add_report_schedule(
    wanted: ScheduleIn, caller: Creator, session: Transaction, settings: Settings
) -> ScheduleView:
    """Send a report at a local time of a zone, on behalf of the caller."""
    _may_export(caller)
    row = await schedules.add_schedule(session, wanted, caller, settings.zone)
    return await schedules.schedule_view(session, row)


async def change_report_schedule(
    schedule_id: UUID, wanted: ScheduleIn, caller: Creator, session: Transaction, settings: Settings
) -> ScheduleView:
    """Change a schedule; its next time is found anew."""
    _may_export(caller)
    row = await schedules.change_schedule(session, schedule_id, wanted, caller, settings.zone)
    return await schedules.schedule_view(session, row)


async def remove_report_schedule(schedule_id: UUID, caller: Creator, session: Transaction) -> None:
    """Stop sending a report."""
    await schedules.remove_schedule(session, schedule_id, caller)


def _may_export(caller: Principal) -> None:
    if not caller.may(EXPORT):
        raise Forbidden("permission_missing", f"This needs the permission {EXPORT}")
