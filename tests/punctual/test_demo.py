"""The demo's scenario and history hold together on every day on which somebody may run it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from punctual.demo.clock_users import enrolled_people, person_with_duplicate_pin
from punctual.demo.companies import COMPANIES, Company
from punctual.demo.history import IN, RESET_CLOCK_TIME, UNKNOWN_PIN, HistoricPunch, history
from punctual.demo.month_end import renamed_person
from punctual.demo.scenario import scenario_of

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in (*range(0, 800, 23), 31, 59, 60, 364, 365)]


def at_noon(company: Company, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(company.zone))


def of(punches: list[HistoricPunch], pin: str, day: date) -> list[HistoricPunch]:
    return [punch for punch in punches if punch.pin == pin and punch.local_time.startswith(str(day))]


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.slug)
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_month_is_told_as_the_script_says(company: Company, today: date) -> None:
    scenario = scenario_of(company, today)
    punches = history(company, at_noon(company, today))
    assert [punch.local_time for punch in punches] == sorted(punch.local_time for punch in punches)
    assert punches[0].local_time == RESET_CLOCK_TIME
    assert punches[-1].local_time <= f"{today} 12:00:00"
    assert sum(punch.pin == UNKNOWN_PIN for punch in punches) == 1

    for badge, days in scenario.leave.items():
        assert days
        assert not [each for day in days for each in of(punches, badge, day) if each.status == IN]
    person, day = scenario.missing_out
    assert {punch.status for punch in of(punches, person.badge_number, day)} == {IN}
    person, day = scenario.late_punches
    assert 0 in person.clocks
    assert scenario.first <= day <= scenario.last
    assert {punch.status for punch in of(punches, person.badge_number, day)} == {0, 1}
    if scenario.forgotten:
        person, day = scenario.forgotten
        assert scenario.last < day < today
        assert {punch.status for punch in of(punches, person.badge_number, day)} == {IN}


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.slug)
def test_everybody_punches_where_their_group_puts_them(company: Company) -> None:
    for person in company.people:
        reachable = {
            clock for group in company.groups if person.department in group.departments for clock in group.clocks
        }
        assert set(person.clocks) <= reachable, person
        assert person.site in company.sites
    assert renamed_person(company) not in enrolled_people(company)
    assert 0 not in person_with_duplicate_pin(company).clocks
