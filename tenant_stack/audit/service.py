"""Reading the trail: pages of it, and all of it as CSV."""

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
from foundation.pagination import Page, PageRequest, paginate
from foundation.spreadsheets import harmless
from tenant_stack.audit.schemas import AuditLine
from tenant_stack.tables.audit import AuditLink
from tenant_stack.tables.base import AuditEntry

CSV_PAGE = 1000
COLUMNS = tuple(name for name in AuditLine.model_fields if name not in {"before", "after"})


class AuditFilter(BaseModel):
    """Which lines; instants are included (``since``) and excluded (``until``)."""

    action: str | None = None
    actor_id: str | None = None
    target_kind: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


def _query(wanted: AuditFilter) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(AuditEntry, AuditLink.number).outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
    for name in ("actor_id", "target_kind", "target_id"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if wanted.action is not None:
        # `staff` finds all that happens to people, `staff.update` just that.
        exact = AuditEntry.action == wanted.action
        query = query.where(sa.or_(exact, AuditEntry.action.startswith(f"{wanted.action}.", autoescape=True)))
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    if wanted.q:
        columns = (AuditEntry.actor_label, AuditEntry.target_id, AuditEntry.action, AuditEntry.correlation_id)
        query = query.where(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in columns)))
    return query


def _line(row: Any) -> AuditLine:
    entry: AuditEntry = row[0]
    facts = {name: getattr(entry, name) for name in AuditLine.model_fields if name != "number"}
    return AuditLine(**facts, number=row[1])


async def list_lines(session: AsyncSession, page: PageRequest, wanted: AuditFilter) -> Page[AuditLine]:
    """Lines of the trail, newest first."""
    order = [AuditEntry.__table__.c.id]
    rows, cursor, total = await paginate(session, _query(wanted), page, order=order, descending=True)
    return Page(items=[_line(row) for row in rows], next_cursor=cursor, total=total)


async def actions(session: AsyncSession) -> list[str]:
    """The actions that occur, by name."""
    return list(await session.scalars(sa.select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


async def as_csv(database: Database, wanted: AuditFilter) -> AsyncIterator[str]:
    """Lines as CSV, oldest first, a thousand at a time. Text is neutralised for spreadsheets."""
    yield _row([*COLUMNS, "before", "after"])
    last = 0
    while True:
        async with database.transaction() as session:
            query = _query(wanted).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(CSV_PAGE)
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
