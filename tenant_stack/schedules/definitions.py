"""Shifts and rules as the API takes and shows them, and the engine's dataclasses that they mean, both ways.

One model a dataclass. Attributes carry the engine's names and values (seconds); the API's names say the unit. Unknown
fields are refused, and so is a rule set that says nothing. What a value means is written at the engine's dataclass.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenant_stack.rules import inputs, ruleset
from tenant_stack.schedules.quantities import (
    Day,
    Hours,
    MinutePair,
    Minutes,
    PayCode,
    Rate,
    Seconds,
    TimeOfDay,
    Weekday,
    Weekdays,
)


def _minutes(default: object, name: str) -> Any:
    """A duration with the engine's default, left out of the schema because there it would be seconds."""
    return Field(default_factory=lambda: getattr(default, name), alias=f"{name}_minutes")


def _perhaps_minutes(name: str) -> Any:
    return Field(default=None, alias=f"{name}_minutes")


class Definition(BaseModel):
    """Base: a model that mirrors one dataclass of the engine."""

    model_config = ConfigDict(extra="forbid")

    engine: ClassVar[type[Any]]
    by_engine: ClassVar[dict[type[Any], type[Definition]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Definition.by_engine[cls.engine] = cls

    def to_engine(self, **columns: object) -> Any:
        """The dataclass; ``columns`` are its fields that are not part of the definition."""
        return self.engine(**{name: _to_engine(getattr(self, name)) for name in type(self).model_fields}, **columns)

    @classmethod
    def from_engine(cls, value: object) -> Self:
        """The model of a dataclass, which is not checked again."""
        values: dict[str, Any] = {name: _from_engine(getattr(value, name)) for name in cls.model_fields}
        return cast("Self", cls.model_construct(None, **values))


def _to_engine(value: object) -> object:
    if isinstance(value, Definition):
        return value.to_engine()
    return tuple(_to_engine(each) for each in value) if isinstance(value, tuple) else value


def _from_engine(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_from_engine(each) for each in value)
    model = Definition.by_engine.get(type(value))
    return value if model is None else model.from_engine(value)


_PAIRING = ruleset.PairingRule()
_ROUNDING = ruleset.RoundingRule("in", "down")
_OVERTIME = ruleset.OvertimeRule()
_PUNCTUALITY = ruleset.PunctualityRule()
_ANOMALIES = ruleset.AnomalyRule()


class PairingDefinition(Definition):
    engine = ruleset.PairingRule

    mode: Literal["device_state", "alternate", "state_then_alternate"] = "state_then_alternate"
    hours: Literal["paired", "first_last"] = "paired"
    gap: Minutes = _minutes(_PAIRING, "gap")
    longest: Minutes = _minutes(_PAIRING, "longest")
    over_long: Literal["hold", "pay"] = "hold"
    repeated_in: Literal["keep_first", "restart"] = "keep_first"
    repeat_within: Minutes = _minutes(_PAIRING, "repeat_within")
    auto_close: Literal["schedule_end", "expected_hours"] | None = None
    auto_close_after: Minutes = _minutes(_PAIRING, "auto_close_after")
    shows_out: Literal["last_closed", "last_event"] = "last_closed"


class DuplicateDefinition(Definition):
    engine = ruleset.DuplicateRule

    window: Seconds = Field(default=60, alias="window_seconds")
    keep: Literal["first", "last"] = "first"
    fixed: bool = False


class DateDefinition(Definition):
    engine = ruleset.DateRule

    kind: Literal["shift_start", "first_punch", "shift_end", "most_worked", "split_midnight"] = "shift_start"
    strict_split: bool = False


class RoundingDefinition(Definition):
    engine = ruleset.RoundingRule

    target: Literal["in", "out", "break_out", "break_in", "meal_total", "break_total", "day_total", "overtime"]
    mode: Literal["down", "up", "nearest", "seven_eight", "partial_up", "cut_off", "schedule", "clip"]
    interval: Minutes = _minutes(_ROUNDING, "interval")
    grace: Minutes = _minutes(_ROUNDING, "grace")
    cut_off: Minutes = _minutes(_ROUNDING, "cut_off")
    near_start: Minutes | None = _perhaps_minutes("near_start")
    near_end: Minutes | None = _perhaps_minutes("near_end")
    near_total: MinutePair | None = _perhaps_minutes("near_total")


class BreakRuleDefinition(Definition):
    """``steps_minutes``: pairs of *worked more than* and *amount*."""

    engine = ruleset.BreakRule

    code: PayCode = "meal"
    method: Literal["deduct", "add", "punched"]
    steps: tuple[MinutePair, ...] = Field(default=(), alias="steps_minutes", max_length=20)
    include_punched: bool = True
    keep_trigger: bool = True
    count: int | None = Field(default=None, ge=1, le=20)
    window: MinutePair | None = _perhaps_minutes("window")
    lengths: MinutePair | None = _perhaps_minutes("lengths")
    required: bool = False


class TierDefinition(Definition):
    """``window``: from and to, by the clock."""

    engine = ruleset.Tier

    code: PayCode
    basis: Literal[
        "daily",
        "weekly",
        "biweekly",
        "consecutive_day",
        "holiday",
        "off_day",
        "over_schedule",
        "outside_schedule",
        "window",
    ]
    rate: Rate = Decimal("1.5")
    after: Minutes = Field(default=0, alias="after_minutes")
    day: int = Field(default=7, ge=1, le=7)
    window: Hours | None = None
    weekdays: Weekdays | None = None


class OvertimeDefinition(Definition):
    engine = ruleset.OvertimeRule

    tiers: tuple[TierDefinition, ...] = Field(default=(), max_length=30)
    weekly_counts: Literal["straight_time", "all"] = "straight_time"
    week_start: Weekday = 0
    anchor: Day = date(2024, 1, 1)
    minimum: Minutes = _minutes(_OVERTIME, "minimum")
    rounding: RoundingDefinition | None = None
    cap: Minutes | None = _perhaps_minutes("cap")
    tolerance: Minutes = _minutes(_OVERTIME, "tolerance")
    undertime_tolerance: Minutes = _minutes(_OVERTIME, "undertime_tolerance")
    before_start: bool = True
    regular: PayCode = "REG"
    dropped: PayCode = "REG"


class PremiumDefinition(Definition):
    engine = ruleset.PremiumRule

    code: PayCode
    rate: Rate = Decimal(0)
    window: Hours | None = None
    weekdays: Weekdays | None = None
    holiday: bool = False
    least: Minutes = Field(default=0, alias="least_minutes")
    most: Minutes | None = _perhaps_minutes("most")


class StatusDefinition(Definition):
    engine = ruleset.StatusRule

    half_day_below: Minutes | None = _perhaps_minutes("half_day_below")
    absent_below: Minutes | None = _perhaps_minutes("absent_below")
    single_punch: Literal["flag", "present", "absent"] = "flag"
    sandwich: bool = False


class PunctualityDefinition(Definition):
    engine = ruleset.PunctualityRule

    mark_late: bool = True
    mark_early: bool = True
    late_grace: Minutes = _minutes(_PUNCTUALITY, "late_grace")
    early_grace: Minutes = _minutes(_PUNCTUALITY, "early_grace")
    beyond_grace: bool = False


class AnomalyDefinition(Definition):
    """``speed``: metres a second."""

    engine = ruleset.AnomalyRule

    long_shift: Minutes | None = _minutes(_ANOMALIES, "long_shift")
    short_shift: Minutes | None = _perhaps_minutes("short_shift")
    no_break_after: Minutes | None = _perhaps_minutes("no_break_after")
    short_break: Minutes | None = _perhaps_minutes("short_break")
    long_break: Minutes | None = _perhaps_minutes("long_break")
    least_rest: Minutes | None = _minutes(_ANOMALIES, "least_rest")
    day_limit: Minutes | None = _perhaps_minutes("day_limit")
    week_limit: Minutes | None = _perhaps_minutes("week_limit")
    over_schedule: Minutes | None = _perhaps_minutes("over_schedule")
    days_in_a_row: int | None = Field(default=None, ge=1, le=366)
    early_in: Minutes | None = _perhaps_minutes("early_in")
    late_out: Minutes | None = _perhaps_minutes("late_out")
    skew: Seconds = Field(default=120, alias="skew_seconds")
    future: Seconds = Field(default=300, alias="future_seconds")
    speed: float = Field(default=70.0, gt=0, le=100_000, allow_inf_nan=False)
    wait: Minutes = _minutes(_ANOMALIES, "wait")


class RuleSetDefinition(Definition):
    """One version of a rule set. Sections left out are the engine's defaults."""

    engine = ruleset.RuleSet

    pairing: PairingDefinition = Field(default_factory=PairingDefinition)
    duplicates: DuplicateDefinition = Field(default_factory=DuplicateDefinition)
    dating: DateDefinition = Field(default_factory=DateDefinition)
    roundings: tuple[RoundingDefinition, ...] = Field(default=(), max_length=40)
    breaks: tuple[BreakRuleDefinition, ...] = Field(default=(), max_length=20)
    overtime: OvertimeDefinition = Field(default_factory=OvertimeDefinition)
    premiums: tuple[PremiumDefinition, ...] = Field(default=(), max_length=20)
    status: StatusDefinition = Field(default_factory=StatusDefinition)
    punctuality: PunctualityDefinition = Field(default_factory=PunctualityDefinition)
    anomalies: AnomalyDefinition = Field(default_factory=AnomalyDefinition)
    unmatched: Literal["auto", "queue", "count"] = "auto"
    rest_records: bool = True
    holiday_by_minute: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("the rule set is empty: it needs at least one rule")
        return self

    def rules(self, code: str, effective: date = date.min) -> ruleset.RuleSet:
        """The engine's rule set of this definition."""
        made: ruleset.RuleSet = self.to_engine(code=code, effective=effective)
        return made


class ScheduledBreakDefinition(Definition):
    engine = inputs.ScheduledBreak

    start: TimeOfDay
    end: TimeOfDay
    paid: bool = False


class ShiftDefinition(Definition):
    """One version of a shift: wall times, an end at or before the start is on the next day. A rule given here wins
    over the rule set's."""

    engine = inputs.Shift

    start: TimeOfDay
    end: TimeOfDay
    before: Minutes | None = _perhaps_minutes("before")
    after: Minutes | None = _perhaps_minutes("after")
    breaks: tuple[ScheduledBreakDefinition, ...] = Field(default=(), max_length=20)
    expected: Minutes | None = _perhaps_minutes("expected")
    unpaid_break: Minutes = Field(default=0, alias="unpaid_break_minutes")
    flexible: bool = False
    pairing: PairingDefinition | None = None
    status: StatusDefinition | None = None
    punctuality: PunctualityDefinition | None = None
    break_rules: tuple[BreakRuleDefinition, ...] | None = Field(default=None, max_length=20)
    roundings: tuple[RoundingDefinition, ...] | None = Field(default=None, max_length=40)

    def shift(self, code: str, effective: date = date.min) -> inputs.Shift:
        """The engine's shift of this definition."""
        made: inputs.Shift = self.to_engine(code=code, effective=effective)
        return made
