"""What is judged over a week: hours above the schedule, above the legal limit, days in a row. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from tenant_stack.rules.anomalies import CATALOGUE
from tenant_stack.rules.records import DayRecord, PeriodAnomaly
from tenant_stack.rules.roster import Roster
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.rules.trace import duration


def weekly_anomalies(
    records: Sequence[DayRecord], roster: Roster, rules_on: Callable[[date], RuleSet], first: date, last: date
) -> list[PeriodAnomaly]:
    """Anomalies of the weeks that have a day in ``first``..``last``. Weeks start as the overtime rule says."""
    found: list[PeriodAnomaly] = []
    weeks: dict[date, list[DayRecord]] = {}
    for record in records:
        start_day = rules_on(record.work_date).overtime.week_start
        start = record.work_date - timedelta(days=(record.work_date.weekday() - start_day) % 7)
        weeks.setdefault(start, []).append(record)
    for start, mine in weeks.items():
        if mine[-1].work_date < first or mine[0].work_date > last:
            continue
        limits = rules_on(mine[-1].work_date).anomalies
        worked = sum(record.worked_seconds for record in mine)
        if limits.week_limit is not None and worked > limits.week_limit:
            found.append(_anomaly("over_week_limit", start, worked - limits.week_limit))
        if limits.over_schedule is not None and not roster.empty:
            days = (start + timedelta(days=offset) for offset in range(7))
            owed = sum(instance.expected for day in days for instance in roster.on(day))
            if owed and worked - owed > limits.over_schedule:
                found.append(_anomaly("over_weekly_schedule", start, worked - owed))
    limit = None if not records else rules_on(records[-1].work_date).anomalies.days_in_a_row
    if limit is not None:
        row, previous = 0, None
        for record in records:
            if not record.worked_seconds:
                continue
            row = row + 1 if previous is not None and record.work_date - previous == timedelta(days=1) else 1
            previous = record.work_date
            if row > limit and first <= record.work_date <= last:
                text = f"{row} working days in a row"
                found.append(PeriodAnomaly("days_in_a_row", record.work_date, "medium", text))
    return found


def _anomaly(kind: str, start: date, seconds: int) -> PeriodAnomaly:
    entry = CATALOGUE[kind]
    return PeriodAnomaly(kind, start, entry.severity, f"{entry.text}: {duration(seconds)}", seconds)
