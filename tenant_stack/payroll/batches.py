"""Batches: exports that count as paid. A second one of the same days holds only what changed.

Each batch enters what it pays into a ledger, per person, day and code, under a lock that lets one batch at a time
through; its file is made from those entries in the same transaction. So no two batches pay the same second, whatever
happens at once, and a file can be fetched again byte for byte.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import SYSTEM
from foundation.clock import utc_now
from foundation.database import constraint_of
from foundation.errors import Conflict, Invalid, NotFound, Problem
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.payroll.definition import Definition
from tenant_stack.payroll.mapping import About, Sheet, make_sheet
from tenant_stack.payroll.queries import Scope, days_in, pay, read_paid_by, read_people
from tenant_stack.payroll.schemas import BatchView, NewBatch
from tenant_stack.payroll.service import find_profile, scope_of, totals_of, warnings_of
from tenant_stack.payroll.writers.files import File, written_file
from tenant_stack.tables.base import audited
from tenant_stack.tables.payroll import PayrollBatch, PayrollFile
from tenant_stack.views import view_of
from tenant_stack.webhook_events import announce

BATCH = "payroll_batch"
# What an answer can wait for; more is made by the worker.
DIRECT_DAYS = 60_000
ONE_AT_A_TIME = 7_203_412
LOCK_WAIT = "15s"
LOCK_NOT_AVAILABLE = "55P03"


def batch_view(batch: PayrollBatch) -> BatchView:
    return view_of(
        BatchView,
        batch,
        first=batch.starts_on,
        last=batch.ends_on,
        profile=batch.profile_code,
        made_by=batch.made_name,
        withdrawn_by=batch.withdrawn_name or None,
    )


async def create_batch(
    session: AsyncSession, wanted: NewBatch, key: str | None, caller: Principal, organisation: str
) -> BatchView:
    """Make a batch, or queue a large one. The same ``key`` by the same caller gives the same batch again.

    `Conflict` when there is nothing that was not paid already.
    """
    profile = await find_profile(session, wanted.profile)
    scope = await scope_of(session, wanted, against=True)
    if key is not None and (before := await _of_key(session, key, caller)) is not None:
        return _again(before, scope, wanted.profile)
    batch = PayrollBatch(
        state="queued",
        starts_on=scope.first,
        ends_on=scope.last,
        filters=_filters(scope),
        unapproved=scope.everything,
        profile_code=profile.code,
        profile_name=profile.name,
        definition=profile.definition.model_dump(mode="json"),
        made_by=caller.id[:80],
        made_name=caller.label[:200],
        request_key=key,
    )
    try:
        async with session.begin_nested():
            session.add(batch)
            await session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_payroll_batches_made_by_request_key":
            raise
        before = await _of_key(session, key or "", caller)
        assert before is not None
        return _again(before, scope, wanted.profile)
    await session.refresh(batch)
    after: dict[str, object] = {
        "number": batch.number,
        "from": str(scope.first),
        "to": str(scope.last),
        "profile": profile.code,
        "filters": batch.filters,
        "unapproved": scope.everything,
    }
    audited(session, caller.actor, "payroll.batch.create", BATCH, batch.id, after=after)
    if await days_in(session, scope) <= DIRECT_DAYS:
        await make(session, batch, organisation)
    return batch_view(batch)


async def _of_key(session: AsyncSession, key: str, caller: Principal) -> PayrollBatch | None:
    found: PayrollBatch | None = await session.scalar(
        sa.select(PayrollBatch).where(PayrollBatch.made_by == caller.id[:80], PayrollBatch.request_key == key)
    )
    return found


def _again(before: PayrollBatch, scope: Scope, profile: str) -> BatchView:
    asked = (scope.first, scope.last, _filters(scope), scope.everything, profile)
    if asked != (before.starts_on, before.ends_on, before.filters, before.unapproved, before.profile_code):
        raise Conflict("key_used", f"This key was used for batch {before.number}, which is another one")
    return batch_view(before)


def _filters(scope: Scope) -> dict[str, object]:
    found: dict[str, object] = {
        "departments": list(scope.departments),
        "site_ids": [str(each) for each in scope.sites],
        "staff_ids": [str(each) for each in scope.staff],
    }
    return {name: value for name, value in found.items() if value}


def _scope(batch: PayrollBatch) -> Scope:
    filters: dict[str, Any] = batch.filters
    return Scope(
        batch.starts_on,
        batch.ends_on,
        tuple(filters.get("departments", ())),
        tuple(UUID(each) for each in filters.get("site_ids", ())),
        tuple(UUID(each) for each in filters.get("staff_ids", ())),
        everything=batch.unapproved,
        against=True,
    )


async def make(session: AsyncSession, batch: PayrollBatch, organisation: str) -> None:
    """Enter what is not paid yet, and make the file of it."""
    await _one_at_a_time(session)
    scope = _scope(batch)
    if not await pay(session, scope, batch.id):
        raise Conflict("nothing_new", await _why_nothing(session, scope))
    definition = Definition.model_validate(batch.definition)
    lines = await read_paid_by(session, scope, batch.id, daily=definition.each == "day")
    differences = any(line.before for line in lines)
    about = About(
        scope.first,
        scope.last,
        organisation,
        batch.profile_name,
        batch=batch.number,
        created=batch.created_at.date(),
        unapproved=scope.everything,
        differences=differences,
    )
    sheet = make_sheet(definition, lines, await read_people(session, (line.staff_id for line in lines)), about)
    _refuse_incomplete(sheet)
    file = written_file(sheet)
    session.add(PayrollFile(batch_id=batch.id, content=file.content))
    batch.state, batch.done_at, batch.differences = "done", utc_now(), differences
    batch.file_name, batch.media_type = file.name, file.media_type
    batch.sha256, batch.size = hashlib.sha256(file.content).hexdigest(), len(file.content)
    batch.rows, batch.people = len(sheet.rows) or len(sheet.entries), len({each.person.id for each in sheet.entries})
    batch.totals = [each.model_dump(mode="json") for each in totals_of(sheet.totals)]
    batch.warnings = warnings_of(sheet, file)
    audited(session, SYSTEM, "payroll.batch.made", BATCH, batch.id, after={"sha256": batch.sha256, "rows": batch.rows})
    announce(
        session,
        "payroll.batch.created",
        {
            "batch_id": str(batch.id),
            "number": batch.number,
            "from": str(scope.first),
            "to": str(scope.last),
            "profile": batch.profile_code,
            "unapproved": scope.everything,
            "differences": differences,
            "sha256": batch.sha256,
            "totals": batch.totals,
        },
    )
    await session.flush()


def _refuse_incomplete(sheet: Sheet) -> None:
    """What a file cannot say must not count as paid."""
    if sheet.unmapped:
        codes = ", ".join(sheet.unmapped)
        detail = f"The profile does not know {codes}: map it, or to nothing, which leaves it out on purpose"
        raise Conflict("unknown_codes", detail, field="profile")
    if sheet.nameless:
        shown = ", ".join(sorted(sheet.nameless)[:5])
        detail = f"The file cannot hold {len(sheet.nameless):,} employee numbers, such as {shown}: they are too long"
        raise Conflict("numbers_too_long", detail, field="profile")


async def _one_at_a_time(session: AsyncSession) -> None:
    await session.execute(sa.text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": LOCK_WAIT})
    try:
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict("batch_under_way", "Another batch is being made; try again", retry_after=15) from error


async def _why_nothing(session: AsyncSession, scope: Scope) -> str:
    query = (
        sa.select(PayrollBatch.number)
        .where(
            PayrollBatch.state == "done",
            PayrollBatch.starts_on <= scope.last,
            PayrollBatch.ends_on >= scope.first,
        )
        .order_by(PayrollBatch.number.desc())
        .limit(1)
    )
    number = await session.scalar(query)
    if number is None:
        return "There is nothing to export: no approved records in these dates"
    return f"Nothing has changed since batch {number}: everything of these dates is exported already"


async def make_queued(session: AsyncSession, batch_id: UUID, organisation: str) -> None:
    """The worker's part: a batch that was too large for an answer. Idempotent; what it cannot make says why."""
    query = sa.select(PayrollBatch).where(PayrollBatch.id == batch_id, PayrollBatch.state == "queued")
    batch = await session.scalar(query.with_for_update(skip_locked=True))
    if batch is None:
        return
    try:
        async with session.begin_nested():
            await make(session, batch, organisation)
    except Problem as problem:
        if problem.code == "batch_under_way":
            return
        await session.refresh(batch)
        batch.state, batch.error, batch.done_at = "failed", problem.detail, utc_now()


