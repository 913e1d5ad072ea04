"""``/api/reports/payroll`` and ``/api/payroll``: files, profiles, batches, and the feed for machines."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from foundation.database import after_commit
from foundation.errors import Forbidden
from foundation.pagination import Page
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import STRICT, Paging, Settings, Transaction, Worker
from tenant_stack.payroll import batches, service
from tenant_stack.payroll.feed import read_feed
from tenant_stack.payroll.schemas import (
    BatchView,
    ChangedProfile,
    Feed,
    NewBatch,
    NewProfile,
    Preview,
    ProfileLine,
    ProfileView,
    Selection,
    TryProfile,
    Withdrawal,
)
from tenant_stack.payroll.writers.files import File, written_file
from tenant_stack.tables.base import audited

Reader = Annotated[Principal, Depends(Requires("reports:read"))]


async def _sees_all(caller: Reader) -> Principal:
    return _whole(caller)


async def _exports_all(caller: Annotated[Principal, Depends(Requires("reports:export"))]) -> Principal:
    return _whole(caller)


def _whole(caller: Principal) -> Principal:
    """What is paid is counted for the whole organisation, and a batch's file names everybody in it."""
    if caller.parts is not None:
        raise Forbidden("whole_organisation", "Payroll is for those who see the whole organisation, not a part of it")
    return caller


Overseer = Annotated[Principal, Depends(_sees_all)]
Exporter = Annotated[Principal, Depends(_exports_all)]
Creator = Annotated[Principal, Depends(Requires("reports:create"))]
Editor = Annotated[Principal, Depends(Requires("reports:update"))]
Remover = Annotated[Principal, Depends(Requires("reports:delete"))]

First = Annotated[date | None, Query(alias="from", description="First local date")]
Last = Annotated[date | None, Query(alias="to", description="Last local date, included")]
Texts = Annotated[list[str], Query(max_length=200)]
Ids = Annotated[list[UUID], Query(max_length=200)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", description="The same key gives the same batch again")]
Known = Annotated[str | None, Header(alias="If-None-Match")]


def payroll_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["payroll"])
    router.add_api_route("/reports/payroll", export_payroll, methods=["GET"], response_model=None, dependencies=STRICT)
    router.add_api_route("/payroll/profiles", list_payroll_profiles, methods=["GET"])
    router.add_api_route("/payroll/profiles", create_payroll_profile, methods=["POST"], status_code=201)
    router.add_api_route("/payroll/profiles/preview", try_payroll_profile, methods=["POST"])
    router.add_api_route("/payroll/profiles/{code}", read_payroll_profile, methods=["GET"])
    router.add_api_route("/payroll/profiles/{code}", change_payroll_profile, methods=["PUT"])
    router.add_api_route("/payroll/profiles/{code}", delete_payroll_profile, methods=["DELETE"], status_code=204)
    router.add_api_route("/payroll/batches", list_payroll_batches, methods=["GET"])
    router.add_api_route("/payroll/batches", create_payroll_batch, methods=["POST"], status_code=201)
    router.add_api_route("/payroll/batches/{batch_id}", read_payroll_batch, methods=["GET"])
    router.add_api_route("/payroll/batches/{batch_id}/file", read_payroll_file, methods=["GET"], response_model=None)
    router.add_api_route("/payroll/batches/{batch_id}/withdraw", withdraw_payroll_batch, methods=["POST"])
    router.add_api_route(
        "/payroll/records", read_payroll_records, methods=["GET"], response_model=Feed, dependencies=STRICT
    )
    return router


async def export_payroll(  # noqa: PLR0913 - each is a query parameter
    caller: Exporter,
    session: Transaction,
    settings: Settings,
    period_id: UUID | None = None,
    first: First = None,
    last: Last = None,
    profile: Annotated[str, Query(max_length=40)] = "generic-long",
    format: Annotated[Literal["file", "csv", "json"], Query(description="`file`: as the profile says")] = "file",
    include: Literal["approved", "all"] = "approved",
    differences: Annotated[bool, Query(description="Only what differs from what batches have paid")] = False,
    preview: Annotated[bool, Query(description="The first rows and all totals, as JSON")] = False,
    department: Texts = [],  # noqa: B006 - FastAPI copies it
    site_id: Ids = [],  # noqa: B006
    staff_id: Ids = [],  # noqa: B006
    known: Known = None,
) -> Response:
    """The payroll export: a file as the profile says, its figures as JSON, or a preview. Only a batch counts as paid.

    Approved records only; with ``include=all`` all, and the file's name says so.
    """
    wanted = Selection(
        period_id=period_id,
        **{"from": first, "to": last},
        include=include,
        departments=department,
        site_ids=site_id,
        staff_ids=staff_id,
    )
    scope = await service.scope_of(session, wanted, against=differences)
    chosen = await service.find_profile(session, profile)
    name = settings.organisation_name
    if preview:
        return _json(await service.preview(session, scope, chosen, name))
    if format == "json":
        answer = _json(await service.lines_answer(session, scope, chosen, name))
    else:
        if format == "csv" and chosen.definition.layout != "delimited":
            chosen = await service.find_profile(session, "generic-long")
        answer = _download(written_file(await service.sheet_of(session, scope, chosen, name)))
    digest = hashlib.sha256(bytes(answer.body)).hexdigest()
    answer.headers["etag"] = f'"{digest}"'
    answer.headers["x-punctual-unapproved"] = str(scope.everything).lower()
    after: dict[str, object] = {
        "from": str(scope.first),
        "to": str(scope.last),
        "profile": chosen.code,
        "format": format,
        "sha256": digest,
    }
    audited(session, caller.actor, "payroll.export", "payroll", f"{scope.first} {scope.last}", after=after)
    return _unless_known(answer, known)


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


