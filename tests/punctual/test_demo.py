"""The demo's script and history hold together on every day on which somebody may run it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from punctual.demo.clock_users import fingered, namesake
from punctual.demo.companies import COMPANIES, Company
from punctual.demo.history import IN, LOST_ITS_TIME, STRANGER_PIN, HistoricPunch, history
from punctual.demo.month_end import bride
from punctual.demo.scenario import script_of

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in (*range(0, 800, 23), 31, 59, 60, 364, 365)]


def at_noon(company: Company, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(company.zone))


def of(punches: list[HistoricPunch], pin: str, day: date) -> list[HistoricPunch]:
    return [punch for punch in punches if punch.pin == pin and punch.local_time.startswith(str(day))]


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.slug)
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_month_is_told_as_the_script_says(company: Company, today: date) -> None:
    script = script_of(company, today)
    punches = history(company, at_noon(company, today))
    assert [punch.local_time for punch in punches] == sorted(punch.local_time for punch in punches)
    assert punches[0].local_time == LOST_ITS_TIME
    assert punches[-1].local_time <= f"{today} 12:00:00"
    assert sum(punch.pin == STRANGER_PIN for punch in punches) == 1

    for badge, days in script.leave.items():
        assert days
        assert not [each for day in days for each in of(punches, badge, day) if each.status == IN]
    person, day = script.missing_out
    assert {punch.status for punch in of(punches, person.badge_number, day)} == {IN}
    person, day = script.late_news
    assert 0 in person.clocks
    assert script.first <= day <= script.last
    assert {punch.status for punch in of(punches, person.badge_number, day)} == {0, 1}
    if script.forgotten:
        person, day = script.forgotten
        assert script.last < day < today
        assert {punch.status for punch in of(punches, person.badge_number, day)} == {IN}


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.slug)
def test_everybody_punches_where_their_group_puts_them(company: Company) -> None:
    for person in company.people:
        reachable = {
            clock for group in company.groups if person.department in group.departments for clock in group.clocks
        }
        assert set(person.clocks) <= reachable, person
        assert person.site in company.sites
    assert bride(company) not in fingered(company)
    assert 0 not in namesake(company).clocks
