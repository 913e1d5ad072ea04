"""What other rules would make of a period: the engine runs twice over the same facts, and nothing is kept.

Both runs are computed, with the rules as they are and with the candidate, so a difference is the rules' alone and not
that of a record which has not been computed for a while. Figures that people set by hand are left out of both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from foundation.errors import Invalid
from tenant_stack.attendance.apply_corrections import corrected
from tenant_stack.attendance.day_processor import input_of, pairings_of
from tenant_stack.attendance.engine_inputs import read_corrections, read_punches, read_reports
from tenant_stack.attendance.pairing_chains import from_a_break
from tenant_stack.rules.engine import Shared, compute, reach
from tenant_stack.rules.inputs import StaffInput
from tenant_stack.rules.records import DayRecord
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.schedules.definition_errors import check_rules, refusal
from tenant_stack.schedules.rule_sets import get_rule_set
from tenant_stack.schedules.schemas import DayFigures, PayMinutes, WhatIf, WhatIfAnswer, WhatIfChange
from tenant_stack.schedules.stored_definitions import rules_of
from tenant_stack.schedules.terms import among, terms_of
from tenant_stack.schedules.versions import versions_of
from tenant_stack.tables.schedules import RuleSetRow, RuleSetVersion
from tenant_stack.tables.staff import Staff

BATCH = 200
# Punches before the period from which on pairs are read alike: those after a long enough break.
RUN_UP = timedelta(days=7)
MOST_STAFF_DAYS = 31_000
MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    employee_id: str
    name: str


@dataclass(slots=True)
class Comparison:
    """The differences found so far."""

    compared: int = 0
    changed: list[WhatIfChange] = field(default_factory=list)
    changed_total: int = 0
    worked_difference: int = 0
    overtime_difference: int = 0

    def add(self, person: Person, day: date, before: DayRecord | None, after: DayRecord | None) -> None:
        self.compared += 1
        was, would_be = _figures(before), _figures(after)
        if was == would_be:
            return
        self.changed_total += 1
        self.worked_difference += _minutes(after, "worked_seconds") - _minutes(before, "worked_seconds")
        self.overtime_difference += _minutes(after, "overtime_seconds") - _minutes(before, "overtime_seconds")
        if len(self.changed) < MOST_SHOWN:
            change = WhatIfChange(
                staff_id=person.id,
                employee_id=person.employee_id,
                staff_name=person.name,
                work_date=day,
                before=was,
                after=would_be,
            )
            self.changed.append(change)


def _minutes(record: DayRecord | None, name: str) -> int:
    seconds: int = 0 if record is None else getattr(record, name)
    return seconds // 60


def _figures(record: DayRecord | None) -> DayFigures | None:
    if record is None:
        return None
    return DayFigures(
        status=record.status,
        worked_minutes=record.worked_minutes,
        overtime_minutes=_minutes(record, "overtime_seconds"),
        late_minutes=_minutes(record, "late_seconds"),
        early_minutes=_minutes(record, "early_seconds"),
        break_minutes=(record.break_seconds + record.deducted_seconds) // 60,
        expected_minutes=None if record.expected_seconds is None else record.expected_seconds // 60,
        pay=[PayMinutes(code=code, minutes=minutes) for code, minutes in record.pay_minutes],
        anomalies=sorted({each.kind for each in record.anomalies}),
    )


async def what_if(session: AsyncSession, wanted: WhatIf, organisation_zone: str) -> WhatIfAnswer:
    """Compare a period under the rules as they are and under the candidate; writes nothing.

    A definition with a rule set counts for that set's people, a definition alone and a rule set alone for everybody
    asked for.
    """
    if wanted.rule_set_id is None and wanted.definition is None:
        raise refusal("definition", "say which rules: a rule set or a definition")
    row = None if wanted.rule_set_id is None else await get_rule_set(session, wanted.rule_set_id)
    candidate = await _candidate(session, row, wanted)
    people = await _people(session, wanted, row if wanted.definition is not None else None)
    if len(people) * ((wanted.last - wanted.first).days + 1) > MOST_STAFF_DAYS:
        reason = f"That is more than {MOST_STAFF_DAYS:,} days of people; ask for fewer people or a shorter period"
        raise Invalid("too_much", reason, field="to")
    now = utc_now()
    found = Comparison()
    for start in range(0, len(people), BATCH):
        batch = people[start : start + BATCH]
        inputs = await _inputs(session, batch, candidate, wanted, organisation_zone, now)
        # Pure and long: in a thread, so that other requests are answered meanwhile.
        await asyncio.to_thread(_compare, found, batch, inputs, candidate, now)
    return WhatIfAnswer(
        records_compared=found.compared,
        changed=found.changed,
        changed_total=found.changed_total,
        minutes_difference=found.worked_difference,
        overtime_minutes_difference=found.overtime_difference,
        people=len(people),
    )


async def _candidate(session: AsyncSession, row: RuleSetRow | None, wanted: WhatIf) -> tuple[RuleSet, ...]:
    if wanted.definition is not None:
        rules = wanted.definition.rules(row.code if row else "what-if")
        check_rules(rules)
        return (rules,)
    assert row is not None  # one of the two was given
    versions = (await versions_of(session, RuleSetVersion, [row.id]))[row.id]
    return tuple(rules_of(row.code, each.effective, each.definition) for each in versions)


async def _people(session: AsyncSession, wanted: WhatIf, only_of: RuleSetRow | None) -> list[Person]:
    query = sa.select(Staff.id, Staff.employee_id, Staff.name).order_by(Staff.name, Staff.id)
    if wanted.staff_ids is not None:
        query = query.where(among(Staff.id, wanted.staff_ids))
    if only_of is not None:
        own = Staff.rule_set_code == only_of.code
        query = query.where(sa.or_(own, Staff.rule_set_code.is_(None)) if only_of.is_default else own)
    return [Person(*row) for row in await session.execute(query)]


async def _inputs(
    session: AsyncSession,
    people: Sequence[Person],
    candidate: tuple[RuleSet, ...],
    wanted: WhatIf,
    organisation_zone: str,
    now: datetime,
) -> list[StaffInput]:
    ids = [person.id for person in people]
    terms = await terms_of(session, ids, wanted.first, wanted.last, organisation_zone)
    runs = {}
    for each in ids:
        first, last = reach((*terms[each].rules, *candidate), wanted.first, wanted.last)
        runs[each] = (first - RUN_UP, last)
    punches = await read_punches(session, runs)
    corrections = await read_corrections(session, runs)
    reports = await read_reports(session, ids)
    span = (wanted.first, wanted.last)
    found = []
    for each in ids:
        mine = terms[each]
        ordered = corrected(punches.get(each, ()), corrections.get(each, ()), mine.zone)
        pairings = [*pairings_of(mine), *(rules.pairing for rules in candidate)]
        used = tuple(from_a_break(ordered, pairings, runs[each][0], mine.zone))
        found.append(input_of(each, mine, span, used, now, reports.get(each)))
    return found


def _compare(
    found: Comparison,
    people: Sequence[Person],
    inputs: Sequence[StaffInput],
    candidate: tuple[RuleSet, ...],
    now: datetime,
) -> None:
    shared: Shared = {}
    for person, given in zip(people, inputs, strict=True):
        before = _records(given, now, shared)
        after = _records(replace(given, rules=candidate), now, shared)
        for day in sorted(before.keys() | after.keys()):
            found.add(person, day, before.get(day), after.get(day))


def _records(given: StaffInput, now: datetime, shared: Shared) -> dict[date, DayRecord]:
    """As they would be stored: a day to come has none before somebody punches."""
    today = now.astimezone(zone(given.zone)).date()
    return {
        each.work_date: each for each in compute(given, shared).records if each.punch_count or each.work_date <= today
    }
