"""The worker's side of runs: one report at a time, its state in PostgreSQL, its file in chunks beside it.

A worker that ends in the middle leaves a run whose ``beat_at`` grows old; `recover` gives it to the next one.
``attempts`` is a fencing number: a worker that was only slow can no longer write to a run that somebody else has taken.
"""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Problem
from foundation.logs import get_logger
from tenant_stack.reports.headings import describe
from tenant_stack.reports.query import totals
from tenant_stack.reports.render_process import WriterFailed, refuse_too_many, write_file
from tenant_stack.reports.runs import KEPT, file_name, request_of
from tenant_stack.reports.service import resolve
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import audited
from tenant_stack.tables.reports import ReportChunk, ReportRun
from tenant_stack.worker_hints import Coalesced

CHUNK = 512 * 1024
BEAT_SECONDS = 1.0
MOST_ATTEMPTS = 3

TAKE = sa.text("""
UPDATE report_runs SET state = 'running', step = 'counting', attempts = attempts + 1, rows = 0,
       started_at = now(), beat_at = now()
WHERE id = (SELECT id FROM report_runs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts
""")
RECOVER = sa.text("""
UPDATE report_runs SET
    state = CASE WHEN attempts < :most THEN 'queued' ELSE 'failed' END,
    step = CASE WHEN attempts < :most THEN 'waiting' ELSE 'failed' END,
    finished_at = CASE WHEN attempts < :most THEN NULL ELSE now() END,
    message = CASE WHEN attempts < :most THEN message
              ELSE 'The report was begun ' || attempts || ' times and its worker ended each time' END
WHERE state = 'running' AND beat_at < now() - make_interval(secs => :seconds)
RETURNING id
""")


async def recover(session: AsyncSession, stuck_seconds: float) -> int:
    """Give runs without a living worker back to the queue, or up after three beginnings."""
    return len(list(await session.execute(RECOVER, {"most": MOST_ATTEMPTS, "seconds": stuck_seconds})))


class ReportRunner:
    """Writes queued runs. Calling it asks for a look at the queue; it returns at once."""

    def __init__(self, database: Database, settings: TenantSettings) -> None:
        self._database = database
        self._settings = settings
        self._look = Coalesced(self._work)
        self._writing: asyncio.Task[None] | None = None
        self._closing = False

    def __call__(self) -> None:
        self._look()

    async def close(self) -> None:
        """Stop writing: a run under way goes back to the queue."""
        self._closing = True
        if self._writing is not None:
            self._writing.cancel()
        await self._look.close()

    async def _work(self) -> None:
        while not self._closing:
            async with self._database.transaction() as session:
                taken = (await session.execute(TAKE)).one_or_none()
            if taken is None:
                return
            writing = _Writing(self._database, self._settings, taken.id, taken.attempts)
            self._writing = asyncio.create_task(writing.perform())
            await asyncio.wait({self._writing})
            if self._closing and self._writing.cancelled():
                await writing.give_back()


