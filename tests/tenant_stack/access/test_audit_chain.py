"""The audit trail: chained, sealed, and what shows when somebody with all rights in the database alters it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.audit import Actor
from foundation.database import Database
from tenant_stack.audit.chain import BATCH, ChainSigner, link_hash
from tenant_stack.tables.audit import AuditLink
from tenant_stack.tables.base import AuditEntry, audited
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import Servers, client_of

ANN = Actor("user", "u1", "Ann\n\x1b[31mred", "192.0.2.7")
LINES = 9
KEY = {"audit_log": "target_id", "audit_chain": "number"}


@pytest.fixture
async def control(app: FastAPI) -> AsyncIterator[Api]:
    async with client_of(app, authorization="Bearer control-token") as client:
        yield Api(client)


@pytest.fixture
async def superuser(servers: Servers, document: dict[str, object]) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who may do everything in the database, triggers switched off."""
    connection = await asyncpg.connect(servers.superuser_dsn(str(document["database_url"])))
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture
async def chained(app: FastAPI, database: Database) -> Database:
    """A trail of nine lines, all chained."""
    async with database.transaction() as session:
        for number in range(1, LINES + 1):
            audited(session, ANN, "staff.update", "staff", number, before={"n": number}, after={"n": number + 0.5})
    await seal(app, database)
    return database


async def seal(app: FastAPI, database: Database) -> None:
    signer: ChainSigner = app.state.chain_signer
    while True:
        async with database.transaction() as session:
            if await signer.extend(session) < BATCH:
                return


async def test_an_untouched_trail_is_intact(app: FastAPI, chained: Database, control: Api) -> None:
    report = await control.post("/internal/control/audit/verify", {"anchors": []}, 200)
    assert (report["intact"], report["checked"], report["waiting"]) == (True, LINES, 0)
    async with chained.transaction() as session:
        audited(session, ANN, "staff.update", "staff", 10)
    head = await control.get("/internal/control/audit/head")
    assert (head["newest"]["number"], head["waiting"]) == (LINES, 1)
    await seal(app, chained)
    report = await control.post("/internal/control/audit/verify", {"anchors": [head["newest"]]}, 200)
    assert (report["intact"], report["checked"], report["anchors"], report["waiting"]) == (True, LINES + 1, 1, 0)


async def edit(connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE audit_log SET after = '{\"n\": 0}' WHERE target_id = '4'")


async def swap(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "UPDATE audit_log a SET after = b.after, target_id = b.target_id FROM audit_log b "
        "WHERE a.target_id IN ('5', '6') AND b.target_id IN ('5', '6') AND a.id <> b.id"
    )


async def swap_numbers(connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE audit_chain SET number = -number WHERE number IN (2, 3)")
    await connection.execute("UPDATE audit_chain SET number = CASE number WHEN -2 THEN 3 ELSE 2 END WHERE number < 0")


async def remove_line(connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM audit_log WHERE target_id = '7'")


async def remove_line_and_link(connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM audit_chain WHERE number = 7")
    await connection.execute("DELETE FROM audit_log WHERE target_id = '7'")


async def forge_seal(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "UPDATE audit_chain SET seal = '1:'::bytea || decode(repeat('ab', 64), 'hex') WHERE number = 8"
    )


async def write_past_the_trigger(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO audit_log (actor_kind, actor_id, actor_label, action, target_kind, target_id) "
        "VALUES ('user', 'u', 'Nobody', 'staff.update', 'staff', '1')"
    )


@pytest.mark.parametrize(
    ("tamper", "number"),
    [
        (edit, 4),
        (swap, 5),
        (swap_numbers, 2),
        (remove_line, 7),
        (remove_line_and_link, 7),
        (forge_seal, 8),
        (write_past_the_trigger, LINES + 1),
    ],
)
async def test_tampering_names_the_first_line_that_is_wrong(
    chained: Database,
    control: Api,
    superuser: asyncpg.Connection,
    tamper: Callable[[asyncpg.Connection], Awaitable[None]],
    number: int,
) -> None:
    await tamper(superuser)
    report = await control.post("/internal/control/audit/verify", {"anchors": []}, 200)
    assert (report["intact"], report["broken_number"]) == (False, number), report


async def test_recomputed_hashes_do_not_help_without_the_key(
    chained: Database, control: Api, superuser: asyncpg.Connection
) -> None:
    """Who edits a line and makes all hashes after it right again still lacks the seals."""
    await superuser.execute("UPDATE audit_log SET after = NULL WHERE target_id = '4'")
    async with chained.transaction() as session:
        links = list(await session.scalars(sa.select(AuditLink).order_by(AuditLink.number)))
        entries = {each.id: each for each in await session.scalars(sa.select(AuditEntry))}
    previous = links[2].hash
    for link in links[3:]:
        previous = link_hash(link.number, previous, entries[link.entry_id])
        await superuser.execute("UPDATE audit_chain SET hash = $1 WHERE number = $2", previous, link.number)
    report = await control.post("/internal/control/audit/verify", {"anchors": []}, 200)
    assert (report["intact"], report["broken_number"]) == (False, 4)


async def test_a_cut_tail_shows_by_the_anchor(chained: Database, control: Api, superuser: asyncpg.Connection) -> None:
    anchor = (await control.get("/internal/control/audit/head"))["newest"]
    await superuser.execute("DELETE FROM audit_log WHERE target_id IN ('8', '9')")
    await superuser.execute("DELETE FROM audit_chain WHERE number >= 8")
    assert (await control.post("/internal/control/audit/verify", {"anchors": []}, 200))["intact"]
    report = await control.post("/internal/control/audit/verify", {"anchors": [anchor]}, 200)
    assert (report["intact"], report["broken_number"]) == (False, 8)
    assert "8 to 9" in report["problem"]


@pytest.mark.parametrize("table", ["audit_log", "audit_chain"])
async def test_the_trail_cannot_be_altered_even_with_the_right_to(
    chained: Database, owner_database: Database, table: str
) -> None:
    """Triggers stand before the owner of the tables too, unless it first gives itself the right and removes them."""
    async with owner_database.transaction() as session:
        await session.execute(sa.text(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER"))
    for statement in (f"UPDATE {table} SET {KEY[table]} = 0", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(sa.exc.DBAPIError, match="only ever added to"):
            async with owner_database.transaction() as session:
                await session.execute(sa.text(statement))


async def test_reading_filtering_and_taking_it_away(api: Api, app: FastAPI, database: Database) -> None:
    person = await api.add_staff("=1+1")
    async with database.transaction() as session:
        audited(session, ANN, "report.run", "report", "r1")
    await seal(app, database)
    lines = await api.get("/api/audit", action="staff")
    assert [(each["action"], each["target_id"]) for each in lines["items"]] == [("staff.create", person["id"])]
    assert lines["items"][0]["number"] is not None
    assert lines["items"][0]["after"]["employee_id"] == "=1+1"
    assert "report.run" in (await api.get("/api/audit/actions"))["items"]
    taken: httpx.Response = await api.client.get("/api/audit/export", params={"actor_id": "u1"})
    assert taken.status_code == 200
    assert taken.headers["content-disposition"].startswith("attachment")
    assert "report.run" in taken.text
    assert "staff.create" not in taken.text
    assert (await api.get("/api/audit", action="audit.export"))["total"] == 1
    report = await api.post("/api/audit/verify", status=200)
    assert report["intact"]
