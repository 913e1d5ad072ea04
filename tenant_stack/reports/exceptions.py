"""The report of exceptions: a row for each thing somebody had to look at."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tenant_stack.reports.columns import Column
from tenant_stack.reports.fields import words
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.selection import people_of
from tenant_stack.rules.anomalies import CATALOGUE
from tenant_stack.tables.attendance import AttendanceAnomaly, AttendanceRecord
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

A = AttendanceAnomaly
OWNERS = {"hr": "HR", "manager": "Manager", "devices": "Devices"}

# The same words as in the portal; of the other kinds the name says it.
WORDS = {
    "not_arrived": "Not arrived yet",
    "in_late": "Arrived late",
    "out_early": "Left early",
    "in_early": "Arrived early",
    "out_late": "Stayed late",
    "long_shift": "Too long a stretch",
    "short_shift": "Very short stretch",
    "early_return": "Early back from break",
    "rest_below_11h": "Rest below 11 hours",
    "over_day_limit": "Over the day limit",
    "over_week_limit": "Over the week limit",
    "over_weekly_schedule": "Over the week's schedule",
    "days_in_a_row": "Too many days in a row",
    "holiday_work": "Work on a holiday",
    "off_day_work": "Work on a day off",
    "leave_work": "Work during leave",
    "repeated_direction": "Same direction twice",
    "unmatched_punch": "Outside every shift",
    "unassigned_punch": "Punch of nobody we know",
    "future_punch": "Punch from the future",
    "device_clock_skew": "Clock was wrong",
    "manual_conflict": "Contradicts a manual entry",
}

COLUMNS = (
    Column("work_date", "Day", "date", width=11),
    Column("employee_id", "Employee", width=10),
    Column("name", "Name", width=24),
    Column("department", "Department", width=14),
    Column("site", "Site", width=12),
    Column("kind", "What", width=18),
    Column("text", "In words", width=34),
    Column("severity", "Severity", width=8),
    Column("state", "State", width=9),
    Column("amount", "Amount", "duration", width=9),
    Column("owner", "For", width=9),
    Column("resolution", "What was found", width=24),
    Column("resolved_by", "By", width=14),
    Column("count", "Count", "number", total=True, width=6),
    Column("zone", "Time zone", width=14),
)


def query(filters: Filters) -> tuple[sa.Select[*tuple[Any, ...]], int]:
    """The rows and how many key columns order them. Double swipes and the like explain themselves: left out."""
    zone = sa.func.coalesce(AttendanceRecord.zone, Site.zone, "")
    chosen: dict[str, sa.SQLColumnExpression[Any]] = {
        "work_date": A.work_date,
        "employee_id": Staff.employee_id,
        "name": Staff.name,
        "department": sa.func.coalesce(Staff.department, ""),
        "site": sa.func.coalesce(Site.name, ""),
        "kind": words(A.kind, {kind: WORDS.get(kind, kind.replace("_", " ").capitalize()) for kind in CATALOGUE}),
        "text": A.text,
        "severity": sa.func.initcap(A.severity),
        "state": sa.func.initcap(A.state),
        "amount": sa.func.nullif(A.seconds, 0),
        "owner": words(A.kind, {kind: OWNERS[entry.owner] for kind, entry in CATALOGUE.items()}),
        "resolution": A.resolution,
        "resolved_by": A.resolved_by,
        "count": sa.literal(1),
        "zone": zone,
        "row_zone": zone,
        "k0": A.work_date,
        "k1": Staff.employee_id,
        "k2": A.id,
    }
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(*(expression.label(name) for name, expression in chosen.items()))
        .select_from(A)
        .join(Staff, Staff.id == A.staff_id)
        .outerjoin(Site, Site.id == Staff.site_id)
        .outerjoin(
            AttendanceRecord,
            sa.and_(AttendanceRecord.staff_id == A.staff_id, AttendanceRecord.work_date == A.work_date),
        )
        .where(A.work_date.between(filters.first, filters.last), A.severity != "info")
    )
    return people_of(found, filters), 3
