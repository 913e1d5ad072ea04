"""``/api/staff``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from foundation.database import after_commit
from foundation.errors import Forbidden, Invalid
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    Paging,
    StaffCreator,
    StaffEditor,
    StaffEnroller,
    StaffReader,
    StaffRemover,
    Transaction,
    Worker,
)
from tenant_stack.biometrics import captures
from tenant_stack.biometrics.capture_events import publish_enrolments
from tenant_stack.people.bulk.endpoints import bulk_router
from tenant_stack.people.enrollments.service import enroll, leave_clock
from tenant_stack.people.staff import service
from tenant_stack.people.staff.schemas import EnrollAnswer, EnrollIn, StaffDetail, StaffIn, StaffView


def staff_router() -> APIRouter:
    router = APIRouter(prefix="/api/staff", tags=["staff"])
    router.add_api_route("", create_staff, methods=["POST"], status_code=201)
    router.add_api_route("", list_staff, methods=["GET"])
    router.include_router(bulk_router())
    router.add_api_route("/{staff_id}", read_staff, methods=["GET"])
    router.add_api_route("/{staff_id}", update_staff, methods=["PUT"])
    router.add_api_route("/{staff_id}", delete_staff, methods=["DELETE"], status_code=204)
    router.add_api_route("/{staff_id}/enroll", enroll_staff, methods=["POST"], status_code=202)
    router.add_api_route("/{staff_id}/enrollments/{enrollment_id}", leave, methods=["DELETE"], status_code=204)
    return router


async def create_staff(entered: StaffIn, caller: StaffCreator, session: Transaction, hints: Worker) -> StaffDetail:
    """Enter a person."""
    after_commit(session, hints.drain)
    after_commit(session, hints.plan)
    return await service.create_staff(session, caller.actor, entered)


async def list_staff(
    caller: StaffReader,
    session: Transaction,
    page: Paging,
    q: Annotated[str | None, Query(max_length=100)] = None,
    active: bool | None = None,
    department: Annotated[str | None, Query(max_length=120)] = None,
) -> Page[StaffView]:
    """People by name."""
    return await service.list_staff(session, page, q=q, active=active, department=department)


async def read_staff(staff_id: UUID, caller: StaffReader, session: Transaction) -> StaffDetail:
    """One person with their enrolments."""
    return await service.read_staff(session, staff_id)


async def update_staff(
    staff_id: UUID, entered: StaffIn, caller: StaffEditor, session: Transaction, hints: Worker
) -> StaffDetail:
    """Replace what was entered about a person; clocks follow."""
    after_commit(session, hints.drain)
    after_commit(session, hints.plan)
    return await service.update_staff(session, caller.actor, staff_id, entered)


async def delete_staff(staff_id: UUID, caller: StaffRemover, session: Transaction) -> Response:
    """Remove a person of whom nothing is recorded."""
    await service.delete_staff(session, caller.actor, staff_id)
    return Response(status_code=204)


async def enroll_staff(
    staff_id: UUID, wanted: EnrollIn, request: Request, caller: StaffEnroller, session: Transaction, hints: Worker
) -> EnrollAnswer:
    """Put a person on clocks, and take a finger at one of them if asked; each step is told as it happens."""
    if not wanted.device_ids and wanted.biometric is None:
        raise Invalid("clock_missing", "Choose at least one clock", field="device_ids")
    pull = False
    if wanted.device_ids:
        pull = await enroll(session, caller.actor, staff_id, wanted.device_ids, wanted.pin)
    begun = None
    if wanted.biometric is not None:
        if not caller.may("biometrics:create"):
            raise Forbidden("not_allowed", "Taking biometric data needs the permission biometrics:create")
        begun = await captures.start(session, caller.actor, staff_id, wanted.biometric)
        after_commit(session, lambda: publish_enrolments(request.app.state.valkey, [begun.id]))
    if pull or begun:
        after_commit(session, hints.refresh_terminals)
    after_commit(session, hints.drain)
    return EnrollAnswer(
        enrollments=await service.read_enrollments(session, staff_id),
        enrolment=await captures.read_enrolment(session, begun.id) if begun else None,
    )


async def leave(
    staff_id: UUID, enrollment_id: UUID, caller: StaffEnroller, session: Transaction, hints: Worker
) -> Response:
    """Take a person off one clock; what they punched there stays."""
    if await leave_clock(session, caller.actor, staff_id, enrollment_id):
        after_commit(session, hints.refresh_terminals)
    return Response(status_code=204)
