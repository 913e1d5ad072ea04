"""Staff and clocks over HTTP: conflicts name the field, what has records stays, pages hold still."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.app import describe
from tests.route_declarations import undeclared_routes
from tests.tenant_stack.actors import SERIAL, Api, Bridge, punch


def test_every_route_says_who_may_call_it(app: Any) -> None:
    assert undeclared_routes(app) == []


async def test_a_person_from_entry_to_removal(api: Api, database: Database) -> None:
    entered = {"employee_id": "E1", "name": "Ann Lee", "badge_number": " 0042 ", "email": "", "hired_on": "2026-01-01"}
    person = await api.post("/api/staff", entered)
    assert (person["badge_number"], person["email"], person["active"]) == ("0042", None, True)
    assert (person["enrollment_status"], person["devices_assigned"]) == ("not_enrolled", 0)
    changed = await api.put(f"/api/staff/{person['id']}", {"employee_id": "E1", "name": "Ann Li", "badge_number": None})
    assert (changed["name"], changed["badge_number"], changed["hired_on"]) == ("Ann Li", None, None)
    assert changed["updated_at"] > person["updated_at"]
    assert await api.get(f"/api/staff/{person['id']}/biometrics") == {"items": []}
    await api.delete(f"/api/staff/{person['id']}")
    assert (await api.call("GET", f"/api/staff/{person['id']}", 404))["code"] == "staff_not_found"
    async with database.transaction() as session:
        trail = await session.execute(
            sa.text(
                "SELECT action, before->>'name', after->>'name', address FROM audit_log WHERE target_kind = 'staff'"
            )
        )
    assert [tuple(line) for line in trail] == [
        ("staff.create", None, "Ann Lee", "192.0.2.7"),
        ("staff.update", "Ann Lee", "Ann Li", "192.0.2.7"),
        ("staff.delete", "Ann Li", None, "192.0.2.7"),
    ]


async def test_duplicates_name_the_field(api: Api) -> None:
    first = await api.add_staff("E1", badge_number="1")
    second = await api.add_staff("E2", badge_number="2")
    for document, field in (
        ({"employee_id": "E1", "name": "x"}, "employee_id"),
        ({"employee_id": "E9", "name": "x", "badge_number": "2"}, "badge_number"),
    ):
        problem = await api.post("/api/staff", document, 409)
        assert (problem["field"], problem["status"]) == (field, 409)
        problem = await api.put(f"/api/staff/{second['id']}", {**document, "badge_number": "1"}, 409)
        assert problem["field"] in {"employee_id", "badge_number"}
    await api.add_device("S1")
    problem = await api.post("/api/devices", {"device_serial": "S1", "name": "x", "connection": "push"}, 409)
    assert problem["field"] == "device_serial"
    assert (await api.get("/api/staff"))["total"] == 2
    assert (await api.get(f"/api/staff/{first['id']}"))["badge_number"] == "1"


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"name": "x"}, "employee_id"),
        ({"employee_id": " ", "name": "x"}, "employee_id"),
        ({"employee_id": "1", "name": "tab\tname"}, "name"),
        ({"employee_id": "1", "name": "x", "enrollment_status": "enrolled"}, "enrollment_status"),
        ({"employee_id": "1", "name": "x", "email": "nobody"}, "email"),
        ({"employee_id": "1" * 65, "name": "x"}, "employee_id"),
    ],
)
async def test_what_cannot_be_entered(entered: dict[str, Any], field: str, api: Api) -> None:
    problem = await api.post("/api/staff", entered, 422)
    assert problem["field"] == field
    assert problem["errors"][0]["field"] == field


async def test_clocks_that_cannot_be_entered(api: Api) -> None:
    good = {"device_serial": "S1", "name": "x", "connection": "push"}
    for change, field in (
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"device_serial": "a b"}, "device_serial"),
        ({"connection": "bluetooth"}, "connection"),
        ({"port": 0}, "port"),
        ({"approved_at": None}, "approved_at"),
    ):
        assert (await api.post("/api/devices", {**good, **change}, 422))["field"] == field


async def test_a_comm_key_is_never_shown(api: Api, bridge: Bridge, database: Database) -> None:
    clock = {"device_serial": "P1", "name": "P1", "connection": "pull", "ip_address": "127.0.0.1"}
    added = await api.post("/api/devices", {**clock, "comm_key": 987654})
    await api.put(f"/api/devices/{added['id']}", {**clock, "name": "Renamed"})
    shown = (await api.client.get(f"/api/devices/{added['id']}")).text
    assert "987654" not in shown
    async with database.transaction() as session:
        assert "987654" not in str((await session.execute(sa.text("SELECT after FROM audit_log"))).all())
    terminals = (await bridge.client.get("/internal/bridge/terminals")).json()["terminals"]
    assert [(each["comm_key"], each["address"], each["zone"]) for each in terminals] == [
        (987654, "127.0.0.1", "Asia/Dubai")
    ]


async def test_what_has_records_stays(api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    person = await api.add_staff("7")
    await bridge.punches(punch("7", "2026-03-02 08:00:00"))
    assert (await api.delete(f"/api/staff/{person['id']}", 409))["code"] == "staff_has_records"
    assert (await api.delete(f"/api/devices/{device['id']}", 409))["code"] == "device_has_records"
    assert (await api.get("/api/attendance/logs"))["total"] == 1
    empty = await api.add_device("EMPTY")
    await api.delete(f"/api/devices/{empty['id']}")


async def test_pages_hold_still_while_rows_arrive(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await bridge.punches(*(punch(str(n), f"2026-03-02 08:{n:02d}:00") for n in range(50)))
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 7, **({"cursor": cursor} if cursor else {})}
        page = await api.get("/api/attendance/logs", **params)
        seen.extend(each["pin"] for each in page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await bridge.punches(punch("900", f"2026-03-03 09:{len(seen):02d}:00"))
    assert seen == [str(n) for n in reversed(range(50))]
    assert (await api.call("GET", "/api/attendance/logs?cursor=nonsense", 422))["field"] == "cursor"
    assert (await api.call("GET", "/api/attendance/logs?limit=201", 422))["field"] == "limit"


async def test_lists_search_and_filter(api: Api) -> None:
    await api.add_staff("E1", badge_number="77", department="Ops")
    await api.add_staff("E2", active=False)
    await api.add_staff("100%")
    assert [each["employee_id"] for each in (await api.get("/api/staff", q="77"))["items"]] == ["E1"]
    assert [each["employee_id"] for each in (await api.get("/api/staff", q="%"))["items"]] == ["100%"]
    assert (await api.get("/api/staff", active=False))["total"] == 1
    assert (await api.get("/api/staff", department="Ops"))["total"] == 1
    await api.add_device("S1", location="North gate")
    assert (await api.get("/api/devices", q="north"))["total"] == 1
    assert (await api.get("/api/devices", status="online"))["total"] == 0
    assert (await api.get("/api/devices", status="never_seen"))["total"] == 1


async def test_searching_punches(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await api.add_staff("7", badge_number="0070")
    await bridge.punches(punch("70", "2026-03-02 08:00:00"), punch("8", "2026-03-02 08:00:00"))
    found = {
        text: [each["pin"] for each in (await api.get("/api/attendance/logs", q=text))["items"]]
        for text in ("person 7", "7", "0008", "%", "nobody")
    }
    assert found == {"person 7": ["70"], "7": ["70"], "0008": ["8"], "%": [], "nobody": []}


async def test_blank_fields_of_a_form_are_no_values(api: Api) -> None:
    blank = {"comm_key": "", "zone": "", "location": " ", "ip_address": ""}
    added = await api.add_device("S1", **blank)
    assert (added["zone"], added["location"], added["ip_address"]) == ("Asia/Dubai", None, None)
    await api.add_device("S2", comm_key="1234")


def test_the_application_describes_itself_without_services() -> None:
    paths = describe().openapi()["paths"]
    assert {"/api/staff", "/api/devices/{device_id}/sync", "/api/attendance/records", "/oauth/token"} <= paths.keys()
    assert not [path for path in paths if path.startswith("/internal")]


async def test_putting_a_person_on_clocks(api: Api, bridge: Bridge) -> None:
    push = await api.add_device()
    pull = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    person = await api.add_staff("E1", badge_number="0042")
    path = f"/api/staff/{person['id']}"
    answer = await api.post(f"{path}/enroll", {"device_ids": [push["id"], pull["id"]]}, 202)
    assert {(each["pin"], each["status"]) for each in answer["enrollments"]} == {("42", "pending")}
    assert (await api.get(path))["enrollment_status"] == "pending"

    lease = {"serial": SERIAL, "source_address": "192.0.2.50", "at": "2026-03-02T08:00:00Z"}
    commands = (await bridge.call("commands/lease", lease))["commands"]
    assert [(each["kind"], each["user"]["pin"], each["user"]["card"]) for each in commands] == [
        ("user_update", "42", 42)
    ]
    assert (await bridge.call("commands/lease", lease))["commands"] == []  # leased, not lost
    results = {**lease, "results": [{"id": commands[0]["id"], "code": -1001}, {"id": "999999", "code": 0}]}
    await bridge.call("commands/results", results, 204)
    shown = await api.get(path)
    failed = next(each for each in shown["enrollments"] if each["device_id"] == push["id"])
    assert (failed["status"], failed["message"]) == ("failed", "The clock is full (code -1001)")

    terminal = (await bridge.client.get("/internal/bridge/terminals")).json()["terminals"][0]
    assert [user["pin"] for user in terminal["users"]] == ["42"]
    report = {"serial": "P1", "state": "online", "at": "2026-03-02T08:00:00Z", "written_pins": ["0042"]}
    await bridge.call("terminals/seen", report, 204)
    assert (await api.get(path))["enrollment_status"] == "partial"
    await api.post(f"{path}/enroll", {"device_ids": [push["id"]]}, 202)
    again = (await bridge.call("commands/lease", lease))["commands"]
    await bridge.call("commands/results", {**lease, "results": [{"id": again[0]["id"], "code": 0}]}, 204)
    # The clock's "done" is no proof: it is asked back, and only what it then shows confirms the person.
    assert (await api.get(path))["enrollment_status"] == "partial"
    asked = (await bridge.call("commands/lease", lease))["commands"]
    assert [(each["kind"], each["pin"]) for each in asked] == [("user_query", "42")]
    users = [{"pin": "42", "name": "Person E1", "card": 42}]
    await bridge.call("users", {"serial": SERIAL, "received_at": "2026-03-02T08:00:01Z", "users": users})
    shown = await api.get(path)
    assert (shown["enrollment_status"], shown["devices_enrolled"], shown["devices_assigned"]) == ("enrolled", 2, 2)

    other = await api.add_staff("E2")
    problem = await api.post(f"/api/staff/{other['id']}/enroll", {"device_ids": [push["id"]], "pin": "42"}, 409)
    assert (problem["code"], problem["field"]) == ("pin_taken", "pin")
    free = await api.post(f"/api/staff/{other['id']}/enroll", {"device_ids": [push["id"]]}, 202)
    assert free["enrollments"][0]["pin"] == "43"  # E2 is no number: the next free one


async def test_commands_that_the_clock_may_manage_later_come_again(
    api: Api, bridge: Bridge, database: Database
) -> None:
    push = await api.add_device()
    person = await api.add_staff("7")
    await api.post(f"/api/staff/{person['id']}/enroll", {"device_ids": [push["id"]]}, 202)
    lease = {"serial": SERIAL, "source_address": "", "at": "2026-03-02T08:00:00Z"}
    first = (await bridge.call("commands/lease", lease))["commands"][0]["id"]
    await bridge.call("commands/results", {**lease, "results": [{"id": first, "code": -1005}]}, 204)
    assert (await bridge.call("commands/lease", lease))["commands"] == []
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE device_commands SET leased_until = now() - interval '1 second'"))
    assert [each["id"] for each in (await bridge.call("commands/lease", lease))["commands"]] == [first]
    assert (await api.get(f"/api/staff/{person['id']}"))["enrollments"][0]["status"] == "pending"


async def test_a_pull_clock_that_cannot_be_read_says_why(api: Api, bridge: Bridge) -> None:
    pull = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    report = {"serial": "P1", "state": "refused", "at": "2026-03-02T08:00:00Z", "message": "The key is wrong"}
    await bridge.call("terminals/seen", report, 204)
    status = await api.get(f"/api/devices/{pull['id']}/status")
    assert (status["status"], status["status_message"]) == ("offline", "The key is wrong")
    online = {**report, "state": "online", "at": "2026-03-02T08:00:00Z", "counts": {"users": 3, "punches": 9}}
    await bridge.call("terminals/seen", {**online, "clock_offset_seconds": 4}, 204)
    status = await api.get(f"/api/devices/{pull['id']}/status")
    assert (status["status"], status["on_device"], status["clock_offset_seconds"]) == ("offline", 9, 4)
    assert status["status_message"].startswith("Last seen 2026-03-02")
    await bridge.call("terminals/seen", {**report, "serial": "GONE"}, 404)


async def test_the_dashboard(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.contact("NEW-1", status=403)
    shown = await api.get("/api/dashboard")
    assert (shown["staff_total"], shown["waiting_devices"], shown["zone"]) == (1, 1, "Asia/Dubai")
    assert [each["status"] for each in shown["devices"]] == ["waiting_approval", "never_seen"]
    assert [each["hour"] for each in shown["by_hour"]] == list(range(24))
    now = f"{shown['date']} 00:00:01"
    await bridge.punches(punch("7", now), punch("8", now))
    shown = await api.get("/api/dashboard")
    assert shown["unknown_today"] == 1
    assert len(shown["recent"]) == 2
    assert shown["by_hour"][0]["count"] == 2
