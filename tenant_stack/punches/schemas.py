"""Raw punches and quarantined lines as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class PunchView(BaseModel):
    """One raw punch. ``local_time`` is the clock's wall time in ``zone``; ``clock_offset_seconds`` is how far the clock
    was ahead of true time when it sent this, None when that is not known."""

    id: UUID
    device_id: UUID
    device_serial: str
    device_name: str
    staff_id: UUID | None
    staff_name: str | None
    employee_id: str | None
    pin: str
    local_time: str
    zone: str
    punched_at: datetime
    status: int
    status_name: str
    verify: int
    verify_name: str
    work_code: str
    source: Literal["push", "pull", "live"]
    clock_offset_seconds: int | None
    received_at: datetime
    flags: list[str]


class QuarantineView(BaseModel):
    """A line that could not be placed in time, as it came; ``attempts``: how often it was taken in again in vain."""

    id: UUID
    device_id: UUID
    device_serial: str
    device_name: str
    raw: str
    reason: str
    source: str
    received_at: datetime
    state: Literal["open", "replayed", "dismissed"]
    attempts: int
    settled_at: datetime | None
    settled_by: str | None
    note: str


class ReplayIn(BaseModel):
    """Which lines to take in again: these, or ``all`` that are open."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(max_length=1000)] = Field(default_factory=list)
    all: bool = False


class ReplayView(BaseModel):
    """replayed = stored + duplicate; ``left`` could still not be read."""

    replayed: int
    stored: int
    duplicate: int
    left: int


class DismissIn(BaseModel):
    """Why lines are no punches."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class DismissView(BaseModel):
    """How many lines were put aside."""

    dismissed: int
