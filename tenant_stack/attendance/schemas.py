"""Records and what is asked of them, as the API shows and takes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenant_stack.rules.figures import FIGURE
from tenant_stack.rules.records import Status

MOST_DAYS = 366
MOST_RECORDS = 10_000

State = Literal["open", "submitted", "approved", "reopened", "locked"]
Severity = Literal["info", "low", "medium", "high"]
AnomalyState = Literal["pending", "active", "resolved"]


class PayLineView(BaseModel):
    """Minutes under one pay code; the lines of a record add up to its worked minutes."""

    code: str
    rate: str
    minutes: int


def _described(figure: str) -> Any:
    """A required field in whole minutes with the explanation of its figure."""
    return Field(description=f"Minutes. {FIGURE[figure].explanation}")


class RecordFields(BaseModel):
    """What the record of one person and day is wherever it is shown. ``first_in_local`` and ``last_out_local`` are wall
    times in ``zone``; ``version`` must be given back with a correction."""

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
    worked_minutes: int = _described("worked_seconds")
    status: Status
    punch_count: int
    processed_at: datetime
    shifts: list[str]
    late_minutes: int = _described("late_seconds")
    early_minutes: int = _described("early_seconds")
    overtime_minutes: int = _described("overtime_seconds")
    break_minutes: int
    expected_minutes: int | None = _described("expected_seconds")
    balance_minutes: int | None = _described("balance_seconds")
    pay: list[PayLineView]
    state: State
    estimated: bool
    manual: bool
    conflict: bool
    version: int


class RecordView(RecordFields):
    """The record of one person and day; ``anomalies`` counts those that still need somebody."""

    anomalies: int


class AnomalyView(BaseModel):
    """Something a person must look at. ``owner_role`` should act, ``advice`` says how."""

    id: UUID
    staff_id: UUID
    employee_id: str
    staff_name: str
    record_id: UUID | None
    work_date: date
    kind: str
    severity: Severity
    state: AnomalyState
    text: str
    seconds: int
    punches: list[str]
    owner_role: str
    advice: str
    owner_id: UUID | None
    resolution: str
    resolved_by: str
    resolved_at: datetime | None


class AddedPunch(BaseModel):
    """A punch that is missing; ``at`` is wall time in the record's zone."""

    model_config = ConfigDict(extra="forbid")

    at: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?$")
    direction: Literal["in", "out", "break_out", "break_in", "overtime_in", "overtime_out"]


class MovedPunch(BaseModel):
    """A punch that happened at another wall time than its clock wrote."""

    model_config = ConfigDict(extra="forbid")

    punch_id: str = Field(max_length=80)
    at: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?$")


class HandFigures(BaseModel):
    """Figures set by hand, in minutes; they stay until ``automatic`` gives the day back to the rules."""

    model_config = ConfigDict(extra="forbid")

    worked_minutes: int = Field(ge=0, le=48 * 60)
    overtime_minutes: int = Field(default=0, ge=0, le=48 * 60)
    late_minutes: int = Field(default=0, ge=0, le=24 * 60)
    early_minutes: int = Field(default=0, ge=0, le=24 * 60)

    @model_validator(mode="after")
    def _reasonable(self) -> Self:
        if self.overtime_minutes > self.worked_minutes:
            raise ValueError("There is more overtime than work")
        return self


class Changes(BaseModel):
    """What a correction changes: the raw punches stay, the day is computed as if they were so."""

    model_config = ConfigDict(extra="forbid")

    add: list[AddedPunch] = Field(default_factory=list, max_length=20)
    void: list[str] = Field(default_factory=list, max_length=50)
    move: list[MovedPunch] = Field(default_factory=list, max_length=20)
    figures: HandFigures | None = None
    automatic: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.add or self.void or self.move or self.figures or self.automatic):
            raise ValueError("A correction changes something")
        if self.figures and self.automatic:
            raise ValueError("Figures are set by hand or by the rules, not both")
        return self

    def stored(self) -> dict[str, object]:
        """As it is kept: only what is there."""
        found: dict[str, object] = self.model_dump(mode="json", exclude_defaults=True)
        return found


