"""Groups of clocks over the API: who goes where, what confirms it, who leaves, and what never counts as missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from redis.asyncio import Redis

from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.devices.commands.queue import DROP_OLDER
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.clocks import answer, counts, fetch, obey, plan_all, shows, wishes
from tests.tenant_stack.conftest import eventually


async def group_of(api: Api, *devices: Any, **more: Any) -> Any:
    document = {"name": "Main", "device_ids": [device["id"] for device in devices], **more}
    return await api.post("/api/device-groups", document)


async def enrollments(api: Api, person: Any) -> dict[str, str]:
    """Device id → status."""
    shown = await api.get(f"/api/staff/{person['id']}")
    return {each["device_id"]: each["status"] for each in shown["enrollments"]}


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database inside the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def make_due(database: Database) -> None:
    """Time passes until what failed is sent again."""
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE device_enrollments SET retry_at = now() WHERE retry_at IS NOT NULL"))


async def test_a_group_puts_its_people_on_its_clocks_and_takes_them_off(
    api: Api, bridge: Bridge, database: Database
) -> None:
    push = await api.add_device("A1")
    pull = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    ann = await api.add_staff("11", name="Ann Lee", department="Ops")
    await api.add_staff("12", name="Bob Ray")
    group = await group_of(api, push, pull, departments=["Ops"])
    assert await plan_all(database) == 2
    assert await plan_all(database) == 0
    assert await enrollments(api, ann) == {push["id"]: "pending", pull["id"]: "pending"}
    assert await obey(bridge, "A1") == [("user_update", "11"), ("user_query", "11")]
    assert (await enrollments(api, ann))[push["id"]] == "enrolled"
    assert [each["name"] for each in (await wishes(bridge, "P1"))["users"]] == ["Ann Lee"]
    report = {"serial": "P1", "state": "online", "at": "2026-03-02T08:00:00Z", "written_pins": ["11"]}
    await bridge.call("terminals/seen", report, 204)
    shown = await api.get(f"/api/device-groups/{group['id']}")
    assert shown["progress"] == {"wanted": 2, "confirmed": 2, "waiting": 0, "failed": 0, "contested": 0}
    assert (await api.get(f"/api/staff/{ann['id']}"))["enrollment_status"] == "enrolled"

    # Another department: off both clocks, and what she punched stays hers.
    await bridge.punches(punch("11", "2026-03-02 08:00:00"), serial="A1")
    await api.put(f"/api/staff/{ann['id']}", {"employee_id": "11", "name": "Ann Lee", "department": "Sales"})
    assert await plan_all(database) == 2
    assert await obey(bridge, "A1") == [("user_delete", "11")]
    assert (await wishes(bridge, "P1"))["remove_pins"] == ["11"]
    await bridge.call("terminals/seen", {**report, "written_pins": [], "removed_pins": ["11"]}, 204)
    assert await enrollments(api, ann) == {}
    assert (await api.get(f"/api/staff/{ann['id']}"))["enrollment_status"] == "not_enrolled"
    # A punch that the clock sends later is still hers.
    await bridge.punches(punch("11", "2026-03-02 07:00:00"), serial="A1")
    logs = (await api.get("/api/attendance/logs"))["items"]
    assert [each["staff_id"] for each in logs] == [ann["id"], ann["id"]]
    assert await plan_all(database) == 0


async def test_people_by_hand_stay_when_a_group_goes(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann, bob = await api.add_staff("11"), await api.add_staff("12")
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [clock["id"]]}, 202)
    group = await group_of(api, clock, everybody=True)
    await plan_all(database)
    await obey(bridge, "A1")
    enrollment = (await api.get(f"/api/staff/{bob['id']}"))["enrollments"][0]
    refused = await api.delete(f"/api/staff/{bob['id']}/enrollments/{enrollment['id']}", 409)
    assert refused["code"] == "group_wants"
    await api.delete(f"/api/device-groups/{group['id']}")
    await plan_all(database)
    assert await obey(bridge, "A1") == [("user_delete", "12")]
    enrollment = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (enrollment["status"], enrollment["by_hand"], enrollment["by_group"]) == ("enrolled", True, False)
    await api.delete(f"/api/staff/{ann['id']}/enrollments/{enrollment['id']}")
    assert await obey(bridge, "A1") == [("user_delete", "11")]
    assert await enrollments(api, ann) == {}


async def test_the_inactive_leave_every_clock_and_come_back(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann = await api.add_staff("11", name="Ann Lee")
    await group_of(api, clock, staff_ids=[ann["id"]])
    await plan_all(database)
    await obey(bridge, "A1")
    facts = {"employee_id": "11", "name": "Ann Lee"}
    await api.put(f"/api/staff/{ann['id']}", {**facts, "active": False})
    await plan_all(database)
    assert await obey(bridge, "A1") == [("user_delete", "11")]
    await api.put(f"/api/staff/{ann['id']}", {**facts, "active": True})
    await plan_all(database)
    assert [kind for kind, _ in await obey(bridge, "A1")] == ["user_update", "user_query"]
    assert await enrollments(api, ann) == {clock["id"]: "enrolled"}


async def test_a_clock_that_says_done_and_does_not_show_it(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann = await api.add_staff("11")
    await group_of(api, clock, everybody=True)
    await plan_all(database)
    await answer(bridge, "A1", await fetch(bridge, "A1"))
    assert await enrollments(api, ann) == {clock["id"]: "pending"}
    await answer(bridge, "A1", await fetch(bridge, "A1"), code=-10)
    failed = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (failed["status"], "does not show" in failed["message"]) == ("failed", True)
    # One that cannot be asked is believed, and says so.
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [clock["id"]]}, 202)
    await answer(bridge, "A1", await fetch(bridge, "A1"))
    await answer(bridge, "A1", await fetch(bridge, "A1"), code=-1002)
    believed = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (believed["status"], "cannot be asked" in believed["message"]) == ("enrolled", True)


async def test_only_a_verified_whole_list_makes_anybody_missing(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    ann, bob = await api.add_staff("11", name="Ann"), await api.add_staff("12", name="Bob")
    await group_of(api, clock, everybody=True)
    await plan_all(database)
    both: list[dict[str, object]] = [{"pin": "11", "name": "Ann"}, {"pin": "12", "name": "Bob"}]
    await shows(bridge, "P1", *both, complete=True)
    await counts(bridge, "P1", 2)
    enrolled = {clock["id"]: "enrolled"}
    assert await enrollments(api, ann) == await enrollments(api, bob) == enrolled
    # Nobody read, a part of the list, a whole list whose length the clock contradicts: nobody is missing.
    await shows(bridge, "P1", complete=True)
    await counts(bridge, "P1", 0)
    await shows(bridge, "P1", both[1])
    await counts(bridge, "P1", 1)
    await shows(bridge, "P1", both[0], complete=True)
    await counts(bridge, "P1", 2)
    await plan_all(database)
    assert await enrollments(api, bob) == enrolled
    # Now the clock agrees with its list: Bob was deleted there. A group wants him, so he is written again.
    await shows(bridge, "P1", both[0], complete=True)
    await counts(bridge, "P1", 1)
    assert await enrollments(api, bob) == {clock["id"]: "pending"}
    assert await enrollments(api, ann) == enrolled
    await plan_all(database)
    assert [each["pin"] for each in (await wishes(bridge, "P1"))["users"]] == ["12"]


async def test_strangers_are_shown_adopted_or_removed_by_people_only(
    api: Api, bridge: Bridge, database: Database
) -> None:
    clock = await api.add_device("A1")
    await group_of(api, clock, everybody=True)
    users: list[dict[str, object]] = [{"pin": "90", "name": "Cleaner"}, {"pin": "91", "name": "Dana Poe", "card": 555}]
    await shows(bridge, "A1", *users)
    await bridge.punches(punch("91", "2026-03-02 08:00:00"), serial="A1")
    assert await plan_all(database) == 0
    unknown = (await api.get("/api/device-users", device_id=clock["id"]))["items"]
    assert [(each["pin"], each["reported_name"]) for each in unknown] == [("90", "Cleaner"), ("91", "Dana Poe")]
    dana = await api.post(f"/api/device-users/{unknown[1]['id']}/adopt", {"employee_id": "E-91"}, 200)
    assert (dana["name"], dana["card_number"], dana["enrollments"][0]["origin"]) == ("Dana Poe", 555, "adopted")
    assert (await api.get("/api/attendance/logs"))["items"][0]["staff_id"] == dana["id"]
    await api.delete(f"/api/device-users/{unknown[0]['id']}")
    assert ("user_delete", "90") in await obey(bridge, "A1")
    assert (await api.get("/api/device-users", device_id=clock["id"]))["items"] == []


async def test_a_number_that_a_clock_gave_to_somebody_else(api: Api, bridge: Bridge, database: Database) -> None:
    clock, other = await api.add_device("A1"), await api.add_device("A2")
    ann = await api.add_staff("X-1", name="Ann Lee")
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [clock["id"]], "pin": "5"}, 202)
    await shows(bridge, "A2", {"pin": "5", "name": "Omar Said"})
    conflict = (await api.get("/api/conflicts", state="open"))["items"][0]
    assert (conflict["kind"], conflict["pin"], conflict["theirs"]["name"]) == ("pin_collision", "5", "Omar Said")
    await group_of(api, clock, other, everybody=True)
    await plan_all(database)
    assert other["id"] not in await enrollments(api, ann)
    await api.post(f"/api/conflicts/{conflict['id']}/resolve", {"take": "apart"}, 200)
    await plan_all(database)
    sent = [each["user"] for each in await fetch(bridge, "A2")]
    assert [(each["pin"], each["name"]) for each in sent] == [("6", "Ann Lee")]
    assert (await api.get("/api/device-users", device_id=other["id"]))["items"][0]["kept_apart"] is True


async def test_many_people_on_many_clocks(api: Api, bridge: Bridge, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            sa.text(
                "INSERT INTO devices (device_serial, name, connection, zone, approved_at)"
                " SELECT 'D' || n, 'D' || n, 'push', 'UTC', now() FROM generate_series(1, 20) n"
            )
        )
        await session.execute(
            sa.text(
                "INSERT INTO staff (employee_id, name) SELECT n::text, 'Person ' || n FROM generate_series(1, 600) n"
            )
        )
        devices = list(await session.scalars(sa.text("SELECT id FROM devices")))
    await api.post(
        "/api/device-groups", {"name": "All", "everybody": True, "device_ids": [str(each) for each in devices]}
    )
    with statements(database) as sent:
        assert await plan_all(database) == 12_000
    # Two batches and the look that finds nothing; as many statements each however many people there are.
    assert len(sent) <= 2 * 13 + 2, sent
    with statements(database) as sent:
        assert await plan_all(database) == 0
    assert len(sent) == 2
    # The clock hears first that it shall call more often, and gets fifty commands an answer.
    first = await fetch(bridge, "D1", limit=50)
    assert (first[0]["kind"], len(first)) == ("check", 50)
    assert (await bridge.contact("D1"))["poll_seconds"] == 2
    shown = (await api.get("/api/device-groups"))["items"][0]
    assert shown["progress"]["wanted"] == shown["progress"]["waiting"] == 12_000


async def test_older_wishes_are_found_by_index(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(sa.text(f"EXPLAIN {DROP_OLDER.text}"), {"enrollments": []})
        assert any("ix_device_commands_enrollment_id" in line for line in plan)


async def test_what_failed_for_a_while_is_sent_again_by_itself(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann = await api.add_staff("11")
    await group_of(api, clock, everybody=True)
    await plan_all(database)
    await answer(bridge, "A1", await fetch(bridge, "A1"), code=-1001)
    shown = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (shown["status"], "full" in shown["message"], shown["retries"]) == ("failed", True, 0)
    assert timedelta(minutes=50) < in_hours(shown["retry_at"]) < timedelta(minutes=70)
    # Not before its time.
    assert await plan_all(database) == 0
    waits = []
    for nth in range(1, 11):
        await make_due(database)
        assert await plan_all(database) == 1
        shown = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
        assert (shown["status"], shown["retries"], shown["retry_at"]) == ("pending", nth, None)
        assert shown["message"] == "Sent again by itself; before: The clock is full (code -1001)"
        await answer(bridge, "A1", await fetch(bridge, "A1"), code=-1001)
        shown = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
        waits.append(round(in_hours(shown["retry_at"]) / timedelta(hours=1)) if shown["retry_at"] else None)
    assert waits == [3, 9, 12, 12, 12, 12, 12, 12, 12, None]
    assert await plan_all(database) == 0
    # A person asks again: counted from the start. A clock that took them ends it.
    await api.post(f"/api/staff/{ann['id']}/enroll", {"device_ids": [clock["id"]]}, 202)
    await answer(bridge, "A1", await fetch(bridge, "A1"), code=-1001)
    await make_due(database)
    assert await plan_all(database) == 1
    assert await obey(bridge, "A1") == [("user_update", "11"), ("user_query", "11")]
    shown = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (shown["status"], shown["retry_at"], shown["retries"]) == ("enrolled", None, 1)


async def test_what_failed_for_good_waits_for_a_person(api: Api, bridge: Bridge, database: Database) -> None:
    clock = await api.add_device("A1")
    ann = await api.add_staff("11")
    await group_of(api, clock, everybody=True)
    await plan_all(database)
    await answer(bridge, "A1", await fetch(bridge, "A1"), code=-1004)
    shown = (await api.get(f"/api/staff/{ann['id']}"))["enrollments"][0]
    assert (shown["status"], shown["retry_at"]) == ("failed", None)
    await make_due(database)
    assert await plan_all(database) == 0


async def test_approving_a_clock_tells_the_planner(api: Api, app: FastAPI, bridge: Bridge) -> None:
    await bridge.contact("NEW-1", 403)
    waiting = (await api.get("/api/devices"))["items"][0]
    assert await jobs_sent(app) == set()
    await api.post(f"/api/devices/{waiting['id']}/approve", {"name": "Gate"}, 200)

    async def planner_was_told() -> bool:
        return "clocks.plan" in await jobs_sent(app)

    await eventually(planner_was_told, seconds=20, what="the hint to the planner")


async def jobs_sent(app: FastAPI) -> set[str]:
    """Names of the jobs that wait for a worker."""
    settings = app.state.settings
    valkey = Redis.from_url(settings.valkey_url.get_secret_value())
    try:
        messages = await valkey.hvals(f"{settings.jobs_namespace}:default.msgs")
    finally:
        await valkey.aclose()
    return {json.loads(each)["actor_name"] for each in messages}


def in_hours(instant: str) -> timedelta:
    """How far ahead an instant is."""
    return datetime.fromisoformat(instant) - utc_now()
