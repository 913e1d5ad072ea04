"""Records made by the rules: figures, reasons, absence, and that every way to the same punches is the same record."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from foundation.database import Database
from tenant_stack.attendance.day_processor import process_batch
from tenant_stack.attendance.expected_days import mark_expected
from tests.tenant_stack.actors import SERIAL, Api, Bridge, punch
from tests.tenant_stack.records import ZONE, content, everybody_works, only, process, records, rules, run

DAY = "2026-03-02"  # a Monday
OVER_40_HOURS = {
    "overtime": {"tiers": [{"code": "OT", "basis": "weekly", "rate": "1.5", "after": 40 * 3600}]},
    "anomalies": {"week_limit": 48 * 3600},
}


def at(text: str) -> datetime:
    """An instant by the wall time of Dubai."""
    return datetime.fromisoformat(f"{text}+04:00")


async def test_a_record_says_why(api: Api, bridge: Bridge, database: Database) -> None:
    await everybody_works(database)
    await rules(database, {"punctuality": {"late_grace": 300}, "breaks": [{"code": "meal"}]})
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 09:20:00"), punch("7", f"{DAY} 09:20:30"), punch("7", f"{DAY} 18:00:10", 1))
    await process(database)
    record = await only(api)
    assert (record["status"], record["shifts"], record["state"], record["version"]) == ("present", ["DAY"], "open", 1)
    assert (record["late_minutes"], record["break_minutes"], record["worked_minutes"]) == (20, 30, 490)
    assert record["pay"] == [{"code": "REG", "rate": "1", "minutes": 490}]
    assert record["anomalies"] == 1  # late; the double swipe asks for nobody
    detail = await api.get(f"/api/attendance/records/{record['id']}")
    assert [each["role"] for each in detail["trace"]["punches"]] == ["in", "duplicate", "out"]
    sentences = "\n".join(detail["trace"]["sentences"])
    assert "Due 09:00, came 09:20: 20 min late." in sentences
    assert "Worked 8 h 10 min 10 s; status present." in sentences
    assert sum(step["seconds"] for step in detail["trace"]["steps"]) == detail["trace"]["worked"] == 29_410
    assert sum(line["seconds"] for line in detail["trace"]["pay"]) == 29_410
    assert {each["kind"] for each in detail["anomalies"]} == {"in_late", "duplicate_punch"}
    await api.call("GET", "/api/attendance/records/01900000-0000-7000-8000-000000000000", 404)


async def test_filters(api: Api, bridge: Bridge, database: Database) -> None:
    await everybody_works(database)
    await api.add_device()
    await api.add_staff("7")
    await api.add_staff("8")
    await bridge.punches(punch("7", f"{DAY} 09:30:00"), punch("7", f"{DAY} 18:00:00", 1), punch("8", f"{DAY} 09:00:00"))
    await process(database)
    assert [each["employee_id"] for each in await records(api, anomaly="in_late")] == ["7"]
    assert [each["employee_id"] for each in await records(api, anomaly="missing_out")] == ["8"]
    assert len(await records(api, anomaly="any", state="open")) == 2
    assert await records(api, state="approved") == []
    await api.call("GET", "/api/attendance/records", 422, params={"state": "lost"})


async def test_a_night_belongs_to_the_day_it_began(api: Api, bridge: Bridge, database: Database) -> None:
    await everybody_works(database, start=22 * 3600, end=6 * 3600)
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 21:55:00"))
    await process(database, now=at(f"{DAY} 23:00"))
    await bridge.punches(punch("7", "2026-03-03 06:05:00", 1))
    await process(database, now=at("2026-03-03 07:00"))
    record = await only(api)
    assert (record["work_date"], record["worked_minutes"], record["status"]) == (DAY, 490, "present")


async def test_nobody_there(api: Api, bridge: Bridge, database: Database) -> None:
    """Not yet arrived, then absent once the clocks have reported past the end; a clock that is away keeps it open."""
    await everybody_works(database)
    await api.add_device()
    person = await api.add_staff("7")
    await api.add_staff("8")
    await bridge.punches(punch("7", "2026-02-27 09:00:00"), punch("7", "2026-02-27 18:00:00", 1))
    await process(database)  # from here on person 7 is known to be on that clock

    async def look(now: str) -> int:
        async with database.transaction() as session:
            marked = await mark_expected(session, ZONE, back=1, now=at(now))
        await process(database, now=at(now))
        return marked

    async def reported(when: str) -> None:
        await run(database, "UPDATE devices SET last_seen_at = :at", at=at(when))

    await run(database, "UPDATE staff SET hired_on = '2026-03-02' WHERE employee_id = '8'")
    await reported("2026-03-02 08:00")
    await look(f"{DAY} 08:30")
    before = await api.get("/api/attendance/anomalies", **{"from": DAY})
    assert before["items"] == []
    assert await look(f"{DAY} 09:45") == 2
    items = (await api.get("/api/attendance/anomalies", kind="not_arrived"))["items"]
    assert [(each["state"], each["work_date"], each["record_id"]) for each in items] == [("pending", DAY, None)] * 2
    assert await look(f"{DAY} 10:00") == 0  # it is known
    assert await look("2026-03-03 00:30") == 0  # the window is over, but no clock has said so
    await reported("2026-03-02 23:00")
    assert await look("2026-03-03 00:31") == 1
    (absent,) = await records(api, **{"from": DAY, "to": DAY})
    assert (absent["staff_id"], absent["status"], absent["punch_count"]) == (person["id"], "absent", 0)
    kinds = {each["kind"] for each in (await api.get("/api/attendance/anomalies", staff_id=person["id"]))["items"]}
    assert kinds == {"absence"}
    # Person 8 is on no clock at all: after twelve hours the silence itself counts.
    await look("2026-03-03 08:00")
    assert len(await records(api, status="absent", **{"from": DAY, "to": DAY})) == 1
    await look("2026-03-03 10:30")
    assert len(await records(api, status="absent", **{"from": DAY, "to": DAY})) == 2
    # Late data takes the absence back.
    await bridge.punches(punch("7", f"{DAY} 09:00:00"), punch("7", f"{DAY} 18:00:00", 1))
    await process(database, now=at("2026-03-03 11:00"))
    assert [each["status"] for each in await records(api, staff_id=person["id"], **{"from": DAY, "to": DAY})] == [
        "present"
    ]
    assert (await api.get("/api/attendance/anomalies", staff_id=person["id"], **{"from": DAY, "to": DAY}))[
        "items"
    ] == []


async def test_overtime_of_the_week_follows_late_data(api: Api, bridge: Bridge, database: Database) -> None:
    await rules(database, OVER_40_HOURS)
    await api.add_device()
    await api.add_staff("7")
    days = [f"2026-03-0{n}" for n in range(2, 7)]
    for day in days[1:]:
        await bridge.punches(punch("7", f"{day} 08:00:00"), punch("7", f"{day} 18:00:00", 1))
        await process(database)
    assert sum(each["overtime_minutes"] for each in await records(api)) == 0
    await bridge.punches(punch("7", f"{days[0]} 08:00:00"), punch("7", f"{days[0]} 18:00:00", 1))
    await process(database)
    found = {each["work_date"]: each for each in await records(api)}
    assert found[days[4]]["overtime_minutes"] == 600
    assert found[days[4]]["pay"] == [{"code": "OT", "rate": "1.5", "minutes": 600}]
    assert [found[day]["version"] for day in days[1:4]] == [1, 1, 1]
    weekly = (await api.get("/api/attendance/anomalies", kind="over_week_limit"))["items"]
    assert [(each["work_date"], each["seconds"]) for each in weekly] == [(days[0], 2 * 3600)]


async def test_configuration_does_not_reach_earlier_days_by_the_way(
    api: Api, bridge: Bridge, database: Database
) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 09:30:00"), punch("7", f"{DAY} 18:00:00", 1))
    await process(database)
    before = await only(api)
    await everybody_works(database)
    await bridge.punches(punch("7", "2026-03-03 09:30:00"), punch("7", "2026-03-03 18:00:00", 1))
    await process(database)
    after, earlier = await records(api)
    assert (after["late_minutes"], after["shifts"]) == (30, ["DAY"])
    assert earlier == before
    await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    await process(database)
    assert (await records(api))[1]["late_minutes"] == 30


@pytest.mark.parametrize("seed", range(4))
async def test_rebuilding_equals_working_day_by_day(seed: int, api: Api, bridge: Bridge, database: Database) -> None:
    """Random punches in random portions, each computed at once, against all of them computed from nothing."""
    dice = random.Random(seed)
    if seed % 2:
        await everybody_works(database)
    if seed >= 2:
        await rules(database, OVER_40_HOURS)
    await api.add_device()
    for n in range(1, 5):
        await api.add_staff(str(n))
    lines: list[dict[str, Any]] = []
    for n in range(1, 5):
        for day in range(16):
            start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day)
            for _ in range(dice.choice((0, 1, 2, 2, 2, 4))):
                when = start + timedelta(seconds=dice.choice((8, 9, 13, 18, 23)) * 3600 + dice.randrange(1800))
                lines.append(punch(str(n), f"{when:%Y-%m-%d %H:%M:%S}", dice.choice((0, 1, 255))))
    dice.shuffle(lines)
    now = at("2026-03-25 12:00")
    await bridge.punches(lines[0])  # makes the clock's enrolment
    while lines:
        size = dice.randrange(1, 25)
        await bridge.punches(*lines[:size])
        del lines[: size - dice.randrange(0, 2)]  # some arrive twice
        await process(database, now=now, most=dice.choice((3, 50, 2000)))
    whole = {"from": "2026-02-27", "to": "2026-03-20"}
    await api.post("/api/attendance/process", whole, 202)
    await process(database, now=now)
    step_by_step = await content(database)
    await run(database, "DELETE FROM attendance_records")
    await run(database, "DELETE FROM attendance_anomalies")
    await api.post("/api/attendance/process", whole, 202)
    await process(database, now=now)
    assert await content(database) == step_by_step


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_left_to_compute(seed: int, api: Api, bridge: Bridge, database: Database) -> None:
    """After the days of the punches alone, computing everything again finds nothing to change."""
    dice = random.Random(100 + seed)
    await rules(database, OVER_40_HOURS if seed % 2 else {})
    await api.add_device()
    for n in range(1, 4):
        await api.add_staff(str(n))
    lines = [
        punch(
            str(n),
            f"2026-03-{day:02d} {hour:02d}:{dice.randrange(60):02d}:00",
            dice.choice((0, 1, 255)),
        )
        for n in range(1, 4)
        for day in range(2, 16)
        for hour in dice.sample((2, 6, 9, 13, 18, 22), dice.choice((0, 1, 2, 3)))
    ]
    dice.shuffle(lines)
    now = at("2026-03-25 12:00")
    while lines:
        size = dice.randrange(1, 15)
        await bridge.punches(*lines[:size])
        del lines[:size]
        await process(database, now=now)
    before = await content(database)
    await api.post("/api/attendance/process", {"from": "2026-02-27", "to": "2026-03-20"}, 202)
    await process(database, now=now)
    assert await content(database) == before
    versions = await run(database, "SELECT max(processed_at), max(version) FROM attendance_records")
    await api.post("/api/attendance/process", {"from": "2026-02-27", "to": "2026-03-20"}, 202)
    assert await process(database, now=now) > 0
    assert await run(database, "SELECT max(processed_at), max(version) FROM attendance_records") == versions


async def test_the_statements_of_a_batch_are_bounded(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    for n in range(1, 61):
        await api.add_staff(str(n))
    days = [f"2026-03-{day:02d}" for day in range(2, 12)]
    counts = []
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, *___: statements.append(statement),
    )
    for people, most in (((1,), days[:1]), (range(2, 61), days)):
        await bridge.punches(
            *(
                punch(str(n), f"{day} {hour}:00:00", status)
                for n in people
                for day in most
                for hour, status in (("08", 0), ("17", 1))
            )
        )
        statements.clear()
        async with database.transaction() as session:
            computed, _ = await process_batch(session, ZONE)
        assert computed == len(people) * len(most)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 20


async def test_two_workers_on_one_person(api: Api, bridge: Bridge, database: Database) -> None:
    """One of them computes the person; the other finds nothing, and nothing is lost."""
    await api.add_device()
    await api.add_staff("7")
    days = [f"2026-03-{day:02d}" for day in range(2, 8)]
    await bridge.punches(*(punch("7", f"{day} {hour}:00:00") for day in days for hour in ("08", "17")))
    holding = asyncio.Event()
    done = asyncio.Event()

    async def first() -> int:
        async with database.transaction() as session:
            computed, _ = await process_batch(session, ZONE, most=3)
            holding.set()
            await done.wait()
            return computed

    task = asyncio.create_task(first())
    await holding.wait()
    async with database.transaction() as session:
        assert (await process_batch(session, ZONE))[0] == 0
    done.set()
    assert await task == 3
    both = await asyncio.gather(process(database), process(database), process(database))
    assert sum(both) == 3
    assert [each["worked_minutes"] for each in await records(api)] == [540] * 6
    assert (await run(database, "SELECT count(*) FROM attendance_records"))[0][0] == 6


async def test_the_clock_that_wrote_it_is_named(api: Api, bridge: Bridge, database: Database) -> None:
    """Skew of a clock and travel between two sites become anomalies."""
    await api.add_device()
    await api.add_device("FAR")
    await api.add_staff("7")
    await run(
        database,
        "WITH s AS (INSERT INTO sites (code, name, zone, latitude, longitude) VALUES "
        "('A', 'A', 'Asia/Dubai', 25.2, 55.3), ('B', 'B', 'Asia/Dubai', 24.4, 54.4) RETURNING id, code) "
        "UPDATE devices d SET site_id = s.id FROM s "
        "WHERE s.code = CASE d.device_serial WHEN 'FAR' THEN 'B' ELSE 'A' END",
    )
    await bridge.punches(punch("7", f"{DAY} 08:00:00"), serial=SERIAL, clock_offset_seconds=900)
    await bridge.punches(punch("7", f"{DAY} 08:10:00", 1), serial="FAR")
    await process(database)
    kinds = {each["kind"]: each for each in (await api.get("/api/attendance/anomalies"))["items"]}
    assert {"device_clock_skew", "impossible_travel"} <= set(kinds)
    assert kinds["device_clock_skew"]["seconds"] == 900
    assert kinds["impossible_travel"]["owner_role"] == "hr"


async def test_progress_of_a_run(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    for n in range(1, 11):
        await api.add_staff(str(n))
    await bridge.punches(*(punch(str(n), f"{DAY} 08:00:00") for n in range(1, 11)))
    await process(database)
    answer = await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    await bridge.punches(punch("3", "2026-03-04 08:00:00"))  # computed first, though it came later
    async with database.transaction() as session:
        await process_batch(session, ZONE, most=1)
    assert (await run(database, "SELECT count(*) FROM attendance_records WHERE work_date = '2026-03-04'"))[0][0] == 1
    async with database.transaction() as session:
        await process_batch(session, ZONE, most=4)
    progress = await api.get(f"/api/attendance/runs/{answer['run_id']}")
    assert (progress["state"], progress["total"]) == ("running", 10)
    assert 3 <= progress["done"] <= 5
    await process(database)
    progress = await api.get(f"/api/attendance/runs/{answer['run_id']}")
    assert (progress["state"], progress["done"]) == ("done", 10)


async def test_somebody_who_left_keeps_their_records(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", f"{DAY} 08:00:00"), punch("7", f"{DAY} 16:00:00", 1))
    await process(database)
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE staff SET active = false"))
    await api.post("/api/attendance/process", {"from": DAY, "to": DAY}, 202)
    await process(database)
    assert (await only(api))["worked_minutes"] == 480


async def test_one_broken_roster_holds_up_nobody(api: Api, bridge: Bridge, database: Database) -> None:
    await api.add_device()
    broken = await api.add_staff("7")
    await api.add_staff("8")
    await run(
        database,
        "INSERT INTO shift_assignments (staff_id, rotation, starts_on) VALUES (CAST(:id AS uuid), '[]', '2026-01-01')",
        id=broken["id"],
    )
    await bridge.punches(punch("7", f"{DAY} 08:00:00"), punch("8", f"{DAY} 08:00:00"))
    assert await process(database) == 2
    assert [each["employee_id"] for each in await records(api)] == ["8"]
    await run(database, "DELETE FROM shift_assignments")
    assert await process(database) == 0  # its turn comes later, or with the next punch
    await bridge.punches(punch("7", f"{DAY} 16:00:00", 1))
    assert await process(database) == 1
    assert {each["employee_id"] for each in await records(api)} == {"7", "8"}
