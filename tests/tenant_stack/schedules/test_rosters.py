"""Assignments, holidays, weekly offs and leave over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.tenant_stack.actors import Api
from tests.tenant_stack.schedules.test_shifts_and_rules import NIGHT, add_shift, refused

LATE = {"start": "14:00", "end": "22:00"}


@pytest.fixture
async def path(api: Api) -> str:
    """Ann's assignments, in an organisation with three shifts."""
    await add_shift(api)
    await add_shift(api, "LATE", LATE)
    await add_shift(api, "NIGHT", NIGHT)
    person = await api.add_staff("1")
    return f"/api/staff/{person['id']}/assignments"


async def test_an_assignment_from_entry_to_removal(api: Api, path: str) -> None:
    entered = {"rotation": ["DAY", "DAY", None], "starts_on": "2026-03-02", "weekdays": [4, 0], "anchor": "2026-03-01"}
    made = await api.post(path, entered)
    assert made["rotation"] == ["DAY", "DAY", None]
    assert (made["ends_on"], made["weekdays"], made["anchor"]) == (None, [0, 4], "2026-03-01")
    ended = await api.put(
        f"/api/assignments/{made['id']}", {"rotation": ["DAY"], "starts_on": "2026-03-02", "ends_on": "2026-03-31"}
    )
    assert (ended["ends_on"], ended["weekdays"]) == ("2026-03-31", None)
    await api.post(path, {"rotation": ["NIGHT"], "starts_on": "2026-04-01"})
    assert [each["starts_on"] for each in (await api.get(path))["items"]] == ["2026-03-02", "2026-04-01"]
    shifts = {each["code"]: each["id"] for each in (await api.get("/api/shifts"))["items"]}
    for document in ({"code": "NOCHE", "name": "x"}, None):
        method = "PUT" if document else "DELETE"
        problem = await api.call(method, f"/api/shifts/{shifts['NIGHT']}", 409, json=document)
        assert problem["code"] == "shift_in_use"
    await api.put(f"/api/shifts/{shifts['NIGHT']}", {"code": "NIGHT", "name": "Night owls"})
    await api.delete(f"/api/assignments/{made['id']}")
    await api.call("DELETE", f"/api/assignments/{made['id']}", 404)
    assert (await api.get(path))["total"] == 1


@pytest.mark.parametrize(
    ("entered", "field", "reason"),
    [
        ({"rotation": []}, "rotation", "at least 1"),
        ({"rotation": [None, None]}, "rotation", "empty"),
        ({"rotation": ["DAY", "GONE"]}, "rotation.1", "GONE"),
        ({"rotation": "DAY"}, "rotation", "list"),
        ({"ends_on": "2026-02-01"}, "ends_on", "before it starts"),
        ({"starts_on": "2026-02-30"}, "starts_on", "date"),
        ({"weekdays": [7]}, "weekdays.0", "6"),
        ({"weekdays": []}, "weekdays", "at least 1"),
        ({"shift": "DAY"}, "shift", "Extra"),
        ({"rotation": ["DAY", "LATE"]}, "", ""),
    ],
)
async def test_what_is_no_assignment_is_refused(
    api: Api, path: str, entered: dict[str, Any], field: str, reason: str
) -> None:
    document = {"rotation": ["DAY"], "starts_on": "2026-03-02", **entered}
    if not field:
        await api.post(path, document)
        return
    problem = await refused(api, path, document)
    assert problem["field"] == field
    assert reason in problem["detail"]
    assert (await api.get(path))["total"] == 0


