"""Months of punches are made beside people and clocks at work, and never at their cost."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.database_answers import answer_database_errors
from foundation.errors import Unavailable
from tenant_stack.punches.partitions import Months
from tests.tenant_stack.conftest import eventually

WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def waiting(database: Database) -> bool:
    async with database.transaction() as session:
        return bool(await session.scalar(WAITING))


def lock(table: str) -> sa.TextClause:
    """The lock that any change of a row takes."""
    return sa.text(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")


@pytest.mark.parametrize(("first", "second"), [("devices", "staff"), ("staff", "devices")])
async def test_a_change_is_not_undone_for_a_new_month(database: Database, first: str, second: str) -> None:
    months = Months(database)
    async with asyncio.TaskGroup() as group, database.transaction() as change:
        await change.execute(lock(first))
        making = group.create_task(months.create([(2001, 5)]))
        await eventually(lambda: waiting(database), what="the month waiting for the change")
        await change.execute(lock(second))
        assert not making.done()
    assert not months.missing([(2001, 5)])


async def test_a_month_that_cannot_be_made_now_is_told_as_such(database: Database) -> None:
    months = Months(database, patience=0.3)
    async with database.transaction() as change:
        await change.execute(lock("devices"))
        with pytest.raises(Unavailable, match="2001-05"):
            await months.create([(2001, 5)])
    assert months.missing([(2001, 5)])
    await months.create([(2001, 5)])
    assert not months.missing([(2001, 5)])


async def test_a_caller_hears_that_the_database_is_busy_and_nothing_else_is_hidden(database: Database) -> None:
    app = FastAPI()
    answer_database_errors(app)

    async def execute(*statements: str) -> None:
        async with database.transaction() as session:
            for statement in statements:
                await session.execute(sa.text(statement))

    @app.get("/busy")
    async def busy() -> None:
        await execute("SET LOCAL lock_timeout = '50ms'", "LOCK TABLE staff IN SHARE MODE")

    @app.get("/wrong")
    async def wrong() -> None:
        await execute("SELECT 1 / 0")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with database.transaction() as change:
            await change.execute(lock("staff"))
            answer = await client.get("/busy")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
        assert answer.headers["retry-after"] == "1"
        assert (await client.get("/busy")).status_code == 200
        assert (await client.get("/wrong")).status_code == 500
