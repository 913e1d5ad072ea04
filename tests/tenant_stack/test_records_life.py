"""The life of a record: approval, late data, corrections, closed periods; and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from foundation.database import Database
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.approval import decide
from tenant_stack.attendance.schemas import ApproveRequest
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import client_of, page_headers, process_wait, sign_in
from tests.tenant_stack.records import content, only, process, records, run

DAY = "2026-03-02"
MARCH = {"starts_on": "2026-03-01", "ends_on": "2026-03-31"}
APRIL = {"starts_on": "2026-04-01", "ends_on": "2026-04-30"}


@pytest.fixture
async def manager(app: FastAPI) -> AsyncIterator[Api]:
    """Somebody else who may approve."""
    async with client_of(app, **page_headers(await sign_in(app, "manager"))) as client:
        yield Api(client)


@pytest.fixture
async def clerk(app: FastAPI, database: Database) -> AsyncIterator[Api]:
    """Somebody who may correct and submit, but not approve."""
    await run(
        database,
        "WITH r AS (INSERT INTO roles (name, title) VALUES ('clerk', 'Clerk') RETURNING id) "
        "INSERT INTO role_permissions (role_id, permission_id) SELECT r.id, p.id FROM r, permissions p "
        "WHERE p.resource = 'attendance' AND p.action IN ('read', 'update')",
    )
    async with client_of(app, **page_headers(await sign_in(app, "clerk"))) as client:
        yield Api(client)


@pytest.fixture
async def person(api: Api, bridge: Bridge, database: Database) -> dict[str, Any]:
    """Person 7 with eight hours on the day."""
    await api.add_device()
    found: dict[str, Any] = await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 08:00:00"), punch("7", f"{DAY} 16:00:00", 1))
    await process(database)
    return found


def back_again(first: str, last: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Late punches: in and out once more."""
    return punch("7", f"{DAY} {first}:00"), punch("7", f"{DAY} {last}:00", 1)


async def act(api: Api, action: str, *ids: str, status: int = 200, **more: Any) -> Any:
    return await api.post("/api/attendance/approve", {"record_ids": list(ids), "action": action, **more}, status)


