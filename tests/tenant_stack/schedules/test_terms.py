"""Terms: what the engine is told about people, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.rules.inputs import Assignment, Calendar, Leave, WeeklyOff
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.schedules.terms import Terms, terms_of, without
from tests.tenant_stack.actors import Api
from tests.tenant_stack.schedules.test_shifts_and_rules import DAY, NIGHT, add_shift

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements sent while the block runs."""
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def load(database: Database, *staff_ids: str, first: date = FIRST, last: date = LAST) -> dict[UUID, Terms]:
    async with database.transaction() as session:
        return await terms_of(session, [UUID(each) for each in staff_ids], first, last, "Asia/Dubai")


async def test_with_nothing_configured_the_engines_defaults_hold(api: Api, database: Database) -> None:
    person = await api.add_staff("1", hired_on="2026-03-05")
    found = await load(database, person["id"], str(uuid4()))
    assert found == {
        UUID(person["id"]): Terms(
            zone="Asia/Dubai",
            shifts={},
            assignments=(),
            default_shift=None,
            rules=(RuleSet(),),
            calendar=Calendar(),
            leaves=(),
            joined=date(2026, 3, 5),
            left=None,
            active=True,
        )
    }
    assert await load(database) == {}


async def test_everything_that_is_configured_arrives(api: Api, database: Database) -> None:
    site = await api.post("/api/sites", {"code": "BER", "name": "Berlin", "zone": "Europe/Berlin"})
    await add_shift(api)
    await add_shift(api, "NIGHT", NIGHT)
    strict = {"punctuality": {"late_grace_minutes": 5}}
    await api.post("/api/rule-sets", {"code": "strict", "name": "Strict", "definition": strict})
    ann = (await api.add_staff("1", site_id=site["id"], rule_set_code="strict"))["id"]
    bob = (await api.add_staff("2", active=False))["id"]
    rotation = {
        "rotation": ["DAY", None, "NIGHT"],
        "starts_on": "2026-03-02",
        "weekdays": [0, 1],
        "anchor": "2026-01-01",
    }
    await api.post(f"/api/staff/{ann}/assignments", rotation)
    ended = {"rotation": ["DAY"], "starts_on": "2020-01-01", "ends_on": "2025-12-31"}
    await api.post(f"/api/staff/{ann}/assignments", ended)
    await api.post("/api/holidays", {"day": "2026-03-20", "name": "Eid"})
    await api.post("/api/holidays", {"day": "2026-03-08", "name": "Frauentag", "site_id": site["id"]})
    await api.post("/api/holidays", {"day": "2030-03-20", "name": "Far"})
    await api.post("/api/weekly-offs", {"weekdays": [4, 5]})
    await api.post("/api/weekly-offs", {"weekdays": [5, 6], "starts_on": "2026-01-01", "site_id": site["id"]})
    leave = {"staff_id": ann, "day": "2026-03-10", "part": "hours", "start": "09:00", "end": "10:00", "code": "doctor"}
    await api.post("/api/leaves", leave)
    await api.put("/api/attendance/settings", {"default_shift": "DAY"})

    found = await load(database, ann, bob)
    mine, others = found[UUID(ann)], found[UUID(bob)]
    assert (mine.zone, others.zone) == ("Europe/Berlin", "Asia/Dubai")
    assert (mine.active, others.active) == (True, False)
    assert [each.punctuality.late_grace for each in mine.rules] == [300]
    assert others.rules == (RuleSet(),)
    assert mine.default_shift == "DAY"
    assert mine.assignments == (
        Assignment(("DAY", None, "NIGHT"), date(2026, 3, 2), None, frozenset({0, 1}), date(2026, 1, 1)),
    )
    assert others.assignments == ()
    assert mine.calendar.holidays == {date(2026, 3, 20), date(2026, 3, 8)}
    assert others.calendar.holidays == {date(2026, 3, 20)}
    assert not mine.calendar.is_off(date(2026, 3, 6))  # Friday, off for the others
    assert mine.calendar.is_off(date(2025, 12, 26))  # before the site's own, the organisation's held
    assert others.calendar.is_off(date(2026, 3, 6))
    assert mine.leaves == (Leave(date(2026, 3, 10), "hours", "leave", "doctor", 9 * 3600, 10 * 3600),)
    assert mine.shifts is others.shifts  # one object for everybody: the engine builds each day once


async def test_a_later_version_leaves_earlier_dates_alone(api: Api, database: Database) -> None:
    shift = await add_shift(api)
    person = (await api.add_staff("1"))["id"]
    before = (await load(database, person))[UUID(person)]
    version = {"effective": "2026-04-01", "definition": {**DAY, "start": "08:00"}}
    await api.post(f"/api/shifts/{shift['id']}/versions", version)
    rules = (await api.get("/api/rule-sets"))["items"][0]
    changed = {"effective": "2026-04-01", "definition": {"unmatched": "queue"}}
    await api.post(f"/api/rule-sets/{rules['id']}/versions", changed)
    after = (await load(database, person))[UUID(person)]
    assert after.shifts["DAY"][0] == before.shifts["DAY"][0]
    assert [each.start for each in after.shifts["DAY"]] == [9 * 3600, 8 * 3600]
    assert after.shifts["DAY"][1].effective == date(2026, 4, 1)
    assert after.rules[0] == before.rules[0]
    assert (after.rules[1].unmatched, after.rules[1].effective) == ("queue", date(2026, 4, 1))


async def test_the_number_of_statements_does_not_grow_with_people(api: Api, database: Database) -> None:
    await add_shift(api)
    people = [(await api.add_staff(f"E{number}"))["id"] for number in range(200)]
    await api.post("/api/assignments/bulk", {"staff_ids": people, "rotation": ["DAY"], "starts_on": "2026-01-01"})
    with counted(database) as for_one:
        await load(database, people[0])
    with counted(database) as for_all:
        found = await load(database, *people)
    assert len(found) == 200
    assert all(terms.assignments for terms in found.values())
    assert len(for_one) == len(for_all) == 8


async def test_the_ends_of_time_are_no_trouble(api: Api, database: Database) -> None:
    person = (await api.add_staff("1"))["id"]
    assert len(await load(database, person, first=date.min, last=date.max)) == 1


def test_a_sites_own_weekly_offs_hold_alone_in_their_span() -> None:
    friday, sunday = frozenset({4}), frozenset({6})
    general = [WeeklyOff(friday)]
    spring = WeeklyOff(sunday, date(2026, 3, 1), date(2026, 5, 31))
    assert without(general, []) == general
    assert without(general, [WeeklyOff(sunday)]) == []
    assert without(general, [spring]) == [
        WeeklyOff(friday, date.min, date(2026, 2, 28)),
        WeeklyOff(friday, date(2026, 6, 1)),
    ]
    assert without([WeeklyOff(friday, date(2026, 6, 1))], [spring]) == [WeeklyOff(friday, date(2026, 6, 1))]