def _download(file: File) -> Response:
    plain = file.name.encode("ascii", "replace").decode().replace('"', "")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    return Response(file.content, headers={"content-disposition": disposition, "content-type": file.media_type})


def _unless_known(answer: Response, known: str | None) -> Response:
    tag = answer.headers["etag"]
    offered = {each.strip().removeprefix("W/") for each in (known or "").split(",")}
    if tag in offered:
        return Response(status_code=304, headers={"etag": tag})
    return answer


async def list_payroll_profiles(caller: Reader, session: Transaction) -> Page[ProfileLine]:
    """All mapping profiles: own ones first, then those that came ready."""
    found = await service.list_profiles(session)
    return Page(items=found, next_cursor=None, total=len(found))


async def read_payroll_profile(code: str, caller: Reader, session: Transaction) -> ProfileView:
    """A mapping profile."""
    return service.profile_view(await service.find_profile(session, code))


async def create_payroll_profile(wanted: NewProfile, caller: Creator, session: Transaction) -> ProfileView:
    """Make an own profile, best as a copy of one that came ready."""
    return await service.create_profile(session, wanted, caller)


async def change_payroll_profile(
    code: str, wanted: ChangedProfile, caller: Editor, session: Transaction
) -> ProfileView:
    """Change an own profile. What is wrong is named by its field, as in ``definition.columns.0.source``."""
    return await service.change_profile(session, code, wanted, caller)


async def delete_payroll_profile(code: str, caller: Remover, session: Transaction) -> None:
    """Remove an own profile."""
    await service.delete_profile(session, code, caller)


async def try_payroll_profile(
    wanted: TryProfile, caller: Exporter, session: Transaction, settings: Settings
) -> Preview:
    """The first rows of a profile that is not saved yet."""
    scope = await service.scope_of(session, wanted, against=wanted.differences)
    trial = service.Profile("trial", "Trial", False, "", 0, service.read_definition(wanted.definition))
    return await service.preview(session, scope, trial, settings.organisation_name)


async def list_payroll_batches(caller: Overseer, session: Transaction, page: Paging) -> Page[BatchView]:
    """Batches, newest first."""
    return await batches.list_batches(session, page)


async def create_payroll_batch(
    wanted: NewBatch,
    caller: Exporter,
    session: Transaction,
    settings: Settings,
    hints: Worker,
    answer: Response,
    key: Key = None,
) -> BatchView:
    """Export what was not paid yet, and count it as paid. A large one is made by the worker: 202, then look again."""
    made = await batches.create_batch(session, wanted, batches.idempotency_key(key), caller, settings.organisation_name)
    after_commit(session, hints.drain)
    answer.headers["location"] = f"/api/payroll/batches/{made.id}"
    if made.state == "queued":
        answer.status_code = 202
    return made


async def read_payroll_batch(batch_id: UUID, caller: Overseer, session: Transaction) -> BatchView:
    """A batch: its file's SHA-256, who made it, when, of what."""
    return batches.batch_view(await batches.find_batch(session, batch_id))


async def read_payroll_file(batch_id: UUID, caller: Exporter, session: Transaction, known: Known = None) -> Response:
    """The file of a batch, byte for byte as it was made."""
    file, digest = await batches.read_file(session, batch_id, caller)
    answer = _download(file)
    answer.headers["etag"] = f'"{digest}"'
    return _unless_known(answer, known)


async def withdraw_payroll_batch(
    batch_id: UUID, wanted: Withdrawal, caller: Exporter, session: Transaction
) -> BatchView:
    """Say that payroll never took this batch: what it paid is exported again by the next one."""
    return await batches.withdraw(session, batch_id, wanted.reason, caller)


async def read_payroll_records(
    caller: Exporter,
    session: Transaction,
    first: Annotated[date, Query(alias="from", description="First local date")],
    last: Annotated[date, Query(alias="to", description="Last local date, included")],
    updated_since: Annotated[datetime | None, Query(description="`as_of` of the answer before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    known: Known = None,
) -> Response:
    """Approved records and corrections with their pay lines, exact: seconds, and hundredths of days.

    With ``updated_since`` also records whose approval was taken back, as ``payable: false``.
    """
    feed = await read_feed(session, first, last, updated_since, limit, cursor)
    answer = _json(feed)
    stable = feed.model_dump_json(exclude={"as_of"})
    answer.headers["etag"] = f'"{hashlib.sha256(stable.encode()).hexdigest()}"'
    return _unless_known(answer, known)