async def detail(api: Api, record_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/api/attendance/records/{record_id}")
    return found


async def test_from_open_to_approved(api: Api, clerk: Api, person: dict[str, Any]) -> None:
    record = await only(api)
    assert await act(clerk, "submit", record["id"]) == {"changed": 1, "skipped": []}
    assert (await only(api))["state"] == "submitted"
    await act(clerk, "approve", record["id"], status=403)
    assert (await act(api, "reject", record["id"], note="Ask her"))["changed"] == 1
    assert (await act(api, "approve", record["id"]))["changed"] == 1
    answer = await act(api, "approve", record["id"], "01900000-0000-7000-8000-000000000000")
    assert answer["changed"] == 0
    reasons = {each["id"]: each["reason"] for each in answer["skipped"]}
    assert reasons[record["id"]] == "A record that is approved cannot be approved"
    found = await detail(api, record["id"])
    assert (found["state"], found["snapshot"]["figures"]["worked"], found["difference"]) == ("approved", 28_800, {})
    history = [(each["action"], each["note"]) for each in found["history"]]
    assert history == [("attendance.approve", None), ("attendance.reject", "Ask her"), ("attendance.submit", None)]
    by_period = {"from": DAY, "to": DAY, "staff_ids": [person["id"]], "action": "reopen"}
    assert (await api.post("/api/attendance/approve", by_period, 200))["changed"] == 1
    assert (await only(api))["state"] == "reopened"
    for wrong in ({"action": "approve"}, {**by_period, "record_ids": []}, {**by_period, "to": "2026-03-01"}):
        await api.post("/api/attendance/approve", wrong, 422)


@pytest.mark.parametrize("link", ["account", "address"])
async def test_nobody_approves_their_own(
    link: str, api: Api, manager: Api, person: dict[str, Any], database: Database
) -> None:
    if link == "account":
        await run(database, "UPDATE users SET staff_id = CAST(:id AS uuid) WHERE name = 'Manager'", id=person["id"])
    else:
        await run(database, "UPDATE staff SET email = upper(u.email) FROM users u WHERE u.name = 'Manager'")
    record = await only(api)
    answer = await act(manager, "approve", record["id"])
    assert answer == {"changed": 0, "skipped": [{"id": record["id"], "reason": "Nobody approves their own record"}]}
    change = {"changes": {"figures": {"worked_minutes": 600}}, "reason": "I was here", "version": record["version"]}
    proposed = await manager.put(f"/api/attendance/records/{record['id']}", change)
    assert proposed["state"] == "proposed"
    decision = {"decision": "approved"}
    answer = await manager.post(f"/api/attendance/corrections/{proposed['id']}/decide", decision, 409)
    assert answer["code"] == "own_correction"
    assert (await only(api))["worked_minutes"] == 480
    await api.post(f"/api/attendance/corrections/{proposed['id']}/decide", decision, 200)
    assert (await only(api))["worked_minutes"] == 600


async def test_late_data_reopens_what_was_approved(
    api: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    record = await only(api)
    await act(api, "approve", record["id"])
    await bridge.punches(*back_again("16:30", "18:30"))
    await process(database)
    found = await detail(api, record["id"])
    assert (found["state"], found["worked_minutes"]) == ("reopened", 600)
    assert found["snapshot"]["figures"]["worked"] == 28_800
    assert found["difference"] == {"breaks": 1800, "pay_REG": 7200, "presence": 9000, "worked": 7200}
    assert found["history"][0]["action"] == "attendance.reopened_by_late_data"
    await bridge.punches(*back_again("19:00", "20:00"))
    await process(database)
    found = await detail(api, record["id"])
    assert (found["state"], found["difference"]["worked"]) == ("reopened", 10_800)


async def test_the_same_figures_stay_approved(api: Api, person: dict[str, Any], database: Database) -> None:
    record = await only(api)
    await act(api, "approve", record["id"])
    before = await content(database)
    await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    assert await process(database) == 1
    assert await content(database) == before


async def test_a_late_punch_during_approval(
    api: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    """While one transaction approves, a worker computes: it waits, and reopens what was approved."""
    record = await only(api)
    await bridge.punches(*back_again("16:30", "18:30"))
    caller = Principal("user", "01900000-0000-7000-8000-000000000000", "Somebody", frozenset({"attendance:approve"}))
    wanted = ApproveRequest.model_validate({"record_ids": [record["id"]], "action": "approve"})
    async with database.transaction() as session:
        assert (await decide(session, wanted, caller)).changed == 1
        computing = asyncio.create_task(process(database))
        done, _ = await asyncio.wait({computing}, timeout=0.3)
        assert not done
    assert await computing == 1
    found = await detail(api, record["id"])
    assert (found["state"], found["worked_minutes"], found["difference"]["worked"]) == ("reopened", 600, 7200)


async def test_a_closed_period_keeps_its_figures(
    api: Api, manager: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    period = await api.post("/api/attendance/periods", MARCH)
    lock = f"/api/attendance/periods/{period['id']}/lock"
    assert (await api.post(lock, status=409))["code"] == "not_all_approved"
    record = await only(api)
    await act(api, "approve", record["id"])
    await run(database, "INSERT INTO pending_staff_days SELECT id, '2026-03-02' FROM staff")
    assert (await api.post(lock, status=409))["code"] == "being_computed"
    await process(database)
    assert (await api.post(lock, status=200))["state"] == "locked"
    assert (await api.post(lock, status=409))["code"] == "already_locked"
    locked = await only(api)
    assert locked["state"] == "locked"

    other_day = (punch("7", "2026-03-05 09:00:00"), punch("7", "2026-03-05 10:00:00", 1))
    await bridge.punches(*back_again("16:30", "18:30"), *other_day)
    await process(database)
    assert await records(api) == [locked]  # neither changed nor added to
    deltas = (await api.get("/api/attendance/deltas"))["items"]
    assert [(each["work_date"], each["figures"]["worked"], each["period_id"]) for each in deltas] == [
        ("2026-03-05", 3600, None),
        (DAY, 7200, None),
    ]
    april = await api.post("/api/attendance/periods", APRIL)
    await bridge.punches(*back_again("19:00", "20:00"))
    await process(database)
    deltas = (await api.get("/api/attendance/deltas", period_id=april["id"]))["items"]
    assert [each["figures"]["worked"] for each in deltas] == [3600, 10_800]

    change = {"changes": {"figures": {"worked_minutes": 1}}, "reason": "A mistake", "version": locked["version"]}
    answer = await api.call("PUT", f"/api/attendance/records/{record['id']}", 409, json=change)
    assert answer["code"] == "period_locked"
    assert (await act(api, "reopen", record["id"]))["changed"] == 0
    unlock = f"/api/attendance/periods/{period['id']}/unlock"
    assert (await api.post(unlock, {"reason": "Late clock"}, 409))["code"] == "same_person"
    await manager.post(unlock, {}, 422)
    assert (await manager.post(unlock, {"reason": "Late clock"}, 200))["state"] == "open"
    assert (await manager.post(unlock, {"reason": "Again"}, 409))["code"] == "not_locked"
    await process(database)
    assert (await api.get("/api/attendance/deltas"))["items"] == []
    found = {each["work_date"]: each for each in await records(api)}
    assert (found[DAY]["state"], found[DAY]["worked_minutes"]) == ("reopened", 660)
    assert found["2026-03-05"]["state"] == "open"


async def test_what_was_paid_is_not_paid_again(
    api: Api, manager: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    """A difference in a period that is closed itself stays; only what comes on top goes into the next one."""
    march = await api.post("/api/attendance/periods", MARCH)
    april = await api.post("/api/attendance/periods", APRIL)
    await act(api, "approve", (await only(api))["id"])
    await api.post(f"/api/attendance/periods/{march['id']}/lock", status=200)
    await bridge.punches(*back_again("16:30", "18:30"))
    await process(database)
    await api.post(f"/api/attendance/periods/{april['id']}/lock", status=200)
    may = await api.post("/api/attendance/periods", {"starts_on": "2026-05-01", "ends_on": "2026-05-31"})
    await bridge.punches(*back_again("19:00", "19:30"))
    await process(database)
    items = (await api.get("/api/attendance/deltas"))["items"]
    worked = {each["period_id"]: each["figures"]["worked"] for each in items}
    assert worked == {april["id"]: 7200, may["id"]: 1800}


async def test_periods_never_overlap(api: Api, clerk: Api) -> None:
    await api.post("/api/attendance/periods", MARCH)
    overlapping = {"starts_on": "2026-03-31", "ends_on": "2026-04-30"}
    assert (await api.post("/api/attendance/periods", overlapping, 409))["code"] == "period_overlaps"
    await api.post("/api/attendance/periods", {"starts_on": "2026-05-02", "ends_on": "2026-05-01"}, 422)
    await clerk.post("/api/attendance/periods", APRIL, 403)
    assert [each["starts_on"] for each in (await api.get("/api/attendance/periods"))["items"]] == ["2026-03-01"]


async def test_corrections_leave_the_punches_alone(
    api: Api, clerk: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    record = await only(api)
    raw = await run(database, "SELECT id::text, local_time FROM punch_logs ORDER BY local_time")
    path = f"/api/attendance/records/{record['id']}"
    changes = {"move": [{"punch_id": raw[1][0], "at": f"{DAY} 17:30:00"}]}
    proposed = await clerk.put(path, {"changes": changes, "reason": "Clock was wrong", "version": 1})
    assert (proposed["state"], proposed["decided_by"], proposed["requested_by"]) == ("proposed", None, "Clerk")
    assert (await only(api))["worked_minutes"] == 480
    waiting = (await api.get("/api/attendance/corrections", state="proposed"))["items"]
    assert [each["id"] for each in waiting] == [proposed["id"]]
    decided = await api.post(
        f"/api/attendance/corrections/{proposed['id']}/decide", {"decision": "approved", "note": "Seen"}, 200
    )
    assert (decided["state"], decided["note"]) == ("approved", "Seen")
    again = await api.post(f"/api/attendance/corrections/{proposed['id']}/decide", {"decision": "rejected"}, 409)
    assert again["code"] == "already_decided"
    assert (await only(api))["worked_minutes"] == 570

    stale = {"changes": {"void": [raw[0][0]]}, "reason": "Not hers", "version": 1}
    assert (await api.call("PUT", path, 409, json=stale))["code"] == "version_conflict"
    added = {"add": [{"at": f"{DAY} 07:00", "direction": "in"}], "void": [raw[0][0]]}
    version = (await only(api))["version"]
    assert (await api.put(path, {"changes": added, "reason": "Came at seven", "version": version}))[
        "state"
    ] == "approved"
    corrected = await only(api)
    assert (corrected["worked_minutes"], corrected["version"]) == (630, version + 1)
    assert await run(database, "SELECT id::text, local_time FROM punch_logs ORDER BY local_time") == raw
    found = await detail(api, record["id"])
    assert [each["reason"] for each in found["corrections"]] == ["Came at seven", "Clock was wrong"]
    assert {"attendance.correction.ask", "attendance.correction.approved"} <= {
        each["action"] for each in found["history"]
    }
    before = await content(database)  # a rebuild knows the corrections too
    await run(database, "DELETE FROM attendance_anomalies")
    await run(database, "DELETE FROM attendance_records")
    await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    await process(database)
    assert await content(database) == before


async def test_wrong_corrections(api: Api, bridge: Bridge, person: dict[str, Any], database: Database) -> None:
    record = await only(api)
    path = f"/api/attendance/records/{record['id']}"
    for changes, field in (
        ({}, None),
        ({"add": [{"at": f"{DAY} 25:00", "direction": "in"}]}, "changes.add.0.at"),
        ({"add": [{"at": "2026-03-09 09:00", "direction": "in"}]}, "changes.add.0.at"),
        ({"add": [{"at": "yesterday", "direction": "in"}]}, None),
        ({"void": ["01900000-0000-7000-8000-000000000000"]}, "changes.void"),
        ({"move": [{"punch_id": "x", "at": f"{DAY} 09:00"}]}, "changes.move"),
        ({"figures": {"worked_minutes": 10, "overtime_minutes": 20}}, None),
        ({"figures": {"worked": 10}}, None),
    ):
        document = {"changes": changes, "reason": "Because", "version": 1}
        answer = await api.call("PUT", path, 422, json=document)
        if field is not None:
            assert answer["field"] == field
    await api.call("PUT", path, 422, json={"changes": {"automatic": True}, "version": 1})
    unknown = {"changes": {"automatic": True}, "reason": "Because", "version": 1}
    await api.call("PUT", "/api/attendance/records/01900000-0000-7000-8000-000000000000", 404, json=unknown)
    assert (await only(api)) == record


async def test_figures_set_by_hand(api: Api, bridge: Bridge, person: dict[str, Any], database: Database) -> None:
    record = await only(api)
    path = f"/api/attendance/records/{record['id']}"
    figures = {"figures": {"worked_minutes": 500, "overtime_minutes": 20}}
    await api.put(path, {"changes": figures, "reason": "Worked from home", "version": 1})
    by_hand = await only(api)
    assert (by_hand["worked_minutes"], by_hand["manual"], by_hand["conflict"]) == (500, True, False)
    assert sum(line["minutes"] for line in by_hand["pay"]) == 500
    await bridge.punches(*back_again("17:00", "20:00"))
    await process(database)
    contradicted = await only(api, anomaly="manual_conflict")
    assert (contradicted["worked_minutes"], contradicted["conflict"]) == (500, True)
    changes = {"changes": {"automatic": True}, "reason": "The punches are right", "version": contradicted["version"]}
    await api.put(path, changes)
    computed = await only(api)
    assert (computed["worked_minutes"], computed["manual"], computed["conflict"]) == (660, False, False)
    assert await records(api, anomaly="manual_conflict") == []


async def test_a_day_without_a_record_can_be_corrected(api: Api, person: dict[str, Any]) -> None:
    day = {
        "staff_id": person["id"],
        "work_date": "2026-03-03",
        "changes": {
            "add": [{"at": "2026-03-03 09:00", "direction": "in"}, {"at": "2026-03-03 17:00", "direction": "out"}]
        },
        "reason": "Forgot the badge",
    }
    assert (await api.post("/api/attendance/corrections", day))["state"] == "approved"
    assert [each["worked_minutes"] for each in await records(api)] == [480, 480]
    nobody = {**day, "staff_id": "01900000-0000-7000-8000-000000000000"}
    assert (await api.post("/api/attendance/corrections", nobody, 422))["field"] == "staff_id"


async def test_resolved_anomalies_stay_resolved(
    api: Api, bridge: Bridge, person: dict[str, Any], database: Database
) -> None:
    await bridge.punches(punch("7", "2026-03-04 08:00:00"))
    await process(database)
    (found,) = (await api.get("/api/attendance/anomalies", kind="missing_out", severity="high", state="active"))[
        "items"
    ]
    path = f"/api/attendance/anomalies/{found['id']}"
    resolved = await api.put(path, {"state": "resolved", "resolution": "She told us"})
    assert (resolved["state"], resolved["resolved_by"], resolved["record_id"]) == (
        "resolved",
        "Owner",
        found["record_id"],
    )
    assert (await records(api, **{"from": "2026-03-04"}))[0]["anomalies"] == 0
    await api.post("/api/attendance/process", {"from": "2026-03-04", "to": "2026-03-04"}, 202)
    await process(database)
    assert (await api.get("/api/attendance/anomalies", state="resolved"))["total"] == 1
    wrong = {"state": "active", "owner_id": "01900000-0000-7000-8000-000000000000"}
    assert (await api.put(path, wrong, 422))["field"] == "owner_id"
    assert (await api.put(path, {"state": "active"}))["resolved_at"] is None


KILLED = """
import asyncio, json, sys
from foundation.database import Database
from tenant_stack.attendance import day_processor

async def main():
    database = Database(sys.argv[1])
    write = day_processor.write_anomalies

    async def stop_here(session, doubts):
        await write(session, doubts)
        print("MIDDLE", flush=True)
        await asyncio.sleep(60)

    day_processor.write_anomalies = stop_here
    async with database.transaction() as session:
        await day_processor.process_batch(session, "Asia/Dubai")

asyncio.run(main())
"""


def kill_in_the_middle(dsn: str, log: Path) -> None:
    """A process that computes a batch, killed when everything is written and nothing committed."""
    with log.open("wb") as output:
        worker = subprocess.Popen([sys.executable, "-c", KILLED, dsn], stdout=output, stderr=output)
    deadline = time.monotonic() + 30
    while b"MIDDLE" not in log.read_bytes():
        assert worker.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        process_wait(worker, 0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)


async def test_killed_in_the_middle_of_a_batch(
    api: Api, bridge: Bridge, database: Database, document: dict[str, object], tmp_path: Path
) -> None:
    """kill -9 after everything was written and before the commit: as if it had never begun."""
    await api.add_device()
    for n in range(1, 21):
        await api.add_staff(str(n))
    await bridge.punches(
        *(punch(str(n), f"{DAY} {hour}:00:00", status) for n in range(1, 21) for hour, status in (("08", 0), ("17", 1)))
    )
    kill_in_the_middle(str(document["database_url"]), tmp_path / "killed.log")
    assert await records(api) == []
    deadline = time.monotonic() + 10
    while await process(database) < 20 and not await records(api):  # until the server has noticed the death
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await process(database)
    assert [each["worked_minutes"] for each in await records(api)] == [540] * 20
    assert await run(database, "SELECT 1 FROM pending_staff_days") == []
