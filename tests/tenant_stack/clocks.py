"""Clocks as the tests of groups and conflicts use them: what they report, fetch and answer."""

from __future__ import annotations

from typing import Any

from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.people.groups.apply_plan import reconcile
from tests.tenant_stack.actors import Bridge


async def plan_all(database: Database) -> int:
    """Do what the worker's job does: plan until nothing is left; how many pairs there were."""
    planned = 0
    while True:
        async with database.transaction() as session:
            found = await reconcile(session)
        if not found:
            return planned
        planned += found


async def fetch(bridge: Bridge, serial: str, limit: int = 200) -> list[dict[str, Any]]:
    """The commands that a push clock gets with its next poll."""
    lease = {"serial": serial, "source_address": "192.0.2.50", "at": utc_now().isoformat(), "limit": limit}
    commands: list[dict[str, Any]] = (await bridge.call("commands/lease", lease))["commands"]
    return commands


async def answer(bridge: Bridge, serial: str, commands: list[dict[str, Any]], code: int = 0) -> None:
    """The clock answers these commands."""
    results = [{"id": each["id"], "code": code} for each in commands]
    document = {"serial": serial, "source_address": "192.0.2.50", "at": utc_now().isoformat(), "results": results}
    await bridge.call("commands/results", document, 204)


async def shows(bridge: Bridge, serial: str, *users: dict[str, Any], complete: bool = False) -> Any:
    """The clock reports users."""
    document = {"serial": serial, "received_at": utc_now().isoformat(), "users": list(users), "complete": complete}
    return await bridge.call("users", document)


async def counts(bridge: Bridge, serial: str, users: int) -> None:
    """A pull clock says how many people it holds."""
    report = {"serial": serial, "state": "online", "at": utc_now().isoformat(), "counts": {"users": users}}
    await bridge.call("terminals/seen", report, 204)


async def obey(bridge: Bridge, serial: str) -> list[tuple[str, str]]:
    """A push clock that does everything and shows it; returns (kind, PIN) of what it was asked."""
    done: list[tuple[str, str]] = []
    held: dict[str, dict[str, Any]] = {}
    while commands := await fetch(bridge, serial):
        await answer(bridge, serial, commands)
        for each in commands:
            pin = each["user"]["pin"] if each["user"] else each["pin"]
            done.append((each["kind"], pin))
            if each["kind"] == "user_update":
                held[pin] = each["user"]
        asked = [each["pin"] for each in commands if each["kind"] == "user_query" and each["pin"] in held]
        if asked:
            await shows(bridge, serial, *(held[pin] for pin in asked))
    return done


async def wishes(bridge: Bridge, serial: str) -> dict[str, Any]:
    """The entry of a pull clock in the list that the bridge reads."""
    response = await bridge.client.get("/internal/bridge/terminals")
    assert response.status_code == 200, response.text
    entry: dict[str, Any] = next(each for each in response.json()["terminals"] if each["serial"] == serial)
    return entry
