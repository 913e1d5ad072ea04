"""Configuration of attendance as the API takes and shows it. Weekdays: 0 is Monday and 6 Sunday."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from foundation.views import Form, IdentifiedView
from tenant_stack.rules.records import Status
from tenant_stack.schedules.definitions import RuleSetDefinition, ShiftDefinition
from tenant_stack.schedules.quantities import Day, TimeOfDay, Weekdays
from tenant_stack.tables.schedules import AssignmentFields, HolidayFields, NamedFields, RuleSetFields, SiteFields
from tenant_stack.text_types import BlankIsNone, Code, Notes, Text200

MOST_DAYS = 366

Rotation = Annotated[list[Code | None], Field(min_length=1, max_length=366)]


class Entered(BaseModel):
    """Base of what people enter: fields that we do not know are refused."""

    model_config = ConfigDict(extra="forbid")


class SiteIn(SiteFields, Form):
    """A place of work. ``zone`` is the one that its people's days are counted in."""


class SiteView(SiteFields, IdentifiedView):
    created_at: datetime
    updated_at: datetime


class NamedIn(NamedFields, Form):
    """What of a shift can change without a version."""


class ShiftIn(NamedIn):
    """A new shift. Without ``effective`` its first version counts from the beginning of time."""

    effective: Day | None = None
    definition: ShiftDefinition


class ShiftVersionIn(Entered):
    """What a shift is for work dates from ``effective`` on (None: from the beginning)."""

    effective: Day | None
    definition: ShiftDefinition


class ShiftVersionView(BaseModel):
    id: UUID
    effective: date | None
    definition: ShiftDefinition


class ShiftView(NamedFields, IdentifiedView):
    """A shift with every version, oldest first. ``definition`` is the version in force today, or else the first."""

    definition: ShiftDefinition
    versions: list[ShiftVersionView]
    created_at: datetime
    updated_at: datetime


class RuleSetChange(RuleSetFields, Form):
    """What of a rule set can change without a version. Making one the default takes it from the other."""


class RuleSetIn(RuleSetChange):
    """A new rule set. Without ``effective`` its first version counts from the beginning of time."""

    effective: Day | None = None
    definition: RuleSetDefinition


class RuleSetVersionIn(Entered):
    """The rules for work dates from ``effective`` on (None: from the beginning)."""

    effective: Day | None
    definition: RuleSetDefinition


class RuleSetVersionView(BaseModel):
    id: UUID
    effective: date | None
    definition: RuleSetDefinition


class RuleSetView(RuleSetFields, IdentifiedView):
    """A rule set with every version, oldest first. ``definition`` is the version in force today, or else the first."""

    definition: RuleSetDefinition
    versions: list[RuleSetVersionView]
    created_at: datetime
    updated_at: datetime


class AssignmentIn(Entered):
    """A cycle of shift codes (None: a free day), one entry a day, the first on ``anchor`` or else ``starts_on``.

    Both dates are included; without ``ends_on`` it has no end. ``weekdays`` limits it to these days of the week.
    """

    rotation: Rotation
    starts_on: Day
    ends_on: Day | None = None
    weekdays: Weekdays | None = None
    anchor: Day | None = None


class BulkAssignmentIn(AssignmentIn):
    """The same assignment for many people: for all of them or, when one is refused, for none."""

    staff_ids: list[UUID] = Field(min_length=1, max_length=1000)


class AssignmentView(AssignmentFields, IdentifiedView):
    created_at: datetime
    updated_at: datetime


class BulkAnswer(BaseModel):
    """How many people were assigned."""

    created: int


class HolidayIn(Entered):
    """A holiday of one site, or of all."""

    day: Day
    name: Text200
    site_id: UUID | None = None


class HolidayView(HolidayFields, IdentifiedView):
    """``origin``: entered by people, or imported from the library of public holidays."""


