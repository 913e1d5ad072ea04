"""``/api/staff/import`` and ``/api/staff/export``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from pydantic import Json

from foundation.clock import utc_now
from foundation.database import after_commit
from foundation.errors import Forbidden, Invalid
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import StaffCreator, Transaction, Worker
from tenant_stack.people.bulk import service
from tenant_stack.people.bulk.file_reader import LARGEST_FILE
from tenant_stack.people.bulk.schemas import ImportView

StaffExporter = Annotated[Principal, Depends(Requires("staff:export"))]
CsvFile = Annotated[UploadFile, File(description="CSV, at most 10 MB and 50,000 people")]
Mapping = Annotated[
    Json[dict[str, str | None]] | None,
    Form(description="Header → field, for headers that are not understood; null leaves a column out"),
]
CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


def bulk_router() -> APIRouter:
    """To be added before the route of one person, which would take these addresses for an id."""
    router = APIRouter(prefix="/api/staff", tags=["staff"])
    router.add_api_route("/import", import_staff, methods=["POST"])
    router.add_api_route(
        "/import/wrong-rows", list_wrong_rows, methods=["POST"], response_class=Response, responses=CSV_ANSWER
    )
    router.add_api_route(
        "/import/template", read_template, methods=["GET"], response_class=Response, responses=CSV_ANSWER
    )
    router.add_api_route("/export", export_staff, methods=["GET"], response_class=Response, responses=CSV_ANSWER)
    return router


async def import_staff(
    file: CsvFile,
    caller: StaffCreator,
    session: Transaction,
    hints: Worker,
    mapping: Mapping = None,
    dry_run: Annotated[bool, Query(description="Only say what would happen")] = False,
) -> ImportView:
    """Enter and change many people from a file; importing it again changes nothing. Wrong rows are left out."""
    _may_change(caller)
    if not dry_run:
        after_commit(session, hints.drain)
        after_commit(session, hints.plan)
    return await service.import_people(
        session, caller, await _content(file), file.filename or "", mapping, dry_run=dry_run
    )


async def list_wrong_rows(
    file: CsvFile, caller: StaffCreator, session: Transaction, mapping: Mapping = None
) -> Response:
    """All rows of a file that an import leaves out, as CSV with the line and the reason of each."""
    _may_change(caller)
    return _download(await service.wrong_rows(session, caller, await _content(file), mapping), "not-imported")


async def read_template(caller: StaffCreator) -> Response:
    """An empty file to fill in, with one example."""
    return _download(service.template(), "staff-template")


async def export_staff(
    caller: StaffExporter,
    session: Transaction,
    format: Literal["csv"] = "csv",
    active: bool | None = None,
    department: Annotated[str | None, Query(max_length=120)] = None,
) -> Response:
    """People as a file, in the columns of an import."""
    text = await service.export_people(session, active=active, department=department)
    return _download(text, f"staff-{utc_now():%Y-%m-%d}")


def _may_change(caller: Principal) -> None:
    """A file may change people as well as enter them, and trying it shows what is entered of them."""
    if not caller.may("staff:update"):
        raise Forbidden("permission_missing", "Importing people needs the permission staff:update too")


async def _content(file: UploadFile) -> bytes:
    data = await file.read(LARGEST_FILE + 1)
    if not data:
        raise Invalid("file_empty", "The file is empty", field="file")
    return data


def _download(text: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)
