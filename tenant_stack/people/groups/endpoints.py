"""``/api/device-groups``, ``/api/device-users`` and ``/api/staff/{id}/enrollments``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    DeviceCreator,
    DeviceEditor,
    DeviceReader,
    DeviceRemover,
    DeviceSyncer,
    Paging,
    StaffCreator,
    StaffEnroller,
    Transaction,
    Worker,
)
from tenant_stack.people.groups import service
from tenant_stack.people.groups.manual_enrollment import leave_clock
from tenant_stack.people.groups.schemas import AdoptIn, GroupDetail, GroupIn, GroupView, StrangerView
from tenant_stack.people.groups.unknown_users import adopt, list_strangers, remove_stranger
from tenant_stack.people.staff.schemas import StaffDetail
from tenant_stack.people.staff.service import read_staff


def manual_enrollment_router() -> APIRouter:
    router = APIRouter(prefix="/api/staff", tags=["staff"])
    router.add_api_route("/{staff_id}/enrollments/{enrollment_id}", leave, methods=["DELETE"], status_code=204)
    return router


def device_groups_router() -> APIRouter:
    router = APIRouter(tags=["device groups"])
    router.add_api_route("/api/device-groups", list_groups, methods=["GET"])
    router.add_api_route("/api/device-groups", create_group, methods=["POST"], status_code=201)
    router.add_api_route("/api/device-groups/{group_id}", read_group, methods=["GET"])
    router.add_api_route("/api/device-groups/{group_id}", update_group, methods=["PUT"])
    router.add_api_route("/api/device-groups/{group_id}", delete_group, methods=["DELETE"], status_code=204)
    router.add_api_route("/api/device-users", list_unknown_users, methods=["GET"])
    router.add_api_route("/api/device-users/{enrollment_id}/adopt", adopt_user, methods=["POST"])
    router.add_api_route("/api/device-users/{enrollment_id}", remove_user, methods=["DELETE"], status_code=204)
    return router


async def list_groups(
    caller: DeviceReader,
    session: Transaction,
    page: Paging,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[GroupView]:
    """Groups of clocks by name, with how far each is."""
    return await service.list_groups(session, page, q=q)


async def read_group(group_id: UUID, caller: DeviceReader, session: Transaction) -> GroupDetail:
    """One group with its clocks and people."""
    return await service.read_group(session, group_id)


async def create_group(entered: GroupIn, caller: DeviceCreator, session: Transaction, hints: Worker) -> GroupDetail:
    """Enter a group; its people go to its clocks in the background."""
    after_commit(session, hints.plan)
    return await service.create_group(session, caller.actor, entered)


async def update_group(
    group_id: UUID, entered: GroupIn, caller: DeviceEditor, session: Transaction, hints: Worker
) -> GroupDetail:
    """Replace a group; the clocks follow in the background."""
    after_commit(session, hints.plan)
    return await service.update_group(session, caller.actor, group_id, entered)


async def delete_group(group_id: UUID, caller: DeviceRemover, session: Transaction, hints: Worker) -> Response:
    """Remove a group; who was on its clocks only because of it is taken off them."""
    after_commit(session, hints.plan)
    await service.delete_group(session, caller.actor, group_id)
    return Response(status_code=204)


async def list_unknown_users(
    caller: DeviceReader,
    session: Transaction,
    page: Paging,
    device_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[StrangerView]:
    """People that clocks know and that nobody here wants there."""
    return await list_strangers(session, page, device_id=device_id, q=q)


async def adopt_user(
    enrollment_id: UUID, entered: AdoptIn, caller: StaffCreator, session: Transaction, hints: Worker
) -> StaffDetail:
    """Say whose number it is; punches under it become theirs."""
    after_commit(session, hints.drain)
    after_commit(session, hints.plan)
    return await read_staff(session, await adopt(session, caller.actor, enrollment_id, entered))


async def remove_user(enrollment_id: UUID, caller: DeviceSyncer, session: Transaction, hints: Worker) -> Response:
    """Take somebody whom nobody wants there off a clock."""
    after_commit(session, hints.refresh_terminals)
    await remove_stranger(session, caller.actor, enrollment_id)
    return Response(status_code=204)


async def leave(
    staff_id: UUID, enrollment_id: UUID, caller: StaffEnroller, session: Transaction, hints: Worker
) -> Response:
    """Take a person off one clock; what they punched there stays."""
    if await leave_clock(session, caller.actor, staff_id, enrollment_id):
        after_commit(session, hints.refresh_terminals)
    return Response(status_code=204)