async def queued_batches(session: AsyncSession) -> list[UUID]:
    """Batches that wait for the worker."""
    query = sa.select(PayrollBatch.id).where(PayrollBatch.state == "queued").order_by(PayrollBatch.id).limit(20)
    return list(await session.scalars(query))


async def list_batches(session: AsyncSession, page: PageRequest) -> Page[BatchView]:
    """Batches, newest first."""
    order = [PayrollBatch.__table__.c.number]
    rows, cursor, total = await paginate(session, sa.select(PayrollBatch), page, order=order, descending=True)
    return Page(items=[batch_view(row[0]) for row in rows], next_cursor=cursor, total=total)


async def find_batch(session: AsyncSession, batch_id: UUID) -> PayrollBatch:
    batch = await session.get(PayrollBatch, batch_id)
    if batch is None:
        raise NotFound("batch_not_found", "There is no such batch")
    return batch


async def read_file(session: AsyncSession, batch_id: UUID, caller: Principal) -> tuple[File, str]:
    """The file as it was made, and its SHA-256."""
    batch = await find_batch(session, batch_id)
    kept = await session.get(PayrollFile, batch_id)
    if kept is None:
        raise Conflict("no_file_yet", batch.error or "The batch is being made; its file comes soon")
    audited(session, caller.actor, "payroll.batch.download", BATCH, batch.id, after={"file": batch.file_name})
    return File(batch.file_name, batch.media_type, kept.content, 0), batch.sha256


