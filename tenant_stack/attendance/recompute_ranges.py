"""Which days a marked day touches, and over which days the rules must run to judge them. Pure.

A punch may belong to the work date before or after its own, its chain reaches further (see ``chains``), and a rule that
counts over a week reaches to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tenant_stack.attendance.pairing_chains import MOST, Chain
from tenant_stack.rules.overtime import Book
from tenant_stack.rules.ruleset import RuleSet

NEIGHBOURS = timedelta(days=1)
# Rest times look at the night before, which may have begun two dates ago.
REST_DAYS = 2
SANDWICH_DAYS = 7


@dataclass(frozen=True, slots=True)
class Span:
    """``first``..``last`` may be written; the rules run over ``run_first``..``run_last`` to judge these rightly."""

    first: date
    last: date
    run_first: date
    run_last: date
    marked: frozenset[date]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the days of one person hang together, by their rules (all versions). Days count from Monday = 0."""

    group: Book | None
    biweekly: bool
    whole_weeks: bool
    week_start: int
    before: int
    after: int
    _ends: dict[date, date] = field(default_factory=dict, compare=False, repr=False)

    def together(self, one: date, other: date) -> bool:
        """Does overtime on one of the days depend on the other?"""
        if self.group is None:
            return False
        if self.group.week_of(one) == self.group.week_of(other):
            return True
        return self.biweekly and self.group.period_of(one) == self.group.period_of(other)

    def end_of(self, day: date) -> date:
        """The last day whose overtime depends on this one."""
        if self.group is None:
            return day
        last = self._ends.get(day)
        if last is None:
            last = day
            while self.together(day, last + timedelta(days=1)):
                last += timedelta(days=1)
            self._ends[day] = last
        return last

    def week_of(self, day: date) -> date:
        """The first date of a day's week."""
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)


def reach_of(rules: Sequence[RuleSet]) -> Reach:
    books = [Book(each.overtime, "UTC") for each in rules]
    looking = [book for book in books if book.looks_back]
    weekly = any(each.anomalies.week_limit or each.anomalies.over_schedule for each in rules)
    rows = max((each.anomalies.days_in_a_row or 0 for each in rules), default=0)
    sandwich = SANDWICH_DAYS if any(each.status.sandwich for each in rules) else 0
    return Reach(
        group=looking[-1] if looking else None,
        biweekly=any(tier.basis == "biweekly" for each in rules for tier in each.overtime.tiers),
        whole_weeks=weekly,
        week_start=rules[-1].overtime.week_start if rules else 0,
        before=max(REST_DAYS, rows, sandwich),
        after=max(1, sandwich),
    )


def spans_of(marked: Collection[date], reach: Reach, chains: Sequence[Chain] = ()) -> list[Span]:
    """Spans that cover all marked days and what hangs on them; spans whose runs would overlap become one."""
    found: list[Span] = []
    ends = _ends_of(chains)
    for day in sorted(marked):
        last = max(day + NEIGHBOURS, min(ends.get(day + NEIGHBOURS, day), day + MOST))
        first, last = day - NEIGHBOURS, reach.end_of(last)
        run_first, run_last = first - timedelta(days=reach.before), last + timedelta(days=reach.after)
        if reach.whole_weeks:
            run_first = min(run_first, reach.week_of(first))
            run_last = max(run_last, reach.week_of(last) + timedelta(days=6))
        if found and run_first <= found[-1].run_last:
            before = found.pop()
            found.append(
                Span(
                    before.first,
                    max(before.last, last),
                    before.run_first,
                    max(before.run_last, run_last),
                    before.marked | {day},
                )
            )
        else:
            found.append(Span(first, last, run_first, run_last, frozenset({day})))
    return found


def _ends_of(chains: Iterable[Chain]) -> dict[date, date]:
    """For each date, where the last chain that is under way on it, or was on the date before, ends."""
    found: dict[date, date] = {}
    for begins, ends in chains:
        day = begins
        while day <= ends + 2 * NEIGHBOURS:
            found[day] = max(ends, found.get(day, ends))
            day += timedelta(days=1)
    return found
