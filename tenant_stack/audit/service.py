"""Reads the audit trail: in pages, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database
from foundation.pagination import Page, PageRequest, page_of
from foundation.spreadsheets import harmless
from tenant_stack.audit.schemas import AuditLine
from tenant_stack.tables.audit import AuditLink
from tenant_stack.tables.base import AuditEntry
from tenant_stack.views import view_of

CSV_PAGE = 1000
COLUMNS = tuple(name for name in AuditLine.model_fields if name not in {"before", "after"})


class AuditFilter(BaseModel):
    """Which lines; ``since`` is inclusive, ``until`` exclusive."""

    action: str | None = None
    actor_id: str | None = None
    target_kind: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


def _query(criteria: AuditFilter) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(AuditEntry, AuditLink.number).outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
    for name in ("actor_id", "target_kind", "target_id"):
        if (value := getattr(criteria, name)) is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if criteria.action is not None:
        # `staff` finds all that happens to people, `staff.update` just that.
        exact = AuditEntry.action == criteria.action
        query = query.where(sa.or_(exact, AuditEntry.action.startswith(f"{criteria.action}.", autoescape=True)))
    if criteria.since is not None:
        query = query.where(AuditEntry.at >= criteria.since)
    if criteria.until is not None:
        query = query.where(AuditEntry.at < criteria.until)
    if criteria.q:
        columns = (AuditEntry.actor_label, AuditEntry.target_id, AuditEntry.action, AuditEntry.correlation_id)
        query = query.where(sa.or_(*(column.icontains(criteria.q, autoescape=True) for column in columns)))
    return query


def _line(row: Any) -> AuditLine:
    return view_of(AuditLine, row[0], number=row[1])


async def list_lines(session: AsyncSession, page: PageRequest, criteria: AuditFilter) -> Page[AuditLine]:
    """Lines of the trail, newest first."""
    order = [AuditEntry.__table__.c.id]
    return await page_of(session, _query(criteria), page, _line, order=order, descending=True)


async def list_actions(session: AsyncSession) -> list[str]:
    """The actions that occur, by name."""
    return list(await session.scalars(sa.select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


async def export_csv(database: Database, criteria: AuditFilter) -> AsyncIterator[str]:
    """Lines as CSV, oldest first, a thousand at a time. Text is neutralised for spreadsheets."""
    yield _row([*COLUMNS, "before", "after"])
    last = 0
    while True:
        async with database.transaction() as session:
            query = _query(criteria).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(CSV_PAGE)
            lines = [_line(row) for row in await session.execute(query)]
        if not lines:
            return
        yield "".join(_row([*(_cell(getattr(line, name)) for name in COLUMNS), *_changes(line)]) for line in lines)
        last = lines[-1].id


def _changes(line: AuditLine) -> list[str]:
    return ["" if each is None else json.dumps(each, ensure_ascii=False) for each in (line.before, line.after)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)


def _row(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
