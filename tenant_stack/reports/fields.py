"""Everything a report can say about attendance records: as a column of a day, and added up over several days.

A duration is exact seconds in both. Labels are words that people read; codes stay in the records API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from tenant_stack.attendance.service import NEEDS_SOMEBODY
from tenant_stack.reports.columns import Column
from tenant_stack.rules.figures import FIGURE
from tenant_stack.tables.attendance import STATUSES, AttendanceAnomaly, AttendanceRecord
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

Expression = sa.SQLColumnExpression[Any]
R = AttendanceRecord

# Written out, not bound: PostgreSQL takes two parameters for two different expressions when it groups.
NOTHING = sa.literal_column("''", sa.Text)

STATUS_WORDS = {status: status.replace("_", " ").capitalize() for status in STATUSES} | {
    "weekly_off": "Day off",
    "off_day_worked": "Worked on a day off",
    "holiday_worked": "Worked on a holiday",
}
STATUS_MARKS = {
    "present": "P",
    "absent": "A",
    "half_day": "½",
    "on_leave": "L",
    "holiday": "H",
    "weekly_off": "–",
    "holiday_worked": "HW",
    "off_day_worked": "OW",
    "incomplete": "?",
}
AT_WORK = ("present", "half_day", "holiday_worked", "off_day_worked", "incomplete")


def words(column: Expression, found: Mapping[str, str]) -> Expression:
    """The word for each code of a column. Constants are written out, so that rows can be grouped by it."""
    quoted = {code: sa.literal_column("'" + word.replace("'", "''") + "'", sa.Text) for code, word in found.items()}
    whens = ((column == sa.literal_column(f"'{code}'"), word) for code, word in quoted.items())
    return sa.case(*whens, else_=column)


@dataclass(frozen=True)
class Field:
    """A column and the SQL of its value for one record; ``over`` is its value over many (None: has no meaning)."""

    column: Column
    each: Expression
    over: Expression | None = None


def _summed(name: str, title: str, column: Expression, kind: Any = "duration", width: int = 9) -> Field:
    value = sa.func.coalesce(column, 0)
    return Field(Column(name, title, kind, total=True, width=width), value, sa.cast(sa.func.sum(value), sa.BigInteger))


def _figure(name: str) -> Field:
    figure = FIGURE[name]
    return _summed(figure.code, figure.label, getattr(R, name))


def _days(name: str, title: str, condition: Expression) -> Field:
    return _summed(name, title, sa.case((condition, 1), else_=0), "number", 7)


def _label(name: str, title: str, column: Expression, width: int) -> Field:
    """A fact about a person: the same for all their records."""
    value = sa.func.coalesce(column, NOTHING)
    return Field(Column(name, title, width=width), value, sa.func.max(value))


DOUBTS = (
    sa.select(sa.func.count())
    .where(
        AttendanceAnomaly.staff_id == R.staff_id,
        AttendanceAnomaly.work_date == R.work_date,
        NEEDS_SOMEBODY,
    )
    .correlate(R)
    .scalar_subquery()
)
SHIFTS = (
    sa.select(sa.func.string_agg(sa.column("value"), aggregate_order_by(sa.literal(", "), sa.column("value"))))
    .select_from(sa.func.jsonb_array_elements_text(R.shifts).alias("value"))
    .scalar_subquery()
)
PAY = sa.text(
    "(SELECT string_agg((line ->> 'code') || ' × ' || (line ->> 'rate') || ': ' || "
    "to_char(make_interval(secs => (line ->> 'seconds')::double precision), 'FMHH24:MI:SS'), ', ') "
    "FROM jsonb_array_elements(attendance_records.pay) AS line)"
)

FIELDS: dict[str, Field] = {
    field.column.name: field
    for field in (
        Field(Column("work_date", "Day", "date", width=11), R.work_date),
        Field(Column("weekday", "Weekday", width=6), sa.func.to_char(R.work_date, "Dy")),
        _label("employee_id", "Employee", Staff.employee_id, 10),
        _label("name", "Name", Staff.name, 26),
        _label("department", "Department", Staff.department, 16),
        _label("job_title", "Job title", Staff.job_title, 16),
        _label("site", "Site", Site.name, 14),
        Field(Column("status", "Status", width=14), words(R.status, STATUS_WORDS)),
        Field(Column("shifts", "Shift", width=12), sa.func.coalesce(SHIFTS, "")),
        Field(Column("first_in", "In", "instant", width=9), R.first_in),
        Field(Column("last_out", "Out", "instant", width=9), R.last_out),
        _figure("expected_seconds"),
        _figure("presence_seconds"),
        _figure("worked_seconds"),
        _summed("breaks", "Breaks", R.break_seconds + R.deducted_seconds - R.paid_break_seconds),
        *(_figure(name) for name in ("late_seconds", "early_seconds", "overtime_seconds", "balance_seconds")),
        Field(Column("pay", "Pay lines", width=36), sa.literal_column(f"coalesce({PAY.text}, '')", sa.Text)),
        _summed("punches", "Punches", R.punch_count, "number", 8),
        _summed("anomalies", "To look at", DOUBTS, "number", 9),
        Field(Column("state", "Approval", width=10), sa.func.initcap(R.state)),
        Field(Column("by_hand", "By hand", width=8), sa.case((R.manual, "Yes"), else_="")),
        Field(Column("estimated", "Estimated", width=9), sa.case((R.estimated, "Yes"), else_="")),
        _days("days", "Days", sa.true()),
        _days("days_worked", "Worked days", R.status.in_(AT_WORK)),
        _days("days_absent", "Absent", R.status == "absent"),
        _days("days_half", "Half days", R.status == "half_day"),
        _days("days_leave", "Leave", R.status == "on_leave"),
        _days("days_holiday", "Holidays", R.status.in_(("holiday", "holiday_worked"))),
        _days("days_off", "Days off", R.status.in_(("weekly_off", "off_day_worked"))),
        _days("days_late", "Times late", R.late_seconds > 0),
        _days("days_early", "Times early", R.early_seconds > 0),
        _days("days_incomplete", "Incomplete", R.status == "incomplete"),
        _days("days_overtime", "Days with overtime", R.overtime_seconds > 0),
        Field(
            Column("zone", "Time zone", width=14),
            R.zone,
            sa.func.string_agg(R.zone.distinct(), sa.literal_column("', '")),
        ),
    )
}

# What people group by: the columns that name a group, and the SQL by which records belong together.
DIMENSIONS: dict[str, tuple[Field, ...]] = {
    "employee": (FIELDS["employee_id"], FIELDS["name"], FIELDS["department"]),
    "department": (FIELDS["department"],),
    "site": (FIELDS["site"],),
    "status": (FIELDS["status"],),
    "day": (FIELDS["work_date"],),
    "week": (
        Field(
            Column("week", "Week from", "date", width=11),
            sa.cast(sa.func.date_trunc(sa.literal_column("'week'"), R.work_date), sa.Date),
        ),
    ),
    "month": (Field(Column("month", "Month", width=8), sa.func.to_char(R.work_date, sa.literal_column("'YYYY-MM'"))),),
}
