"""The kinds of reports: their columns, the rows they select, the order they come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from foundation.errors import Invalid, NotFound
from tenant_stack.reports import exceptions, punch_rows
from tenant_stack.reports.columns import Column
from tenant_stack.reports.fields import DIMENSIONS, FIELDS, STATUS_MARKS, R, words
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.schemas import CustomShape
from tenant_stack.reports.selection import records_of
from tenant_stack.tables.attendance import AttendanceAnomaly
from tenant_stack.tables.staff import Staff

Spans = Literal["day", "month", "range"]
Query = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Definition:
    """A report ready to be read. ``query`` selects a labelled column for each of ``columns`` (days of a sheet are in
    one column ``grid``), the row's zone as ``row_zone``, and ``keys`` columns ``k0``, ``k1`` … that order rows and are
    unique together. ``groups`` are the columns whose change ends a sub-total."""

    kind: str
    title: str
    columns: tuple[Column, ...]
    query: Query
    keys: int
    groups: tuple[str, ...] = ()
    grid: tuple[date, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue; ``build`` makes the definition for filters and, for sheets, what its cells show."""

    kind: str
    title: str
    about: str
    span: Spans
    build: Callable[[Filters, str], Definition]


PERSON = ("employee_id", "name", "department", "site")
DAILY = (
    *("work_date", *PERSON, "status", "shifts", "first_in", "last_out"),
    *("expected", "worked", "breaks", "late", "early", "overtime", "anomalies", "state", "zone"),
)
SUMS = (
    *("days_worked", "days_absent", "days_half", "days_leave", "days_late", "days_early", "days_incomplete"),
    *("expected", "worked", "late", "early", "overtime", "balance"),
)
MISSING = ("missing_in", "missing_out", "estimated_out")


def _columns(names: Sequence[str]) -> tuple[Column, ...]:
    return tuple(FIELDS[name].column for name in names)


def days(kind: str, title: str, names: Sequence[str], filters: Filters, *where: sa.ColumnElement[bool]) -> Definition:
    """A row for each record."""
    chosen: list[sa.Label[Any]] = [FIELDS[name].each.label(name) for name in names]
    keys: list[sa.Label[Any]] = [R.work_date.label("k0"), Staff.employee_id.label("k1"), R.id.label("k2")]
    query = records_of(sa.select(*chosen, R.zone.label("row_zone"), *keys), filters).where(*where)
    return Definition(kind, title, _columns(names), query, len(keys))


def _late(filters: Filters, _: str) -> Definition:
    names = (*("work_date", *PERSON, "shifts", "first_in", "expected", "worked", "late", "state", "zone"),)
    return days("late", "Late arrivals", names, filters, R.late_seconds > 0)


def _early(filters: Filters, _: str) -> Definition:
    names = (*("work_date", *PERSON, "shifts", "last_out", "expected", "worked", "early", "state", "zone"),)
    return days("early", "Early leavers", names, filters, R.early_seconds > 0)


def _absences(filters: Filters, _: str) -> Definition:
    names = ("work_date", "weekday", *PERSON, "shifts", "expected", "days", "state", "zone")
    return days("absences", "Absences", names, filters, R.status == "absent")


def _missing(filters: Filters, _: str) -> Definition:
    doubt = sa.exists().where(
        AttendanceAnomaly.staff_id == R.staff_id,
        AttendanceAnomaly.work_date == R.work_date,
        AttendanceAnomaly.kind.in_(MISSING),
        AttendanceAnomaly.state != "resolved",
    )
    names = (*("work_date", *PERSON, "status", "shifts", "first_in", "last_out", "punches"), "worked", "state", "zone")
    return days("missing", "Missing punches", names, filters, sa.or_(R.status == "incomplete", doubt))


def _overtime(filters: Filters, _: str) -> Definition:
    """Grouped by person: payroll looks at people, not at days."""
    names = ("employee_id", "name", "department", "site", "work_date", "worked", "overtime", "pay", "state", "zone")
    chosen: list[sa.Label[Any]] = [FIELDS[name].each.label(name) for name in names]
    keys: list[sa.Label[Any]] = [Staff.employee_id.label("k0"), R.work_date.label("k1"), R.id.label("k2")]
    query = records_of(sa.select(*chosen, R.zone.label("row_zone"), *keys), filters).where(R.overtime_seconds > 0)
    return Definition("overtime", "Overtime", _columns(names), query, len(keys), groups=("employee_id",))


def summary(kind: str, title: str, dimensions: Sequence[str], measures: Sequence[str], filters: Filters) -> Definition:
    """A row for each group of records."""
    named = {field.column.name: field for each in dimensions for field in DIMENSIONS[each]}
    sums = [FIELDS[name] for name in measures if name not in named]
    chosen: list[sa.Label[Any]] = [field.each.label(name) for name, field in named.items()]
    over: list[sa.Label[Any]] = [field.over.label(field.column.name) for field in sums if field.over is not None]
    keys: list[sa.Label[Any]] = [field.each.label(f"k{index}") for index, field in enumerate(named.values())]
    together: list[sa.SQLColumnExpression[Any]] = [field.each for field in named.values()]
    if "employee" in dimensions:
        keys.append(R.staff_id.label(f"k{len(keys)}"))
        together.append(R.staff_id)
    query = records_of(sa.select(*chosen, *over, sa.literal("").label("row_zone"), *keys), filters)
    columns = (*(field.column for field in named.values()), *(field.column for field in sums))
    groups = tuple(DIMENSIONS[each][0].column.name for each in dimensions[:-1])
    return Definition(kind, title, columns, query.group_by(*together), len(keys), groups=groups)


