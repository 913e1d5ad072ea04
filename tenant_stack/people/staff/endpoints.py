"""``/api/staff``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    Paging,
    StaffCreator,
    StaffEditor,
    StaffReader,
    StaffRemover,
    Transaction,
    Worker,
)
from tenant_stack.people.staff import service
from tenant_stack.people.staff.schemas import StaffDetail, StaffIn, StaffView


def staff_router() -> APIRouter:
    router = APIRouter(prefix="/api/staff", tags=["staff"])
    router.add_api_route("", create_staff, methods=["POST"], status_code=201)
    router.add_api_route("", list_staff, methods=["GET"])
    router.add_api_route("/{staff_id}", read_staff, methods=["GET"])
    router.add_api_route("/{staff_id}", update_staff, methods=["PUT"])
    router.add_api_route("/{staff_id}", delete_staff, methods=["DELETE"], status_code=204)
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
