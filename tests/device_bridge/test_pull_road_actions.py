"""What people ask of a pull clock: time, restart, an empty log, a finger, the whole log once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_fingers import SimulatedFinger, Somebody
from tests.device_bridge.conftest import Bridge, eventually

PATIENCE = 20.0
PEOPLE = [SimulatedUser("1", "Aida", uid=4), SimulatedUser("42", "Bo", uid=9)]
FINGER = {"pin": "42", "template_type": "FINGERPRINT", "template_index": 6}


def log_of(count: int) -> list[SimulatedPunch]:
    return [SimulatedPunch("42", f"2026-10-01 {n // 60:02d}:{n % 60:02d}:00", n % 2) for n in range(count)]


@asynccontextmanager
async def clock_of(bridge: Bridge, profile: str = "zk8", **more: Any) -> AsyncIterator[TerminalClock]:
    listed = more.pop("listed", {})
    clock = TerminalClock("T1", profile=profile, users=PEOPLE, seed=7, **more)
    await clock.start()
    try:
        await bridge.list_terminal("T1", clock.port, **listed)
        await eventually(lambda: "online" in bridge.backend.states("T1"), PATIENCE)
        yield clock
    finally:
        await clock.stop()


async def act(bridge: Bridge, action: str, status: int = 200, **more: object) -> dict[str, Any]:
    answer = await bridge.client.post("/internal/terminals/T1/act", json={"action": action, **more})
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


def steps(bridge: Bridge) -> list[str]:
    return [f"{each.step}{each.touch or ''}" for each in bridge.backend.steps]


@pytest.mark.parametrize("profile", ["zk8", "zk6-udp", "wrong-clock"])
async def test_the_time_is_set_in_the_clocks_own_zone(bridge: Bridge, profile: str) -> None:
    async with clock_of(bridge, profile, zone="Asia/Kolkata", clock_offset=-5400.0, listed={"zone": "Asia/Kolkata"}):
        result = await act(bridge, "set_time")
        assert result["done"] is True
        assert -5402 <= result["offset_before"] <= -5398
        assert -2 <= result["offset_after"] <= 2


@pytest.mark.parametrize("profile", ["zk8", "vl"], ids=["says goodbye", "says nothing"])
async def test_a_restart(bridge: Bridge, profile: str) -> None:
    async with clock_of(bridge, profile, log=log_of(3)) as clock:
        assert (await act(bridge, "restart"))["done"] is True
        await eventually(lambda: clock.reboots == 1, PATIENCE)
        clock.log.append(SimulatedPunch("1", "2026-10-02 08:00:00"))
        await eventually(lambda: bridge.backend.stored("T1") == 4 and clock.listening, PATIENCE)
        assert clock.complaints == []


async def test_the_log_is_cleared_only_with_its_very_count(bridge: Bridge) -> None:
    async with clock_of(bridge, log=log_of(30)) as clock:
        for expected in (None, 29, 31):
            more = {} if expected is None else {"expected_count": expected}
            result = await act(bridge, "clear_log", **more)
            assert result["done"] is False, expected
            assert "nothing was cleared" in result["message"] or "expected count" in result["message"]
        assert len(clock.log) == 30
        # A punch nobody told of: it is read before anything is cleared, and then the count is another.
        clock.log.append(SimulatedPunch("1", "2026-10-02 08:00:00"))
        assert (await act(bridge, "clear_log", expected_count=30))["done"] is False
        assert bridge.backend.stored("T1") == 31
        result = await act(bridge, "clear_log", expected_count=31)
        assert (result["done"], result["count_before"], result["count_after"]) == (True, 31, 0)
        assert clock.log == []
        assert not clock.disabled
        clock.punch("42", "2026-10-03 08:00:00")
        await eventually(lambda: bridge.backend.stored("T1") == 32, PATIENCE)


async def test_a_log_is_not_cleared_while_the_back_end_cannot_take_it(bridge: Bridge) -> None:
    async with clock_of(bridge, log=log_of(3)) as clock:
        clock.log.append(SimulatedPunch("1", "2026-10-02 08:00:00"))
        bridge.backend.down = True
        answer = await bridge.client.post(
            "/internal/terminals/T1/act", json={"action": "clear_log", "expected_count": 4}
        )
        assert answer.status_code == 503
        assert len(clock.log) == 4
        bridge.backend.down = False
        await eventually(lambda: bridge.backend.stored("T1") == 4, PATIENCE)


async def test_a_clock_that_hides_its_count_is_not_cleared(bridge: Bridge) -> None:
    async with clock_of(bridge, "wl20", log=log_of(3)) as clock:
        result = await act(bridge, "clear_log", expected_count=3)
        assert result["done"] is False
        assert len(clock.log) == 3


async def test_a_full_reading_takes_the_whole_log_whatever_the_counts_say(bridge: Bridge) -> None:
    async with clock_of(bridge, log=log_of(40), listed={"stored_punches": 40}):
        assert bridge.backend.stored("T1") == 0
        answer = await bridge.client.post("/internal/terminals/T1/sync?full=true")
        assert answer.json()["log_read"] is True
        assert answer.json()["received"] == bridge.backend.stored("T1") == 40
        answer = await bridge.client.post("/internal/terminals/T1/sync?full=true")
        assert (answer.json()["received"], answer.json()["duplicate"]) == (40, 40)


@pytest.mark.parametrize("profile", ["zk8", "zk6-udp"])
async def test_a_finger_is_enrolled_at_a_distance(bridge: Bridge, profile: str) -> None:
    async with clock_of(bridge, profile, listed={"read_templates": True}) as clock:
        result = await act(bridge, "enroll", target=FINGER, enrolment="e1", seconds=30)
        assert result["done"] is True
        await eventually(lambda: "stored" in steps(bridge), PATIENCE)
        assert steps(bridge) == ["started", "touch1", "touch2", "touch3", "stored"]
        assert {each.enrolment for each in bridge.backend.steps} == {"e1"}
        assert (9, 6) in clock.fingers
        # The new finger is told at once, and the clock does its ordinary work again.
        await eventually(lambda: ("42", "FINGERPRINT", 6, 0) in bridge.backend.templates["T1"], PATIENCE)
        assert clock.capture is None
        clock.punch("1", "2026-10-03 08:00:00")
        await eventually(lambda: bridge.backend.stored("T1") == 1, PATIENCE)
        assert clock.complaints == []


async def test_a_clock_that_tells_nothing_is_looked_at(bridge: Bridge) -> None:
    async with clock_of(bridge) as clock:
        clock.somebody = "mute"
        clock.fingers[9, 6] = SimulatedFinger(b"the finger of before")
        await act(bridge, "enroll", target=FINGER, enrolment="e1", seconds=30)
        await eventually(lambda: steps(bridge)[-1:] == ["stored"], PATIENCE)
        assert clock.fingers[9, 6].data != b"the finger of before"


@pytest.mark.parametrize(
    ("somebody", "seconds", "reason"), [("absent", 5, "within 5 s"), ("bad", 30, "gave up"), ("known", 30, "known to")]
)
async def test_an_enrolment_that_fails(bridge: Bridge, somebody: Somebody, seconds: int, reason: str) -> None:
    async with clock_of(bridge) as clock:
        clock.somebody = somebody
        await act(bridge, "enroll", target=FINGER, enrolment="e1", seconds=seconds)
        await eventually(lambda: "failed" in steps(bridge), PATIENCE)
        assert reason in bridge.backend.steps[-1].message
        await eventually(lambda: clock.capture is None, PATIENCE)
        clock.punch("1", "2026-10-03 08:00:00")
        await eventually(lambda: bridge.backend.stored("T1") == 1, PATIENCE)


async def test_an_enrolment_is_called_off_and_punches_go_on_meanwhile(bridge: Bridge) -> None:
    async with clock_of(bridge) as clock:
        clock.somebody = "absent"
        await act(bridge, "enroll", target=FINGER, enrolment="e1", seconds=300)
        assert clock.capture is not None
        clock.punch("1", "2026-10-03 08:00:00")
        await eventually(lambda: bridge.backend.stored("T1") == 1, PATIENCE)
        assert (await act(bridge, "set_time", status=409))["code"] == "terminal_busy"
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.status_code, answer.json()["code"]) == (409, "terminal_busy")
        assert (await act(bridge, "cancel_enroll"))["done"] is True
        await eventually(lambda: steps(bridge)[-1:] == ["cancelled"], PATIENCE)
        await eventually(lambda: clock.capture is None, PATIENCE)
        assert (await act(bridge, "set_time"))["done"] is True


async def test_a_clock_lost_in_the_middle_of_an_enrolment(bridge: Bridge) -> None:
    async with clock_of(bridge) as clock:
        clock.somebody = "absent"
        await act(bridge, "enroll", target=FINGER, enrolment="e1", seconds=300)
        clock.reboot()
        await eventually(lambda: steps(bridge)[-1:] == ["failed"], PATIENCE)
        assert "lost" in bridge.backend.steps[-1].message
        await eventually(lambda: clock.listening, PATIENCE)
        assert (await act(bridge, "set_time"))["done"] is True


async def test_who_cannot_be_enrolled(bridge: Bridge) -> None:
    async with clock_of(bridge) as clock:
        result = await act(bridge, "enroll", target=FINGER | {"pin": "404"}, enrolment="e1")
        assert (result["done"], "not on the clock" in result["message"]) == (False, True)
        result = await act(bridge, "enroll", target=FINGER | {"template_type": "FACE"}, enrolment="e1")
        assert (result["done"], "Only fingers" in result["message"]) == (False, True)
        assert (await act(bridge, "cancel_enroll"))["done"] is True
        assert clock.capture is None
        assert steps(bridge) == []


async def test_an_unknown_clock_cannot_be_acted_on(bridge: Bridge) -> None:
    assert (await act(bridge, "restart", status=404))["code"] == "terminal_unknown"
    unknown = await bridge.client.post("/internal/terminals/T1/act", json={"action": "explode"})
    assert unknown.status_code == 422


async def test_what_nobody_waits_for_any_more_is_not_begun(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(5))
    await clock.start()
    port = clock.port
    await clock.stop()
    await bridge.list_terminal("T1", port)
    await eventually(lambda: "unreachable" in bridge.backend.states("T1"), PATIENCE)
    assert (await act(bridge, "restart", status=502))["code"] == "terminal_unreachable"
    await clock.start(port=port)
    await eventually(lambda: bridge.backend.stored("T1") == 5, PATIENCE)
    await asyncio.sleep(0.2)
    assert clock.reboots == 0
    await clock.stop()
