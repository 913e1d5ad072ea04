"""What people ask of pull clocks is carried out through the bridge once, and its result is kept in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from foundation.database import Database
from tenant_stack.devices.commands.action_runner import carry_out, waiting_actions
from tenant_stack.worker import WorkerContext
from tests.tenant_stack.actors import Api


@dataclass
class ActingBridge:
    """A device bridge that does what it is told, or answers what it was given."""

    answer: dict[str, Any]
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        app = Starlette(routes=[Route("/internal/terminals/{serial}/act", self._act, methods=["POST"])])
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bridge")

    async def _act(self, request: Request) -> Response:
        self.asked.append(await request.json())
        return JSONResponse(self.answer, self.status)


@dataclass
class Context:
    """The part of a worker's context that acting needs."""

    database: Database
    bridge: httpx.AsyncClient


@pytest.mark.parametrize(
    ("action", "answer", "status", "state", "words"),
    [
        (
            "set_time",
            {"serial": "P1", "done": True, "offset_before": -400, "offset_after": 0},
            200,
            "done",
            "The clock was -400 s off and is 0 s off now",
        ),
        ("reboot", {"serial": "P1", "done": False, "message": "It is busy"}, 200, "failed", "It is busy"),
        (
            "reboot",
            {"code": "terminal_away", "detail": "No route to the clock"},
            502,
            "failed",
            "No route to the clock",
        ),
        ("reboot", {"unknown": 1}, 200, "failed", "The device bridge answered something unreadable"),
    ],
)
async def test_an_action_is_carried_out_once(
    api: Api, database: Database, action: str, answer: dict[str, Any], status: int, state: str, words: str
) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    await api.post(f"/api/devices/{device['id']}/actions", {"action": action}, 202)
    bridge = ActingBridge(answer, status)
    async with bridge.client() as client:
        context = cast(WorkerContext, Context(database, client))
        [waiting] = await waiting_actions(context)
        await carry_out(context, waiting)
        await carry_out(context, waiting)
        assert await waiting_actions(context) == []
    assert [each["action"] for each in bridge.asked] == ["restart" if action == "reboot" else action]
    [shown] = (await api.get(f"/api/devices/{device['id']}/commands"))["items"]
    assert (shown["state"], shown["words"]) == (state, words)
    async with database.transaction() as session:
        trail = set(await session.scalars(sa.text("SELECT action FROM audit_log")))
    assert f"device.{action}" in trail
    assert any(each.endswith(f"_{state}") for each in trail)


async def test_an_action_whose_end_nobody_saw_is_not_repeated(api: Api, database: Database) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    await api.post(f"/api/devices/{device['id']}/actions", {"action": "reboot"}, 202)
    async with database.transaction() as session:
        await session.execute(
            sa.text("UPDATE device_commands SET state = 'sent', leased_until = now() - interval '1 second'")
        )
    bridge = ActingBridge({})
    async with bridge.client() as client:
        assert await waiting_actions(cast(WorkerContext, Context(database, client))) == []
    [failed] = (await api.get("/api/dead-letters/commands"))["items"]
    assert (failed["state"], failed["words"]) == ("failed", "It is not known whether this was done")
    assert bridge.asked == []
