"""The attendance engine: one person's punches, roster, rules and calendar become one record per work date. Pure.

The order is fixed and shown in every trace: fold duplicates, match shifts, pair, date, round times, breaks, day total,
regular time and overtime, premiums, status, anomalies. The same punches in any order, any number of times, give the
same records to the byte. Nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from tenant_stack.rules.anomalies import anomaly, of_event, travel
from tenant_stack.rules.day_record import as_absence, build_record
from tenant_stack.rules.daywork import Day, close_open
from tenant_stack.rules.duplicates import Event, events_of, fold
from tenant_stack.rules.inputs import StaffInput
from tenant_stack.rules.overtime import Book, PayDay, SpecialDates, lead_in
from tenant_stack.rules.pairing import Stretch, hold_over_long, stretches
from tenant_stack.rules.records import Anomaly, DayRecord, Fate, Result, Status
from tenant_stack.rules.roster import Instance, Roster
from tenant_stack.rules.ruleset import PairingRule, RuleSet
from tenant_stack.rules.shift_match import split_by_shift, split_by_window
from tenant_stack.rules.status import sandwiched
from tenant_stack.rules.walltime import epoch, local_date, local_ordinal
from tenant_stack.rules.weekly import weekly_anomalies
from tenant_stack.rules.work_dates import by_midnight, is_split, ordinal_of

Shared = dict[tuple[int, int, str], Instance]


def span(rules: Iterable[RuleSet], first: date, last: date) -> tuple[date, date]:
    """The work dates that must be computed to know ``first``..``last``: the overtime week or two weeks before, whole
    weeks where a limit is weekly, and the days that count days in a row."""
    start, end = first, last
    for each in rules:
        start = min(start, lead_in(each.overtime, first))
        limits = each.anomalies
        if limits.week_limit is not None or limits.over_schedule is not None:
            start = min(start, first - timedelta(days=(first.weekday() - each.overtime.week_start) % 7))
            end = max(end, last + timedelta(days=6 - (last.weekday() - each.overtime.week_start) % 7))
        if limits.days_in_a_row is not None:
            start = min(start, first - timedelta(days=limits.days_in_a_row))
    return start, end


def reach(rules: Iterable[RuleSet], first: date, last: date) -> tuple[date, date]:
    """The local dates (both included) whose punches a run over ``first``..``last`` needs: those of ``span``, and two
    days either side for nights and rest times."""
    start, end = span(rules, first, last)
    return start - timedelta(days=2), end + timedelta(days=2)


def compute(staff: StaffInput, shared: Shared | None = None) -> Result:
    """The records of one person for ``first``..``last``. Configuration must be valid (see ``validation``)."""
    return _Run(staff, {} if shared is None else shared).result()


class _Run:
    def __init__(self, staff: StaffInput, shared: Shared) -> None:
        self.staff = staff
        self.zone = staff.zone
        self.now = None if staff.now is None else epoch(staff.now)
        self.complete = None if staff.complete_until is None else epoch(staff.complete_until)
        self.versions = sorted(staff.rules, key=lambda each: each.effective)
        self.roster = Roster(staff, shared)
        self.start, self.end = span(self.versions, staff.first, staff.last)
        self.days: dict[int, Day] = {}
        self.loose: list[Anomaly] = []
        self.fates: list[Fate] = []

    def rules_on(self, day: date) -> RuleSet:
        """The version in force on a date; before the first version, the first."""
        found = self.versions[0]
        for each in self.versions[1:]:
            if each.effective > day:
                break
            found = each
        return found

    def day(self, ordinal: int) -> Day:
        found = self.days.get(ordinal)
        if found is None:
            on = date.fromordinal(ordinal)
            found = self.days[ordinal] = Day(on, self.rules_on(on), self.roster.on(on))
        return found

    def result(self) -> Result:
        staff = self.staff
        self._place(events_of(staff.punches))
        days = self._dates()
        self._pay(days)
        records = self._records(days)
        weekly = weekly_anomalies(records, self.roster, self.rules_on, staff.first, staff.last)
        wanted = tuple(each for each in records if staff.first <= each.work_date <= staff.last)
        return Result(staff.staff_id, wanted, tuple(self.loose), tuple(weekly), tuple(self.fates))

    # -- from punches to units of work on dates ------------------------------------------------------------------

    def _place(self, events: list[Event]) -> None:
        if not events:
            return
        instances = self._instances(events)
        windowed = [each for each in instances if each.opens is not None and each.closes is not None]
        open_ended = [each for each in instances if each.opens is None or each.closes is None]
        loose: list[Event] = []
        for rules, part in self._by_version(events):
            by_state = rules.pairing.mode != "alternate"
            kept, dropped = fold(part, rules.duplicates, by_state=by_state)
            for fate in dropped:
                self.day(local_ordinal(self.zone, fate.at)).fates.append(fate)
            loose.extend(kept)
        if windowed:
            first_rules = self.rules_on(windowed[0].day)
            by_state = self._pairing(windowed[0], first_rules).mode != "alternate"
            held, loose = split_by_window(loose, windowed, by_state=by_state)
            for instance, mine in zip(windowed, held, strict=True):
                if mine:
                    pairing = self._pairing(instance, self.rules_on(instance.day))
                    for stretch in stretches(mine, pairing, bounded=True):
                        self._assign(stretch, instance, pairing)
            loose = self._queue(loose, windowed)
        for rules, part in self._by_version(loose):
            pairing = rules.pairing
            if open_ended and open_ended[0].shift.pairing is not None:
                pairing = open_ended[0].shift.pairing
            for stretch in stretches(part, pairing, bounded=False):
                for piece, matched in self._nearest(stretch, open_ended):
                    hold_over_long(piece, pairing)
                    self._assign(piece, matched, pairing)

    def _instances(self, events: list[Event]) -> list[Instance]:
        if self.roster.empty:
            return []
        first = min(self.start.toordinal() - 1, local_ordinal(self.zone, events[0].at) - 1)
        last = max(self.end.toordinal() + 1, local_ordinal(self.zone, events[-1].at) + 1)
        found = [each for ordinal in range(first, last + 1) for each in self.roster.on(date.fromordinal(ordinal))]
        found.sort(key=lambda each: (each.starts, each.ends, each.shift.code))
        return found

    def _by_version(self, events: list[Event]) -> list[tuple[RuleSet, list[Event]]]:
        """Events by the rule version of their date; one part when the versions read punches alike."""
        rules = self.versions[0]
        if all(each.pairing == rules.pairing and each.duplicates == rules.duplicates for each in self.versions):
            return [(rules, events)] if events else []
        found: list[tuple[RuleSet, list[Event]]] = []
        for event in events:
            mine = self.rules_on(local_date(self.zone, event.at))
            if not found or found[-1][0] is not mine:
                found.append((mine, []))
            found[-1][1].append(event)
        return found

    @staticmethod
    def _pairing(instance: Instance, rules: RuleSet) -> PairingRule:
        return instance.shift.pairing or rules.pairing

    def _queue(self, loose: list[Event], windowed: list[Instance]) -> list[Event]:
        """Punches outside every window: those that count as unscheduled work are returned, the others wait."""
        scheduled = {each.day for each in windowed}
        counted: list[Event] = []
        for event in loose:
            day = local_date(self.zone, event.at)
            policy = self.rules_on(day).unmatched
            if policy == "count" or (policy == "auto" and day not in scheduled):
                counted.append(event)
                continue
            event.role, event.why = "unmatched", "outside every shift window"
            self.day(day.toordinal()).unmatched.append(event)
        return counted

    def _nearest(self, stretch: Stretch, instances: list[Instance]) -> list[tuple[Stretch, Instance | None]]:
        flexible = [each for each in instances if each.shift.flexible]
        if flexible:
            day = local_date(self.zone, stretch.first)
            for each in flexible:
                if each.day == day:
                    return [(stretch, each)]
        return split_by_shift(stretch, [each for each in instances if not each.shift.flexible])

    def _assign(self, stretch: Stretch, instance: Instance | None, pairing: PairingRule) -> None:
        """Give a stretch to its date, or its pieces to theirs."""
        dating = self.rules_on(instance.day if instance else local_date(self.zone, stretch.first)).dating
        if instance is not None and pairing.auto_close is not None:
            close_open(stretch, instance, pairing, self.now)
        dated_by = None if instance is not None and instance.shift.flexible else instance
        home = ordinal_of(stretch, dated_by, dating, self.zone)
        if not is_split(stretch, dating, self.zone):
            unit = self.day(home).unit(instance)
            unit.stretches.append(stretch)
            unit.pairs.extend((entered.at, left.at) for entered, left in stretch.pairs)
            unit.pairs.sort()
            return
        for ordinal, part in by_midnight(stretch, self.zone).items():
            unit = self.day(ordinal).unit(instance)
            unit.stretches.append(part.stretch)
            unit.pairs.extend(part.pairs)
            unit.pairs.sort()
            unit.whole_start = unit.whole_start and part.whole_start
            unit.whole_end = unit.whole_end and part.whole_end

    # -- from units to records -----------------------------------------------------------------------------------

    def _dates(self) -> list[Day]:
        """Every day that may have a record, in order, from the start of the overtime week."""
        staff = self.staff
        first, last = self.start.toordinal(), self.end.toordinal()
        calendar = staff.calendar
        known = calendar.holidays or calendar.off or calendar.weekly_offs or staff.leaves
        if known or not self.roster.empty:
            for ordinal in range(first, last + 1):
                self.day(ordinal)
        return [self.days[ordinal] for ordinal in sorted(self.days) if first <= ordinal <= last]

    def _pay(self, days: list[Day]) -> None:
        staff = self.staff
        for day in days:
            day.classify(staff, self.roster)
            day.measure(self.zone)
        start = 0
        while start < len(days):  # one book per rule version: counters start anew with a version
            rule = days[start].rules.overtime
            end = start
            while end < len(days) and days[end].rules.overtime == rule:
                end += 1
            special = None
            if days[start].rules.holiday_by_minute:
                special = SpecialDates(
                    staff.calendar.holidays, frozenset(day.day for day in days if day.off) - staff.calendar.holidays
                )
            coded = [day for day in days[start:end] if day.intervals]
            book = Book(rule, self.zone, special)
            for day in coded:
                day.pay = PayDay(
                    day.day, day.intervals, day.expected, day.scheduled_spans(), day.holiday, day.off, steps=day.steps
                )
            book.code([day.pay for day in coded if day.pay is not None])
            start = end

    def _records(self, days: list[Day]) -> list[DayRecord]:
        found: list[DayRecord] = []
        statuses: list[tuple[Day, Status | None]] = []
        first = self.start.toordinal()
        before = (day.last_out() for ordinal, day in self.days.items() if ordinal < first)
        left_before = max((out for out in before if out is not None), default=None)
        for day in days:
            self._doubts(day)
            leave = self.roster.leave_on(day.day)
            record = build_record(day, self.staff, leave, self.now, self.complete, left_before)
            out = day.last_out()
            if out is not None:
                left_before = out
            statuses.append((day, None if record is None else record.status))
            if record is None:
                if self.staff.first <= day.day <= self.staff.last:
                    self.loose.extend(day.anomalies)
                    self.fates.extend(day.fates)
                continue
            found.append(record)
        return self._sandwich(found, statuses)

    def _sandwich(self, records: list[DayRecord], statuses: list[tuple[Day, Status | None]]) -> list[DayRecord]:
        if not any(day.rules.status.sandwich for day, _ in statuses):
            return records
        turned = {statuses[index][0].day for index in sandwiched([status for _, status in statuses])}
        return [
            as_absence(each) if each.work_date in turned and self.rules_on(each.work_date).status.sandwich else each
            for each in records
        ]

    def _doubts(self, day: Day) -> None:
        """Anomalies of single punches, and of two punches at different clocks."""
        limits = day.rules.anomalies
        previous: Event | None = None
        for event in day.events():
            punch = event.punch
            if punch.flags or punch.clock_ahead or self.now is not None or punch.received_at is not None:
                day.anomalies.extend(of_event(event, day.day, limits, self.now))
            if previous is not None and punch.place is not None:
                found = travel(previous, event, day.day, limits)
                if found is not None:
                    day.anomalies.append(found)
            previous = event
        for event in day.unmatched:
            day.anomalies.append(anomaly("unmatched_punch", day.day, punches=(event.punch.id,)))
            day.fates.append(Fate(event.punch.id, event.at, event.role, event.why))
