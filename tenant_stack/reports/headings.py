"""What stands on a report beside its rows: days, filters and zones in words, the figures and the chart on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from tenant_stack.logo.service import picture_text
from tenant_stack.reports.columns import duration_text
from tenant_stack.reports.definitions import Definition
from tenant_stack.reports.fields import STATUS_MARKS, STATUS_WORDS, R
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.query import Totals
from tenant_stack.reports.selection import records_of
from tenant_stack.reports.writers.document import Bar, Document
from tenant_stack.tables.device_groups import DeviceGroup
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

LEGEND = ["On time", "Late", "Absent", "Leave", "Incomplete"]
WITH_CHART = {"daily", "monthly", "period", "departments", "late", "absences"}
MOST_BARS = 62
MOST_DEPARTMENTS = 14
# The figures people look for first, in this order.
TILES = ("worked", "expected", "overtime", "late", "early", "days_absent", "days_late", "days", "amount")
ROWS_ARE = {
    **dict.fromkeys(("daily", "late", "early", "absences", "missing", "overtime"), "Records"),
    "monthly": "People",
    "period": "People",
    "departments": "Departments",
    "device-log": "Punches",
    "exceptions": "Exceptions",
}


def period_words(first: date, last: date) -> str:
    """The days of a report as people say them."""
    if first == last:
        return f"{first:%A} {first.day} {first:%B %Y}"
    if first.day == 1 and (last - first).days >= 27 and (first.year, first.month) == (last.year, last.month):
        following = date(last.year + last.month // 12, last.month % 12 + 1, 1)
        if (following - last).days == 1:
            return f"{first:%B %Y}"
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


async def filter_words(session: AsyncSession, filters: Filters) -> list[str]:
    """The filters by the names that people know."""
    found: list[str] = []
    if filters.parts is not None:
        found.append("Only the sites and departments that its reader is responsible for")
    if filters.site_ids:
        found.append(_listed("Sites", await session.scalars(_names(Site.name, Site.id, filters.site_ids))))
    if filters.departments:
        found.append(_listed("Departments", filters.departments))
    if filters.group_ids:
        groups = _names(DeviceGroup.name, DeviceGroup.id, filters.group_ids)
        found.append(_listed("Device groups", await session.scalars(groups)))
    if filters.staff_ids:
        people = list(await session.scalars(_names(Staff.name, Staff.id, filters.staff_ids).limit(6)))
        more = len(filters.staff_ids) - 5
        found.append(_listed("People", [*people[:5], *([f"and {more} more"] if more > 0 else [])]))
    if filters.statuses:
        found.append(_listed("Status", [STATUS_WORDS[each.value] for each in filters.statuses]))
    if filters.states:
        found.append(_listed("Approval", [each.capitalize() for each in filters.states]))
    return found


def _names(name: sa.orm.attributes.InstrumentedAttribute[str], key: object, ids: Sequence[object]) -> sa.Select[str]:
    return sa.select(name).where(sa.cast(key, sa.Uuid).in_(ids)).order_by(name)


def _listed(what: str, names: Iterable[str]) -> str:
    return f"{what}: {', '.join(names)}"


async def bars(session: AsyncSession, kind: str, filters: Filters) -> list[Bar]:
    """People on time, late, absent, on leave and without a way in: by day, or by department when it is one day."""
    if kind not in WITH_CHART or (filters.last - filters.first).days >= MOST_BARS:
        return []
    late = sa.and_(R.late_seconds > 0, R.first_in.is_not(None))
    counts = [
        sa.func.count().filter(R.first_in.is_not(None), R.late_seconds == 0),
        sa.func.count().filter(late),
        sa.func.count().filter(R.status == "absent"),
        sa.func.count().filter(R.status == "on_leave", R.first_in.is_(None)),
        sa.func.count().filter(R.status == "incomplete", R.first_in.is_(None)),
    ]
    one_day = filters.first == filters.last
    by = sa.func.coalesce(Staff.department, sa.literal_column("''")) if one_day else R.work_date
    query = records_of(sa.select(by.label("label"), *counts), filters).group_by(by)
    rows = list(await session.execute(query))
    if one_day:
        largest = sorted(rows, key=lambda row: (-sum(row[1:]), row[0]))[:MOST_DEPARTMENTS]
        return [Bar(row[0] or "No department", tuple(row[1:])) for row in largest] if len(rows) > 1 else []
    counted = {row[0]: tuple(row[1:]) for row in rows}
    days = (filters.first + timedelta(days=index) for index in range((filters.last - filters.first).days + 1))
    return [Bar(str(day.day), counted.get(day, (0,) * len(LEGEND))) for day in days] if counted else []


def tiles(definition: Definition, totals: Totals) -> list[tuple[str, str]]:
    """The number of rows and up to four totals."""
    found = [(ROWS_ARE.get(definition.kind, "Rows"), f"{totals.count:,}")]
    known = {column.name: column for column in definition.columns if column.total}
    for name in TILES:
        if name in known and len(found) < 5:
            value = totals.sums.get(name, 0)
            shown = duration_text(value) if known[name].kind == "duration" else f"{value:,}"
            found.append((known[name].title, shown))
    return found


async def describe(
    session: AsyncSession,
    definition: Definition,
    filters: Filters,
    totals: Totals,
    *,
    form: str,
    organisation: str,
    home_zone: str,
    by: str,
) -> Document:
    """The document for the writers, made now."""
    notes = []
    if definition.grid and definition.columns[3].kind == "mark":
        marks = ((STATUS_MARKS[status], STATUS_WORDS[status]) for status in STATUS_MARKS)
        notes.append("   ".join(f"{mark} {word.lower()}" for mark, word in marks))
    if len(totals.zones) > 1:
        notes.append("Times are wall times in the zone of each person's site.")
    made = utc_now().astimezone(zone(home_zone))
    return Document(
        format=form,
        title=definition.title,
        organisation=organisation,
        period=period_words(filters.first, filters.last),
        zones=list(totals.zones) or [home_zone],
        filters=await filter_words(session, filters),
        made=f"Made {made:%Y-%m-%d %H:%M} {home_zone} for {by}",
        columns=definition.columns,
        count=totals.count,
        tiles=tiles(definition, totals),
        bars=await bars(session, definition.kind, filters) if form == "pdf" else [],
        legend=LEGEND,
        notes=notes,
        logo=await picture_text(session) if form == "pdf" else "",
    )
