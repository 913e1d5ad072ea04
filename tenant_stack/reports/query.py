"""The one layer through which every report is read: by page for the API, as a stream for the writers, totals by SQL.

A stream is a server-side cursor: memory does not grow with the rows. Pages and streams make their cells by the same
function, and whoever adds up a stream gets what `totals` answers, to the second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import zone
from foundation.pagination import PageRequest, paginate
from tenant_stack.reports.columns import DATA, TOTAL, Cell, Column, Line, add_up, total_line
from tenant_stack.reports.definitions import Definition

BATCH = 1_000


@dataclass(frozen=True)
class Totals:
    """``count`` data rows, the sums of the columns that are added up, and the zones that rows are in."""

    count: int
    sums: dict[str, int]
    zones: tuple[str, ...]


def _rows(definition: Definition) -> sa.Subquery:
    return definition.query.order_by(None).subquery("report_rows")


async def totals(session: AsyncSession, definition: Definition) -> Totals:
    """Added up by the database over all rows."""
    rows = _rows(definition)
    added = [column for column in definition.columns if column.total and column.name in rows.c]
    chosen = [sa.cast(sa.func.coalesce(sa.func.sum(rows.c[column.name]), 0), sa.BigInteger) for column in added]
    zones = (
        sa.func.array_agg(rows.c.zone.distinct()) if "zone" in rows.c else sa.func.array_agg(rows.c.row_zone.distinct())
    )
    answer = (await session.execute(sa.select(sa.func.count(), zones, *chosen).select_from(rows))).one()
    sums = {column.name: int(value) for column, value in zip(added, answer[2:], strict=True)}
    if definition.grid and any(column.kind == "duration" for column in definition.columns[3:4]):
        sums |= await _grid_totals(session, rows, definition)
    # A group's zones come joined; taken apart, each is named once.
    names = {name for text in (answer[1] or ()) for name in (text or "").split(", ") if name}
    return Totals(answer[0], sums, tuple(sorted(names)))


async def _grid_totals(session: AsyncSession, rows: sa.Subquery, definition: Definition) -> dict[str, int]:
    cell = sa.func.jsonb_each_text(rows.c.grid).table_valued("key", "value").lateral()
    query = (
        sa.select(cell.c.key, sa.cast(sa.func.sum(sa.cast(cell.c.value, sa.BigInteger)), sa.BigInteger))
        .select_from(rows)
        .join(cell, sa.true())
        .group_by(cell.c.key)
    )
    found = {day: int(value) for day, value in await session.execute(query)}
    return {day.isoformat(): found.get(day.isoformat(), 0) for day in definition.grid}


def cell_maker(definition: Definition) -> Callable[[Any], tuple[Cell, ...]]:
    """A function from a row of the definition's query to its cells."""
    days = {day.isoformat() for day in definition.grid}
    readers = [_reader(column, column.name in days) for column in definition.columns]

    def cells(row: Any) -> tuple[Cell, ...]:
        values = row._mapping
        return tuple(read(values) for read in readers)

    return cells


def _reader(column: Column, of_grid: bool) -> Callable[[Any], Cell]:
    name = column.name
    if of_grid:
        return lambda values: values["grid"].get(name)
    if column.kind == "instant":
        return lambda values: _instant(values[name], values["row_zone"])
    if column.kind == "date":
        return lambda values: _date(values[name])
    if column.kind in ("number", "duration"):
        return lambda values: None if values[name] is None else int(values[name])
    return lambda values: values[name]


def _instant(at: datetime | None, zone_name: str) -> str | None:
    return None if at is None else at.astimezone(zone(zone_name or "UTC")).isoformat(timespec="seconds")


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def read_page(
    session: AsyncSession, definition: Definition, page: PageRequest
) -> tuple[list[tuple[Cell, ...]], str | None]:
    """Rows of one page and the cursor of the next."""
    rows = _rows(definition)
    order = [rows.c[f"k{index}"] for index in range(definition.keys)]
    found, cursor, _ = await paginate(session, sa.select(*rows.c), page, order=order)
    cells = cell_maker(definition)
    return [cells(row) for row in found], cursor


async def stream(session: AsyncSession, definition: Definition) -> AsyncIterator[list[Line]]:
    """All rows in order, in batches, with sub-totals after their groups and the total at the end."""
    rows = _rows(definition)
    order = [rows.c[f"k{index}"] for index in range(definition.keys)]
    query = sa.select(*rows.c).order_by(*order).execution_options(yield_per=BATCH)
    cells = cell_maker(definition)
    groups = Subtotals(definition)
    sums = [0] * len(definition.columns)
    answer = await session.stream(query)
    try:
        async for part in answer.partitions():
            lines: list[Line] = []
            for row in part:
                made = cells(row)
                if definition.groups:
                    lines.extend(groups.before(made))
                add_up(definition.columns, sums, made)
                lines.append(Line(DATA, made))
            yield lines
    finally:
        await answer.close()
    yield [*groups.rest(), total_line(definition.columns, sums, TOTAL, "Total")]


class Subtotals:
    """Says which sub-totals end before a row; the innermost group first."""

    def __init__(self, definition: Definition) -> None:
        self._columns = definition.columns
        names = [column.name for column in definition.columns]
        self._places = [names.index(name) for name in definition.groups]
        self._named = names.index("name") if "name" in names else None
        self._sums = [[0] * len(names) for _ in self._places]
        self._now: tuple[Cell, ...] | None = None

    def before(self, cells: tuple[Cell, ...]) -> Sequence[Line]:
        ended: list[Line] = []
        if self._now is not None:
            changed = next(
                (level for level, place in enumerate(self._places) if cells[place] != self._now[place]), None
            )
            if changed is not None:
                ended = [self._end(level) for level in reversed(range(changed, len(self._places)))]
        self._now = cells
        for sums in self._sums:
            add_up(self._columns, sums, cells)
        return ended

    def rest(self) -> Sequence[Line]:
        """What is still open after the last row."""
        if self._now is None:
            return []
        return [self._end(level) for level in reversed(range(len(self._places)))]

    def _end(self, level: int) -> Line:
        assert self._now is not None
        place = self._places[level]
        told = self._now[place]
        if self._columns[place].name == "employee_id" and self._named is not None:
            told = self._now[self._named]
        line = total_line(self._columns, self._sums[level], level + 1, f"Total {told or '(none)'}")
        self._sums[level] = [0] * len(self._columns)
        return line


async def count_up_to(session: AsyncSession, definition: Definition, most: int) -> int:
    """How many rows there are, counting no further than ``most``."""
    rows = definition.query.order_by(None).limit(most).subquery("counted")
    return await session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0
