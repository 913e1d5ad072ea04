"""Exports and batches over the API: what counts as paid is paid once, and all figures agree."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import random
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.payroll import batches
from tenant_stack.settings import TenantSettings
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, eventually, page_headers, running_role, sign_in
from tests.tenant_stack.payroll.people import MARCH, hire, work
from tests.tenant_stack.records import run

BATCHES = "/api/payroll/batches"
EXPORT = "/api/reports/payroll"


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def file_of(api: Api, batch: dict[str, Any]) -> bytes:
    answer = await api.client.get(f"{BATCHES}/{batch['id']}/file")
    assert answer.status_code == 200, answer.text
    assert hashlib.sha256(answer.content).hexdigest() == batch["sha256"]
    return answer.content


async def make(api: Api, status: int = 201, profile: str = "generic-long", **more: Any) -> Any:
    return await api.post(BATCHES, {**MARCH, "profile": profile, **more}, status)


def hours(rows: list[dict[str, str]], code: str = "REG") -> list[tuple[str, str]]:
    return [(row["employee_no"], row["hours"]) for row in rows if row["pay_code"] == code]


@pytest.fixture
async def ann(database: Database) -> str:
    """Ann, with two approved days and one open."""
    found = await hire(database, "007", "Ann Bee")
    await work(database, found, 2, 28_800, 3_600)
    await work(database, found, 3, 28_790)
    await work(database, found, 4, 27_000, state="open")
    return found


async def test_a_second_batch_holds_only_differences(api: Api, ann: str, database: Database) -> None:
    first = await make(api)
    assert (first["state"], first["differences"], first["people"]) == ("done", False, 1)
    content = await file_of(api, first)
    assert hours(rows_of(content)) == [("007", "16.00")]
    assert (await make(api, 409))["code"] == "nothing_new"
    # A day is corrected downwards, one more is approved.
    await work(database, ann, 3, 25_190)
    await work(database, ann, 4, 27_000)
    shown = await api.get(EXPORT, **MARCH, differences=True, preview=True)
    second = await make(api)
    assert second["differences"] is True
    rows = rows_of(await file_of(api, second))
    assert hours(rows) == [("007", "6.50")]
    assert second["totals"] == shown["totals"]
    await work(database, ann, 2, 28_800)
    third = await make(api)
    assert hours(rows_of(await file_of(api, third)), "OT") == [("007", "-1.00")]
    assert any("below zero" in each for each in third["warnings"])
    assert await file_of(api, first) == content
    whole = rows_of((await api.client.get(EXPORT, params=MARCH)).content)
    for code in ("REG", "OT"):
        parts = [rows_of(await file_of(api, each)) for each in (first, second, third)]
        paid = sum(Decimal(value) for each in parts for _, value in hours(each, code))
        assert paid == sum(Decimal(value) for _, value in hours(whole, code))
    listed = await api.get(BATCHES)
    assert [each["number"] for each in listed["items"]] == [third["number"], second["number"], first["number"]]


async def test_what_is_paid_stays_while_it_is_not_approved(api: Api, ann: str, database: Database) -> None:
    await make(api)
    await work(database, ann, 2, 3_600, state="reopened")
    assert (await make(api, 409))["code"] == "nothing_new"
    await work(database, ann, 2, 3_600)
    rows = rows_of(await file_of(api, await make(api)))
    assert hours(rows) == [("007", "-7.00")]
    assert hours(rows, "OT") == [("007", "-1.00")]


async def test_unapproved_records_only_when_asked_and_marked(api: Api, ann: str) -> None:
    shown = await api.get(EXPORT, **MARCH, preview=True)
    assert shown["readiness"]["unapproved"] == 1
    assert "1 records are not approved and are left out" in shown["warnings"]
    everything = await api.client.get(EXPORT, params={**MARCH, "include": "all"})
    assert "UNAPPROVED" in everything.headers["content-disposition"]
    assert everything.headers["x-punctual-unapproved"] == "true"
    assert hours(rows_of(everything.content)) == [("007", "23.50")]
    batch = await make(api, include="all")
    assert batch["unapproved"] is True
    assert batch["file_name"].endswith("-UNAPPROVED.csv")


async def test_batches_made_at_once_do_not_double(api: Api, ann: str, database: Database) -> None:
    async def send(key: str | None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await api.client.post(BATCHES, json={**MARCH, "profile": "generic-long"}, headers=headers)

    answers = await asyncio.gather(*(send(None) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    ((paid,),) = await run(
        database,
        "SELECT sum((e ->> 'amount')::integer) FROM payroll_paid, jsonb_array_elements(amounts) e "
        "WHERE e ->> 'code' = 'REG'",
    )
    assert paid == 57_590
    await work(database, ann, 5, 3_600)
    answers = await asyncio.gather(*(send("march-2") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await api.client.post(BATCHES, json={**MARCH, "profile": "gusto"}, headers={"Idempotency-Key": "march-2"})
    assert (other.status_code, other.json()["code"]) == (409, "key_used")


async def test_a_withdrawn_batch_is_exported_again(api: Api, ann: str, database: Database) -> None:
    first = await make(api)
    await work(database, ann, 5, 3_600)
    second = await make(api)
    path = f"{BATCHES}/{first['id']}/withdraw"
    assert (await api.post(path, {"reason": "Sent to nobody"}, 409))["code"] == "later_batch"
    await api.post(f"{BATCHES}/{second['id']}/withdraw", {"reason": "Sent to nobody"}, 200)
    assert (await api.post(path, {"reason": "Sent to nobody"}, 200))["state"] == "withdrawn"
    assert (await api.post(path, {"reason": "Once more"}, 409))["code"] == "not_done"
    again = await make(api)
    assert hours(rows_of(await file_of(api, again))) == [("007", "17.00")]
    actions = {row[0] for row in await run(database, "SELECT action FROM audit_log")}
    assert {"payroll.batch.create", "payroll.batch.made", "payroll.batch.download", "payroll.batch.withdraw"} <= actions


async def test_corrections_of_closed_days_are_paid_in_the_period_they_are_booked_in(
    api: Api, ann: str, database: Database
) -> None:
    await work(database, ann, 4, 27_000, state="locked")
    march = await api.post("/api/attendance/periods", {"starts_on": "2026-03-01", "ends_on": "2026-03-31"})
    april = await api.post("/api/attendance/periods", {"starts_on": "2026-04-01", "ends_on": "2026-04-30"})
    await api.post(BATCHES, {"period_id": march["id"], "profile": "generic-long"})
    await run(
        database,
        "INSERT INTO attendance_deltas (staff_id, work_date, period_id, figures, reason) VALUES (CAST(:staff AS uuid), "
        "'2026-03-03', CAST(:period AS uuid), "
        '\'{"worked": -1800, "pay_REG": -3600, "pay_OT": 1800, "day_absent": 50}\', \'historical_correction\')',
        staff=ann,
        period=april["id"],
    )
    batch = await api.post(BATCHES, {"period_id": april["id"], "profile": "generic-long"})
    rows = rows_of(await file_of(api, batch))
    assert [(row["date"], row["pay_code"], row["hours"] or row["days"], row["rate"]) for row in rows] == [
        ("2026-03-03", "REG", "-1.00", "1"),
        ("2026-03-03", "OT", "0.50", "1.5"),
        ("2026-03-03", "ABSENT", "0.50", ""),
    ]
    assert rows[0]["reference"] == f"batch {batch['number']}, correction of 2026-03-03"
    feed = await api.get("/api/payroll/records", **{"from": "2026-04-01", "to": "2026-04-30"})
    assert [(each["kind"], each["work_date"]) for each in feed["items"]] == [("correction", "2026-03-03")]


@pytest.mark.parametrize("seed", range(5))
async def test_totals_agree_everywhere(seed: int, api: Api, database: Database) -> None:
    """Preview, CSV, JSON and the feed of random people, days and filters: the same to the second."""
    generator = random.Random(seed)
    people = []
    for number in range(8):
        department = generator.choice(["Sales", "Stores", "=cmd()"])
        people.append((await hire(database, f"{number:03}", f"+97{number} علي <b", department), department))
    for staff_id, _ in people:
        for day in generator.sample(range(1, 29), 6):
            state = generator.choice(["approved", "locked", "open"])
            seconds, over = generator.randint(1, 40_000), generator.choice([0, generator.randint(1, 9_000)])
            await work(database, staff_id, day, seconds, over, state=state, premium=generator.randint(0, 999))
    department = generator.choice(["Sales", "Stores"])
    chosen = [each for each, where in people if where == department][:3] or [people[0][0]]
    filters: dict[str, Any] = {
        "from": f"2026-03-0{generator.randint(1, 9)}",
        "to": f"2026-03-{generator.randint(10, 31)}",
        "staff_id": chosen,
    }
    shown = await api.get(EXPORT, **filters, preview=True)
    figures = await api.get(EXPORT, **filters, format="json")
    in_file = rows_of((await api.client.get(EXPORT, params=filters)).content)
    feed = await api.get("/api/payroll/records", **{"from": filters["from"], "to": filters["to"], "limit": 1000})
    assert shown["totals"] == figures["totals"]
    for total in shown["totals"]:
        cells = [row[total["unit"]] for row in in_file if row["pay_code"] == total["code"]]
        assert sum(Decimal(cell) for cell in cells if cell) == Decimal(total["figure"])
        lines = [line for item in feed["items"] if item["staff_id"] in chosen for line in item["lines"]]
        exact = sum(line["seconds"] or line["hundredths"] or 0 for line in lines if line["code"] == total["code"])
        assert exact == (total["seconds"] if total["unit"] == "hours" else total["hundredths"])


async def test_own_profiles(api: Api, ann: str) -> None:
    path = "/api/payroll/profiles"
    listed = (await api.get(path))["items"]
    assert len(listed) == 11
    made = await api.post(path, {"code": "acme-adp", "name": "ADP of Acme", "copy_of": "adp-workforce-now"})
    definition = made["definition"] | {"settings": {"company_code": "XYZ", "batch_id": "1"}}
    changed = await api.put(f"{path}/acme-adp", {"name": "ADP", "definition": definition, "version": 1})
    assert changed["version"] == 2
    answer = await api.client.get(EXPORT, params={**MARCH, "profile": "acme-adp"})
    assert answer.headers["content-disposition"].startswith('attachment; filename="EPIXYZ000.csv"')
    assert answer.text.splitlines()[1] == "XYZ,1,000007,16.00,1.00,,,,"
    wrong = definition | {"columns": [{"title": "X", "source": "hours"}]}
    refused = await api.put(f"{path}/acme-adp", {"name": "ADP", "definition": wrong, "version": 2}, 422)
    assert (refused["code"], refused["field"]) == ("invalid_profile", "definition.columns.0.source")
    stale = await api.put(f"{path}/acme-adp", {"name": "ADP", "definition": definition, "version": 1}, 409)
    assert stale["code"] == "version_conflict"
    tried = await api.post(f"{path}/preview", {**MARCH, "definition": definition}, 200)
    assert tried["rows"] == [["XYZ", "1", "000007", "16.00", "1.00", "", "", "", ""]]
    assert (await api.put(f"{path}/gusto", {"name": "G", "definition": {}, "version": 1}, 409))[
        "code"
    ] == "profile_ready"
    assert (await api.post(path, {"code": "acme-adp", "name": "2", "copy_of": "gusto"}, 409))["field"] == "code"
    await api.delete(f"{path}/acme-adp")
    await api.call("GET", f"{path}/acme-adp", 404)


async def test_what_a_file_cannot_say_does_not_count_as_paid(api: Api, ann: str, database: Database) -> None:
    path = "/api/payroll/profiles"
    made = await api.post(path, {"code": "own", "name": "Own", "copy_of": "gusto"})
    codes = [each for each in made["definition"]["codes"] if each["ours"] != "overtime"]
    await api.put(f"{path}/own", {"name": "Own", "definition": made["definition"] | {"codes": codes}, "version": 1})
    shown = await api.get(EXPORT, **MARCH, profile="own", preview=True)
    assert "The profile does not know OT: 1 person left out" in shown["warnings"]
    assert (await make(api, 409, profile="own"))["code"] == "unknown_codes"
    await run(database, "UPDATE staff SET employee_id = 'A-10000007'")
    assert (await make(api, 409, profile="adp-workforce-now"))["code"] == "numbers_too_long"
    assert await run(database, "SELECT 1 FROM payroll_paid") == []
    assert (await make(api, profile="gusto"))["number"] > 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2024-01-01", "to": "2026-03-01"}, "to"),
        ({"period_id": "01900000-0000-7000-8000-000000000000"}, "period_id"),
    ],
)
async def test_wrong_dates(query: dict[str, str], field: str, api: Api) -> None:
    assert (await api.call("GET", EXPORT, 422, params=query))["field"] == field


async def test_an_export_has_a_tag(api: Api, ann: str) -> None:
    first = await api.client.get(EXPORT, params=MARCH)
    again = await api.client.get(EXPORT, params=MARCH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_rights(app: FastAPI, ann: str) -> None:
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        viewer = Api(client)
        await viewer.get(BATCHES)
        await viewer.call("GET", EXPORT, 403, params=MARCH)
        await viewer.post(BATCHES, {**MARCH, "profile": "gusto"}, 403)
        await viewer.call("GET", "/api/payroll/records", 403, params=MARCH)


async def test_somebody_who_sees_a_part_sees_no_payroll(app: FastAPI, api: Api, ann: str, database: Database) -> None:
    batch = await make(api)
    async with client_of(app, **page_headers(await sign_in(app, "manager"))) as client:
        manager = Api(client)
        assert (await manager.get(f"{BATCHES}/{batch['id']}"))["number"] == batch["number"]
        await run(database, "UPDATE users SET departments = '[\"Stores\"]' WHERE name = 'Manager'")
        for path in (
            EXPORT,
            BATCHES,
            f"{BATCHES}/{batch['id']}",
            f"{BATCHES}/{batch['id']}/file",
            "/api/payroll/records",
        ):
            answer = await manager.call("GET", path, 403, params=MARCH)
            assert answer["code"] == "whole_organisation"
        assert (await manager.post(BATCHES, {**MARCH, "profile": "gusto"}, 403))["code"] == "whole_organisation"


async def test_a_large_batch_is_made_by_the_worker(
    app: FastAPI, api: Api, ann: str, document: dict[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(batches, "DIRECT_DAYS", 0)
    assert TenantSettings.model_validate(document).slug == "acme"
    made = await make(api, 202)
    assert made["state"] == "queued"
    answer = await api.client.get(f"{BATCHES}/{made['id']}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_file_yet")
    twin = await make(api, 202)

    async def settled() -> list[dict[str, Any]] | None:
        items = (await api.get(BATCHES))["items"]
        return items if all(each["state"] != "queued" for each in items) else None

    with running_role("worker", document, tmp_path):
        found = {each["id"]: each for each in await eventually(settled, seconds=40)}
    assert sorted([found[made["id"]]["state"], found[twin["id"]]["state"]]) == ["done", "failed"]
    failed = next(each for each in found.values() if each["state"] == "failed")
    assert failed["error"].startswith("Nothing has changed since batch")
