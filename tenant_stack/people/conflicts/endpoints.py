"""``/api/conflicts``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import Paging, StaffEditor, StaffReader, Transaction, Worker
from tenant_stack.people.conflicts import service
from tenant_stack.people.conflicts.schemas import ConflictView, Kind, ManyResolved, ResolveIn, ResolveManyIn, State


def conflicts_router() -> APIRouter:
    router = APIRouter(prefix="/api/conflicts", tags=["conflicts"])
    router.add_api_route("", list_conflicts, methods=["GET"])
    router.add_api_route("/resolve", resolve_conflicts, methods=["POST"])
    router.add_api_route("/{conflict_id}", read_conflict, methods=["GET"])
    router.add_api_route("/{conflict_id}/resolve", resolve_conflict, methods=["POST"])
    router.add_api_route("/{conflict_id}/undo", undo_resolution, methods=["POST"])
    return router


async def list_conflicts(
    caller: StaffReader,
    session: Transaction,
    page: Paging,
    state: State | None = None,
    kind: Kind | None = None,
    device_id: UUID | None = None,
    staff_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[ConflictView]:
    """Where clocks and we differed, newest first; those that a rule decided too."""
    return await service.list_conflicts(
        session, page, state=state, kind=kind, device_id=device_id, staff_id=staff_id, q=q
    )


async def read_conflict(conflict_id: UUID, caller: StaffReader, session: Transaction) -> ConflictView:
    """One conflict."""
    return await service.read_conflict(session, conflict_id)


async def resolve_conflict(
    conflict_id: UUID, wanted: ResolveIn, caller: StaffEditor, session: Transaction, hints: Worker
) -> ConflictView:
    """Decide, or overturn what was decided; the clocks follow."""
    after_commit(session, hints.plan)
    after_commit(session, hints.drain)
    return await service.resolve(session, caller.actor, conflict_id, wanted)


async def undo_resolution(conflict_id: UUID, caller: StaffEditor, session: Transaction, hints: Worker) -> ConflictView:
    """Take a decision by hand back within 24 hours; the clocks follow."""
    after_commit(session, hints.plan)
    return await service.undo(session, caller.actor, conflict_id)


async def resolve_conflicts(
    wanted: ResolveManyIn, caller: StaffEditor, session: Transaction, hints: Worker
) -> ManyResolved:
    """The same decision for all of one kind; preview it first."""
    after_commit(session, hints.plan)
    after_commit(session, hints.drain)
    return await service.resolve_many(session, caller.actor, wanted)
