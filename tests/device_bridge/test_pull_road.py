"""Pull clocks: real sockets, a real bridge, and whatever can go wrong between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.profiles import UnknownProfile
from device_bridge.simulator.terminal_clock import TerminalClock
from foundation.contracts.bridge import BatchSource, DeviceUser
from tests.device_bridge.conftest import Bridge, eventually

PEOPLE = [SimulatedUser("1", "Aïda Ünal", 123, 14), SimulatedUser("00042", "Bo", 0, 0)]


def log_of(count: int) -> list[SimulatedPunch]:
    return [
        SimulatedPunch(
            "00042" if n % 2 else "777", f"2026-10-{n // 1440 + 1:02d} {n // 60 % 24:02d}:{n % 60:02d}:00", n % 2
        )
        for n in range(count)
    ]


@asynccontextmanager
async def running(*clocks: TerminalClock) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for clock in clocks:
            await clock.start()
            stack.push_async_callback(clock.stop)
        yield


def state(bridge: Bridge, serial: str) -> Callable[[], str]:
    return lambda: (bridge.backend.states(serial) or [""])[-1]


@pytest.mark.parametrize("profile", ["zk8", "zk8-1008", "slow"])
async def test_a_clock_is_read_completely(bridge: Bridge, profile: str) -> None:
    clock = TerminalClock("T1", profile=profile, users=PEOPLE, log=log_of(400), zone="Asia/Dubai")
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, zone="Asia/Dubai")
        await eventually(lambda: bridge.backend.stored("T1") == 400 and clock.listening, 15)
        await eventually(lambda: "online" in bridge.backend.states("T1"), 10)
        assert set(bridge.backend.sources) == {BatchSource.PULL}
        (complete,) = bridge.backend.complete_lists
        assert {user.pin: user for user in complete.users} == {
            "1": DeviceUser(pin="1", name="Aïda Ünal", card=123, privilege=14),
            "00042": DeviceUser(pin="00042", name="Bo"),
        }
        report = bridge.backend.reports[-1]
        assert report.counts["punches"] == 400
        assert report.info["name"] == "Simulated clock"
        assert report.clock_offset_seconds is not None
        assert abs(report.clock_offset_seconds) <= 2
        assert clock.complaints == []
    await eventually(lambda: state(bridge, "T1")() == "unreachable")


async def test_a_punch_arrives_within_a_second(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(3))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.stored("T1") == 3 and "online" in bridge.backend.states("T1"))
        reads = clock.bulk_reads
        began = time.monotonic()
        clock.punch("00042", status=1)
        await eventually(lambda: bridge.backend.stored("T1") == 4, 1.0)
        assert time.monotonic() - began < 1.0
        assert bridge.backend.sources[-1] is BatchSource.LIVE
        reports = len(bridge.backend.reports)
        await eventually(lambda: len(bridge.backend.reports) >= reports + 2)
        assert clock.bulk_reads == reads, "the count moved by the punch that came live: nothing is read again"
        assert clock.complaints == []


async def test_live_punches_are_not_lost_while_the_back_end_is_down(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(3))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        bridge.backend.down = True
        for status in (0, 1, 2):
            clock.punch("1", "2026-11-22 10:00:00", status=status)
        await asyncio.sleep(0.3)
        assert bridge.backend.stored("T1") == 3
        bridge.backend.down = False
        await eventually(lambda: bridge.backend.stored("T1") == 6)


async def test_a_lost_answer_neither_loses_nor_doubles(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(1500))
    bridge.backend.lost_answers = 2
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        assert bridge.backend.stored("T1") == 1500
        assert bridge.backend.lost_answers == 0


async def test_a_log_that_has_not_moved_is_not_read(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(50))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, stored_punches=50)
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        assert bridge.backend.stored("T1") == 0
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert answer.status_code == 200
        assert answer.json() == {
            "serial": "T1",
            "device_records": 50,
            "received": 0,
            "stored": 0,
            "duplicate": 0,
            "quarantined": 0,
            "users_read": 2,
            "users_written": 0,
            "log_read": False,
        }
        # The back end was restored from a copy that lacks some of them.
        await bridge.list_terminal("T1", clock.port, stored_punches=20)
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert answer.json()["device_records"] == 50
        assert bridge.backend.stored("T1") == 50


async def test_a_requested_read_accounts_for_every_record(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        # Written behind the bridge's back: no live event tells of them. The same punch twice, as clocks do.
        clock.log += [*log_of(30), log_of(30)[-1]]
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        summary = answer.json()
        assert summary["device_records"] == 31
        assert summary["received"] == summary["stored"] + summary["duplicate"] + summary["quarantined"]
        # The half-second survey may have come first; either way the log was read once, and completely.
        assert [len(batch.punches) for batch in bridge.backend.batches] == [31]
        assert summary["log_read"] == (summary["received"] == 31)
        assert bridge.backend.stored("T1") == 30


async def test_people_are_written_and_read_back(bridge: Bridge) -> None:
    known = SimulatedUser("1", "Old name", 5, 0, uid=7, password=b"4711\0\0\0\0", access=bytes(range(9)))
    clock = TerminalClock("T1", users=[known, SimulatedUser("9", "Leaving", uid=3)])
    wanted = [
        DeviceUser(pin="1", name="New name", card=6, privilege=14),
        DeviceUser(pin="00042", name="Ünïcødé ñamé thaé is far too long", card=0xFFFFFFFF),
    ]
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, users=wanted, remove_pins=["9", "404"])
        await eventually(lambda: bridge.backend.terminals[0].users == [] == bridge.backend.terminals[0].remove_pins)
        assert set(clock.users) == {"1", "00042"}
        assert (clock.users["1"].name, clock.users["1"].card, clock.users["1"].privilege) == ("New name", 6, 14)
        assert (clock.users["1"].uid, clock.users["1"].password[:4]) == (7, b"4711")
        assert clock.users["1"].access == bytes(range(9))
        assert clock.users["00042"].uid == 8, "a slot above every taken one"
        assert clock.users["00042"].name == "Ünïcødé ñamé tha", "cut at 23 bytes, between characters"
        assert clock.disabled_until is None, "people can punch again"
        assert set(bridge.backend.users["T1"]) == {"1", "00042"}
        assert clock.complaints == []


async def test_the_key(bridge: Bridge) -> None:
    clock = TerminalClock("T1", profile="keyed", users=PEOPLE, log=log_of(5))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, comm_key=1)
        await eventually(lambda: state(bridge, "T1")() == "refused")
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.status_code, answer.json()["code"]) == (502, "terminal_refused")
        assert bridge.backend.stored("T1") == 0
        await bridge.list_terminal("T1", clock.port, comm_key=clock.comm_key)
        await eventually(lambda: bridge.backend.stored("T1") == 5)
        await eventually(lambda: state(bridge, "T1")() != "refused")


async def test_new_firmware_that_refuses_is_told_apart(bridge: Bridge) -> None:
    clock = TerminalClock("T1", profile="refusing")
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: state(bridge, "T1")() == "unsupported")
        assert "push" in bridge.backend.reports[-1].message
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.status_code, answer.json()["code"]) == (502, "terminal_unsupported")


async def test_another_clock_at_the_address_is_not_read(bridge: Bridge) -> None:
    clock = TerminalClock("OTHER", users=PEOPLE, log=log_of(5))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, users=[DeviceUser(pin="5")])
        await eventually(lambda: state(bridge, "T1")() == "mismatch")
        assert "OTHER" in bridge.backend.reports[-1].message
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.status_code, answer.json()["code"]) == (502, "terminal_mismatch")
        assert clock.bulk_reads == 0
        assert "5" not in clock.users
        assert not bridge.backend.batches
        assert not bridge.backend.complete_lists


async def test_a_connection_cut_in_the_middle_of_the_log_is_read_again(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(500))
    clock.cut_answer_after = 7_000
    async with running(clock):
        began = time.monotonic()
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.stored("T1") == 500)
        assert time.monotonic() - began < 3.0
        assert "unreachable" in bridge.backend.states("T1")
        await eventually(lambda: state(bridge, "T1")() == "online")


async def test_a_clock_that_restarts_loses_nothing(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(5))
    await clock.start()
    port = clock.port
    await bridge.list_terminal("T1", port)
    await eventually(lambda: bridge.backend.stored("T1") == 5 and "online" in bridge.backend.states("T1"))
    await clock.stop()
    clock.punch("1", "2026-11-22 10:00:00")
    await eventually(lambda: state(bridge, "T1")() == "unreachable")
    async with running():
        await clock.start(port=port)
        await eventually(lambda: bridge.backend.stored("T1") == 6)
        await eventually(lambda: state(bridge, "T1")() == "online")
        await clock.stop()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1; touch x",
        "$(id)",
        "localhost",
        "169.254.169.254",
        "8.8.8.8",
        "::1",
        "redis.default.svc",
        "0.0.0.0",
        "",
    ],
)
async def test_addresses_that_are_never_dialled(bridge: Bridge, address: str) -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, address=address)
        await eventually(lambda: bridge.backend.reports)
        report = bridge.backend.reports[0]
        assert report.state.value == "unreachable"
        assert "not an IP address" in report.message or "outside the networks" in report.message
        answer = await bridge.client.post("/internal/terminals/T1/sync")
        assert (answer.status_code, answer.json()["code"]) == (502, "terminal_unreachable")
        assert not clock.connected


async def test_dead_clocks_do_not_delay_a_living_one(bridge: Bridge) -> None:
    async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(5))
    async with running(clock):
        for number in range(5):
            await bridge.list_terminal(f"DEAD{number}", port)
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.stored("T1") == 5, 2.0)
    silent.close()


async def test_an_unknown_clock_cannot_be_synced(bridge: Bridge) -> None:
    answer = await bridge.client.post("/internal/terminals/NOBODY/sync")
    assert (answer.status_code, answer.json()["code"]) == (404, "terminal_unknown")


async def test_a_clock_taken_off_the_list_is_let_go(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE)
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: clock.listening)
        bridge.backend.terminals = []
        await bridge.client.post("/internal/terminals/refresh")
        await eventually(lambda: not clock.connected)


async def test_an_empty_user_list_is_never_passed_on(bridge: Bridge) -> None:
    clock = TerminalClock("T1", log=log_of(2))
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.stored("T1") == 2 and "online" in bridge.backend.states("T1"))
        assert bridge.backend.complete_lists == []


async def test_a_wrong_clock_is_measured_in_its_own_zone(bridge: Bridge) -> None:
    clock = TerminalClock("T1", users=PEOPLE, zone="Asia/Kolkata", clock_offset=-95.0)
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, zone="Asia/Kolkata")
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        offset = bridge.backend.reports[-1].clock_offset_seconds
        assert offset is not None
        assert -98 <= offset <= -93


@pytest.mark.parametrize("transport", ["udp", "auto"])
async def test_a_clock_that_speaks_udp(bridge: Bridge, transport: str) -> None:
    clock = TerminalClock("T1", profile="keyed", users=PEOPLE, log=log_of(60), udp=True)
    async with running(clock):
        await bridge.list_terminal("T1", clock.port, transport=transport, comm_key=clock.comm_key)
        await eventually(lambda: bridge.backend.stored("T1") == 60)
        await eventually(lambda: clock.listening)
        clock.punch("1")
        await eventually(lambda: bridge.backend.stored("T1") == 61, 2.0)


async def test_impossible_times_are_quarantined_not_dropped(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = TerminalClock("T1", users=PEOPLE, log=log_of(4))
    monkeypatch.setattr(
        "device_bridge.simulator.terminal_records.encode_time",
        lambda text: 0xFFFFFFFF if text.endswith("02:00") else 776520000,
    )
    async with running(clock):
        await bridge.list_terminal("T1", clock.port)
        await eventually(lambda: bridge.backend.rejected)
        assert len(bridge.backend.rejected) == 1
        assert "no real date" in bridge.backend.rejected[0].reason
        await eventually(lambda: "online" in bridge.backend.states("T1"))
        reads = clock.bulk_reads
        reports = len(bridge.backend.reports)
        await eventually(lambda: len(bridge.backend.reports) >= reports + 2)
        assert clock.bulk_reads == reads, "a record that cannot be read does not make the log be read for ever"


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UnknownProfile, match="flaky, full, keyed, refusing, slow, vl"):
        TerminalClock("T1", profile="zk9")
