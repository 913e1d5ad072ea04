"""The record of one work date, made from its measured work: status, lines, anomalies, trace. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tenant_stack.rules.anomalies import anomaly
from tenant_stack.rules.breaks import total
from tenant_stack.rules.completeness import may_conclude
from tenant_stack.rules.daywork import Day
from tenant_stack.rules.inputs import Leave, StaffInput
from tenant_stack.rules.judgement import day_anomalies, punctuality, waiting
from tenant_stack.rules.overtime import pay_lines, premium_lines
from tenant_stack.rules.records import DayRecord, Fate, Fractions, PayLine, SegmentTrace, Status, Step, Trace
from tenant_stack.rules.roster import Instance
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.rules.shift_match import NEAR
from tenant_stack.rules.status import ONE, DayFacts, judge
from tenant_stack.rules.walltime import moment
from tenant_stack.rules.worktime import Unit

RESTING = frozenset({Status.HOLIDAY, Status.WEEKLY_OFF, Status.ON_LEAVE})


def as_absence(record: DayRecord) -> DayRecord:
    """A rest day between two absences, counted as absence."""
    trace = replace(record.trace, steps=(*record.trace.steps, Step("sandwich", 0)))
    return replace(record, status=Status.ABSENT, fractions=Fractions(absent=ONE), trace=trace)


def build_record(
    day: Day,
    staff: StaffInput,
    leave: Leave | None,
    now: int | None,
    complete: int | None,
    left_before: int | None,
) -> DayRecord | None:
    """The record of a date; None when there is nothing to say about it. Anomalies without a record stay on the day."""
    rules, zone = day.rules, staff.zone
    events = day.events() if day.units else []
    shift = day.instances[0].shift if day.instances else None
    status_rule = rules.status if shift is None or shift.status is None else shift.status
    employed = (staff.joined is None or day.day >= staff.joined) and (staff.left is None or day.day <= staff.left)
    # A date may hold only the middle of a long pair: intervals without punches.
    facts = _facts(day, len(events) or len(day.intervals), leave if employed else None, now, complete)
    judged = judge(facts, status_rule) if employed or facts.punches else None
    if judged is None:
        waiting(day, now)
        return None
    status, fractions = judged
    if not facts.punches and status in RESTING and not rules.rest_records:
        return None
    if facts.punches:
        late, early = punctuality(day, rules, now)
        day_anomalies(day, facts, late, early, now, left_before)
    else:
        late = early = 0
        if status is Status.ABSENT:
            day.anomalies.append(anomaly("absence", day.day))
    pay, overtime = pay_lines(day.pay, rules.overtime, zone) if day.pay is not None else ((), 0)
    premiums: tuple[PayLine, ...] = ()
    if rules.premiums and day.intervals:
        premiums = premium_lines(day.intervals, rules.premiums, zone, staff.calendar.holidays)
    first, last = day.first_in(), day.last_out()
    if last is not None and facts.unresolved and _shows_event(day):
        last = max(last, events[-1].at)
    return DayRecord(
        work_date=day.day,
        zone=zone,
        status=status,
        shifts=tuple(dict.fromkeys(unit.code for unit in day.units if unit.code is not None)),
        first_in=None if first is None else moment(first),
        last_out=None if last is None else moment(last),
        presence_seconds=sum(unit.pairs[-1][1] - unit.pairs[0][0] for unit in day.units if unit.pairs),
        worked_seconds=facts.worked,
        break_seconds=day.breaks,
        deducted_seconds=day.deducted,
        paid_break_seconds=day.paid,
        expected_seconds=day.expected,
        late_seconds=late,
        early_seconds=early,
        balance_seconds=_balance(facts.worked, day.expected, rules),
        pay=pay,
        overtime_seconds=overtime,
        premiums=premiums,
        fractions=fractions,
        punch_count=len(events),
        stretches=sum(len(unit.stretches) for unit in day.units),
        anomalies=tuple(sorted(day.anomalies, key=lambda each: (each.kind, each.punches, each.seconds))),
        trace=Trace(zone, rules.code, _fates(day), _segments(day.units), tuple(day.steps)),
        estimated=any(stretch.estimated for unit in day.units for stretch in unit.stretches),
    )


def _facts(day: Day, punches: int, leave: Leave | None, now: int | None, complete: int | None) -> DayFacts:
    attended = {id(unit.instance) for unit in day.units if unit.instance is not None}
    return DayFacts(
        worked=total(day.intervals),
        punches=punches,
        unresolved=any(
            stretch.opens or stretch.orphans or stretch.held for unit in day.units for stretch in unit.stretches
        ),
        scheduled=len(day.instances),
        attended=len(attended),
        holiday=day.holiday,
        off=day.off_by_calendar and not day.holiday,
        leave=leave,
        concluded=all(
            may_conclude(_closes(each), now=now, complete=complete, wait=day.rules.anomalies.wait)
            for each in day.instances
            if id(each) not in attended
        ),
        running=now is not None and any(now < each.due_out for each in day.instances if not each.shift.flexible),
    )


def _closes(instance: Instance) -> int:
    return instance.closes if instance.closes is not None else instance.ends + NEAR


def _shows_event(day: Day) -> bool:
    for unit in day.units:
        own = unit.instance.shift.pairing if unit.instance is not None else None
        if (own or day.rules.pairing).shows_out == "last_event":
            return True
    return False


def _balance(worked: int, expected: int | None, rules: RuleSet) -> int | None:
    if expected is None:
        return None
    balance = worked - expected
    if 0 < balance <= rules.overtime.tolerance or -rules.overtime.undertime_tolerance <= balance < 0:
        return 0
    return balance


def _fates(day: Day) -> tuple[Fate, ...]:
    found = [
        Fate(
            event.punch.id, event.at, event.role, event.why, None if unit.instance is None else unit.instance.shift.code
        )
        for unit in day.units
        for stretch in unit.stretches
        for event in stretch.events
    ]
    found += day.fates
    found.sort(key=lambda fate: (fate.at, fate.punch))
    return tuple(found)


def _segments(units: Sequence[Unit]) -> tuple[SegmentTrace, ...]:
    found = []
    for unit in units:
        instance = unit.instance
        if instance is None:
            why = "no scheduled shift matched; dated by its own punches"
        elif instance.opens is not None:
            why = "the punches lie in its window"
        else:
            why = "the largest overlap with its hours"
        raw = unit.pairs
        counted = unit.intervals
        found.append(
            SegmentTrace(
                shift=unit.code,
                why=why,
                starts=None if instance is None else instance.starts,
                ends=None if instance is None else instance.ends,
                raw_in=raw[0][0] if raw else None,
                raw_out=raw[-1][1] if raw else None,
                counted_in=counted[0][0] if counted else None,
                counted_out=counted[-1][1] if counted else None,
            )
        )
    return tuple(found)
