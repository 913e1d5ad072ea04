"""Filters of the lists of attendance: query parameters in the API, conditions in SQL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from tenant_stack.attendance.schemas import AnomalyState, Severity, State
from tenant_stack.rules.records import Status
from tenant_stack.tables.attendance import AttendanceAnomaly, AttendanceDelta, AttendanceRecord

First = Annotated[date | None, Field(alias="from", description="First local date")]
Last = Annotated[date | None, Field(alias="to", description="Last local date, included")]


class Filter(BaseModel):
    """A field that is None does not restrict. The fields have the order of the parameters in the API."""

    model_config = ConfigDict(frozen=True)


class RecordFilter(Filter):
    """``anomaly`` is a kind, or ``any`` for records with something that needs somebody; ``q`` is part of a name."""

    first: First = None
    last: Last = None
    staff_id: UUID | None = None
    status: Status | None = None
    state: State | None = None
    anomaly: Annotated[str | None, Field(max_length=40, description="A kind of anomaly, or `any`")] = None
    q: Annotated[str | None, Field(max_length=100)] = None


class AnomalyFilter(Filter):
    kind: Annotated[str | None, Field(max_length=40)] = None
    severity: Severity | None = None
    state: AnomalyState | None = None
    first: First = None
    last: Last = None
    staff_id: UUID | None = None


class DeltaFilter(Filter):
    period_id: UUID | None = None
    first: First = None
    last: Last = None


def restricted(
    query: sa.Select[*tuple[Any, ...]],
    table: type[AttendanceRecord | AttendanceAnomaly | AttendanceDelta],
    wanted: RecordFilter | AnomalyFilter | DeltaFilter,
) -> sa.Select[*tuple[Any, ...]]:
    """The rows of the dates, and with the values of every other field of the filter that is a column."""
    columns = sa.inspect(table).columns
    if wanted.first is not None:
        query = query.where(columns.work_date >= wanted.first)
    if wanted.last is not None:
        query = query.where(columns.work_date <= wanted.last)
    for name, value in wanted:
        if value is not None and name in columns:
            query = query.where(columns[name] == value)
    return query
