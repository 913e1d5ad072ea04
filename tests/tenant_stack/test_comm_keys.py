"""Keys of pull clocks are in the database as ciphertexts, each bound to its row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.devices.comm_keys import CommKeys, comm_keys_of, has_clear_keys, seal_clear_keys
from tests.tenant_stack.actors import Api, Bridge


async def _terminals(bridge: Bridge) -> dict[str, int]:
    answer: dict[str, Any] = (await bridge.client.get("/internal/bridge/terminals")).json()
    return {each["serial"]: each["comm_key"] for each in answer["terminals"]}


async def _columns(database: Database) -> str:
    async with database.transaction() as session:
        return "\n".join(await session.scalars(sa.text("SELECT CAST(to_jsonb(d) AS text) FROM devices d")))


def _clock(serial: str, **more: Any) -> dict[str, Any]:
    return {"device_serial": serial, "name": serial, "connection": "pull", "ip_address": "127.0.0.1", **more}


async def test_only_the_bridge_sees_a_key(api: Api, bridge: Bridge, database: Database) -> None:
    keyed = await api.post("/api/devices", _clock("P1", comm_key=918273))
    await api.post("/api/devices", _clock("P2"))
    assert await _terminals(bridge) == {"P1": 918273, "P2": 0}
    stored = await _columns(database)
    assert "918273" not in stored
    assert "vault:v1:" in stored
    path = f"/api/devices/{keyed['id']}"
    await api.put(path, _clock("P1", name="Renamed"))
    assert (await _terminals(bridge))["P1"] == 918273
    await api.put(path, _clock("P1", comm_key=5))
    assert (await _terminals(bridge))["P1"] == 5
    await api.put(path, _clock("P1", comm_key=0))
    assert (await _terminals(bridge))["P1"] == 0


async def test_a_key_moved_to_another_clock_opens_nothing(api: Api, app: FastAPI, database: Database) -> None:
    await api.post("/api/devices", _clock("P1", comm_key=918273))
    await api.post("/api/devices", _clock("P2", comm_key=11))
    async with database.transaction() as session:
        await session.execute(
            sa.text(
                "UPDATE devices d SET sealed_comm_key = o.sealed_comm_key FROM devices o "
                "WHERE o.device_serial <> d.device_serial"
            )
        )
        keys: CommKeys = comm_keys_of(app.state.settings)
        assert set((await keys.of_terminals(session)).values()) == {0}


async def test_keys_of_before_are_sealed(api: Api, bridge: Bridge, app: FastAPI, database: Database) -> None:
    await api.post("/api/devices", _clock("P1"))
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE devices SET comm_key = 918273"))
    assert await _terminals(bridge) == {"P1": 918273}
    async with database.transaction() as session:
        assert await has_clear_keys(session)
        assert await seal_clear_keys(session, comm_keys_of(app.state.settings)) == 1
        assert not await has_clear_keys(session)
    assert "918273" not in await _columns(database)
    assert await _terminals(bridge) == {"P1": 918273}
