"""Access-control units against a real bridge: registration, events, tables, and commands in their own words."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from device_bridge.app import create_app
from device_bridge.iclock.access_renderer import registry_code
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from foundation.contracts.bridge import BatchSource, Command, CommandKind, ContactKind, DeviceUser
from tests.device_bridge.conftest import Bridge, eventually, serving
from tests.device_bridge.recording_backend import TOKEN
from tests.device_bridge.test_push_road import history

HANDSHAKE = "/iclock/cdata?SN=A1&options=all&pushver=3.1.2&DeviceType=acc"
EVENT = "time=2026-11-22 09:50:48\tpin=7\tcardno=0\teventaddr=1\tevent={code}\tinoutstatus=0\tverifytype=1\tindex=1\r\n"
CODE = registry_code(TOKEN.encode(), "A1")


@pytest.fixture
def known(bridge: Bridge) -> Bridge:
    bridge.backend.known.add("A1")
    return bridge


async def test_a_unit_with_a_history_arrives_complete(known: Bridge) -> None:
    people = [SimulatedUser("1", "Aïda", 123456789, 14), SimulatedUser("2", "Bo")]
    unit = PushClock(known.url, "A1", profile="acc-3.1", users=people, log=history(300), error_delay=0.1)
    await unit.start()
    try:
        await unit.wait_until_sent(10)
        assert known.backend.stored("A1") == 300
        assert known.backend.users["A1"]["1"] == DeviceUser(pin="1", name="Aïda", card=123456789, privilege=14)
        assert set(known.backend.sources) == {BatchSource.PUSH}
        unit.punch("1", status=1)
        unit.punch("2", event=23)
        unit.punch("0", event=206)
        await unit.wait_until_sent(5)
        assert known.backend.stored("A1") == 301, "a denial and a start of the unit are no punches"
        assert known.backend.rejected == []
        assert unit.options["TimeZone"] == "240"
        said = [contact.info for contact in known.backend.contacts if contact.kind is ContactKind.HANDSHAKE]
        assert said[1]["OEMVendor"] == "ZKTECO CO., LTD."
        assert said[1]["devicetype"] == "acc"
        unit.shake_hands_again()
        await eventually(lambda: unit.handshakes == 2)
        await unit.wait_until_sent(5)
        assert sum(len(batch.punches) for batch in known.backend.batches) == 301
    finally:
        await unit.stop()


async def test_a_lost_answer_neither_loses_nor_doubles(known: Bridge) -> None:
    known.backend.lost_answers = 3
    unit = PushClock(known.url, "A1", profile="acc-3.1", log=history(200), error_delay=0.02)
    await unit.start()
    try:
        await unit.wait_until_sent(5)
        assert known.backend.stored("A1") == 200
        assert [len(batch.punches) for batch in known.backend.batches] == [128] * 4 + [72]
    finally:
        await unit.stop()


async def test_nothing_is_acknowledged_while_the_back_end_is_down(known: Bridge) -> None:
    known.backend.down = True
    for path in ("cdata?SN=A1&table=rtlog", "querydata?SN=A1&type=tabledata&tablename=user", "registry?SN=A1"):
        answer = await known.client.post(f"/iclock/{path}", content=EVENT.format(code=0))
        assert answer.status_code == 503, path
        assert "OK" not in answer.text
        assert "=" not in answer.text
    assert known.backend.punches == {}


async def test_a_stranger_is_refused_everywhere_and_keeps_its_log(bridge: Bridge) -> None:
    assert (await bridge.client.get(HANDSHAKE)).status_code == 403
    registry = await bridge.client.post("/iclock/registry?SN=A1", content="DeviceType=acc,authKey=secret")
    assert (registry.status_code, registry.text[:14]) == (406, "device_unknown")
    assert not any("secret" in str(contact.info) for contact in bridge.backend.contacts)
    for method, path in (
        ("POST", "push?SN=A1"),
        ("GET", "push?SN=A1"),
        ("GET", "rtdata?SN=A1&type=time"),
        ("POST", "cdata?SN=A1&table=rtlog"),
        ("POST", "cdata?SN=A1&table=rtstate"),
        ("POST", "cdata?SN=A1&table=tabledata&tablename=user&count=1"),
        ("POST", "querydata?SN=A1&type=count&tablename=user&cmdid=1"),
        ("POST", "querydata?SN=A1&type=options&cmdid=1"),
    ):
        answer = await bridge.client.request(method, f"/iclock/{path}", content=EVENT.format(code=0))
        assert answer.status_code == 403, path
    assert (await bridge.client.post("/iclock/registry", content="x")).status_code == 400
    unit = PushClock(bridge.url, "A1", profile="acc-3.1", log=history(3), error_delay=0.05)
    await unit.start()
    try:
        with pytest.raises(TimeoutError, match="status 403"):
            await unit.wait_until_sent(0.3)
        bridge.backend.known.add("A1")
        await unit.wait_until_sent(5)
        assert bridge.backend.stored("A1") == 3
    finally:
        await unit.stop()


async def test_the_first_minute_word_for_word(known: Bridge) -> None:
    assert (await known.client.get(HANDSHAKE)).text == "OK\n"
    registry = await known.client.post("/iclock/registry?SN=A1", content="DeviceType=acc,~DeviceName=F22")
    assert registry.text == f"RegistryCode={CODE}\n"
    assert len(CODE) <= 32
    for method in ("GET", "POST"):
        told = (await known.client.request(method, "/iclock/push/?SN=A1")).text.splitlines()
        assert told[:3] == ["ServerVersion=3.1.2", "ServerName=Punctual", "PushVersion=3.1.2"]
        assert {"Realtime=1", "RequestDelay=1", "TransTables=User\tTransaction"} <= set(told)
    again = (await known.client.get(HANDSHAKE)).text.splitlines()
    assert again[:3] == ["registry=ok", f"RegistryCode={CODE}", "ServerVersion=3.1.2"]
    mute = (await known.client.get("/iclock/cdata?SN=A1&options=all")).text
    assert mute.startswith("registry=ok\n"), "the family sticks when a handshake does not name it"
    attendance = (await known.client.get("/iclock/cdata?SN=A1&options=all&DeviceType=att")).text
    assert attendance.startswith("GET OPTION FROM: A1\n"), "switched in its menu"
    time = (await known.client.get("/iclock/rtdata?SN=A1&type=time")).text
    assert time.startswith("DateTime=")
    assert time.endswith(",ServerTZ=+0400\n")


async def test_after_a_restart_a_unit_is_known_again_by_what_it_sends(known: Bridge) -> None:
    known.backend.queue["A1"] = [Command(id="5", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="9"))]
    poll = "/iclock/getrequest?SN=A1"
    assert (await known.client.get(poll)).text == "C:5:DATA DELETE USERINFO PIN=9\n"
    by_cookie = await known.client.get(poll, headers={"cookie": "token=0123"})
    assert by_cookie.text == "C:5:DATA DELETE user Pin=9\n"
    assert (await known.client.post("/iclock/cdata?SN=A1&table=rtstate", content="time=x")).text == "OK\n"
    assert (await known.client.get(poll)).text == "C:5:DATA DELETE user Pin=9\n"


async def test_events_under_the_name_of_the_attendance_log(known: Bridge) -> None:
    body = EVENT.format(code=0) + EVENT.format(code=23) + EVENT.format(code=7000)
    answer = await known.client.post("/iclock/cdata?SN=A1&table=ATTLOG&Stamp=1", content=body)
    assert answer.text == "OK: 3\n"
    assert known.backend.stored("A1") == 1
    assert [line.reason[:10] for line in known.backend.rejected] == ["event 7000"]


async def test_tables_are_answered_with_their_own_name_and_count(known: Bridge) -> None:
    template = "apUBDwAAAAAA" * 50
    cases = {
        "user": ("user uid=1\tpin=3\tpassword=4711\tname=Cy\r\nuser uid=2\tpin=4\tpassword=4711\tcardno=x\r\n", 2),
        "templatev10": (f"templatev10 size=600\tpin=3\tfingerid=1\tvalid=1\ttemplate={template}\r\n", 1),
        "biodata": (f"biodata pin=3\tno=0\tindex=0\ttype=9\tmajorver=40\ttmp={template}\r\n", 1),
        "biophoto": (f"biophoto pin=3\ttype=9\tsize=9\tcontent={template}\r\n", 1),
        "errorlog": ("errorlog errcode=D01\tcmdid=1\r\n", 1),
        "transaction": ("transaction pin=3\tverified=1\teventtype=0\tinoutstate=0\ttime_second=840304248\r\n", 1),
    }
    for name, (body, count) in cases.items():
        path = f"/iclock/cdata?SN=A1&table=tabledata&tablename={name}&count={count}"
        assert (await known.client.post(path, content=body)).text == f"{name}={count}\n"
    torn = await known.client.post(
        "/iclock/cdata?SN=A1&table=tabledata&tablename=user&count=1", content="user pin=5\r\nname=x\r\n"
    )
    assert torn.text == "user=1\n"
    short = await known.client.post(
        "/iclock/cdata?SN=A1&table=tabledata&tablename=user&count=9", content="user pin=5\r\n"
    )
    assert short.text == "user=1\n", "rows that did not come are not acknowledged"
    odd = await known.client.post("/iclock/cdata?SN=A1&table=tabledata&tablename=a%0Ab&count=1", content="x")
    assert odd.text == "OK: 1\n"
    assert sorted(known.backend.users["A1"]) == ["3", "5"]
    assert known.backend.stored("A1") == 1
    kept = "\n".join(line.raw for line in known.backend.rejected)
    assert "apUBDw" not in kept
    assert "4711" not in kept


async def test_commands_in_the_words_of_access_units(known: Bridge) -> None:
    unit = PushClock(
        known.url, "A1", profile="acc-3.1", users=[SimulatedUser("9", "Old")], log=history(200), poll_seconds=0.05
    )
    known.backend.queue["A1"] = [
        Command(id="1", kind=CommandKind.USER_UPDATE, user=DeviceUser(pin="1", name="Bo\tPrivilege=14", card=5)),
        Command(id="2", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="9")),
        Command(id="3", kind=CommandKind.INFO),
        Command(id="4", kind=CommandKind.QUERY_PUNCHES),
        Command(id="5", kind=CommandKind.CHECK),
        Command(id="6", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="404")),
        Command(id="7", kind=CommandKind.USER_UPDATE),
        Command(id="8", kind=CommandKind.REBOOT),
    ]
    await unit.start()
    try:
        await eventually(lambda: len({result.id for result in known.backend.results}) >= 8)
        await unit.wait_until_sent(5)
        codes = {result.id: result.code for result in known.backend.results}
        assert codes == {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0, "6": -10, "7": -1, "8": 0}
        assert list(unit.users) == ["1"]
        assert unit.authorised == {"1"}, "without that the door refuses the person"
        assert (unit.users["1"].name, unit.users["1"].privilege) == ("BoPrivilege=14", 0)
        assert known.backend.stored("A1") == 200, "the log again, in pages and another form, adds nothing"
        await eventually(lambda: unit.handshakes >= 2)
    finally:
        await unit.stop()


async def test_pages_of_an_answer(known: Bridge) -> None:
    known.backend.queue["A1"] = [Command(id="4", kind=CommandKind.QUERY_PUNCHES)]
    query = "/iclock/querydata?SN=A1&cmdid=4&packcnt=2"
    first = await known.client.post(f"{query}&type=tabledata&tablename=user&count=1&packidx=1", content="user pin=1\n")
    assert first.text == "user=1\n"
    assert known.backend.results == []
    last = await known.client.post(f"{query}&type=tabledata&tablename=user&count=1&packidx=2", content="user pin=2\n")
    assert last.text == "user=1\n"
    assert [(result.id, result.code) for result in known.backend.results] == [("4", 0)]
    counted = await known.client.post(
        "/iclock/querydata?SN=A1&type=count&cmdid=5&tablename=user&packcnt=1&packidx=1", content="user=12"
    )
    assert counted.text == "user=12\n"
    rows = await known.client.post("/iclock/devicecmd?SN=A1", content="ID=6&Return=12&CMD=DATA QUERY")
    assert rows.text == "OK\n"
    assert [(result.id, result.code) for result in known.backend.results] == [("4", 0), ("5", 0), ("6", 0)]


async def test_a_unit_survives_a_restart_of_the_bridge(known: Bridge, tmp_path: Path) -> None:
    unit = PushClock(known.url, "A1", profile="acc-3.1", log=history(3), error_delay=0.05)
    await unit.start()
    await unit.wait_until_sent(5)
    await unit.stop()
    async with serving(create_app(known.settings), host="127.0.0.1", port=0) as server:
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        moved = PushClock(url, "A1", profile="acc-3.1", log=[*unit.log, SimulatedPunch("9", "2026-11-22 10:00:00")])
        await moved.start()
        try:
            await moved.wait_until_sent(5)
            assert known.backend.stored("A1") == 4
        finally:
            await moved.stop()


async def test_no_body_makes_the_bridge_fail(known: Bridge, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(20261122)
    paths = (
        "cdata?SN=A1&table=rtlog",
        "cdata?SN=A1&table=ATTLOG",
        "cdata?SN=A1&table=OPERLOG",
        "cdata?SN=A1&table=tabledata&tablename=user&count=2",
        "cdata?SN=A1&table=tabledata&tablename=transaction",
        "cdata?SN=A1&table=tabledata&tablename=biodata&count=x",
        "querydata?SN=A1&type=tabledata&tablename=user&cmdid=1&packcnt=1&packidx=1",
        "querydata?SN=A1&type=count&tablename=user&cmdid=!",
        "querydata?SN=A1&type=options",
        "querydata?SN=A1",
        "registry?SN=A1",
        "push?SN=A1",
        "devicecmd?SN=A1",
    )
    pieces = [
        b"time=",
        b"2026-11-22 09:50:48",
        b"\t",
        b"pin=7",
        b"event=0",
        b"=",
        b"\n",
        b"USER ",
        b"user ",
        b"\0",
        b"ID=1",
    ]
    pieces += [
        b"&Return=",
        b"-",
        b"verifytype=0000000000010000",
        b"inoutstatus=",
        b"time_second=99999999999",
        b"\xff\xd8",
    ]
    for number in range(200):
        body = b"".join(chance.choice([*pieces, chance.randbytes(3)]) for _ in range(chance.randint(0, 14)))
        answer = await known.client.post(f"/iclock/{paths[number % len(paths)]}", content=b" " + body)
        assert answer.status_code == 200, (paths[number % len(paths)], body)
    assert "Traceback" not in "".join(capfd.readouterr())
