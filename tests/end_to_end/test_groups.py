"""A group of a push and a pull clock through the real programs: everybody appears, a change travels, leavers leave."""

from __future__ import annotations

from typing import Any

from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.terminal_clock import TerminalClock
from tests.operator import Operator, until


async def test_a_group_of_a_push_and_a_pull_clock(operator: Operator, two_organisations: tuple[str, str]) -> None:
    async with operator.console() as console:
        client = await operator.client(console, two_organisations[0])
    terminal = TerminalClock("GPULL1", zone="Asia/Dubai")
    await terminal.start()
    push = PushClock(client.push_url, "GPUSH1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    try:
        async with operator.tenant(client) as api:
            await _carry_out(api, push, terminal)
    finally:
        await push.stop()
        await terminal.stop()


async def _carry_out(api: Any, push: PushClock, terminal: TerminalClock) -> None:
    devices = []
    for document in (
        {"device_serial": "GPUSH1", "name": "Gate", "connection": "push"},
        {
            "device_serial": "GPULL1",
            "name": "Dock",
            "connection": "pull",
            "ip_address": "127.0.0.1",
            "port": terminal.port,
        },
    ):
        answer = await api.post("/api/devices", json=document)
        assert answer.status_code == 201, answer.text
        devices.append(answer.json()["id"])
    await push.start()
    group = {"name": "Both", "device_ids": devices, "departments": ["Dock crew"]}
    answer = await api.post("/api/device-groups", json=group)
    assert answer.status_code == 201, answer.text
    facts = {"employee_id": "G-1", "badge_number": "4711", "name": "Nadia Saleh", "department": "Dock crew"}
    answer = await api.post("/api/staff", json=facts)
    assert answer.status_code == 201, answer.text
    path = f"/api/staff/{answer.json()['id']}"

    async def on_both() -> bool:
        names = {clock.users["4711"].name for clock in (push, terminal) if "4711" in clock.users}
        return names == {"Nadia Saleh"} and (await api.get(path)).json()["enrollment_status"] == "enrolled"

    await until(on_both, seconds=60, what="Nadia on both clocks, and confirmed by both")

    # Her name is changed at the gate: it comes back, and the dock follows.
    card = push.users["4711"].card
    push.users.put(SimulatedUser("4711", "Nadia Saleh-Haddad", card))
    push.report_users([push.users["4711"]])

    async def travelled() -> bool:
        return terminal.users["4711"].name == "Nadia Saleh-Haddad"

    await until(travelled, seconds=60, what="the new name at the other clock")
    person = (await api.get(path)).json()
    assert person["name"] == "Nadia Saleh-Haddad"
    found = (await api.get("/api/conflicts", params={"staff_id": person["id"]})).json()["items"]
    assert [(each["kind"], each["taken"], each["ours"]["name"]) for each in found] == [
        ("changed_at_clock", "device", "Nadia Saleh")
    ]

    push.punch("4711", "2026-11-16 08:58:12", status=0)
    await push.wait_until_sent(20)
    answer = await api.put(path, json={**facts, "name": "Nadia Saleh-Haddad", "active": False})
    assert answer.status_code == 200, answer.text

    async def gone() -> bool:
        return "4711" not in push.users and "4711" not in terminal.users

    await until(gone, seconds=60, what="Nadia off both clocks")

    async def settled() -> bool:
        return not (await api.get(path)).json()["enrollments"]

    await until(settled, seconds=40, what="both clocks' word that she is gone")
    logs = (await api.get("/api/attendance/logs", params={"device_id": devices[0]})).json()["items"]
    assert [(log["local_time"], log["staff_id"]) for log in logs] == [("2026-11-16 08:58:12", person["id"])]
