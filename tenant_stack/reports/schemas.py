"""What is asked of reports and what they answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tenant_stack.reports.columns import Kind as CellKind
from tenant_stack.reports.filters import Department
from tenant_stack.reports.relative_dates import Span
from tenant_stack.rules.records import Status

FileFormat = Literal["csv", "xlsx", "pdf"]
Format = Literal["json", "csv", "xlsx", "pdf"]
Cells = Literal["status", "worked"]
Dimension = Literal["employee", "department", "site", "status", "day", "week", "month"]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+$", max_length=254)]
LocalTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class CustomShape(BaseModel):
    """What a report of one's own shows. ``detail``: a row a day (with sub-totals), else a row a group."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(default="", max_length=120)
    columns: list[Annotated[str, StringConstraints(max_length=40)]] = Field(min_length=1, max_length=40)
    group_by: list[Dimension] = Field(default_factory=list, max_length=3)
    detail: bool = True
    subtotals: bool = True

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.columns)) < len(self.columns) or len(set(self.group_by)) < len(self.group_by):
            raise ValueError("Each column and group can be there once")
        return self


class ReportRequest(BaseModel):
    """A report: its kind, its days (``span``, or ``first`` and ``last``), its people."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=24)
    span: Span | None = None
    first: date | None = None
    last: date | None = None
    site_ids: list[UUID] = Field(default_factory=list, max_length=200)
    departments: list[Department] = Field(default_factory=list, max_length=200)
    group_ids: list[UUID] = Field(default_factory=list, max_length=200)
    staff_ids: list[UUID] = Field(default_factory=list, max_length=10_000)
    statuses: list[Status] = Field(default_factory=list, max_length=20)
    states: list[Literal["open", "submitted", "approved", "reopened", "locked"]] = Field(
        default_factory=list, max_length=5
    )
    cells: Cells = "status"
    shape: CustomShape | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.span is None) == (self.first is None or self.last is None):
            raise ValueError("Give either `span` or `first` and `last`")
        return self


class ColumnView(BaseModel):
    """``kind`` says how to read cells: durations are exact seconds, instants carry their offset."""

    name: str
    title: str
    kind: CellKind
    total: bool


class ReportPage(BaseModel):
    """A page of a report, and the totals of all its rows. ``items`` hold a value for each column by name."""

    kind: str
    title: str
    organisation: str
    first: date
    last: date
    zones: list[str]
    filters: list[str]
    columns: list[ColumnView]
    items: list[dict[str, str | int | None]]
    next_cursor: str | None
    total: int
    totals: dict[str, int]


class KindView(BaseModel):
    kind: str
    title: str
    about: str
    span: Literal["day", "month", "range"]
    columns: list[ColumnView]


class FieldView(ColumnView):
    """A column for reports of one's own; ``sums``: it can be shown for groups of days."""

    sums: bool


class Catalogue(BaseModel):
    """``dimensions`` is what days can be grouped by, ``fields`` the columns of custom reports."""

    kinds: list[KindView]
    fields: list[FieldView]
    dimensions: list[Dimension]
    spans: dict[str, str]
    departments: list[str]


class RunRequest(BaseModel):
    """Write a report to a file in the background: one described here, or a saved one."""

    model_config = ConfigDict(extra="forbid")

    report: ReportRequest | None = None
    saved_id: UUID | None = None
    format: FileFormat

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.report is None) == (self.saved_id is None):
            raise ValueError("Give either `report` or `saved_id`")
        return self


class RunView(BaseModel):
    """``state`` ``stuck``: it says it runs, but has not moved for a minute. ``rows_total`` is known once it runs.
    ``file``: the result can still be fetched, by whoever asked for it, until ``expires_at``."""

    id: UUID
    kind: str
    title: str
    about: list[str]
    format: FileFormat
    state: Literal["queued", "running", "stuck", "done", "failed", "cancelled"]
    step: str
    rows: int
    rows_total: int | None
    bytes: int
    checksum: str
    file_name: str
    requested_by: str
    scheduled: bool
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    file: bool
    mine: bool


class CustomRequest(ReportRequest):
    """A report of one's own: shown as JSON or written to a file, and kept under ``name`` when one is given."""

    kind: str = "custom"
    name: str | None = Field(default=None, min_length=1, max_length=120)
    format: Format = "json"


class CustomAnswer(BaseModel):
    saved_id: UUID | None
    report: ReportPage | None
    run: RunView | None


class SavedIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    report: ReportRequest


class SavedView(BaseModel):
    id: UUID
    name: str
    report: ReportRequest
    created_by: str
    updated_at: datetime


class ScheduleIn(BaseModel):
    """When a report is made and to whom it goes. ``weekday`` 0 is Monday; ``day`` 29 to 31 means the last day of a
    shorter month. ``at`` is wall time in ``zone``."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    report: ReportRequest
    format: FileFormat
    every: Literal["day", "week", "month"]
    weekday: int | None = Field(default=None, ge=0, le=6)
    day: int | None = Field(default=None, ge=1, le=31)
    at: LocalTime
    zone: str = Field(max_length=64)
    recipients: list[Email] = Field(min_length=1, max_length=20)
    active: bool = True

    @model_validator(mode="after")
    def _when(self) -> Self:
        if self.every == "week" and self.weekday is None:
            raise ValueError("Say on which weekday")
        if self.every == "month" and self.day is None:
            raise ValueError("Say on which day of the month")
        if self.report.span is None:
            raise ValueError("A schedule needs days that move with the calendar: give `span`")
        return self


class ScheduleView(ScheduleIn):
    """``last_state`` is of the newest delivery: pending, sent or failed."""

    id: UUID
    next_at: datetime
    created_by: str
    last_at: datetime | None
    last_state: str | None
    last_message: str
