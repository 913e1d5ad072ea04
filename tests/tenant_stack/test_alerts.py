"""Alerts: opened and closed by facts, quiet when we were away ourselves, acknowledged by people."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from foundation.database import Database
from tenant_stack.devices.alerts import service
from tests.tenant_stack.actors import SERIAL, Api, Bridge, punch


class Watch:
    """The watch over clocks, run by hand, and a hand on the clock's facts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def look(self) -> bool:
        async with self.database.transaction() as session:
            return await service.watch(session)

    async def set(self, statement: str) -> None:
        async with self.database.transaction() as session:
            await session.execute(sa.text(statement))

    async def running_for_an_hour(self) -> None:
        await self.look()
        await self.set("UPDATE alert_watch SET running_since = now() - interval '1 hour', looked_at = now()")


@pytest.fixture
def watch(database: Database) -> Watch:
    return Watch(database)


async def _open(api: Api) -> list[tuple[str, str]]:
    return [(each["kind"], each["severity"]) for each in (await api.get("/api/alerts"))["items"]]


async def test_a_clock_that_falls_silent(api: Api, bridge: Bridge, watch: Watch) -> None:
    await api.add_device(name="Gate")
    await bridge.contact()
    await watch.running_for_an_hour()
    assert await _open(api) == []
    await watch.set("UPDATE devices SET last_seen_at = now() - interval '6 minutes'")
    assert await watch.look()
    [alert] = (await api.get("/api/alerts"))["items"]
    assert (alert["kind"], alert["severity"], alert["device_serial"]) == ("offline", "critical", SERIAL)
    assert alert["text"].startswith("Gate was last heard of ")
    assert await api.get("/api/alerts/counts") == {"open": 1, "unacknowledged": 1, "critical": 1}
    assert not await watch.look()

    taken = await api.post(f"/api/alerts/{alert['id']}/acknowledge", {"note": "The electrician is there"}, 200)
    assert taken["acknowledged_by"]
    assert await api.get("/api/alerts/counts") == {"open": 1, "unacknowledged": 0, "critical": 0}

    await bridge.contact()
    assert await watch.look()
    assert await _open(api) == []
    [closed] = (await api.get("/api/alerts", state="closed"))["items"]
    assert closed["closed_at"] is not None
    assert (await api.post(f"/api/alerts/{alert['id']}/acknowledge", {}, 409))["code"] == "alert_closed"

    # The same again within a day is the same alert, counted, and nobody has taken it up.
    await watch.set("UPDATE devices SET last_seen_at = now() - interval '6 minutes'")
    await watch.look()
    [again] = (await api.get("/api/alerts"))["items"]
    assert (again["id"], again["times"], again["acknowledged_at"]) == (alert["id"], 2, None)
    async with watch.database.transaction() as session:
        told = list(
            await session.scalars(
                sa.text("SELECT payload #>> '{data,kind}' FROM outbox WHERE payload ->> 'event' = 'alert.opened'")
            )
        )
    assert told == ["offline", "offline"]


async def test_our_own_restart_is_no_fault_of_the_clocks(api: Api, bridge: Bridge, watch: Watch) -> None:
    await api.add_device()
    await bridge.contact()
    await watch.running_for_an_hour()
    await watch.set("UPDATE devices SET last_seen_at = now() - interval '3 hours'")
    await watch.set("UPDATE alert_watch SET looked_at = now() - interval '3 hours'")
    await watch.look()
    await watch.look()
    assert await _open(api) == []
    await watch.set("UPDATE alert_watch SET running_since = now() - interval '301 seconds'")
    await watch.look()
    assert await _open(api) == [("offline", "critical")]
    # And what was open when we went away stays open until the clock was heard.
    await watch.set("UPDATE alert_watch SET looked_at = now() - interval '3 hours'")
    await watch.look()
    assert await _open(api) == [("offline", "critical")]
    await bridge.contact()
    await watch.look()
    assert await _open(api) == []


FACTS: list[tuple[str, str, str]] = [
    ("clock_offset", "warning", "UPDATE devices SET clock_offset_seconds = -90"),
    ("clock_offset", "critical", "UPDATE devices SET clock_offset_seconds = 4000"),
    (
        "incomplete",
        "critical",
        "INSERT INTO device_completeness (device_id, state, on_clock, held) SELECT id, 'missing', 9, 7 FROM devices",
    ),
    (
        "log_nearly_full",
        "info",
        """UPDATE devices SET counts = '{"logs": 90, "punch_capacity": 100}'""",
    ),
    ("claimed_elsewhere", "critical", "UPDATE devices SET claim_state = 'elsewhere'"),
    (
        "command_failed",
        "warning",
        "INSERT INTO device_commands (device_id, kind, state, finished_at) SELECT id, 'reboot', 'failed', now() "
        "FROM devices",
    ),
    (
        "syncs_fail",
        "warning",
        "INSERT INTO sync_logs (device_id, requested_by, state, attempts, message) "
        "SELECT id, 'x', 'retrying', 3, 'No route' FROM devices",
    ),
    (
        "quarantine",
        "warning",
        "INSERT INTO quarantined_lines (device_id, raw, digest, reason, source, received_at) "
        "SELECT id, 'x', 'x', 'x', 'push', now() - interval '16 minutes' FROM devices",
    ),
]


@pytest.mark.parametrize(("kind", "severity", "statement"), FACTS, ids=[f"{each[0]}-{each[1]}" for each in FACTS])
async def test_facts_open_alerts(
    api: Api, bridge: Bridge, watch: Watch, kind: str, severity: str, statement: str
) -> None:
    await api.add_device()
    await bridge.contact()
    await watch.look()
    assert await _open(api) == []
    await watch.set(statement)
    assert await watch.look()
    assert await _open(api) == [(kind, severity)]
    assert (await api.get("/api/alerts"))["items"][0]["text"]


async def test_a_new_address_is_told_and_settled_by_a_person(api: Api, bridge: Bridge, watch: Watch) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}"
    await bridge.contact(source_address="192.0.2.50")
    assert (await api.get(path))["pinned_address"] == "192.0.2.50"
    await bridge.contact(source_address="198.51.100.9")
    await watch.look()
    assert await _open(api) == [("address_changed", "warning")]

    # Punches continue, flagged.
    await bridge.punches(punch("7", "2026-03-02 08:00:00"), source_address="198.51.100.9")
    [taken] = (await api.get("/api/attendance/logs"))["items"]
    assert "unconfirmed_source" in taken["flags"]

    # The two taking turns are two machines.
    await bridge.contact(source_address="192.0.2.50")
    await watch.look()
    assert sorted(await _open(api)) == [("address_changed", "warning"), ("two_sources", "critical")]

    settled = await api.post(f"{path}/address", {"accept": True}, 200)
    assert (settled["pinned_address"], settled["new_address"]) == ("198.51.100.9", None)
    await watch.look()
    assert await _open(api) == []
    assert (await api.post(f"{path}/address", {"accept": True}, 409))["code"] == "address_settled"
    await bridge.punches(punch("7", "2026-03-02 09:00:00"), source_address="198.51.100.9")
    newest: dict[str, Any] = (await api.get("/api/attendance/logs"))["items"][0]
    assert "unconfirmed_source" not in newest["flags"]
