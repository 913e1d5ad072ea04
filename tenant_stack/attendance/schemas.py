"""Attendance as the API shows it and takes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenant_stack.attendance.rules.records import Status

MOST_DAYS = 366


class RecordView(BaseModel):
    """The record of one person and day. ``first_in_local`` and ``last_out_local`` are wall times in ``zone``."""

    id: UUID
    staff_id: UUID
    employee_id: str
    staff_name: str
    department: str | None
    work_date: date
    zone: str
    first_in: datetime | None
    last_out: datetime | None
    first_in_local: str | None
    last_out_local: str | None
    worked_minutes: int
    status: Status
    punch_count: int
    processed_at: datetime


class ProcessRequest(BaseModel):
    """A period of local dates, both ends included, to compute again; for all people or for these."""

    model_config = ConfigDict(extra="forbid")

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    staff_ids: list[UUID] | None = Field(default=None, max_length=10_000)

    @model_validator(mode="after")
    def _reasonable(self) -> Self:
        if self.last < self.first:
            raise ValueError("`to` lies before `from`")
        if (self.last - self.first).days >= MOST_DAYS:
            raise ValueError(f"At most {MOST_DAYS} days at a time")
        return self


class ProcessAnswer(BaseModel):
    """How many staff-days were marked; the worker computes them at once."""

    staff_days: int
