"""Runs: a report asked for as a file, its history, cancelling it, and fetching the file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Conflict, NotFound, Problem, TooManyRequests
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.reports.headings import filter_words, period_words
from tenant_stack.reports.schemas import ReportRequest, RunView
from tenant_stack.reports.service import Asked
from tenant_stack.tables.base import audited
from tenant_stack.tables.reports import ReportChunk, ReportRun
from tenant_stack.views import view_of

KEPT = timedelta(days=7)
MOST_WAITING = 20
OVER = ("done", "failed", "cancelled")
SEES_ALL = "audit:read"


class Gone(Problem):
    status, title = 410, "No longer there"


async def add_run(
    session: AsyncSession, asked: Asked, form: str, requester: Principal, *, schedule_id: UUID | None = None
) -> ReportRun:
    """A run that waits for a worker. Its days are fixed now, so that tomorrow it would still be the same report."""
    waiting = await session.scalar(
        sa.select(sa.func.count())
        .select_from(ReportRun)
        .where(ReportRun.requester_id == requester.id, ReportRun.state.in_(("queued", "running")))
    )
    if (waiting or 0) >= MOST_WAITING:
        raise TooManyRequests("too_many_runs", f"{MOST_WAITING} of your reports are still being made", retry_after=30)
    run = ReportRun(
        kind=asked.definition.kind,
        title=asked.definition.title[:120],
        request=asked.request.model_dump(mode="json", exclude_defaults=True),
        about=[period_words(asked.filters.first, asked.filters.last), *await filter_words(session, asked.filters)],
        format=form,
        requester_kind=requester.kind,
        requester_id=requester.id,
        requester_name=requester.label[:200],
        parts=None if requester.parts is None else sorted(requester.parts),
        schedule_id=schedule_id,
        created_at=utc_now(),
    )
    session.add(run)
    await session.flush()
    return run


def request_of(run: ReportRun) -> ReportRequest:
    return ReportRequest.model_validate(run.request)


def file_name(slug: str, asked: Asked, form: str) -> str:
    """ASCII letters only: names travel through headers and file systems of all kinds."""
    first, last = asked.filters.first.isoformat(), asked.filters.last.isoformat()
    title = asked.definition.title if asked.definition.kind == "custom" else asked.definition.kind
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "report"
    return f"{slug}-{plain}-{first if first == last else f'{first}-to-{last}'}.{form}"


def is_stuck(run: ReportRun, now: datetime, seconds: float) -> bool:
    """It says that it runs, and has not moved for so long."""
    moved = run.beat_at or run.started_at
    return run.state == "running" and moved is not None and (now - moved).total_seconds() > seconds


def run_view(run: ReportRun, caller: Principal, stuck_seconds: float) -> RunView:
    now = utc_now()
    mine = run.requester_id == caller.id
    return view_of(
        RunView,
        run,
        state="stuck" if is_stuck(run, now, stuck_seconds) else run.state,
        requested_by=run.requester_name,
        scheduled=run.schedule_id is not None,
        file=mine and run.stored and run.expires_at is not None and run.expires_at > now,
        mine=mine,
    )


async def list_runs(
    session: AsyncSession, page: PageRequest, caller: Principal, stuck_seconds: float, *, mine: bool
) -> Page[RunView]:
    """Runs, newest first: one's own; who may read the audit trail also sees that others made theirs."""
    query = sa.select(ReportRun)
    if mine or not caller.may(SEES_ALL):
        query = query.where(ReportRun.requester_id == caller.id)
    rows, cursor, total = await paginate(session, query, page, order=[ReportRun.__table__.c.id], descending=True)
    return Page(items=[run_view(row[0], caller, stuck_seconds) for row in rows], next_cursor=cursor, total=total)


async def find_run(session: AsyncSession, run_id: UUID, caller: Principal, *, own: bool = False) -> ReportRun:
    """A run that this caller may see; a stranger's is as if it were not there."""
    run = await session.get(ReportRun, run_id)
    if run is None or (run.requester_id != caller.id and (own or not caller.may(SEES_ALL))):
        raise NotFound("unknown_run", "There is no such report run")
    return run


async def cancel_run(session: AsyncSession, run_id: UUID, caller: Principal) -> ReportRun:
    """Stop a run; the worker notices within a second. What is over stays as it is."""
    await find_run(session, run_id, caller, own=True)
    changed = await session.scalar(
        sa.update(ReportRun)
        .where(ReportRun.id == run_id, ReportRun.state.in_(("queued", "running")))
        .values(state="cancelled", step="cancelled", finished_at=sa.func.now())
        .returning(ReportRun.id)
    )
    if changed is None:
        raise Conflict("run_over", "This report is finished already")
    audited(session, caller.actor, "report.cancel", "report_run", run_id)
    run = await find_run(session, run_id, caller, own=True)
    await session.refresh(run)
    return run


async def open_file(session: AsyncSession, run_id: UUID, caller: Principal) -> ReportRun:
    """The run whose file may be fetched now by this caller. `Gone` after it has expired."""
    run = await find_run(session, run_id, caller, own=True)
    if run.state != "done":
        raise Conflict("no_file_yet", "This report has no file")
    if not run.stored or run.expires_at is None or run.expires_at <= utc_now():
        raise Gone("file_expired", "The file was kept for 7 days and is gone; run the report again")
    audited(session, caller.actor, "report.download", "report_run", run_id, after={"file": run.file_name})
    return run


async def read_file(database: Database, run_id: UUID) -> AsyncIterator[bytes]:
    """The pieces of a file, each in a transaction of its own: a slow reader holds none open."""
    number = 0
    while True:
        async with database.transaction() as session:
            piece = await session.scalar(
                sa.select(ReportChunk.data).where(ReportChunk.run_id == run_id, ReportChunk.number == number)
            )
        if piece is None:
            return
        yield piece
        number += 1


async def remove_expired(session: AsyncSession) -> int:
    """Delete the files whose time is over; returns of how many runs."""
    over = (
        sa.update(ReportRun)
        .where(ReportRun.stored, ReportRun.expires_at <= sa.func.now())
        .values(stored=False)
        .returning(ReportRun.id)
    )
    ids = list(await session.scalars(over))
    if ids:
        await session.execute(sa.delete(ReportChunk).where(ReportChunk.run_id.in_(ids)))
    return len(ids)
