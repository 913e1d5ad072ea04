"""Sites, shifts, rule sets and settings over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.schedules.stored_definitions import rules_of
from tests.route_declarations import undeclared_routes
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, page_headers, sign_in

DAY = {"start": "09:00", "end": "18:00", "unpaid_break_minutes": 60}
NIGHT = {"start": "22:00", "end": "06:00"}


async def add_shift(api: Api, code: str = "DAY", definition: dict[str, Any] | None = None, **more: Any) -> Any:
    return await api.post("/api/shifts", {"code": code, "name": code.title(), "definition": definition or DAY, **more})


async def refused(api: Api, path: str, document: dict[str, Any], status: int = 422, method: str = "POST") -> Any:
    problem = await api.call(method, path, status, json=document)
    assert problem["detail"], problem
    return problem


def test_every_route_says_who_may_call_it(app: FastAPI) -> None:
    assert undeclared_routes(app) == []


async def test_a_site_from_entry_to_removal(api: Api) -> None:
    entered = {"code": "DXB", "name": "Dubai", "zone": "Asia/Dubai", "latitude": 25.2, "longitude": 55.3}
    site = await api.post("/api/sites", entered)
    assert {name: site[name] for name in entered} == entered
    assert (await refused(api, "/api/sites", entered, 409))["field"] == "code"
    changed = await api.put(f"/api/sites/{site['id']}", {"code": "DXB", "name": "Marina", "zone": "Asia/Dubai"})
    assert (changed["name"], changed["latitude"]) == ("Marina", None)
    assert [each["code"] for each in (await api.get("/api/sites"))["items"]] == ["DXB"]
    person = await api.add_staff("1", site_id=site["id"])
    assert person["site_id"] == site["id"]
    assert (await api.call("DELETE", f"/api/sites/{site['id']}", 409))["code"] == "site_in_use"
    await api.put(f"/api/staff/{person['id']}", {"employee_id": "1", "name": "Ann"})
    await api.delete(f"/api/sites/{site['id']}")
    await api.call("GET", f"/api/sites/{site['id']}", 404)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"latitude": 91, "longitude": 0}, "latitude"),
        ({"latitude": 9}, "longitude"),
        ({"code": "A B"}, "code"),
        ({"code": ""}, "code"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_no_site_is_refused(api: Api, more: dict[str, Any], field: str) -> None:
    problem = await refused(api, "/api/sites", {"code": "S", "name": "Site", "zone": "UTC", **more})
    assert problem["field"] == field


async def test_a_person_belongs_to_a_site_and_rule_set_that_exist(api: Api) -> None:
    entered = {"employee_id": "1", "name": "Ann"}
    assert (await refused(api, "/api/staff", {**entered, "site_id": str(uuid4())}))["field"] == "site_id"
    assert (await refused(api, "/api/staff", {**entered, "rule_set_code": "none"}))["field"] == "rule_set_code"
    person = await api.add_staff("1", rule_set_code="default")
    assert person["rule_set_code"] == "default"


async def test_a_clock_hangs_at_a_site_that_exists(api: Api) -> None:
    site = await api.post("/api/sites", {"code": "S", "name": "Site", "zone": "UTC"})
    clock = await api.add_device("S1", site_id=site["id"])
    assert (clock["site_id"], clock["zone"]) == (site["id"], "Asia/Dubai")
    document = {"device_serial": "S1", "name": "S1", "connection": "push"}
    problem = await refused(api, f"/api/devices/{clock['id']}", {**document, "site_id": str(uuid4())}, 422, "PUT")
    assert problem["field"] == "site_id"
    assert (await api.put(f"/api/devices/{clock['id']}", document))["site_id"] is None


async def test_a_shift_from_entry_to_removal(api: Api, database: Database) -> None:
    shift = await add_shift(api)
    assert shift["definition"]["start"] == "09:00"
    assert shift["definition"]["unpaid_break_minutes"] == 60
    assert [each["effective"] for each in shift["versions"]] == [None]
    path = f"/api/shifts/{shift['id']}"
    later = {"effective": "2100-01-01", "definition": {**DAY, "start": "08:00"}}
    assert (await refused(api, "/api/shifts", {"code": "DAY", "name": "x", "definition": DAY}, 409))["field"] == "code"
    changed = await api.post(f"{path}/versions", later)
    assert changed["definition"]["start"] == "09:00"  # in force today
    assert [each["effective"] for each in changed["versions"]] == [None, "2100-01-01"]
    assert (await refused(api, f"{path}/versions", later, 409))["field"] == "effective"
    version = changed["versions"][1]["id"]
    changed = await api.put(f"{path}/versions/{version}", {**later, "effective": "2000-01-01"})
    assert changed["definition"]["start"] == "08:00"
    await api.delete(f"{path}/versions/{version}")
    only = (await api.get(path))["versions"]
    assert len(only) == 1
    assert (await api.call("DELETE", f"{path}/versions/{only[0]['id']}", 409))["code"] == "last_version"
    await api.call("DELETE", f"{path}/versions/{uuid4()}", 404)
    renamed = await api.put(path, {"code": "EARLY", "name": "Early"})
    assert (renamed["code"], renamed["name"]) == ("EARLY", "Early")
    await api.delete(path)
    assert (await api.get("/api/shifts"))["total"] == 0
    async with database.transaction() as session:
        trail = await session.scalars(sa.text("SELECT action FROM audit_log WHERE target_kind = 'shift' ORDER BY id"))
        assert list(trail) == [
            "shift.create",
            "shift.add_version",
            "shift.add_version",
            "shift.replace_version",
            "shift.remove_version",
            "shift.update",
            "shift.delete",
        ]


@pytest.mark.parametrize(
    ("entered", "field", "reason"),
    [
        ({"definition": {"start": "08:00", "end": "33:00"}}, "definition.end", "at most 24 hours"),
        (
            {"definition": {"start": "08:00", "end": "25:00", "expected_minutes": 2000}},
            "definition.expected_minutes",
            "24",
        ),
        ({"definition": {"start": "08:00"}}, "definition.end", "required"),
        ({"definition": {"start": "8 am", "end": "17:00"}}, "definition.start", "time of day"),
        ({"definition": {"start": "08:00", "end": "17:00", "before_minutes": 5}}, "definition.before_minutes", "both"),
        ({"definition": {"start": "08:00", "end": "17:00", "lunch": 5}}, "definition.lunch", "Extra"),
        ({"definition": DAY, "effective": "1800-01-01"}, "effective", "1900"),
        ({"definition": DAY, "code": "a.b"}, "code", "pattern"),
        ({}, "definition", "required"),
    ],
)
async def test_what_is_no_shift_is_refused(api: Api, entered: dict[str, Any], field: str, reason: str) -> None:
    problem = await refused(api, "/api/shifts", {"code": "S", "name": "Shift", **entered})
    assert problem["field"] == field
    assert reason in problem["detail"]
    assert (await api.get("/api/shifts"))["total"] == 0


async def test_an_organisation_starts_with_default_rules_that_are_the_engines(api: Api, database: Database) -> None:
    (rules,) = (await api.get("/api/rule-sets"))["items"]
    assert (rules["code"], rules["is_default"], rules["versions"][0]["effective"]) == ("default", True, None)
    async with database.transaction() as session:
        definition = await session.scalar(sa.text("SELECT definition FROM rule_set_versions"))
    assert rules_of("default", date.min, definition) == RuleSet()


async def test_a_rule_set_and_its_versions(api: Api) -> None:
    overtime = {"overtime": {"tiers": [{"code": "OT", "basis": "daily", "after_minutes": 480}]}}
    rules = await api.post("/api/rule-sets", {"code": "gulf", "name": "Gulf", "definition": overtime})
    assert rules["is_default"] is False
    assert rules["definition"]["overtime"]["tiers"][0]["rate"] == "1.5"
    path = f"/api/rule-sets/{rules['id']}"
    # What is shown can be sent back as it is.
    version = {"effective": "2026-03-01", "definition": rules["definition"]}
    changed = await api.post(f"{path}/versions", version)
    assert changed["versions"][1]["definition"] == rules["definition"]
    assert (await refused(api, f"{path}/versions", version, 409))["field"] == "effective"
    person = await api.add_staff("1", rule_set_code="gulf")
    await api.put(path, {"code": "emirates", "name": "Emirates", "is_default": True})
    assert (await api.get(f"/api/staff/{person['id']}"))["rule_set_code"] == "emirates"
    found = {each["code"]: each["is_default"] for each in (await api.get("/api/rule-sets"))["items"]}
    assert found == {"default": False, "emirates": True}
    problem = await refused(api, path, {"code": "emirates", "name": "E", "is_default": False}, 409, "PUT")
    assert problem["field"] == "is_default"
    await api.call("GET", f"/api/rule-sets/{uuid4()}", 404)


@pytest.mark.parametrize(
    ("definition", "field", "reason"),
    [
        ({}, "definition", "empty"),
        ({"breaks": [{"method": "deduct", "steps_minutes": []}]}, "definition.breaks.0.steps_minutes", "empty"),
        ({"premiums": [{"code": "N"}]}, "definition.premiums.0", "empty"),
        ({"overtime": {"tiers": [{"code": "N", "basis": "window"}]}}, "definition.overtime.tiers.0.window", "empty"),
        ({"overtime": {"tiers": [{"code": "N"}]}}, "definition.overtime.tiers.0.basis", "required"),
        (
            {"overtime": {"tiers": [{"code": "N", "basis": "daily", "rate": "NaN"}]}},
            "definition.overtime.tiers.0.rate",
            "",
        ),
        ({"pairing": {"mode": "guess"}}, "definition.pairing.mode", "device_state"),
        ({"overtme": {}}, "definition.overtme", "Extra"),
    ],
)
async def test_what_is_no_rule_is_refused(api: Api, definition: dict[str, Any], field: str, reason: str) -> None:
    problem = await refused(api, "/api/rule-sets", {"code": "R", "name": "Rules", "definition": definition})
    assert problem["field"] == field
    assert reason in problem["detail"]


async def test_settings_of_the_organisation(api: Api) -> None:
    path = "/api/attendance/settings"
    assert await api.get(path) == {
        "default_shift": None,
        "default_rule_set": "default",
        "period": {"kind": "monthly", "anchor": None},
    }
    await add_shift(api)
    period = {"kind": "biweekly", "anchor": "2026-01-05"}
    changed = await api.put(path, {"default_shift": "DAY", "period": period})
    assert changed == {"default_shift": "DAY", "default_rule_set": "default", "period": period}
    shift = (await api.get("/api/shifts"))["items"][0]
    assert (await api.call("DELETE", f"/api/shifts/{shift['id']}", 409))["code"] == "shift_in_use"
    for document, field in (
        ({"default_shift": "NO"}, "default_shift"),
        ({"default_rule_set": "NO"}, "default_rule_set"),
        ({"period": {"kind": "biweekly"}}, "period"),
        ({"period": {"kind": "yearly"}}, "period.kind"),
        ({"colour": 1}, "colour"),
    ):
        assert (await refused(api, path, document, 422, "PUT"))["field"] == field
    assert (await api.put(path, {}))["default_shift"] is None


async def test_readers_read_and_do_not_change(app: FastAPI, api: Api) -> None:
    shift = await add_shift(api)
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        viewer = Api(client)
        assert (await viewer.get("/api/shifts"))["total"] == 1
        await viewer.get("/api/attendance/settings")
        for method, path in (
            ("POST", "/api/shifts"),
            ("DELETE", f"/api/shifts/{UUID(shift['id'])}"),
            ("POST", "/api/sites"),
            ("POST", "/api/rule-sets"),
            ("PUT", "/api/attendance/settings"),
            ("POST", "/api/holidays/import"),
            ("POST", "/api/assignments/bulk"),
            ("POST", "/api/leaves"),
        ):
            await viewer.call(method, path, 403, json={})


async def test_nobody_without_a_session_reads(stranger: httpx.AsyncClient) -> None:
    for path in ("/api/shifts", "/api/sites", "/api/rule-sets", "/api/holidays", "/api/leaves"):
        assert (await stranger.get(path)).status_code == 401