async def withdraw(session: AsyncSession, batch_id: UUID, reason: str, caller: Principal) -> BatchView:
    """Say that payroll never took a batch: what it paid counts as unpaid. Only the newest of its people and dates can
    go, because later ones hold differences against it."""
    await _one_at_a_time(session)
    batch = await find_batch(session, batch_id)
    await session.refresh(batch, with_for_update=True)
    if batch.state != "done":
        raise Conflict("not_done", f"A batch that is {batch.state} cannot be withdrawn")
    later = await session.scalar(
        sa.text(
            "SELECT min(b.number) FROM payroll_batches b WHERE b.state = 'done' AND b.number > :number "
            "AND b.starts_on <= :last AND b.ends_on >= :first AND EXISTS ("
            "SELECT 1 FROM payroll_paid a JOIN payroll_paid c ON c.staff_id = a.staff_id AND c.batch_id = b.id "
            "WHERE a.batch_id = :id)"
        ),
        {"number": batch.number, "id": batch.id, "first": batch.starts_on, "last": batch.ends_on},
    )
    if later is not None:
        raise Conflict("later_batch", f"Batch {later} holds differences against it; withdraw that one first")
    batch.state, batch.withdrawn_name, batch.withdrawn_at = "withdrawn", caller.label[:200], utc_now()
    batch.withdrawn_reason = reason
    audited(session, caller.actor, "payroll.batch.withdraw", BATCH, batch.id, after={"reason": reason})
    await session.flush()
    return batch_view(batch)


def idempotency_key(text: str | None) -> str | None:
    """The header's value; `Invalid` when it is no sensible key."""
    if text is None:
        return None
    if not 1 <= len(text) <= 100 or not text.isprintable():
        raise Invalid("invalid_key", "An Idempotency-Key has 1 to 100 printable characters", field="Idempotency-Key")
    return text