class CorrectRecord(BaseModel):
    model_config = ConfigDict(extra="forbid")

    changes: Changes
    reason: str = Field(min_length=3, max_length=1000)
    version: int


class CorrectDay(BaseModel):
    """A correction of a day that may have no record yet."""

    model_config = ConfigDict(extra="forbid")

    staff_id: UUID
    work_date: date
    changes: Changes
    reason: str = Field(min_length=3, max_length=1000)


class CorrectionView(BaseModel):
    """``requested_by`` and ``decided_by`` are the names of people."""

    id: UUID
    staff_id: UUID
    employee_id: str
    staff_name: str
    work_date: date
    changes: dict[str, object]
    reason: str
    state: Literal["proposed", "approved", "rejected"]
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Literal["approved", "rejected"]
    note: str = Field(default="", max_length=1000)


class HistoryEntry(BaseModel):
    """One line of the audit trail about the record."""

    at: datetime
    by: str
    action: str
    note: str | None
    changes: dict[str, object] | None


class RecordDetail(RecordFields):
    """A record and why it is as it is. ``trace`` holds instants in seconds since 1970; ``snapshot`` is what was
    approved before late data came, ``difference`` what changed since (seconds, days in hundredths)."""

    trace: dict[str, object]
    anomalies: list[AnomalyView]
    corrections: list[CorrectionView]
    history: list[HistoryEntry]
    snapshot: dict[str, object] | None
    difference: dict[str, int]


class _Period(BaseModel):
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


class ProcessRequest(_Period):
    """A period of local dates, both ends included, to compute again; for all people or for these."""


class ProcessAnswer(BaseModel):
    """How many staff-days were marked; the worker computes them at once. ``run_id`` tells how far it is."""

    run_id: UUID
    staff_days: int


class RunView(BaseModel):
    id: UUID
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    state: Literal["running", "done"]
    done: int
    total: int
    requested_by: str
    created_at: datetime


class ApproveRequest(BaseModel):
    """Records by their ids, or all of a period (of these people)."""

    model_config = ConfigDict(extra="forbid")

    record_ids: list[UUID] | None = Field(default=None, max_length=MOST_RECORDS)
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    staff_ids: list[UUID] | None = Field(default=None, max_length=10_000)
    action: Literal["submit", "approve", "reopen", "reject"]
    note: str = Field(default="", max_length=1000)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.record_ids is None) == (self.first is None or self.last is None):
            raise ValueError("Give either `record_ids` or `from` and `to`")
        if self.first and self.last and not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"`to` lies before `from`, or there are more than {MOST_DAYS} days")
        return self


class Skipped(BaseModel):
    id: UUID
    reason: str


class ApproveAnswer(BaseModel):
    changed: int
    skipped: list[Skipped]


class ResolveAnomaly(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["resolved", "active"]
    resolution: str | None = Field(default=None, max_length=1000)
    owner_id: UUID | None = None


class NewPeriod(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_on: date
    ends_on: date

    @model_validator(mode="after")
    def _reasonable(self) -> Self:
        if not 0 <= (self.ends_on - self.starts_on).days < MOST_DAYS:
            raise ValueError(f"`ends_on` lies before `starts_on`, or there are more than {MOST_DAYS} days")
        return self


class UnlockPeriod(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=1000)


class PeriodView(BaseModel):
    id: UUID
    starts_on: date
    ends_on: date
    state: Literal["open", "locked"]
    locked_by: str | None
    locked_at: datetime | None


class DeltaView(BaseModel):
    """What late data changes about a locked day: seconds by name (days in hundredths), paid in ``period_id``."""

    id: UUID
    staff_id: UUID
    employee_id: str
    staff_name: str
    work_date: date
    period_id: UUID | None
    figures: dict[str, int]
    reason: str
    created_at: datetime
