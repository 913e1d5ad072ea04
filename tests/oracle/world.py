"""From the ``given`` of a scenario to the engine's own input. Knows the vocabulary, no scenario."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tenant_stack.attendance.record_rows import pack
from tenant_stack.attendance.record_settlement import kept
from tenant_stack.rules.engine import compute
from tenant_stack.rules.inputs import (
    Assignment,
    Calendar,
    Direction,
    Leave,
    Punch,
    Shift,
    StaffInput,
)
from tenant_stack.rules.records import DayRecord, Result
from tenant_stack.rules.ruleset import (
    AnomalyRule,
    BreakRule,
    DateRule,
    DuplicateRule,
    PairingRule,
    PunctualityRule,
    RuleSet,
    StatusRule,
)
from tenant_stack.rules.walltime import epoch, local_date, moment, resolve
from tests.oracle import calendars, payrules, schedules, words
from tests.oracle.choices import DEFAULT, Setting
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.schedules import MODES
from tests.oracle.words import BASE_DAY, Stamp

HOUR = 3600
DATING = {
    "start_day": "shift_start",
    "shift_start": "shift_start",
    "scheduled_start": "shift_start",
    "first_punch": "first_punch",
    "shift_end": "shift_end",
    "end_day": "shift_end",
    "most_worked": "most_worked",
    "split_midnight": "split_midnight",
}

LIMIT_WORDS = {
    "long_interval_h": "long_shift",
    "long_shift_h": "long_shift",
    "min_rest_h": "least_rest",
    "no_break_after_h": "no_break_after",
    "day_limit_h": "day_limit",
    "week_limit_h": "week_limit",
}

# What holds where a scenario states nothing: direction by the states that are written, no duplicate window.
ANY_PAIRING = PairingRule(mode="", longest=20 * HOUR)
STRICT = PunctualityRule()
LIMITS = AnomalyRule(over_schedule=0, long_shift=None)
RULES = RuleSet(duplicates=DuplicateRule(window=0))


@dataclass
class World:
    """One person of a scenario, being read."""

    given: Node
    title: str = ""
    setting: Setting = DEFAULT
    mentioned: tuple[date, ...] = ()
    zone: str = "UTC"
    shifts: dict[str, tuple[Shift, ...]] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    default_shift: str | None = None
    pairing: PairingRule = ANY_PAIRING
    punctuality: PunctualityRule = STRICT
    breaks: list[BreakRule] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    holidays: set[date] = field(default_factory=set)
    leaves: list[Leave] = field(default_factory=list)
    calendar: Calendar = field(default_factory=Calendar)
    anomalies: AnomalyRule = LIMITS
    rules: RuleSet = RULES
    versions: list[tuple[date, PunctualityRule]] = field(default_factory=list)
    overtime_said: bool = False
    now: datetime | None = None
    complete: datetime | None = None
    active: bool = True
    joined: date | None = None
    left: date | None = None
    fold: int | None = None
    ahead: int | None = None
    date_on: date = BASE_DAY
    scheduled_dates: list[date] = field(default_factory=list)

    # -- reading -------------------------------------------------------------------------------------------------

    def read(self) -> World:
        """Understand every key of ``given``; what is not understood is left for ``Node.finish`` to report."""
        given = self.given
        self.zone = str(given.take("tz", "UTC"))
        if "date" in given:
            self.date_on = words.day(given.take("date"))
        self._modes()
        schedules.read(self)
        calendars.read(self)
        self._clock()
        payrules.read(self)
        self._punches()
        self._limits()
        return self

    def _modes(self) -> None:
        given = self.given
        mode, kind = given.take("punch_mode"), given.take("hours_mode")
        pairing = self.pairing
        if mode is not None:
            if mode not in MODES:
                raise NotUnderstoodError(f"punch_mode {mode!r}")
            pairing = replace(pairing, mode=MODES[mode])
        if kind is not None:
            if kind not in ("paired", "first_last"):
                raise NotUnderstoodError(f"hours_mode {kind!r}")
            pairing = replace(pairing, hours=kind)
        if "new_shift_gap_h" in given:
            pairing = replace(pairing, gap=words.hours(given.take("new_shift_gap_h")))
        for key in ("max_shift_h", "reset_after_h"):
            if key in given:
                pairing = replace(pairing, longest=words.hours(given.take(key)))
        self.pairing = replace(pairing, shows_out=self.setting.shows_out)
        window = int(given.take("duplicate_window_s", 0))
        said = given.take("window_rule")
        fixed = said is not None and str(said).startswith("fixed")
        if said is not None and not fixed and not str(said).startswith("chained"):
            raise NotUnderstoodError(f"window_rule {said!r}")
        dating = given.take("day_assignment")
        if dating is not None and dating not in DATING:
            raise NotUnderstoodError(f"day_assignment {dating!r}")
        self.rules = replace(
            self.rules,
            duplicates=DuplicateRule(window=window, fixed=fixed),
            dating=DateRule(DATING.get(dating, "shift_start")),
            status=StatusRule(
                half_day_below=_hours(given.take("half_day_below_h")),
                absent_below=_hours(given.take("absent_below_h")),
                single_punch=str(given.take("single_punch", "flag")),
                sandwich=bool(given.take("sandwich", False)),
            ),
        )

    def need_shift(self) -> None:
        schedules.base_shift(self)

    def add_shift(self, shift: Shift) -> None:
        self.shifts[shift.code] = (shift,)
        self.assignments.append(Assignment((shift.code,), date(1970, 1, 1)))

    def add_words(self, text: str) -> None:
        schedules.from_words(self, "shift", words.schedule(text))

    def _clock(self) -> None:
        given = self.given
        if "today" in given:
            self.now = datetime.combine(words.day(given.take("today")), datetime.min.time(), UTC) + timedelta(hours=12)
        for key in ("processed_at", "now"):
            if key in given:
                self.now = moment(resolve(words.stamp(given.take(key), self.date_on).text, self.zone).instant)
        if "device_data_complete_until" in given:
            said = words.stamp(given.take("device_data_complete_until"))
            self.complete = moment(resolve(said.text, self.zone).instant)
        orders = given.take("arrival_orders")
        if orders is not None and not re.match(r"all \d+ permutations", str(orders)):
            raise NotUnderstoodError(f"arrival_orders {orders!r}")
        self.fold = given.take("fold")
        self.ahead = given.take("device_clock_skew_s")

    def _punches(self) -> None:
        given = self.given
        value = given.take("punches")
        if isinstance(value, dict):
            for on, times in value.items():
                self.stamps += [words.stamp(each, words.day(on)) for each in times]
        else:
            self.stamps += [words.stamp(each, self.date_on) for each in value or ()]
        for each in given.take("punches_utc") or ():
            said = words.stamp(each, self.date_on)
            self.stamps.append(replace(said, offset="+00:00"))
        for span in given.take("spans") or ():
            self.stamps += [words.stamp(each, self.date_on) for each in span if each is not None]
        self._local()
        if not self.stamps:
            self.stamps += payrules.worked_instead(self)

    def _local(self) -> None:
        """``local`` repeats the punches in the zone: it must agree with them."""
        local = self.given.take("local")
        if local is None:
            return
        for each, said in zip(self.stamps, local, strict=True):
            at = moment(resolve(each.text, self.zone).instant)
            again = words.stamp(said, each.day)
            if moment(resolve(again.text, self.zone).instant) != at:
                raise NotUnderstoodError(f"local {said!r} is not {each.text}")

    def _limits(self) -> None:
        given = self.given
        if "grace_min" in given:
            grace = words.minutes(given.take("grace_min"))
            self.punctuality = replace(self.punctuality, late_grace=grace, early_grace=grace)
        graces = {key: words.minutes(given.take(key)) for key in ("late_grace_min", "early_grace_min") if key in given}
        if graces:
            schedules.base_shift(self)
            self.punctuality = replace(
                self.punctuality,
                late_grace=graces.get("late_grace_min", self.punctuality.late_grace),
                early_grace=graces.get("early_grace_min", self.punctuality.early_grace),
            )
        limits = self.anomalies
        said = {LIMIT_WORDS[key]: words.hours(given.take(key)) for key in LIMIT_WORDS if key in given}
        limits = replace(limits, **said)
        if "threshold_s" in given:
            limits = replace(limits, skew=int(given.take("threshold_s")))
        if "tolerance_h" in given:
            after = words.hours(given.take("tolerance_h"))
            self.pairing = replace(self.pairing, auto_close="expected_hours", auto_close_after=after)
        self.anomalies = limits

    # -- building ------------------------------------------------------------------------------------------------

    def punches(self, zone: str | None = None) -> tuple[Punch, ...]:
        """The punches as the product stores them. A state written twice for a second is one row read twice; two plain
        events at the same second are two rows (the vocabulary has no other way to write a handover)."""
        found = []
        before: int | None = None
        for index, each in enumerate(self.stamps):
            reading = resolve(each.text, self.zone, fold=self.fold, after=before)
            before = reading.instant
            stated = each.state is not Direction.UNKNOWN
            found.append(
                Punch(
                    id=f"{each.text}|{each.state}" if stated else f"{index:04d}|{each.text}",
                    at=moment(reading.instant),
                    zone=zone or self.zone,
                    direction=each.state,
                    device="device",
                    flags=(reading.doubt,) if reading.doubt else (),
                    clock_ahead=self.ahead,
                )
            )
        return tuple(found)

    def build(self) -> StaffInput:
        """The engine's input. Without word about the clock nothing after the last punch is concluded."""
        punches = self.punches()
        stated = any(punch.direction is not Direction.UNKNOWN for punch in punches)
        mode = self.pairing.mode or ("device_state" if stated else "alternate")
        pairing = replace(self.pairing, mode=mode)
        complete = self.complete
        if self.now is None and complete is None and punches:
            complete = max(punch.at for punch in punches)
        rules = replace(
            self.rules,
            pairing=pairing,
            punctuality=self.punctuality,
            breaks=tuple(self.breaks),
            anomalies=self.anomalies,
        )
        versions = [rules] + [replace(rules, effective=on, punctuality=rule) for on, rule in self.versions]
        shifts = {name: tuple(_own(shift, pairing) for shift in found) for name, found in self.shifts.items()}
        first, last = self._period(punches)
        return StaffInput(
            staff_id="1",
            first=first,
            last=last,
            zone=self.zone,
            punches=punches,
            shifts=shifts,
            assignments=tuple(self.assignments),
            default_shift=self.default_shift,
            rules=tuple(versions),
            calendar=replace(self.calendar, holidays=frozenset(self.holidays)),
            leaves=tuple(self.leaves),
            joined=self.joined,
            left=self.left,
            now=self.now,
            complete_until=complete,
        )

    def _period(self, punches: Iterable[Punch]) -> tuple[date, date]:
        days = {resolve_day(punch) for punch in punches} | set(self.mentioned) | set(self.scheduled_dates)
        if self.now is not None:
            days.add(self.now.date())
        for each in self.assignments:
            if each.start.year > 1970:
                days.add(each.start)
            if each.end is not None:
                days.add(each.end)
        days |= self.holidays | {leave.day for leave in self.leaves}
        if not days:
            days = {self.date_on}
        return min(days), max(days)

    def run(self) -> Result:
        result = compute(self.build())
        found = [each for each in result.records if kept(None, pack("1", each, ""), active=self.active)]
        return replace(result, records=tuple(found))


def resolve_day(punch: Punch) -> date:
    return local_date(punch.zone, epoch(punch.at))


def attended(result: Result) -> list[DayRecord]:
    """The records that say something about attendance: not the rest days nobody worked."""
    resting = ("holiday", "weekly_off", "on_leave")
    return [each for each in result.records if each.punch_count or each.status not in resting]


def _own(shift: Shift, pairing: PairingRule) -> Shift:
    if shift.pairing is not None and not shift.pairing.mode:
        return replace(shift, pairing=replace(shift.pairing, mode=pairing.mode))
    return shift


def _hours(value: Any) -> int | None:
    return None if value is None else words.hours(value)
