"""What is asked of clocks: in order, once where twice would harm, held back where trust is missing, in plain words."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from foundation.clock import utc_now
from foundation.contracts.bridge import CommandKind, DeviceUser, TemplateName, TemplateType
from foundation.database import Database
from tenant_stack.devices.commands.queue import give_up_on_once, lease, queue
from tests.tenant_stack.actors import SERIAL, Api, Bridge, punch

AT_HOME = "192.0.2.50"


class Clock:
    """A push clock that polls and answers."""

    def __init__(self, bridge: Bridge, address: str = AT_HOME) -> None:
        self._bridge = bridge
        self.address = address

    async def poll(self) -> list[dict[str, Any]]:
        lease = {"serial": SERIAL, "source_address": self.address, "at": utc_now().isoformat()}
        leased: list[dict[str, Any]] = (await self._bridge.call("commands/lease", lease))["commands"]
        return leased

    async def kinds(self) -> list[str]:
        return [each["kind"] for each in await self.poll()]

    async def answer(self, command: dict[str, Any] | str, code: int = 0, **more: Any) -> None:
        name = command if isinstance(command, str) else command["id"]
        document = {"serial": SERIAL, "source_address": self.address, "at": utc_now().isoformat()}
        await self._bridge.call("commands/results", {**document, "results": [{"id": name, "code": code, **more}]}, 204)


def _user(pin: str, privilege: int = 0) -> DeviceUser:
    return DeviceUser(pin=pin, name=f"Person {pin}", privilege=privilege)


def _finger(pin: str, finger: int) -> TemplateName:
    return TemplateName(pin=pin, template_type=TemplateType.FINGERPRINT, template_index=finger)


async def _leased(database: Database, device: dict[str, Any]) -> list[tuple[str, UUID | None]]:
    async with database.transaction() as session:
        leased = await lease(session, UUID(device["id"]), most=50, seconds=60, source_address=AT_HOME)
    return [(each.command.kind.value, each.template_id) for each in leased]


async def test_a_person_waits_for_what_was_asked_of_them_before(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    async with database.transaction() as session:
        for kind, pin in (
            (CommandKind.USER_DELETE, "7"),
            (CommandKind.USER_UPDATE, "007"),
            (CommandKind.USER_UPDATE, "8"),
        ):
            await queue(session, UUID(device["id"]), kind, user=_user(pin))
    clock = Clock(bridge)
    removal, other = await clock.poll()
    assert (removal["kind"], other["user"]["pin"]) == ("user_delete", "8")
    await clock.answer(other)
    assert await clock.poll() == []
    await clock.answer(removal)
    assert [each["user"]["pin"] for each in await clock.poll()] == ["007"]


async def test_the_person_comes_first(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    await api.call("PUT", f"/api/devices/{device['id']}/trust", 200, json={"trust": "full"})
    async with database.transaction() as session:
        await queue(session, UUID(device["id"]), CommandKind.USER_UPDATE, user=_user("7"))
        for finger in (1, 2):
            await queue(
                session,
                UUID(device["id"]),
                CommandKind.TEMPLATE_UPDATE,
                target=_finger("7", finger),
                template_id=uuid4(),
            )
        await queue(session, UUID(device["id"]), CommandKind.USER_DELETE, user=_user("7"))
    clock = Clock(bridge)
    [user] = await clock.poll()
    assert user["kind"] == "user_update"
    await clock.answer(user)
    # Both templates, and not yet the removal.
    assert [kind for kind, _ in await _leased(database, device)] == ["template_update", "template_update"]
    async with database.transaction() as session:
        ids = list(
            await session.scalars(
                sa.text("SELECT CAST(id AS text) FROM device_commands WHERE kind = 'template_update'")
            )
        )
    await clock.answer(ids[0])
    assert await clock.kinds() == []
    await clock.answer(ids[1])
    assert await clock.kinds() == ["user_delete"]


async def test_a_person_missing_on_the_clock_is_sent_first(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    await api.call("PUT", f"/api/devices/{device['id']}/trust", 200, json={"trust": "full"})
    person = await api.add_staff("7")
    async with database.transaction() as session:
        await session.execute(
            sa.text(
                "INSERT INTO device_enrollments (device_id, staff_id, pin, status) "
                "VALUES (CAST(:device AS uuid), CAST(:staff AS uuid), '7', 'enrolled')"
            ),
            {"device": device["id"], "staff": person["id"]},
        )
        known = await queue(session, UUID(device["id"]), CommandKind.ENROLL, target=_finger("7", 1))
        stranger = await queue(session, UUID(device["id"]), CommandKind.ENROLL, target=_finger("99", 1))
    clock = Clock(bridge)
    assert await clock.kinds() == ["enroll", "enroll"]
    await clock.answer(str(known), -10)
    await clock.answer(str(stranger), -10)
    [user] = await clock.poll()
    assert (user["kind"], user["user"]["pin"]) == ("user_update", "7")
    await clock.answer(user)
    assert "enroll" in await clock.kinds()
    shown = {each["id"]: each for each in (await api.get(f"/api/devices/{device['id']}/commands"))["items"]}
    assert shown[str(stranger)]["state"] == "failed"
    assert "does not know this PIN" in shown[str(stranger)]["words"]


async def test_what_a_clock_does_not_have_need_not_be_removed(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    async with database.transaction() as session:
        command = await queue(session, UUID(device["id"]), CommandKind.USER_DELETE, user=_user("7"))
    clock = Clock(bridge)
    await clock.poll()
    await clock.answer(str(command), -10)
    [shown] = (await api.get(f"/api/devices/{device['id']}/commands"))["items"]
    assert (shown["state"], shown["words"]) == ("done", "Done")


async def test_a_weak_clock_gets_no_secrets(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}"
    assert device["trust"] == "punches"
    async with database.transaction() as session:
        await queue(session, UUID(device["id"]), CommandKind.USER_UPDATE, user=_user("1", privilege=14))
        await queue(
            session, UUID(device["id"]), CommandKind.TEMPLATE_UPDATE, target=_finger("2", 1), template_id=uuid4()
        )
        await queue(session, UUID(device["id"]), CommandKind.USER_UPDATE, user=_user("3"))
    clock = Clock(bridge)
    assert [each["user"]["pin"] for each in await clock.poll()] == ["3"]
    held = [each["held_because"] for each in (await api.get(f"{path}/commands"))["items"]]
    assert held[0] is None
    assert "no biometric templates" in held[1]
    assert "no administrator rights" in held[2]

    await api.call("PUT", f"{path}/trust", 200, json={"trust": "full"})
    # From another address than the one it was approved at, it gets them no more.
    stranger = Clock(bridge, "198.51.100.9")
    assert await stranger.kinds() == []
    assert await clock.kinds() == []  # until somebody has said whose address that is
    assert "new address (198.51.100.9)" in (await api.get(f"{path}/commands"))["items"][1]["held_because"]
    await api.post(f"{path}/address", {"accept": False}, 200)
    assert [kind for kind, _ in await _leased(database, device)] == ["user_update", "template_update"]


async def test_a_pull_clock_is_trusted_and_trust_needs_the_right(api: Api, app: Any) -> None:
    pull = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    assert pull["trust"] == "full"
    moved = {"device_serial": "P1", "name": "P1", "connection": "push"}
    assert (await api.put(f"/api/devices/{pull['id']}", moved))["trust"] == "punches"


async def test_a_restart_is_sent_once(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}"
    asked = await api.post(f"{path}/actions", {"action": "reboot"}, 202)
    clock = Clock(bridge)
    assert await clock.kinds() == ["reboot"]
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE device_commands SET leased_until = now() - interval '1 second'"))
        await give_up_on_once(session)
    assert await clock.kinds() == []
    [failed] = (await api.get("/api/dead-letters/commands"))["items"]
    assert (failed["id"], failed["words"]) == (asked["command_id"], "The clock did not say whether it did this")
    assert failed["can_retry"]
    await api.post(f"{path}/commands/{failed['id']}/retry", {}, 200)
    assert (await api.get("/api/dead-letters/commands"))["items"] == []
    assert await clock.kinds() == ["reboot"]
    assert (await api.post(f"{path}/commands/{failed['id']}/retry", {}, 409))["code"] == "command_open"
    assert (await api.post(f"{path}/commands/{failed['id']}/cancel", {}, 200))["state"] == "cancelled"
    assert (await api.post(f"{path}/commands/{failed['id']}/cancel", {}, 409))["code"] == "command_over"
    assert (await api.post(f"{path}/commands/99999/cancel", {}, 404))["code"] == "command_not_found"


@pytest.mark.parametrize("on_clock", [1, 3])
async def test_a_log_is_cleared_only_when_the_counts_agree(
    api: Api, bridge: Bridge, database: Database, on_clock: int
) -> None:
    device = await api.add_device()
    path = f"/api/devices/{device['id']}"
    await bridge.punches(punch("7", "2026-03-02 08:00:00"))
    refused = await api.post(f"{path}/actions", {"action": "clear_log", "confirm_serial": "OTHER"}, 422)
    assert (refused["code"], refused["field"]) == ("serial_differs", "confirm_serial")
    await api.post(f"{path}/actions", {"action": "clear_log", "confirm_serial": SERIAL}, 202)
    clock = Clock(bridge)
    [count] = await clock.poll()
    assert count["kind"] == "verify_punches"
    await clock.answer(count, count=on_clock)
    if on_clock != 1:
        assert await clock.kinds() == []
        [shown] = (await api.get(f"{path}/commands"))["items"]
        assert (shown["state"], shown["words"]) == (
            "failed",
            "The clock holds 3 punches, 1 are here: its log was not cleared",
        )
        return
    [clear] = await clock.poll()
    assert clear["kind"] == "clear_log"
    await clock.answer(clear)
    [after] = await clock.poll()
    await clock.answer(after, count=0)
    async with database.transaction() as session:
        trail = await session.scalar(sa.text("SELECT after FROM audit_log WHERE action = 'device.log_cleared'"))
    facts = trail if isinstance(trail, dict) else json.loads(str(trail))
    assert facts == {"count_before": 1, "count_after": 0}


async def test_actions_of_pull_clocks(api: Api, bridge: Bridge, database: Database) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    path = f"/api/devices/{device['id']}"
    read = await api.post(f"{path}/actions", {"action": "read_all"}, 202)
    assert read["sync_id"] is not None
    clear = {"action": "clear_log", "confirm_serial": "P1"}
    assert (await api.post(f"{path}/actions", clear, 409))["code"] == "not_complete"
    report = {"serial": "P1", "state": "online", "at": utc_now().isoformat(), "counts": {"punches": 0}}
    await bridge.call("terminals/seen", report, 204)
    asked = await api.post(f"{path}/actions", clear, 202)
    await api.post(f"{path}/actions", {"action": "set_time"}, 202)
    shown = (await api.get(f"{path}/commands"))["items"]
    assert [each["what"] for each in shown] == ["Set the time", "Clear the log"]
    assert shown[1]["id"] == asked["command_id"]
    push = await api.add_device()
    refused = await api.post(f"/api/devices/{push['id']}/actions", {"action": "set_time"}, 422)
    assert (refused["code"], refused["field"]) == ("not_for_push", "action")
