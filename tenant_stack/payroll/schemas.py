"""Inputs and answers of the payroll API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tenant_stack.payroll.definition import Definition

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
State = Literal["queued", "done", "failed", "withdrawn"]
LONGEST_DAYS = 366


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewProfile(Input):
    """An own profile: a copy of another (``copy_of``), or a ``definition`` of its own."""

    code: Code
    name: Name
    copy_of: Code | None = None
    definition: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.copy_of is None) == (self.definition is None):
            raise ValueError("either copy_of or definition")
        return self


class ChangedProfile(Input):
    """``version`` is the one that was seen: somebody else's change in between is refused."""

    name: Name
    definition: dict[str, Any]
    version: int


class ProfileLine(BaseModel):
    """``ready``: came with the product, can be copied but not changed."""

    code: str
    name: str
    ready: bool
    advice: str
    layout: str
    shape: str
    each: str
    version: int


class ProfileView(ProfileLine):
    definition: Definition


class Selection(Input):
    """Which dates and whose: a period's id, or both dates."""

    period_id: UUID | None = None
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    include: Literal["approved", "all"] = "approved"
    departments: Annotated[list[Annotated[str, StringConstraints(max_length=120)]], Field(max_length=200)] = []
    site_ids: Annotated[list[UUID], Field(max_length=200)] = []
    staff_ids: Annotated[list[UUID], Field(max_length=2000)] = []


class TryProfile(Selection):
    """A definition that is not saved yet, on real lines."""

    definition: dict[str, Any]
    differences: bool = False


class NewBatch(Selection):
    profile: Code


class Withdrawal(Input):
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class TotalView(BaseModel):
    """``figure`` is the sum of the figures in the file. ``seconds`` or ``hundredths`` is what they were exactly."""

    code: str
    unit: Literal["hours", "days"]
    figure: str
    seconds: int | None
    hundredths: int | None
    people: int


class Readiness(BaseModel):
    """``doubts``: anomalies that nobody resolved; ``computing``: days being computed now."""

    approved: int
    unapproved: int
    unapproved_people: int
    conflicts: int
    people: int
    computing: int
    doubts: int


class Preview(BaseModel):
    """The first rows of a file as it would be now. ``totals`` are of the whole file, from its rounded figures."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    profile: str
    file_name: str
    unapproved: bool
    differences: bool
    rounding: str
    header: list[str]
    rows: list[list[str]]
    row_count: int
    text: str
    people: int
    totals: list[TotalView]
    readiness: Readiness
    warnings: list[str]


class LineView(BaseModel):
    """A figure of the file: ``figure`` as it stands there."""

    staff_id: UUID
    employee_id: str
    name: str
    day: date | None = Field(serialization_alias="date")
    correction: bool
    code: str
    our_code: str
    unit: Literal["hours", "days"]
    figure: str


class LinesAnswer(BaseModel):
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    profile: str
    unapproved: bool
    differences: bool
    lines: list[LineView]
    totals: list[TotalView]


class BatchView(BaseModel):
    """``sha256`` is of the file. ``differences``: something of its days had been paid by an earlier batch."""

    id: UUID
    number: int
    state: State
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    filters: dict[str, Any]
    unapproved: bool
    differences: bool
    profile: str
    profile_name: str
    made_by: str
    created_at: datetime
    done_at: datetime | None
    file_name: str
    sha256: str
    size: int
    rows: int
    people: int
    totals: list[TotalView]
    warnings: list[str]
    error: str
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str


class FeedLine(BaseModel):
    """Seconds, or hundredths of days, of one pay code; ``rate`` is a multiple of the plain wage."""

    code: str
    kind: str
    rate: str
    seconds: int | None
    hundredths: int | None


class FeedItem(BaseModel):
    """A record's pay, or a correction of a closed day.

    ``payable`` is False for a record whose approval was taken back. ``booked_on`` is the date by which it is found:
    its own, or the first day of the period in which the correction is paid.
    """

    id: UUID
    kind: Literal["record", "correction"]
    staff_id: UUID
    employee_id: str
    name: str
    work_date: date
    booked_on: date
    state: str
    payable: bool
    version: int
    changed_at: datetime
    lines: list[FeedLine]


class Feed(BaseModel):
    """A page of the feed. ``as_of``: what to send as ``updated_since`` next time, so that nothing is missed."""

    items: list[FeedItem]
    next_cursor: str | None
    as_of: datetime
