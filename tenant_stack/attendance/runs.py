"""Runs: days somebody asked to have computed again, and how far that is."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from foundation.errors import NotFound
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.pending_days import mark_period
from tenant_stack.attendance.schemas import ProcessRequest, RunView
from tenant_stack.tables.attendance import ProcessingRun
from tenant_stack.tables.base import audited
from tenant_stack.tables.staff import Staff

# What was marked when the run began and still is; newer marks belong to newer punches.
LEFT = sa.text("""
SELECT count(*) FROM pending_staff_days
WHERE work_date BETWEEN :first AND :last AND marked_at <= :created_at
  AND (CAST(:staff AS uuid[]) IS NULL OR staff_id = ANY(CAST(:staff AS uuid[])))
""")


async def start_run(
    session: AsyncSession, wanted: ProcessRequest, caller: Principal, organisation_zone: str
) -> ProcessingRun:
    """Mark a period and remember who asked; a worker that is killed goes on where it was."""
    today = utc_now().astimezone(zone(organisation_zone)).date()
    people = wanted.staff_ids
    if caller.parts is not None:
        # Marking is text and sees everybody; who is in the caller's part is asked through the model.
        everybody = sa.select(Staff.id)
        people = list(await session.scalars(everybody if people is None else everybody.where(Staff.id.in_(people))))
    total = await mark_period(session, wanted.first, wanted.last, people, today)
    run = ProcessingRun(
        first=wanted.first,
        last=wanted.last,
        staff_ids=None if people is None else [str(each) for each in people],
        total=total,
        requested_by=caller.label[:200],
    )
    session.add(run)
    await session.flush()
    period: dict[str, object] = {"from": str(wanted.first), "to": str(wanted.last), "staff_days": total}
    audited(session, caller.actor, "attendance.process", "processing_run", run.id, after=period)
    return run


async def read_run(session: AsyncSession, run_id: UUID) -> RunView:
    """How far a run is; `NotFound` when there is none."""
    run = await session.get(ProcessingRun, run_id)
    if run is None:
        raise NotFound("run_not_found", "There is no such run")
    values = {
        "first": run.first,
        "last": run.last,
        "created_at": run.created_at,
        "staff": None if run.staff_ids is None else [UUID(each) for each in run.staff_ids],
    }
    left = min(run.total, await session.scalar(LEFT, values) or 0)
    return RunView(
        id=run.id,
        first=run.first,
        last=run.last,
        state="running" if left else "done",
        done=run.total - left,
        total=run.total,
        requested_by=run.requested_by,
        created_at=run.created_at,
    )
