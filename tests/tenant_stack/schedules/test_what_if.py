"""What other rules would make of a period: differences, and nothing stored."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.schema import METADATA
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.schedules.test_shifts_and_rules import add_shift, refused

PATH = "/api/rule-sets/what-if"
MARCH = {"from": "2026-03-02", "to": "2026-03-04"}
OVERTIME = {"overtime": {"tiers": [{"code": "OT", "basis": "daily", "after_minutes": 480}]}}


@pytest.fixture
async def people(api: Api, bridge: Bridge) -> dict[str, Any]:
    """Ann works 09:05 to 19:05 on Monday and to 18:00 on Tuesday; Bob, under rules of his own, the same."""
    await add_shift(api)
    await api.add_device()
    await api.post("/api/rule-sets", {"code": "own", "name": "Bob's", "definition": {"unmatched": "auto"}})
    found = {"1": await api.add_staff("1"), "2": await api.add_staff("2", rule_set_code="own")}
    for pin in found:
        await bridge.punches(
            punch(pin, "2026-03-02 09:05:00"),
            punch(pin, "2026-03-02 19:05:00", 1),
            punch(pin, "2026-03-03 09:05:00"),
            punch(pin, "2026-03-03 18:00:00", 1),
        )
    await api.post("/api/assignments/bulk", {"staff_ids": [each["id"] for each in found.values()], **ROSTER})
    return found


ROSTER = {"rotation": ["DAY"], "starts_on": "2026-03-01", "ends_on": "2026-03-31"}


async def rows_of(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    async with database.transaction() as session:
        return {
            table.name: sorted(
                await session.scalars(sa.select(sa.cast(sa.column(table.name), sa.Text)).select_from(table))
            )
            for table in METADATA.sorted_tables
        }


async def ask(api: Api, **wanted: Any) -> Any:
    return await api.call("POST", PATH, 200, json={**MARCH, **wanted})


async def test_differences_are_shown_and_nothing_is_stored(
    api: Api, people: dict[str, Any], database: Database
) -> None:
    before = await rows_of(database)
    assert len(before["punch_logs"]) == 8
    assert before["audit_log"]
    answer = await ask(api, definition=OVERTIME)
    assert await rows_of(database) == before
    assert (answer["people"], answer["records_compared"]) == (2, 6)
    assert answer["changed_total"] == len(answer["changed"]) == 4
    assert answer["minutes_difference"] == 0  # the same time, paid otherwise
    first = answer["changed"][0]
    assert (first["staff_name"], first["work_date"]) == ("Person 1", "2026-03-02")
    assert first["before"]["overtime_minutes"] == 0
    assert (first["after"]["worked_minutes"], first["after"]["overtime_minutes"]) == (600, 120)
    assert {each["code"]: each["minutes"] for each in first["after"]["pay"]} == {"REG": 480, "OT": 120}
    assert answer["overtime_minutes_difference"] == 2 * (120 + 55)


async def test_a_day_may_get_another_status(api: Api, people: dict[str, Any]) -> None:
    strict = {"status": {"half_day_below_minutes": 560}, "breaks": [{"method": "deduct", "steps_minutes": [[360, 60]]}]}
    answer = await ask(api, definition=strict, staff_ids=[people["1"]["id"]])
    found = {each["work_date"]: (each["before"]["status"], each["after"]["status"]) for each in answer["changed"]}
    assert found == {"2026-03-02": ("present", "half_day"), "2026-03-03": ("present", "half_day")}
    assert answer["minutes_difference"] == -120


async def test_a_definition_for_a_rule_set_counts_for_its_people(api: Api, people: dict[str, Any]) -> None:
    sets = {each["code"]: each["id"] for each in (await api.get("/api/rule-sets"))["items"]}
    for code, name in (("own", "Person 2"), ("default", "Person 1")):
        answer = await ask(api, rule_set_id=sets[code], definition=OVERTIME)
        assert {each["staff_name"] for each in answer["changed"]} == {name}
        assert answer["people"] == 1


async def test_people_under_another_rule_set(api: Api, people: dict[str, Any]) -> None:
    made = await api.post("/api/rule-sets", {"code": "ot", "name": "Overtime", "definition": OVERTIME})
    answer = await ask(api, rule_set_id=made["id"])
    assert (answer["people"], answer["changed_total"]) == (2, 4)
    nothing = await ask(api, rule_set_id=made["id"], staff_ids=[str(uuid4())])
    assert (nothing["people"], nothing["records_compared"], nothing["changed"]) == (0, 0, [])


async def test_the_present_rules_change_nothing(api: Api, people: dict[str, Any]) -> None:
    rules = next(each for each in (await api.get("/api/rule-sets"))["items"] if each["code"] == "default")
    answer = await ask(api, definition=rules["definition"])
    assert (answer["records_compared"], answer["changed_total"], answer["minutes_difference"]) == (6, 0, 0)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "definition"),
        ({"definition": {}}, "definition"),
        ({"definition": {"breaks": [{"method": "add"}]}}, "definition.breaks.0.steps_minutes"),
        ({"definition": OVERTIME, "to": "2026-03-01"}, "to"),
        ({"definition": OVERTIME, "to": "2027-03-03"}, "to"),
        ({"definition": OVERTIME, "save": True}, "save"),
    ],
)
async def test_what_cannot_be_compared_is_refused(api: Api, more: dict[str, Any], field: str) -> None:
    assert (await refused(api, PATH, {**MARCH, **more}))["field"] == field


async def test_a_rule_set_that_is_not_there(api: Api) -> None:
    await refused(api, PATH, {**MARCH, "rule_set_id": str(uuid4())}, 404)
