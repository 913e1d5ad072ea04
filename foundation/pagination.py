"""Keyset paging: a page begins after the last row of the page before, so rows that arrive meanwhile shift nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Invalid

Item = TypeVar("Item")

EXACT_TOTAL = 10_000


class Page(BaseModel, Generic[Item]):
    """``next_cursor`` is None on the last page. ``total`` is exact up to 10,000 and 10,001 above ("about")."""

    items: list[Item]
    next_cursor: str | None
    total: int


class PageRequest(BaseModel):
    """How much of a list, and from where."""

    limit: int = 50
    cursor: str | None = None


def page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Rows a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
) -> PageRequest:
    """FastAPI dependency for the two query parameters of every list."""
    return PageRequest(limit=limit, cursor=cursor)


def _encode(values: Sequence[object]) -> str:
    plain = [value.isoformat() if isinstance(value, date | datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[sa.ColumnElement[Any]]) -> list[object]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if len(plain) != len(columns):
            raise ValueError("wrong number of parts")
        return [_typed(text, column) for text, column in zip(plain, columns, strict=True)]
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise Invalid("invalid_cursor", "The cursor is not one that this list gave out", field="cursor") from error


def _typed(text: str, column: sa.ColumnElement[Any]) -> object:
    readers: dict[type[Any], Callable[[str], object]] = {
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
        UUID: UUID,
        int: int,
        str: str,
    }
    # A type of SQLModel's wraps the one that knows its Python type.
    stored = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    return readers[stored.python_type](text)


async def paginate(
    session: AsyncSession,
    query: sa.Select[*tuple[Any, ...]],
    request: PageRequest,
    *,
    order: Sequence[sa.ColumnElement[Any]],
    descending: bool = False,
) -> tuple[list[Any], str | None, int]:
    """Rows of one page, the next cursor and the total.

    ``order`` are NOT NULL columns that together are unique (the id last); they are added to the query's columns, so
    each row is ``(*selected, *order values)``.
    """
    total = await session.scalar(
        sa.select(sa.func.count()).select_from(query.order_by(None).limit(EXACT_TOTAL + 1).subquery())
    )
    page = query.add_columns(*order).order_by(*(column.desc() if descending else column.asc() for column in order))
    if request.cursor:
        values = _decode(request.cursor, order)
        left = sa.tuple_(*order)
        right = sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(values, order, strict=True)))
        page = page.where(left < right if descending else left > right)
    rows = list(await session.execute(page.limit(request.limit + 1)))
    more = len(rows) > request.limit
    rows = rows[: request.limit]
    cursor = _encode(rows[-1][-len(order) :]) if more else None
    return rows, cursor, total or 0


async def page_of(
    session: AsyncSession,
    query: sa.Select[*tuple[Any, ...]],
    request: PageRequest,
    view: Callable[[Any], Item],
    *,
    order: Sequence[sa.ColumnElement[Any]],
    descending: bool = False,
) -> Page[Item]:
    """One page of views, each made of a row of `paginate`."""
    rows, cursor, total = await paginate(session, query, request, order=order, descending=descending)
    return Page(items=[view(row) for row in rows], next_cursor=cursor, total=total)
