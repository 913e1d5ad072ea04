"""Marked staff-days become records: bulk, repeatable, whatever the order in which punches came."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from foundation.database import Database
from tenant_stack.attendance.day_processor import process_batch
from tenant_stack.people.enrollments.punch_owners import match_unknown
from tests.tenant_stack.actors import Api, Bridge, punch

DAY = "2026-03-02"


async def process(database: Database) -> int:
    total = 0
    while True:
        async with database.transaction() as session:
            computed, _ = await process_batch(session, "Asia/Dubai")
        if computed == 0:
            return total
        total += computed


async def records(api: Api, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/api/attendance/records", limit=200, **filters))["items"]
    return items


async def test_a_day_becomes_a_record(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    person = await api.add_staff("7", department="Ops")
    await bridge.punches(punch("7", f"{DAY} 17:30:30", 1), punch("7", f"{DAY} 08:00:00"))
    assert await process(database) == 1
    (record,) = await records(api)
    assert (record["first_in_local"], record["last_out_local"], record["worked_minutes"]) == ("08:00", "17:30", 570)
    assert (record["status"], record["punch_count"], record["department"]) == ("present", 2, "Ops")
    assert (record["work_date"], record["zone"], record["first_in"]) == (DAY, "Asia/Dubai", f"{DAY}T04:00:00Z")
    assert (await api.get(f"/api/staff/{person['id']}"))["last_punch_at"] == f"{DAY}T13:30:30Z"


async def test_late_punches_change_the_record(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 09:00:00"))
    await process(database)
    (incomplete,) = await records(api, status="incomplete")
    assert (incomplete["last_out"], incomplete["worked_minutes"]) == (None, 0)
    await bridge.punches(punch("7", f"{DAY} 07:00:00"), punch("7", f"{DAY} 18:00:00", 1))
    await process(database)
    (record,) = await records(api)
    assert record["id"] == incomplete["id"]
    assert (record["status"], record["worked_minutes"], record["punch_count"]) == ("present", 660, 3)
    assert await process(database) == 0  # a batch that adds nothing marks nothing
    await bridge.punches(punch("7", f"{DAY} 07:00:00"))
    assert await process(database) == 0


async def test_an_owner_found_later_gets_the_record(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await bridge.punches(punch("7", f"{DAY} 08:00:00"), punch("7", f"{DAY} 16:00:00", 1))
    assert await process(database) == 0
    await api.add_staff("7")
    assert await process(database) == 1
    assert [each["worked_minutes"] for each in await records(api)] == [480]


async def test_owners_are_looked_for_again(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await bridge.punches(punch("7", f"{DAY} 08:00:00"))
    async with database.transaction() as session:  # as if it had been entered in the very moment of the punch
        await session.execute(sa.text("INSERT INTO staff (employee_id, name) VALUES ('7', 'Late')"))
    async with database.transaction() as session:
        assert await match_unknown(session) == 1
    assert await process(database) == 1


async def test_computing_again_gives_the_same(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    people = [await api.add_staff(str(n)) for n in range(1, 6)]
    days = [f"2026-03-{day:02d}" for day in range(1, 8)]
    await bridge.punches(
        *(
            punch(str(n), f"{day} {hour:02d}:00:00", status)
            for n in range(1, 6)
            for day in days
            for hour, status in ((8, 0), (17, 1))
        )
    )
    assert await process(database) == 35
    before = [{**each, "processed_at": None} for each in await records(api)]
    answer = await api.post("/api/attendance/process", {"from": days[0], "to": days[-1]}, 202)
    assert answer["staff_days"] == 35
    run = await api.get(f"/api/attendance/runs/{answer['run_id']}")
    assert (run["state"], run["done"], run["total"], run["from"]) == ("running", 0, 35, days[0])
    assert await process(database) == 35
    assert [{**each, "processed_at": None} for each in await records(api)] == before
    some = {"from": days[0], "to": days[1], "staff_ids": [people[0]["id"]]}
    assert (await api.get(f"/api/attendance/runs/{answer['run_id']}"))["state"] == "done"
    assert (await api.post("/api/attendance/process", some, 202))["staff_days"] == 2
    for wrong in ({"from": "2026-03-02", "to": "2026-03-01"}, {"from": "2025-01-01", "to": "2026-03-01"}):
        await api.post("/api/attendance/process", wrong, 422)


async def test_a_record_without_punches_goes(api: Api, database: Database) -> None:
    person = await api.add_staff("7")
    async with database.transaction() as session:
        await session.execute(
            sa.text(
                "INSERT INTO attendance_records (staff_id, work_date, zone, worked_minutes, status, punch_count) "
                "VALUES (CAST(:staff AS uuid), CAST('2026-03-02' AS date), 'UTC', 0, 'incomplete', 1)"
            ),
            {"staff": person["id"]},
        )
    await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    await process(database)
    assert await records(api) == []


async def test_a_punch_that_arrives_while_its_day_is_computed_is_not_missed(
    api: Api, bridge: Bridge, database: Database
) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 08:00:00"))
    async with database.transaction() as session:
        assert (await process_batch(session, "Asia/Dubai"))[0] == 1
        arriving = asyncio.create_task(bridge.punches(punch("7", f"{DAY} 17:00:00", 1)))
        done, _ = await asyncio.wait({arriving}, timeout=0.3)
        assert not done  # it waits for the computation, so that it can mark the day again
    assert (await arriving)["stored"] == 1
    assert await process(database) == 1
    assert [each["worked_minutes"] for each in await records(api)] == [540]


async def test_several_workers_share_the_days(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    for n in range(1, 41):
        await api.add_staff(str(n))
    await bridge.punches(*(punch(str(n), f"{DAY} 08:00:00") for n in range(1, 41)))
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, *___: statements.append(statement),
    )

    async def work() -> int:
        async with database.transaction() as session:
            computed, _ = await process_batch(session, "Asia/Dubai", most=10)
            await asyncio.sleep(0.1)
            return computed

    assert sorted(await asyncio.gather(*(work() for _ in range(4)))) == [10, 10, 10, 10]
    assert len(statements) <= 4 * 20
    assert (await api.get("/api/attendance/records"))["total"] == 40