class HolidayImport(Entered):
    """Public holidays of a year: ``country`` by ISO 3166-1 alpha-2, ``subdivision`` by its ISO 3166-2 part."""

    country: Annotated[str, Field(min_length=2, max_length=3, pattern=r"^[A-Za-z]+$")]
    subdivision: Annotated[Annotated[str, Field(max_length=20)] | None, BlankIsNone] = None
    year: int = Field(ge=1990, le=2100)
    site_id: UUID | None = None


class ImportAnswer(BaseModel):
    """``added`` days; ``kept`` were there before and stay as they are."""

    added: int
    kept: int


class WeeklyOffIn(Entered):
    """Weekdays off in a span of dates. Where a site has its own, the organisation's do not count."""

    weekdays: Weekdays
    starts_on: Day | None = None
    ends_on: Day | None = None
    site_id: UUID | None = None


class WeeklyOffView(BaseModel):
    id: UUID
    weekdays: list[int]
    starts_on: date | None
    ends_on: date | None
    site_id: UUID | None


class LeaveIn(Entered):
    """Approved leave, or duty away from the clocks, on one date. ``start`` and ``end`` only for ``part`` 'hours'."""

    staff_id: UUID
    day: Day
    part: Literal["full", "first_half", "second_half", "hours"] = "full"
    kind: Literal["leave", "on_duty"] = "leave"
    code: Code = "leave"
    start: TimeOfDay | None = None
    end: TimeOfDay | None = None
    note: Annotated[Notes | None, BlankIsNone] = None


class LeaveView(BaseModel):
    id: UUID
    staff_id: UUID
    employee_id: str
    staff_name: str
    day: date
    part: Literal["full", "first_half", "second_half", "hours"]
    kind: Literal["leave", "on_duty"]
    code: str
    start: TimeOfDay | None
    end: TimeOfDay | None
    note: str | None
    created_at: datetime


class Period(Entered):
    """How days are gathered for approval and pay. ``anchor``: the first day of some period; two weeks need one."""

    kind: Literal["monthly", "weekly", "biweekly"] = "monthly"
    anchor: Day | None = None

    @model_validator(mode="after")
    def _anchored(self) -> Self:
        if self.kind == "biweekly" and self.anchor is None:
            raise ValueError("two-week periods need an anchor: the first day of one of them")
        return self


class AttendanceSettings(Entered):
    """``default_shift`` holds for people without an assignment (None: none does); ``default_rule_set`` for people
    without a rule set of their own (None in a change: as it is)."""

    default_shift: Code | None = None
    default_rule_set: Code | None = None
    period: Period = Field(default_factory=Period)


class WhatIf(Entered):
    """Local dates ``from``..``to``, both included, under other rules: those of a rule set, or a definition. With both,
    the definition counts for the people of that rule set."""

    rule_set_id: UUID | None = None
    definition: RuleSetDefinition | None = None
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    staff_ids: list[UUID] | None = Field(default=None, max_length=10_000)

    @field_validator("last")
    @classmethod
    def _reasonable(cls, last: date, others: ValidationInfo) -> date:
        first: date | None = others.data.get("first")
        if first is not None and last < first:
            raise ValueError("`to` lies before `from`")
        if first is not None and (last - first).days >= MOST_DAYS:
            raise ValueError(f"at most {MOST_DAYS} days at a time")
        return last


class PayMinutes(BaseModel):
    code: str
    minutes: int


class DayFigures(BaseModel):
    """What a day amounts to, in whole minutes. ``anomalies``: their kinds."""

    status: Status
    worked_minutes: int
    overtime_minutes: int
    late_minutes: int
    early_minutes: int
    break_minutes: int
    expected_minutes: int | None
    pay: list[PayMinutes]
    anomalies: list[str]


class WhatIfChange(BaseModel):
    """One day that the rules would change; None where there is no record."""

    staff_id: UUID
    employee_id: str
    staff_name: str
    work_date: date
    before: DayFigures | None
    after: DayFigures | None


class WhatIfAnswer(BaseModel):
    """``changed`` holds the first 500 of ``changed_total``; differences are minutes after minus before, over all."""

    records_compared: int
    people: int
    changed: list[WhatIfChange]
    changed_total: int
    minutes_difference: int
    overtime_minutes_difference: int