@pytest.mark.parametrize(
    ("entered", "overlaps"),
    [
        ({"rotation": ["DAY"], "starts_on": "2026-06-01"}, True),
        ({"rotation": ["LATE"], "starts_on": "2026-06-01"}, True),  # 14:00 is before 18:00
        ({"rotation": ["NIGHT"], "starts_on": "2026-06-01"}, False),  # a split day
        ({"rotation": ["DAY"], "starts_on": "2026-03-01", "ends_on": "2026-03-01"}, False),
        ({"rotation": ["DAY"], "starts_on": "2026-03-01", "ends_on": "2026-03-02"}, True),
        ({"rotation": ["DAY"], "starts_on": "2026-06-01", "weekdays": [5, 6]}, False),
        ({"rotation": ["DAY"], "starts_on": "2040-06-01"}, True),  # the other one never ends
        ({"rotation": ["LATE", None, None], "starts_on": "2020-01-01"}, True),
    ],
)
async def test_overlapping_assignments_are_refused(
    api: Api, path: str, entered: dict[str, Any], overlaps: bool
) -> None:
    await api.post(path, {"rotation": ["DAY"], "starts_on": "2026-03-02", "weekdays": [0, 1, 2, 3, 4]})
    if not overlaps:
        await api.post(path, entered)
        return
    problem = await refused(api, path, entered)
    assert (problem["code"], problem["field"]) == ("assignments_overlap", "starts_on")
    assert "overlaps" in problem["detail"]
    person = await api.add_staff("2", name="Bob")
    bulk = {"staff_ids": [person["id"], path.split("/")[3]], **entered}
    assert "Person 1" in (await refused(api, "/api/assignments/bulk", bulk))["detail"]
    assert (await api.get(f"/api/staff/{person['id']}/assignments"))["total"] == 0  # all or none


async def test_a_night_overlaps_the_morning_after(api: Api, path: str) -> None:
    await add_shift(api, "DAWN", {"start": "05:00", "end": "09:00"})
    await api.post(path, {"rotation": ["NIGHT"], "starts_on": "2026-03-02", "ends_on": "2026-03-02"})
    dawn = {"rotation": ["DAWN"], "starts_on": "2026-03-03"}
    assert "2026-03-02" in (await refused(api, path, dawn))["detail"]
    await api.post(path, {**dawn, "starts_on": "2026-03-04"})
    await add_shift(api, "LONG", {"start": "20:00", "end": "20:00"})
    other = f"/api/staff/{(await api.add_staff('2'))['id']}/assignments"
    assert (await refused(api, other, {"rotation": ["NIGHT", "DAWN"], "starts_on": "2026-03-02"}))[
        "field"
    ] == "starts_on"
    await api.post(other, {"rotation": ["LONG"], "starts_on": "2026-03-02"})  # touching is no overlap


async def test_two_overlapping_assignments_at_once_leave_one(api: Api, path: str) -> None:
    document = {"rotation": ["DAY"], "starts_on": "2026-03-02"}
    answers = await asyncio.gather(*(api.client.post(path, json=document) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 422, 422, 422]


async def test_assigning_many(api: Api, path: str) -> None:
    people = [(await api.add_staff(f"E{number}"))["id"] for number in range(30)]
    document = {"staff_ids": [*people, people[0]], "rotation": ["DAY"], "starts_on": "2026-03-02"}
    assert await api.post("/api/assignments/bulk", document) == {"created": 30}
    assert (await api.get(f"/api/staff/{people[-1]}/assignments"))["total"] == 1
    unknown = {**document, "staff_ids": [str(uuid4())]}
    assert (await refused(api, "/api/assignments/bulk", unknown))["field"] == "staff_ids"
    await refused(api, f"/api/staff/{uuid4()}/assignments", {"rotation": ["DAY"], "starts_on": "2026-03-02"}, 404)


async def test_holidays_of_our_own_and_of_a_site(api: Api) -> None:
    site = await api.post("/api/sites", {"code": "BER", "name": "Berlin", "zone": "Europe/Berlin"})
    day = {"day": "2026-12-02", "name": "Founding day"}
    made = await api.post("/api/holidays", day)
    assert (made["origin"], made["site_id"]) == ("own", None)
    assert (await refused(api, "/api/holidays", day, 409))["field"] == "day"
    await api.post("/api/holidays", {**day, "site_id": site["id"]})
    await api.post("/api/holidays", {**day, "day": "2027-12-02"})
    assert (await api.get("/api/holidays", **{"from": "2026-01-01", "to": "2026-12-31"}))["total"] == 2
    assert (await api.get("/api/holidays", site_id=str(uuid4())))["total"] == 2
    assert (await refused(api, "/api/holidays", {**day, "site_id": str(uuid4())}))["field"] == "site_id"
    assert (await refused(api, "/api/holidays", {**day, "name": " "}))["field"] == "name"
    await api.delete(f"/api/holidays/{made['id']}")
    await api.call("DELETE", f"/api/holidays/{made['id']}", 404)


async def test_importing_public_holidays(api: Api) -> None:
    await api.post("/api/holidays", {"day": "2026-01-01", "name": "Our new year"})
    wanted = {"country": "de", "subdivision": "BY", "year": 2026}
    answer = await api.call("POST", "/api/holidays/import", 200, json=wanted)
    assert answer["kept"] == 1
    found = {each["day"]: each for each in (await api.get("/api/holidays", limit=100))["items"]}
    assert len(found) == answer["added"] + 1
    assert found["2026-01-01"]["name"] == "Our new year"
    assert found["2026-12-25"]["origin"] == "library"
    assert "2026-01-06" in found  # Epiphany is one in Bavaria
    again = await api.call("POST", "/api/holidays/import", 200, json=wanted)
    assert again == {"added": 0, "kept": answer["added"] + 1}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"subdivision": "QQ"}, "subdivision"),
        ({"year": 1700}, "year"),
        ({"site_id": str(uuid4())}, "site_id"),
        ({"lang": "de"}, "lang"),
    ],
)
async def test_holidays_that_are_not_known_are_refused(api: Api, more: dict[str, Any], field: str) -> None:
    problem = await refused(api, "/api/holidays/import", {"country": "DE", "year": 2026, **more})
    assert problem["field"] == field
    assert (await api.get("/api/holidays"))["total"] == 0


