"""What a measured day is judged by: punctuality, and the anomalies of its work. Pure."""

from __future__ import annotations

from tenant_stack.rules.anomalies import anomaly
from tenant_stack.rules.breaks import total
from tenant_stack.rules.completeness import not_arrived
from tenant_stack.rules.daywork import Day
from tenant_stack.rules.duplicates import Event
from tenant_stack.rules.records import Step
from tenant_stack.rules.ruleset import AnomalyRule, PunctualityRule, RuleSet
from tenant_stack.rules.status import DayFacts
from tenant_stack.rules.trace import duration
from tenant_stack.rules.worktime import Unit


def punctuality(day: Day, rules: RuleSet, now: int | None) -> tuple[int, int]:
    """Late and early seconds of the date, over its shifts; nothing on holidays, days off and flexible shifts. Nobody
    has left early while the shift still runs: they may come back."""
    late = early = 0
    if day.holiday or day.off:
        return 0, 0
    for unit in day.units:
        instance = unit.instance
        if instance is None or instance.shift.flexible or instance.expected == 0:
            continue
        rule = instance.shift.punctuality or rules.punctuality
        came, left = unit.first_in, unit.last_out
        over = now is None or now >= instance.due_out
        if came is not None and unit.whole_start and rule.mark_late:
            late += _beyond(day, "late", came - instance.due_in, rule.late_grace, rule, (instance.due_in, came))
        if left is not None and unit.whole_end and rule.mark_early and not unit.is_open and over:
            early += _beyond(day, "early", instance.due_out - left, rule.early_grace, rule, (instance.due_out, left))
    return late, early


def _beyond(day: Day, what: str, seconds: int, grace: int, rule: PunctualityRule, at: tuple[int, int]) -> int:
    if seconds <= 0:
        return 0
    if seconds <= grace:
        day.steps.append(Step("within_grace", 0, (what, seconds, grace)))
        return 0
    counted = seconds - grace if rule.beyond_grace else seconds
    day.steps.append(Step(what, 0, (*at, counted)))
    return counted


def waiting(day: Day, now: int | None) -> None:
    """Somebody who should be here and is not: judged by the clock alone."""
    if now is None or day.holiday or day.off:
        return
    for instance in day.instances:
        if instance.shift.flexible or not instance.expected or instance.due_in >= now:
            continue
        rule = instance.shift.punctuality or day.rules.punctuality
        late = not_arrived(instance.due_in, grace=rule.late_grace, now=now)
        if late:
            day.anomalies.append(anomaly("not_arrived", day.day, seconds=late, pending=True))


def day_anomalies(day: Day, facts: DayFacts, late: int, early: int, now: int | None, left_before: int | None) -> None:
    """Add everything that is to be looked at on a day with punches."""
    on, add, limits = day.day, day.anomalies.append, day.rules.anomalies
    for fate in day.fates:
        if fate.role == "duplicate":
            add(anomaly("duplicate_punch", on, punches=(fate.punch,)))
    for unit in day.units:
        if facts.unresolved:
            _unresolved(day, unit, now)
        _lengths(day, unit, limits)
        if unit.instance is None and unit.stretches and not day.holiday and day.off and not day.off_by_calendar:
            add(anomaly("unscheduled_work", on))
    if late:
        add(anomaly("in_late", on, seconds=late, text=f"arrived {duration(late)} late"))
    if early:
        add(anomaly("out_early", on, seconds=early, text=f"left {duration(early)} early"))
    if day.holiday:
        add(anomaly("holiday_work", on))
    elif day.off_by_calendar:
        add(anomaly("off_day_work", on))
    if facts.leave is not None and facts.leave.kind == "leave" and facts.leave.part == "full":
        add(anomaly("leave_work", on))
    if limits.day_limit is not None and facts.worked > limits.day_limit:
        add(anomaly("over_day_limit", on, seconds=facts.worked - limits.day_limit))
    first = day.first_in()
    if limits.least_rest is not None and left_before is not None and first is not None:
        rest = first - left_before
        if 0 <= rest < limits.least_rest:
            add(anomaly("rest_below_11h", on, seconds=rest, text=f"only {duration(rest)} of rest since the last out"))


def _unresolved(day: Day, unit: Unit, now: int | None) -> None:
    for stretch in unit.stretches:
        for event in stretch.opens:
            pending = now is not None and now < _resolves(unit, event, day.rules)
            day.anomalies.append(anomaly("missing_out", day.day, punches=(event.punch.id,), pending=pending))
        for event in stretch.orphans:
            day.anomalies.append(anomaly("missing_in", day.day, punches=(event.punch.id,)))
        for entered, left in stretch.held:
            day.anomalies.append(
                anomaly(
                    "long_shift",
                    day.day,
                    seconds=left.at - stretch.first,
                    punches=(entered.punch.id, left.punch.id),
                    text=f"a stretch of {duration(left.at - stretch.first)}; its last pair waits for review",
                )
            )


def _resolves(unit: Unit, entered: Event, rules: RuleSet) -> int:
    """When an open pair can no longer be closed by a punch."""
    if unit.instance is not None and unit.instance.closes is not None:
        return unit.instance.closes
    return entered.at + rules.pairing.longest


def _lengths(day: Day, unit: Unit, limits: AnomalyRule) -> None:
    """Work that is too long or too short, early or late; judged on counted (rounded) time."""
    on, add = day.day, day.anomalies.append
    for stretch in unit.stretches:
        for event in stretch.repeats:
            add(anomaly("repeated_direction", on, punches=(event.punch.id,)))
        if stretch.estimated:
            add(anomaly("estimated_out", on))
            add(anomaly("missing_out", on, punches=tuple(event.punch.id for event in stretch.events[-1:])))
    if not unit.intervals:
        return
    presence = unit.intervals[-1][1] - unit.intervals[0][0]
    worked = total(unit.intervals)
    if limits.long_shift is not None and presence >= limits.long_shift:
        add(anomaly("long_shift", on, seconds=presence))
    if limits.short_shift is not None and worked < limits.short_shift:
        add(anomaly("short_shift", on, seconds=worked))
    _breaks(day, unit, limits, worked)
    instance = unit.instance
    if instance is not None and not instance.shift.flexible and unit.pairs:
        ahead, behind = instance.due_in - unit.pairs[0][0], unit.pairs[-1][1] - instance.due_out
        if limits.early_in is not None and ahead > limits.early_in:
            add(anomaly("in_early", on, seconds=ahead))
        if limits.late_out is not None and behind > limits.late_out:
            add(anomaly("out_late", on, seconds=behind))


def _breaks(day: Day, unit: Unit, limits: AnomalyRule, worked: int) -> None:
    """Breaks that are missing, too short or too long."""
    on, add = day.day, day.anomalies.append
    punched = sum(gap.length for gap in unit.gaps)
    if limits.no_break_after is not None and worked > limits.no_break_after and not punched:
        add(anomaly("no_break", on, seconds=worked))
    for effect in unit.effects:
        if effect.short:
            add(anomaly("short_break", on, seconds=effect.short, text=f"{duration(effect.short)} of break missing"))
    for gap in unit.gaps:
        if limits.short_break is not None and gap.length < limits.short_break:
            add(anomaly("early_return", on, seconds=limits.short_break - gap.length))
        if limits.long_break is not None and gap.length > limits.long_break:
            add(anomaly("long_break", on, seconds=gap.length - limits.long_break))
