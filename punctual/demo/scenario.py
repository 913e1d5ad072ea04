"""Planned exceptions of an organisation's last month: holiday, leave, a forgotten punch, late punches. Pure.

The clocks' process and the setup derive the same scenario from the organisation and the local date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from punctual.demo.companies import Company, Person

DAY = timedelta(days=1)
# Indexes into a company's people; all of them punch at the first clock, except the two on leave.
FORGETFUL, LATE_PUNCHES, HABITUAL = 5, 9, 13
LONG_LEAVE, SHORT_LEAVE = 6, 12
LONG_LEAVE_DAYS = 4


@dataclass(frozen=True)
class Scenario:
    """Local dates at the site. ``first`` to ``last`` is the last month, ``today`` the day on which the demo runs.

    ``late_punches`` is a day on which somebody came back in the evening and used a clock that was offline: those
    punches arrive after the month is closed. ``forgotten`` is a day of this month without a punch out, if there is one.
    """

    today: date
    first: date
    last: date
    own_holiday: date
    holidays: Mapping[date, str]
    leave: Mapping[str, tuple[date, ...]]
    missing_out: tuple[Person, date]
    late_punches: tuple[Person, date]
    forgotten: tuple[Person, date] | None

    def planned(self, person: Person, day: date) -> str:
        """The name of the exception planned for this person and day, empty for none."""
        named = {
            "missing_out": self.missing_out,
            "late_punches": self.late_punches,
            "forgotten": self.forgotten,
        }
        return next((name for name, found in named.items() if found == (person, day)), "")


def scenario_of(company: Company, today: date) -> Scenario:
    """The scenario of an organisation, seen from a local date of its site."""
    last = today.replace(day=1) - DAY
    first = last.replace(day=1)
    public = public_holidays(company.country, sorted({first.year, today.year}))
    own = _own_holiday(first, public)
    holidays = {**public, own: company.own_holiday}
    people = company.people

    def working(person: Person, since: date, until: date) -> list[date]:
        days = [since + DAY * number for number in range((until - since).days + 1)]
        return [day for day in days if day.weekday() in person.shift.weekdays and day not in holidays]

    this_month = working(people[HABITUAL], last + DAY, today - DAY)
    on_leave = working(people[LONG_LEAVE], first, last)
    return Scenario(
        today=today,
        first=first,
        last=last,
        own_holiday=own,
        holidays=holidays,
        leave={
            people[LONG_LEAVE].badge_number: tuple(on_leave[5 : 5 + LONG_LEAVE_DAYS]),
            people[SHORT_LEAVE].badge_number: tuple(working(people[SHORT_LEAVE], first, last)[8:9]),
        },
        missing_out=(people[FORGETFUL], working(people[FORGETFUL], first, last)[9]),
        late_punches=(people[LATE_PUNCHES], working(people[LATE_PUNCHES], first, last)[13]),
        forgotten=(people[HABITUAL], this_month[-1]) if this_month else None,
    )


def public_holidays(country: str, years: list[int]) -> dict[date, str]:
    """The country's public holidays in these years."""
    import holidays  # here, because the library is large and most commands do not need it

    return dict(holidays.country_holidays(country, years=years))


def _own_holiday(first: date, public: Mapping[date, str]) -> date:
    """A Wednesday in the middle of the month that is no holiday already."""
    day = first + DAY * 10
    while day.weekday() != 2 or day in public:
        day += DAY
    return day


def wall_time(day: date, hour: int, minute: int, *, later: timedelta = timedelta()) -> str:
    """A wall time of the site as clocks write it, ``later`` after the hour and minute of that day."""
    total = timedelta(hours=hour, minutes=minute) + later
    date_part = day + DAY * (total // DAY)
    rest = int((total % DAY).total_seconds())
    return f"{date_part} {rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