def _period(filters: Filters, _: str) -> Definition:
    return summary("period", "Period summary", ("employee",), ("site", *SUMS, "zone"), filters)


def _departments(filters: Filters, _: str) -> Definition:
    return summary("departments", "Departments", ("department",), (*SUMS, "zone"), filters)


def _monthly(filters: Filters, cells: str) -> Definition:
    """People × days. A cell is the day's mark, or its worked time."""
    count = (filters.last - filters.first).days + 1
    if count > 31:
        raise Invalid("too_many_days", "A sheet of people and days covers at most 31 days", field="last")
    grid = tuple(filters.first + timedelta(days=index) for index in range(count))
    shown = R.worked_seconds if cells == "worked" else words(R.status, STATUS_MARKS)
    of_days = tuple(
        Column(
            day.isoformat(),
            str(day.day),
            "duration" if cells == "worked" else "mark",
            total=cells == "worked",
            width=5 if cells == "worked" else 3,
        )
        for day in grid
    )
    base = summary("monthly", "Monthly attendance", ("employee",), ("days_worked", *SUMS[1:4], "days_late"), filters)
    more = ("worked", "late", "overtime", "zone")
    over = [FIELDS[name].over for name in more]
    query = base.query.add_columns(
        sa.func.jsonb_object_agg(sa.func.to_char(R.work_date, "YYYY-MM-DD"), shown).label("grid"),
        *(each.label(name) for name, each in zip(more, over, strict=True) if each is not None),
    )
    people, sums = base.columns[:3], base.columns[3:]
    return Definition(
        "monthly", "Monthly attendance", (*people, *of_days, *sums, *_columns(more)), query, base.keys, grid=grid
    )


def _exceptions(filters: Filters, _: str) -> Definition:
    query, keys = exceptions.query(filters)
    return Definition("exceptions", "Exceptions", exceptions.COLUMNS, query, keys)


def _device_log(filters: Filters, _: str) -> Definition:
    query, keys = punch_rows.query(filters)
    return Definition("device-log", "Device log", punch_rows.COLUMNS, query, keys)


def custom(shape: CustomShape, filters: Filters) -> Definition:
    """What somebody put together: a row a day with sub-totals, or a row a group."""
    for name in shape.columns:
        if name not in FIELDS:
            raise Invalid("unknown_column", f"There is no column {name!r}", field="columns")
        if not shape.detail and FIELDS[name].over is None:
            raise Invalid("column_of_a_day", f"{FIELDS[name].column.title!r} belongs to single days", field="columns")
    title = shape.title or "Custom report"
    if not shape.detail:
        if not shape.group_by:
            raise Invalid("no_groups", "Say by what the days are added up", field="group_by")
        return summary("custom", title, shape.group_by, shape.columns, filters)
    named = {field.column.name: field for each in shape.group_by for field in DIMENSIONS[each]}
    wanted = named | {name: FIELDS[name] for name in shape.columns if name not in named}
    firsts = [DIMENSIONS[each][0] for each in shape.group_by]
    order = [field.each for field in firsts] + [R.work_date, Staff.employee_id, R.id]
    keys: list[sa.Label[Any]] = [each.label(f"k{index}") for index, each in enumerate(order)]
    chosen: list[sa.Label[Any]] = [field.each.label(name) for name, field in wanted.items()]
    query = records_of(sa.select(*chosen, R.zone.label("row_zone"), *keys), filters)
    groups = tuple(field.column.name for field in firsts) if shape.subtotals else ()
    return Definition("custom", title, tuple(field.column for field in wanted.values()), query, len(keys), groups)


KINDS: dict[str, Kind] = {
    each.kind: each
    for each in (
        Kind(
            "daily",
            "Daily attendance",
            "Everybody with a record: in, out, hours, late, early, overtime.",
            "day",
            lambda filters, _: days("daily", "Daily attendance", DAILY, filters),
        ),
        Kind("late", "Late arrivals", "Who came late, and by how much.", "day", _late),
        Kind("early", "Early leavers", "Who left early, and by how much.", "day", _early),
        Kind("absences", "Absences", "Expected and not there, without leave.", "day", _absences),
        Kind(
            "missing", "Missing punches", "Days with an in or an out that is missing or was estimated.", "day", _missing
        ),
        Kind("monthly", "Monthly attendance", "People × days, with totals.", "month", _monthly),
        Kind("period", "Period summary", "Days and hours of each person.", "month", _period),
        Kind("departments", "Departments", "Days and hours of each department.", "month", _departments),
        Kind("overtime", "Overtime", "Days with overtime, by person, with their pay lines.", "month", _overtime),
        Kind("exceptions", "Exceptions", "What somebody had to look at, and what was found.", "range", _exceptions),
        Kind("device-log", "Device log", "Every punch as the clocks wrote it.", "range", _device_log),
    )
}


def build(kind: str, filters: Filters, *, cells: str = "status", shape: CustomShape | None = None) -> Definition:
    """The definition of a kind. `NotFound` for a kind that does not exist."""
    if kind == "custom":
        if shape is None:
            raise Invalid("no_columns", "A custom report needs columns", field="columns")
        return custom(shape, filters)
    if kind not in KINDS:
        raise NotFound("unknown_report", f"There is no report {kind!r}")
    return KINDS[kind].build(filters, cells)