class _Writing:
    """One beginning of one run."""

    def __init__(self, database: Database, settings: TenantSettings, run_id: UUID, attempt: int) -> None:
        self._database = database
        self._settings = settings
        self._run_id = run_id
        self._attempt = attempt
        self._rows = 0
        self._buffer = bytearray()
        self._number = 0
        self._bytes = 0
        self._digest = hashlib.sha256()

    async def perform(self) -> None:
        writing = asyncio.create_task(self._write())
        beating = asyncio.create_task(self._beat(writing))
        try:
            await writing
        except asyncio.CancelledError:
            if not writing.cancelled() or not beating.done():
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                raise
            await self._forget_file()
        except Problem as problem:
            await self._fail(problem.detail)
        except WriterFailed:
            await self._fail("The file could not be written; the log of the worker says why")
        except Exception:  # noqa: BLE001 - whatever it is, the run must say that it failed
            get_logger().error("report.failed", run=str(self._run_id), exc_info=True)
            await self._fail("The report failed; the log of the worker says why")
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def give_back(self) -> None:
        """This worker ends: another one begins anew."""
        await self._update(state="queued", step="waiting", attempts=self._attempt - 1)

    async def _write(self) -> None:
        settings = self._settings
        await self._forget_file()
        async with self._database.transaction() as session:
            # What is counted, what is written and what is added up must be one state of the data.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            run = await session.get_one(ReportRun, self._run_id)
            parts = None if run.parts is None else frozenset(run.parts)
            asked = resolve(request_of(run), utc_now(), settings.zone, parts)
            added = await totals(session, asked.definition)
            refuse_too_many(run.format, added.count)
            await self._update(rows_total=added.count, step="writing")
            document = await describe(
                session,
                asked.definition,
                asked.filters,
                added,
                form=run.format,
                organisation=settings.organisation_name,
                home_zone=settings.zone,
                by=run.requester_name,
            )
            await write_file(session, asked.definition, document, sink=self._keep, progress=self._progress)
        await self._flush()
        await self._finish(run, file_name(settings.slug, asked, run.format), added.count)

    def _progress(self, rows: int) -> None:
        self._rows = rows

    async def _keep(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._bytes += len(piece)
        self._buffer += piece
        if len(self._buffer) >= CHUNK:
            await self._flush()

    async def _flush(self) -> None:
        if not self._buffer:
            return
        data, self._buffer = bytes(self._buffer), bytearray()
        async with self._database.transaction() as session:
            session.add(ReportChunk(run_id=self._run_id, number=self._number, data=data))
        self._number += 1

    async def _beat(self, writing: asyncio.Task[None]) -> None:
        """Show progress; stop the work when the run is no longer ours (it was cancelled, or taken over)."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                ours = await self._update(rows=self._rows, beat_at=sa.func.now())
            except (sa.exc.SQLAlchemyError, OSError):
                # The database will tell the writing itself, if it stays away.
                get_logger().warning("report.beat_failed", run=str(self._run_id), exc_info=True)
                continue
            if not ours:
                writing.cancel()
                return

    async def _update(self, **values: object) -> bool:
        """Change the run if it is still ours."""
        statement = (
            sa.update(ReportRun)
            .where(ReportRun.id == self._run_id, ReportRun.state == "running", ReportRun.attempts == self._attempt)
            .values(**values)
            .returning(ReportRun.id)
        )
        async with self._database.transaction() as session:
            return await session.scalar(statement) is not None

    async def _finish(self, run: ReportRun, name: str, rows: int) -> None:
        now = utc_now()
        async with self._database.transaction() as session:
            statement = (
                sa.update(ReportRun)
                .where(ReportRun.id == self._run_id, ReportRun.state == "running", ReportRun.attempts == self._attempt)
                .values(
                    state="done",
                    step="done",
                    rows=rows,
                    bytes=self._bytes,
                    checksum=self._digest.hexdigest(),
                    file_name=name,
                    stored=True,
                    message="",
                    finished_at=now,
                    beat_at=now,
                    expires_at=now + KEPT,
                )
                .returning(ReportRun.id)
            )
            if await session.scalar(statement) is None:
                await session.execute(sa.delete(ReportChunk).where(ReportChunk.run_id == self._run_id))
                return
            audited(
                session,
                Actor(run.requester_kind, run.requester_id, run.requester_name),
                "report.export",
                "report_run",
                run.id,
                after={
                    "report": run.request,
                    "format": run.format,
                    "rows": rows,
                    "bytes": self._bytes,
                    "checksum": self._digest.hexdigest(),
                },
            )

    async def _fail(self, message: str) -> None:
        await self._forget_file()
        await self._update(state="failed", step="failed", message=message, finished_at=sa.func.now())

    async def _forget_file(self) -> None:
        self._buffer, self._number, self._bytes, self._digest = bytearray(), 0, 0, hashlib.sha256()
        mine = sa.select(ReportRun.id).where(ReportRun.id == self._run_id, ReportRun.attempts == self._attempt)
        async with self._database.transaction() as session:
            await session.execute(sa.delete(ReportChunk).where(ReportChunk.run_id.in_(mine)))
