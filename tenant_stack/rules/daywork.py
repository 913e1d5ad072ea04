"""One work date of one person while it is computed: its units of work, what is owed, its counted intervals. Pure."""

from __future__ import annotations

from datetime import date

from tenant_stack.rules.breaks import Intervals, total
from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.inputs import Direction, StaffInput
from tenant_stack.rules.overtime import PayDay
from tenant_stack.rules.pairing import Stretch
from tenant_stack.rules.records import Anomaly, Fate, Step
from tenant_stack.rules.roster import Instance, Roster
from tenant_stack.rules.ruleset import PairingRule, RuleSet
from tenant_stack.rules.worktime import Unit, measure, round_day


class Day:
    """Everything known about one work date."""

    __slots__ = (
        "anomalies",
        "breaks",
        "day",
        "deducted",
        "expected",
        "fates",
        "holiday",
        "instances",
        "intervals",
        "off",
        "off_by_calendar",
        "paid",
        "pay",
        "rules",
        "steps",
        "units",
        "unmatched",
    )

    def __init__(self, day: date, rules: RuleSet, instances: tuple[Instance, ...]) -> None:
        self.day = day
        self.rules = rules
        self.instances = instances
        self.units: list[Unit] = []
        self.unmatched: list[Event] = []
        self.fates: list[Fate] = []
        self.steps: list[Step] = []
        self.anomalies: list[Anomaly] = []
        self.intervals: Intervals = []
        self.pay: PayDay | None = None
        self.expected: int | None = None
        self.holiday = self.off = self.off_by_calendar = False
        self.breaks = self.deducted = self.paid = 0

    def unit(self, instance: Instance | None) -> Unit:
        """The unit of a shift (one per shift), or a fresh one for unscheduled work."""
        if instance is not None:
            for unit in self.units:
                if unit.instance is instance:
                    return unit
        unit = Unit(instance)
        self.units.append(unit)
        return unit

    def events(self) -> list[Event]:
        if len(self.units) == 1 and len(self.units[0].stretches) == 1:
            return self.units[0].stretches[0].events
        found = [event for unit in self.units for stretch in unit.stretches for event in stretch.events]
        found.sort(key=lambda event: event.at)
        return found

    def last_out(self) -> int | None:
        return max((unit.pairs[-1][1] for unit in self.units if unit.pairs), default=None)

    def first_in(self) -> int | None:
        return min((at for unit in self.units if (at := unit.first_in) is not None), default=None)

    def scheduled_spans(self) -> tuple[tuple[int, int], ...]:
        if self.holiday or self.off:
            return ()
        return tuple((each.starts, each.ends) for each in self.instances if not each.shift.flexible)

    def classify(self, staff: StaffInput, roster: Roster) -> None:
        """Holiday, day off, and what is owed."""
        self.holiday = self.day in staff.calendar.holidays
        self.off_by_calendar = staff.calendar.is_off(self.day)
        self.off = not self.holiday and (self.off_by_calendar or (not roster.empty and not self.instances))
        if roster.empty:
            self.expected = None
        elif self.holiday or self.off:
            self.expected = 0
        else:
            self.expected = sum(each.expected for each in self.instances)

    def measure(self, zone: str) -> None:
        """Worked intervals of the day, in the fixed order."""
        if not self.units:
            return
        self.units.sort(key=lambda unit: unit.pairs[0][0] if unit.pairs else unit.stretches[0].first)
        for unit in self.units:
            self._measure(unit, zone)
        if len(self.units) == 1:
            intervals = self.units[0].intervals
        else:
            intervals = sorted(interval for unit in self.units for interval in unit.intervals)
        if intervals and self.rules.roundings:
            shift = self.units[0].instance.shift if self.units[0].instance is not None else None
            roundings = self.rules.roundings if shift is None or shift.roundings is None else shift.roundings
            intervals = round_day(intervals, roundings, self.steps)
        self.intervals = intervals

    def _measure(self, unit: Unit, zone: str) -> None:
        cut = unit.instance.unpaid if unit.instance is not None else ()
        if cut and (self.holiday or self.off):
            unit.no_schedule = True
        measure(unit, self.rules, zone, self.steps)
        self.breaks += unit.raw_pause
        self.deducted += unit.scheduled_pause + sum(effect.deducted for effect in unit.effects)
        self.paid += sum(effect.paid for effect in unit.effects)


def close_open(stretch: Stretch, instance: Instance, rule: PairingRule, now: int | None) -> None:
    """Close the open pair of a stretch by estimate once its time has come; the out is marked as estimated."""
    if not stretch.opens or stretch.opens[-1] is not stretch.events[-1]:
        return
    entered = stretch.opens[-1]
    if rule.auto_close == "schedule_end":
        out = instance.due_out + rule.auto_close_after
    else:
        done = total((one.at, other.at) for one, other in stretch.pairs)
        out = entered.at + max(0, instance.expected + rule.auto_close_after - done)
        for start, end in instance.unpaid:
            if entered.at <= start < out:
                out += end - start
    if out <= entered.at or (now is not None and now < out):
        return
    event = Event(out, Direction.UNKNOWN, entered.punch)
    event.role = "out"
    entered.role, entered.why = "in", ""
    stretch.opens.pop()
    stretch.pairs.append((entered, event))
    stretch.estimated = True
