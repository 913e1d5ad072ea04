"""The feed for payroll systems: each record once whatever happens meanwhile, and nothing missed the next time."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from foundation.audit import Actor
from foundation.contracts.control import ClientRequest
from foundation.database import Database
from tenant_stack.access.clients import create_client
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of
from tests.tenant_stack.payroll.people import MARCH, hire, work
from tests.tenant_stack.records import run

FEED = "/api/payroll/records"


async def test_each_record_once_while_others_come(api: Api, database: Database) -> None:
    people = [await hire(database, f"{number:02}", f"Person {number}") for number in range(6)]
    for staff_id in people:
        for day in (2, 9, 16):
            await work(database, staff_id, day, 28_800 + day)
    expected = {str(row[0]) for row in await run(database, "SELECT id FROM attendance_records")}
    seen: list[str] = []
    cursor: str | None = None
    late = await hire(database, "99", "Late Comer")
    for number in range(20):
        params: dict[str, Any] = {**MARCH, "limit": 4} | ({"cursor": cursor} if cursor else {})
        page = await api.get(FEED, **params)
        seen += [item["id"] for item in page["items"]]
        # Before and behind the place where the reader is.
        await work(database, late, 1 + number, 3_600)
        await work(database, late, 28 - number, 3_600)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert cursor is None
    assert len(seen) == len(set(seen))
    assert expected <= set(seen)


async def test_what_changed_since(api: Api, database: Database) -> None:
    ann = await hire(database, "1", "Ann Bee")
    await work(database, ann, 2, 28_800, premium=600)
    await work(database, ann, 3, 28_800)
    await work(database, ann, 4, 28_800, state="open")
    await run(database, "UPDATE attendance_records SET snapshot = NULL WHERE state = 'open'")
    first = await api.get(FEED, **MARCH)
    assert [item["work_date"] for item in first["items"]] == ["2026-03-02", "2026-03-03"]
    assert [(line["code"], line["seconds"], line["hundredths"]) for line in first["items"][0]["lines"]] == [
        ("NIGHT", 600, None),
        ("REG", 28_800, None),
        ("PRESENT", None, 100),
    ]
    assert (await api.get(FEED, **MARCH, updated_since=first["as_of"]))["items"] == []
    await run(database, "UPDATE attendance_records SET state = 'reopened' WHERE work_date = '2026-03-02'")
    await run(database, "UPDATE attendance_records SET state = 'approved' WHERE work_date = '2026-03-04'")
    changed = await api.get(FEED, **MARCH, updated_since=first["as_of"])
    assert [(item["work_date"], item["payable"]) for item in changed["items"]] == [
        ("2026-03-02", False),
        ("2026-03-04", True),
    ]


async def test_a_change_that_has_not_committed_is_not_missed(api: Api, database: Database) -> None:
    ann = await hire(database, "1", "Ann Bee")
    await work(database, ann, 2, 28_800)
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE attendance_records SET version = version + 1")
        page = await api.get(FEED, **MARCH)  # meanwhile
    changed = await api.get(FEED, **MARCH, updated_since=page["as_of"])
    assert [item["version"] for item in changed["items"]] == [page["items"][0]["version"] + 1]


async def test_tags_and_wrong_questions(api: Api, database: Database) -> None:
    ann = await hire(database, "1", "Ann Bee")
    await work(database, ann, 2, 28_800)
    answer = await api.client.get(FEED, params=MARCH)
    tag = {"If-None-Match": answer.headers["etag"]}
    assert (await api.client.get(FEED, params=MARCH, headers=tag)).status_code == 304
    await work(database, ann, 2, 28_801)
    assert (await api.client.get(FEED, params=MARCH, headers=tag)).status_code == 200
    for wrong, field in (
        ({**MARCH, "cursor": "!!"}, "cursor"),
        ({**MARCH, "limit": "5000"}, "limit"),
        ({**MARCH, "updated_since": "2026-03-01T00:00:00"}, "updated_since"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
    ):
        assert (await api.call("GET", FEED, 422, params=wrong))["field"] == field


async def test_a_machine_with_the_scope_and_no_more(app: FastAPI, api: Api, database: Database) -> None:
    async with database.transaction() as session:
        actor = Actor("user", "1", "Test")
        made = await create_client(session, actor, ClientRequest(name="Payroll", scopes=["reports:export"]))
    async with client_of(app) as client:
        answer = await client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": "reports:export"},
            auth=(made.client_id, made.client_secret),
        )
        assert answer.status_code == 200, answer.text
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await client.get(FEED, params=MARCH, headers=headers)).status_code == 200
        assert (await client.get("/api/attendance/logs", headers=headers)).status_code == 403
        assert (await client.get("/api/webhooks", headers=headers)).status_code == 403
