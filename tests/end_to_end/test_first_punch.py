"""From nothing to a paid minute: onboard, register a clock of each kind, punch, read it back as payroll would."""

from __future__ import annotations

from typing import Any

from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.terminal_clock import TerminalClock
from tests.operator import Operator, until


async def test_an_organisation_from_birth_to_its_first_record(operator: Operator) -> None:
    async with operator.console() as console:
        organisation = await operator.onboard(console, "gamma", zone="Asia/Dubai")
        assert [step["state"] for step in organisation["steps"]] == ["ok"] * 8
        client = await operator.client(console, "gamma")
    assert client.api_url == organisation["urls"]["api"]
    async with operator.tenant(client) as api:
        made = await api.post("/api/staff", json={"employee_id": "E-7", "badge_number": "77", "name": "Nadia Saleh"})
        assert made.status_code == 201, made.text
        staff = made.json()

        terminal = TerminalClock("PULL0001", users=[SimulatedUser("77", "Nadia")], zone="Asia/Dubai")
        await terminal.start()
        push = PushClock(
            client.push_url,
            "PUSH0001",
            users=[SimulatedUser("77", "Nadia")],
            ca_file=operator.ca_file,
            error_delay=0.3,
            poll_seconds=1,
        )
        try:
            for document in (
                {"device_serial": "PUSH0001", "name": "Gate", "connection": "push"},
                {
                    "device_serial": "PULL0001",
                    "name": "Dock",
                    "connection": "pull",
                    "ip_address": "127.0.0.1",
                    "port": terminal.port,
                },
            ):
                answer = await api.post("/api/devices", json=document)
                assert answer.status_code == 201, answer.text
            await push.start()
            push.punch("77", "2026-11-16 08:58:12", status=0)
            await push.wait_until_sent(20)

            async def listening() -> bool:
                return terminal.listening

            await until(listening, what="a live session at the pull clock")
            terminal.punch("77", "2026-11-16 18:03:40", status=1)

            async def both() -> list[dict[str, Any]]:
                items: list[dict[str, Any]] = (await api.get("/api/attendance/logs")).json()["items"]
                return items if len(items) == 2 else []

            logs = await until(both, what="both punches")
            assert [(log["device_serial"], log["local_time"], log["status"], log["staff_id"]) for log in logs] == [
                ("PULL0001", "2026-11-16 18:03:40", 1, staff["id"]),
                ("PUSH0001", "2026-11-16 08:58:12", 0, staff["id"]),
            ]
            assert [log["punched_at"][:19] for log in logs] == ["2026-11-16T14:03:40", "2026-11-16T04:58:12"]

            async def record() -> dict[str, Any] | None:
                found = await api.get("/api/attendance/records", params={"from": "2026-11-16", "to": "2026-11-16"})
                items: list[dict[str, Any]] = found.json()["items"]
                return items[0] if items and items[0]["status"] == "present" else None

            day = await until(record, what="the day's record")
            assert day is not None
            assert (day["employee_id"], day["first_in_local"], day["last_out_local"]) == ("E-7", "08:58", "18:03")
            assert day["worked_minutes"] == 9 * 60 + 5  # 08:58:12 to 18:03:40 is 9:05:28
        finally:
            await push.stop()
            await terminal.stop()


async def test_an_unknown_clock_waits_for_approval_and_keeps_its_punches(
    operator: Operator, two_organisations: tuple[str, str]
) -> None:
    async with operator.console() as console:
        client = await operator.client(console, two_organisations[0])
    clock = PushClock(client.push_url, "STRANGER1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    clock.punch("1", "2026-11-16 09:00:00")
    await clock.start()
    try:
        async with operator.tenant(client) as api:

            async def waiting() -> dict[str, Any] | None:
                devices = (await api.get("/api/devices", params={"status": "waiting_approval"})).json()["items"]
                return next((each for each in devices if each["device_serial"] == "STRANGER1"), None)

            device = await until(waiting, what="STRANGER1 waiting for approval")
            assert device is not None
            assert "approv" in device["status_message"].lower()
            assert (await api.get("/api/attendance/logs", params={"device_id": device["id"]})).json()["items"] == []
            approved = await api.post(f"/api/devices/{device['id']}/approve", json={"name": "Side door"})
            assert approved.status_code == 200, approved.text
            await clock.wait_until_sent(20)
            logs = (await api.get("/api/attendance/logs", params={"device_id": device["id"]})).json()["items"]
            assert [(log["pin"], log["local_time"], log["flags"]) for log in logs] == [
                ("1", "2026-11-16 09:00:00", ["unknown_pin"])
            ]
    finally:
        await clock.stop()