async def test_weekly_offs(api: Api) -> None:
    made = await api.post("/api/weekly-offs", {"weekdays": [6, 5]})
    assert (made["weekdays"], made["starts_on"], made["ends_on"]) == ([5, 6], None, None)
    await api.post("/api/weekly-offs", {"weekdays": [4], "starts_on": "2026-01-01", "ends_on": "2026-12-31"})
    page = await api.get("/api/weekly-offs", limit=1)
    assert page["total"] == 2
    rest = await api.get("/api/weekly-offs", limit=1, cursor=page["next_cursor"])
    assert rest["items"][0]["weekdays"] == [4]
    for document, field in (
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["monday"]}, "weekdays.0"),
        ({"weekdays": [1], "starts_on": "2026-02-01", "ends_on": "2026-01-01"}, "ends_on"),
        ({"weekdays": [1], "site_id": str(uuid4())}, "site_id"),
    ):
        assert (await refused(api, "/api/weekly-offs", document))["field"] == field
    await api.delete(f"/api/weekly-offs/{made['id']}")
    await api.call("DELETE", f"/api/weekly-offs/{made['id']}", 404)


async def test_leave(api: Api) -> None:
    person = await api.add_staff("1")
    full = {"staff_id": person["id"], "day": "2026-03-02", "note": "Sea"}
    made = await api.post("/api/leaves", full)
    assert (made["part"], made["kind"], made["code"], made["staff_name"]) == ("full", "leave", "leave", "Person 1")
    assert (await refused(api, "/api/leaves", full, 409))["field"] == "day"
    hours = {**full, "day": "2026-03-03", "part": "hours", "kind": "on_duty", "code": "visit"}
    shown = await api.post("/api/leaves", {**hours, "start": "09:00", "end": "11:30"})
    assert (shown["start"], shown["end"]) == ("09:00", "11:30")
    listed = await api.get("/api/leaves", **{"from": "2026-03-03"}, staff_id=person["id"])
    assert [each["end"] for each in listed["items"]] == ["11:30"]
    other = {**full, "day": "2026-03-04"}
    for document, field in (
        ({**other, "part": "hours"}, "end"),
        ({**other, "part": "hours", "start": "11:00", "end": "11:00"}, "end"),
        ({**other, "start": "11:00"}, "start"),
        ({**other, "part": "most"}, "part"),
        ({**other, "staff_id": str(uuid4())}, "staff_id"),
        ({**other, "days": 2}, "days"),
    ):
        assert (await refused(api, "/api/leaves", document))["field"] == field
    await api.delete(f"/api/leaves/{made['id']}")
    await api.call("DELETE", f"/api/leaves/{made['id']}", 404)
    await api.delete(f"/api/staff/{person['id']}")  # leave is no record that must be kept
