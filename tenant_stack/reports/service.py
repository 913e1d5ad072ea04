"""Reading reports: from what was asked to filters, from filters to a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import zone
from foundation.errors import Invalid
from foundation.pagination import PageRequest
from tenant_stack.reports import definitions
from tenant_stack.reports.columns import Column
from tenant_stack.reports.definitions import KINDS, Definition
from tenant_stack.reports.fields import DIMENSIONS, FIELDS
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.headings import filter_words
from tenant_stack.reports.query import read_page, totals
from tenant_stack.reports.relative_dates import WORDS, days_of
from tenant_stack.reports.schemas import Catalogue, ColumnView, FieldView, KindView, ReportPage, ReportRequest
from tenant_stack.tables.staff import Staff

MOST_DEPARTMENTS = 200


@dataclass(frozen=True)
class Asked:
    """A request with its days known, and the definition that answers it; ``home_zone`` is the organisation's."""

    request: ReportRequest
    filters: Filters
    definition: Definition
    home_zone: str


def resolve(request: ReportRequest, now: datetime, home_zone: str, parts: frozenset[str] | None) -> Asked:
    """The definition of a request, limited to the parts of the organisation that its caller sees.

    Spans such as last month are seen from today in the organisation's zone.
    """
    if request.span is not None:
        first, last = days_of(request.span, now.astimezone(zone(home_zone)).date())
    else:
        assert request.first is not None
        assert request.last is not None
        first, last = request.first, request.last
    shared = request.model_dump(include=set(Filters.model_fields) - {"first", "last", "parts"})
    try:
        filters = Filters(first=first, last=last, parts=parts, **shared)
    except ValidationError as error:
        raise Invalid("days", str(error.errors()[0]["msg"]).removeprefix("Value error, "), field="last") from error
    fixed = request.model_copy(update={"span": None, "first": first, "last": last})
    definition = definitions.build(request.kind, filters, cells=request.cells, shape=request.shape)
    return Asked(fixed, filters, definition, home_zone)


def column_view(column: Column) -> ColumnView:
    return ColumnView(name=column.name, title=column.title, kind=column.kind, total=column.total)


async def page_of(session: AsyncSession, asked: Asked, page: PageRequest, organisation: str) -> ReportPage:
    """A page of a report with the totals of the whole."""
    definition = asked.definition
    added = await totals(session, definition)
    rows, cursor = await read_page(session, definition, page)
    names = [column.name for column in definition.columns]
    return ReportPage(
        kind=definition.kind,
        title=definition.title,
        organisation=organisation,
        first=asked.filters.first,
        last=asked.filters.last,
        zones=list(added.zones) or [asked.home_zone],
        filters=await filter_words(session, asked.filters),
        columns=[column_view(column) for column in definition.columns],
        items=[dict(zip(names, row, strict=True)) for row in rows],
        next_cursor=cursor,
        total=added.count,
        totals=added.sums,
    )


async def catalogue(session: AsyncSession) -> Catalogue:
    """What reports there are and what they can show."""
    day = date(2026, 1, 1)
    one_day = Filters(first=day, last=day)
    departments = await session.scalars(
        sa.select(Staff.department)
        .where(Staff.department.is_not(None))
        .group_by(Staff.department)
        .order_by(Staff.department)
        .limit(MOST_DEPARTMENTS)
    )
    return Catalogue(
        kinds=[
            KindView(
                kind=kind.kind,
                title=kind.title,
                about=kind.about,
                span=kind.span,
                columns=[column_view(column) for column in kind.build(one_day, "status").columns],
            )
            for kind in KINDS.values()
        ],
        fields=[
            FieldView(**column_view(field.column).model_dump(), sums=field.over is not None)
            for field in FIELDS.values()
        ],
        dimensions=list(DIMENSIONS),
        spans=dict(WORDS.items()),
        departments=[each for each in departments if each],
    )
