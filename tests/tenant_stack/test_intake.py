"""Punches come in once, whatever the clock does: identity, quarantine, admission, owners."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from foundation.database import Database
from tests.tenant_stack.actors import SERIAL, Api, Bridge, in_local, punch

DAY = "2026-03-02"


async def stored(api: Api, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/api/attendance/logs", limit=200, **filters))["items"]
    return items


def a_days_log(people: int = 20) -> list[dict[str, Any]]:
    return [
        punch(f"{pin:05d}", f"{DAY} {hour:02d}:00:{pin:02d}", status)
        for pin in range(1, people + 1)
        for hour, status in ((8, 0), (12, 2), (13, 3), (17, 1))
    ]


async def test_a_batch_sent_twice_adds_nothing(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    log = a_days_log()
    assert await bridge.punches(*log) == {"received": 80, "stored": 80, "duplicate": 0, "quarantined": 0}
    assert await bridge.punches(*log) == {"received": 80, "stored": 0, "duplicate": 80, "quarantined": 0}
    assert (await api.get("/api/attendance/logs"))["total"] == 80


async def test_split_reordered_and_by_the_other_road_adds_nothing(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    log = a_days_log()
    await bridge.punches(*log)
    shuffled = random.Random(7).sample(log, len(log))
    without_zeros = [{**line, "pin": line["pin"].lstrip("0"), "verify": 15, "work_code": "9"} for line in shuffled]
    for start in range(0, len(log), 7):
        part = without_zeros[start : start + 7]
        answer = await bridge.punches(*part, source="pull")
        assert answer == {"received": len(part), "stored": 0, "duplicate": len(part), "quarantined": 0}
    assert (await api.get("/api/attendance/logs"))["total"] == 80


async def test_what_makes_a_punch(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await api.add_device("CLOCK-2")
    second = f"{DAY} 08:00:00"
    answer = await bridge.punches(
        punch("42", second, 0),
        punch("42", second, 1),  # in and out in the same second are two
        punch("00042", second, 0),  # leading zeros make no other person
        punch("42", second, 0, verify=15),  # nor does the way of verifying
        punch("42A", second, 0),  # letters do
        punch("43", second, 0),
    )
    assert answer == {"received": 6, "stored": 4, "duplicate": 2, "quarantined": 0}
    assert (await bridge.punches(punch("42", second, 0), serial="CLOCK-2"))["stored"] == 1
    first = (await stored(api))[-1]
    assert first["local_time"] == second
    assert first["zone"] == "Asia/Dubai"
    assert first["punched_at"] == f"{DAY}T04:00:00Z"


async def test_batches_of_one_clock_at_the_same_time(api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    log = a_days_log()
    rng = random.Random(3)
    answers = await asyncio.gather(*(bridge.punches(*rng.sample(log, len(log))) for _ in range(6)))
    assert sum(answer["stored"] for answer in answers) == 80
    assert all(answer["received"] == answer["stored"] + answer["duplicate"] for answer in answers)
    assert (await api.get(f"/api/devices/{device['id']}"))["stored_punches"] == 80


async def test_lines_that_are_no_punches_are_kept_with_a_reason(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    tomorrow, soon = in_local(4, days=2), in_local(4)
    batch = [
        punch("1", f"{DAY} 08:00:00"),
        punch("1", "1999-12-31 23:59:59", raw="1\t1999-12-31 23:59:59\t0\t1"),
        punch("1", f"{tomorrow:%Y-%m-%d %H:%M:%S}"),
        punch("1", "2026-02-30 08:00:00"),
        punch("1", "2026-W09-1 08:00:00"),
        punch(" ", f"{DAY} 08:00:00"),
        punch("1", f"{soon:%Y-%m-%d %H:%M:%S}"),
    ]
    rejected = [{"raw": "gar\x00bage", "reason": "too few fields"}]
    assert await bridge.punches(*batch, rejected=rejected) == {
        "received": 8,
        "stored": 2,
        "duplicate": 0,
        "quarantined": 6,
    }
    kept = (await api.get("/api/attendance/quarantine"))["items"]
    reasons = sorted(line["reason"] for line in kept)
    assert len(kept) == 6
    assert any("before 2000" in reason for reason in reasons)
    assert any("in the future" in reason for reason in reasons)
    assert "too few fields" in reasons
    assert any(line["raw"] == "1\t1999-12-31 23:59:59\t0\t1" for line in kept)
    # A clock that sends its log again does not fill the list.
    again = await bridge.punches(*batch, rejected=rejected)
    assert again == {"received": 8, "stored": 0, "duplicate": 8, "quarantined": 0}


async def test_an_unknown_clock_waits_and_keeps_its_log(api: Api, bridge: Bridge) -> None:
    line = punch("1", f"{DAY} 08:00:00")
    assert (await bridge.punches(line, serial="NEW-1", status=403))["code"] == "device_unknown"
    assert (await bridge.contact("NEW-1", status=403))["code"] == "device_waiting"
    waiting = (await api.get("/api/devices", status="waiting_approval"))["items"]
    assert [(each["device_serial"], each["source_address"]) for each in waiting] == [("NEW-1", "192.0.2.50")]
    assert await stored(api) == []

    approved = await api.post(
        f"/api/devices/{waiting[0]['id']}/approve", {"name": "Gate", "zone": "Europe/Berlin"}, 200
    )
    assert approved["approved_at"]
    assert (await bridge.contact("NEW-1"))["zone"] == "Europe/Berlin"
    assert (await bridge.punches(line, serial="NEW-1"))["stored"] == 1
    assert (await stored(api))[0]["punched_at"] == f"{DAY}T07:00:00Z"
    assert (await api.post(f"/api/devices/{waiting[0]['id']}/approve", {"name": "x"}, 409))["code"] == "device_approved"


async def test_adding_a_serial_that_waits_approves_it(api: Api, bridge: Bridge) -> None:
    await bridge.contact(status=403)
    waiting = (await api.get("/api/devices"))["items"][0]
    added = await api.add_device(name="Front door")
    assert added["id"] == waiting["id"]
    assert added["name"] == "Front door"
    await bridge.contact()


async def test_strangers_cannot_fill_the_list(api: Api, bridge: Bridge, database: Database) -> None:
    await asyncio.gather(*(bridge.contact(f"S{number}", status=403) for number in range(120)))
    waiting = await api.get("/api/devices", status="waiting_approval")
    # Counted without a lock: of the back end's ten connections each may let one in together with the hundredth.
    assert 95 <= waiting["total"] <= 110
    async with database.transaction() as session:
        counted = await session.scalar(sa.text("SELECT attempts FROM refused_contacts"))
    assert counted is not None
    assert counted + waiting["total"] == 120


@pytest.mark.parametrize(
    ("badge", "employee_id", "pin", "origin"),
    [
        ("0042", "E1", "42", "matched_badge"),
        (None, "00042", "42", "matched_employee_id"),
        ("B-7", "E1", "B-7", "matched_badge"),
    ],
)
async def test_a_pin_finds_its_owner_by_number(
    badge: str | None, employee_id: str, pin: str, origin: str, api: Api, bridge: Bridge
) -> None:
    await api.add_device()
    person = await api.add_staff(employee_id, badge_number=badge)
    await bridge.punches(punch(pin, f"{DAY} 08:00:00"))
    assert [line["staff_id"] for line in await stored(api)] == [person["id"]]
    shown = await api.get(f"/api/staff/{person['id']}")
    assert [(each["pin"], each["origin"], each["status"]) for each in shown["enrollments"]] == [
        (pin, origin, "enrolled")
    ]
    assert shown["enrollment_status"] == "enrolled"


async def test_a_pin_that_two_people_could_have_belongs_to_nobody(api: Api, bridge: Bridge) -> None:
    await api.add_device()
    await api.add_staff("E1", badge_number="042")
    await api.add_staff("E2", badge_number="42")
    await bridge.punches(punch("42", f"{DAY} 08:00:00"))
    assert (await stored(api))[0]["flags"] == ["unknown_pin"]
    assert len(await stored(api, unknown=True)) == 1


async def test_punches_find_their_owner_later(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await bridge.punches(
        punch("42", f"{DAY} 08:00:00"), punch("42", f"{DAY} 17:00:00", 1), punch("43", f"{DAY} 08:00:00")
    )
    assert len(await stored(api, unknown=True)) == 3
    person = await api.add_staff("E1", badge_number="42")
    assert {line["pin"] for line in await stored(api, staff_id=person["id"])} == {"42"}
    async with database.transaction() as session:
        marked = [str(day) for day in await session.scalars(sa.text("SELECT work_date FROM pending_staff_days"))]
    assert marked == [DAY]
    # And when a number is corrected.
    other = await api.add_staff("E2", badge_number="999")
    await api.put(f"/api/staff/{other['id']}", {"employee_id": "E2", "name": "Corrected", "badge_number": "43"})
    assert await stored(api, unknown=True) == []


async def test_the_number_of_statements_does_not_grow_with_the_batch(api: Api, bridge: Bridge, app: Any) -> None:
    await api.add_device()
    for number in range(1, 31):
        await api.add_staff(str(number))
    database: Database = app.state.database
    statements: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    counts = []
    await bridge.punches(punch("1", f"{DAY} 07:00:00"))  # makes the month
    for people in (1, 30):
        statements.clear()
        await bridge.punches(*a_days_log(people))
        counts.append(len(statements))
    assert counts[0] <= 4
    assert counts[1] <= 6  # matching new people adds two, whatever their number


async def test_what_the_clock_says_of_itself(api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    assert (await api.get(f"/api/devices/{device['id']}"))["status"] == "never_seen"
    info = {"firmware": "Ver 8.0.4", "user_count": "12", "punch_count": "345"}
    decision = await bridge.contact(kind="poll", info=info)
    assert decision["utc_offset_minutes"] == 240
    await bridge.punches(punch("1", f"{DAY} 08:00:00"), clock_offset_seconds=-190)
    seen = await api.get(f"/api/devices/{device['id']}")
    assert seen["status"] == "online"
    assert seen["firmware"] == "Ver 8.0.4"
    assert seen["clock_offset_seconds"] == -190
    status = await api.get(f"/api/devices/{device['id']}/status")
    assert (status["on_device"], status["stored"]) == (345, 1)
    assert status["last_seen"]["poll"]
    assert status["last_seen"]["upload"]
    assert status["last_seen"]["pull"] is None
    assert (await stored(api))[0]["flags"] == ["unknown_pin", "clock_skew"]


async def test_the_users_of_a_clock(api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    person = await api.add_staff("E1", badge_number="7")
    users = [{"pin": "7", "name": "Ann"}, {"pin": "0008", "name": "Bob", "card": 4_000_000_000}]
    document = {"serial": SERIAL, "received_at": "2026-03-02T08:00:00Z", "users": users}
    assert await bridge.call("users", document) == {"received": 2, "stored": 1, "duplicate": 1, "quarantined": 0}
    assert await bridge.call("users", {**document, "users": [], "complete": True}) == {
        "received": 0,
        "stored": 0,
        "duplicate": 0,
        "quarantined": 0,
    }
    known = (await api.get(f"/api/devices/{device['id']}/users"))["items"]
    assert [(each["pin"], each["staff_id"], each["origin"]) for each in known] == [
        ("7", person["id"], "matched_badge"),
        ("8", None, "reported"),
    ]
    # The person is entered later: the number that the clock reported becomes theirs.
    bob = await api.add_staff("E2", badge_number="8")
    assert bob["enrollments"][0]["origin"] == "matched_badge"


async def test_only_the_bridge_may_bring_punches(stranger: Any, api: Api) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer control-token"}):
        answer = await stranger.post("/internal/bridge/punches", json={}, headers=headers)
        assert answer.status_code == 401
    assert (await api.client.post("/internal/bridge/punches", json={})).status_code == 401
