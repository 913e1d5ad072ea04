"""Push clocks against a real bridge: what they hear is what the back end has committed."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime

import httpx
import pytest

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.profiles import UnknownProfile
from device_bridge.simulator.push_clock import PushClock
from foundation.clock import utc_now
from foundation.contracts.bridge import BatchSource, Command, CommandKind, ContactKind, DeviceUser
from tests.device_bridge.conftest import Bridge, eventually

LINE = "7\t2026-11-22 09:50:48\t0\t1\t0"


def upload(table: str, serial: str = "S1") -> str:
    return f"/iclock/cdata?SN={serial}&table={table}&Stamp=9999"


def history(count: int) -> list[SimulatedPunch]:
    return [
        SimulatedPunch(str(n % 7 + 1), f"2026-11-{n // 60 // 24 + 1:02d} {n // 60 % 24:02d}:{n % 60:02d}:00")
        for n in range(count)
    ]


@pytest.fixture
def known(bridge: Bridge) -> Bridge:
    bridge.backend.known.add("S1")
    return bridge


@pytest.mark.parametrize("profile", ["att-2.4", "att-legacy"])
async def test_a_clock_with_a_history_arrives_complete(known: Bridge, profile: str) -> None:
    people = [SimulatedUser("1", "Aïda", 123456789, 14), SimulatedUser("2", "Bo")]
    clock = PushClock(known.url, "S1", profile=profile, users=people, log=history(300), error_delay=0.1)
    await clock.start()
    try:
        await clock.wait_until_sent(10)
        assert known.backend.stored("S1") == 300
        assert known.backend.users["S1"]["1"] == DeviceUser(pin="1", name="Aïda", card=123456789, privilege=14)
        assert [len(batch.punches) for batch in known.backend.batches] == [128, 128, 44]
        assert set(known.backend.sources) == {BatchSource.PUSH}
        assert known.backend.batches[0].source_address == "127.0.0.1"
        assert clock.options["TimeZone"] == "4"
        assert abs((parsedate_to_datetime(clock.date_header) - utc_now()).total_seconds()) < 5
        clock.punch("1", status=1)
        await clock.wait_until_sent(5)
        assert known.backend.stored("S1") == 301
        await eventually(lambda: known.backend.leases)
        assert known.backend.leases[0].info["user_count"] == "2"
        kinds = {contact.kind for contact in known.backend.contacts}
        assert ContactKind.HANDSHAKE in kinds
        if profile == "att-2.4":
            options = [contact.info for contact in known.backend.contacts if contact.kind is ContactKind.UPLOAD]
            assert options[0]["OEMVendor"] == "ZKTECO CO., LTD."
    finally:
        await clock.stop()


async def test_nothing_is_acknowledged_while_the_back_end_is_down(known: Bridge) -> None:
    clock = PushClock(known.url, "S1", log=history(200), error_delay=0.05)
    await clock.start()
    try:
        await clock.wait_until_sent(5)
        known.backend.down = True
        answer = await known.client.post(upload("ATTLOG"), content=LINE)
        assert answer.status_code == 503
        assert "OK" not in answer.text
        clock.punch("1", "2026-11-22 10:00:00")
        clock.punch("1", "2026-11-22 10:00:01")
        with pytest.raises(TimeoutError, match="2 punches were not taken"):
            await clock.wait_until_sent(0.4)
        known.backend.down = False
        await clock.wait_until_sent(5)
        assert known.backend.stored("S1") == 202
    finally:
        await clock.stop()


async def test_a_lost_answer_neither_loses_nor_doubles(known: Bridge) -> None:
    known.backend.lost_answers = 3
    clock = PushClock(known.url, "S1", log=history(200), error_delay=0.02)
    await clock.start()
    try:
        await clock.wait_until_sent(5)
        assert known.backend.stored("S1") == 200
        assert [len(batch.punches) for batch in known.backend.batches] == [128] * 4 + [72]
    finally:
        await clock.stop()


async def test_a_stranger_keeps_its_log_until_it_is_approved(bridge: Bridge) -> None:
    for path in ("/iclock/cdata?SN=S1&options=all", "/iclock/getrequest?SN=S1", "/iclock/ping?SN=S1"):
        assert (await bridge.client.get(path)).status_code == 403
    for table in ("ATTLOG", "OPERLOG", "options", "BIODATA", "ERRORLOG", "rtlog"):
        answer = await bridge.client.post(upload(table), content=LINE)
        assert (answer.status_code, answer.text[:14]) == (403, "device_unknown"), table
        assert answer.headers["content-type"].startswith("text/plain")
        empty = await bridge.client.post(upload(table), content="")
        assert empty.status_code == 403, table
    clock = PushClock(bridge.url, "S1", log=history(3), error_delay=0.05)
    await clock.start()
    try:
        with pytest.raises(TimeoutError, match="status 403"):
            await clock.wait_until_sent(0.3)
        assert bridge.backend.stored("S1") == 0
        bridge.backend.known.add("S1")
        await clock.wait_until_sent(5)
        assert bridge.backend.stored("S1") == 3
    finally:
        await clock.stop()


async def test_the_count_in_the_answer_is_of_lines_handled(known: Bridge) -> None:
    body = f"{LINE}\r\n{LINE}\r\n8\t2026-02-31 00:00:00\t0\t1\r\nrubbish\r\n\r\n"
    answer = await known.client.post(upload("ATTLOG"), content=body)
    assert answer.text == "OK: 4\n"
    assert answer.headers["content-length"] == "6"
    assert parsedate_to_datetime(answer.headers["date"])
    assert known.backend.stored("S1") == 1
    assert [line.raw for line in known.backend.rejected] == ["8\t2026-02-31 00:00:00\t0\t1", "rubbish"]
    again = await known.client.post(upload("ATTLOG"), content=body)
    assert again.text == "OK: 4\n"
    assert known.backend.stored("S1") == 1


async def test_a_large_upload_is_split_and_acknowledged_as_one(known: Bridge) -> None:
    body = "\n".join(f"{n}\t2026-11-22 09:50:48\t0\t1" for n in range(1, 2501))
    assert (await known.client.post(upload("ATTLOG"), content=body)).text == "OK: 2500\n"
    assert [len(batch.punches) for batch in known.backend.batches] == [1000, 1000, 500]
    too_large = await known.client.post(upload("ATTLOG"), content=b"x" * 5_000_001)
    assert too_large.status_code == 413


async def test_an_upload_that_is_cut_off_stores_nothing_and_tells_nothing(
    known: Bridge, capfd: pytest.CaptureFixture[str]
) -> None:
    url = httpx.URL(known.url)
    head = f"POST {upload('ATTLOG')} HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n"
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"{head}{LINE}\nUSER PIN=7\tPasswd=471147".encode())
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await writer.wait_closed()
    assert (await known.client.post(upload("ATTLOG"), content=LINE)).text == "OK: 1\n"
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "471147" not in said
    assert len(known.backend.batches) == 1


async def test_two_punches_in_one_second_both_survive(known: Bridge) -> None:
    body = "7\t2026-11-22 09:50:48\t0\t1\n7\t2026-11-22 09:50:48\t1\t1\n"
    assert (await known.client.post(upload("ATTLOG"), content=body)).text == "OK: 2\n"
    assert known.backend.stored("S1") == 2


@pytest.mark.parametrize(
    "path",
    [
        "/iclock/cdata/?SN=S1&options=all",
        "/iclock/cdata.aspx?SN=S1&options=all",
        "/iclock/CDATA?sn=S1&options=all",
        "/iclock/cdata?options=all&Sn=S1",
    ],
)
async def test_path_and_parameter_variants(known: Bridge, path: str) -> None:
    answer = await known.client.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("GET OPTION FROM: S1\n")


@pytest.mark.parametrize("query", ["", "?SN=", "?SN=a%20b", "?SN=" + "x" * 65, "?SN=../../x"])
async def test_without_a_serial_number_nothing_works(known: Bridge, query: str) -> None:
    for path in ("cdata", "getrequest", "ping"):
        assert (await known.client.get(f"/iclock/{path}{query}")).status_code == 400
    assert (await known.client.post(f"/iclock/devicecmd{query}", content="ID=1&Return=0")).status_code == 400


@pytest.mark.parametrize("path", ["/iclock/file?SN=S1&url=x", "/iclock/exchange?SN=S1", "/iclock/", "/iclock/x/y"])
async def test_anything_else_does_not_exist(known: Bridge, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await known.client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/plain")


async def test_every_table_is_acknowledged_and_what_is_not_kept_is_said(known: Bridge) -> None:
    template = "apUBDwAAAAAA" * 50
    cases = {
        "OPERLOG": (f"USER PIN=3\tName=Cy\tPri=0\nFP PIN=3\tFID=1\tSize=600\tValid=1\tTMP={template}\n", "OK: 2\n"),
        "BIODATA": (f"BIODATA Pin=3\tNo=0\tIndex=0\tValid=1\tType=9\tTmp={template}\n", "OK: 1\n"),
        "ATTPHOTO": ("PIN=20261122095048-3.jpg\nSN=S1\nsize=4\nCMD=uploadphoto\0\xff\xd8", "OK\n"),
        "rtlog": ("time=2026-11-22 09:50:48\tpin=3\tevent=4014\n", "OK\n"),
        "ERRORLOG": ("ErrCode=1\n", "OK\n"),
    }
    for table, (body, expected) in cases.items():
        answer = await known.client.post(upload(table), content=body)
        assert (answer.status_code, answer.text) == (200, expected), table
    assert list(known.backend.users["S1"]) == ["3"]
    picture = "PIN=20261122095048-3.jpg\nSN=S1\nsize=4\nCMD=uploadphoto\0\xff\xd8"
    assert (await known.client.post("/iclock/fdata?SN=S1", content=picture)).text == "OK\n"
    kept = {line.raw: line.reason for line in known.backend.rejected}
    assert not any("apUBDw" in raw for raw in kept)
    assert any("pin=3\tevent=4014" in raw for raw in kept)
    photo = "ATTPHOTO pin=20261122095048-3.jpg [24 characters, template withheld]"
    assert kept[photo] == "pictures are not kept"
    assert "BIODATA pin=3 no=0 index=0 valid=1 type=9 [638 characters, template withheld]" in kept
    (finger,) = known.backend.templates["S1"].values()
    assert finger.template_data == template


async def test_chinese_clocks(known: Bridge) -> None:
    body = "USER PIN=1\tName=张伟\tPri=0\tPasswd=\tCard=".encode("gb2312")
    assert (await known.client.post(upload("OPERLOG"), content=body)).text == "OK: 1\n"
    assert known.backend.users["S1"]["1"].name == "张伟"


async def test_commands_are_carried_out_and_answered(known: Bridge) -> None:
    clock = PushClock(
        known.url, "S1", users=[SimulatedUser("9", "Old")], log=history(5), error_delay=0.05, poll_seconds=0.05
    )
    evil = "Bo\nC:99:REBOOT\tPri=14"
    known.backend.queue["S1"] = [
        Command(id="c1", kind=CommandKind.USER_UPDATE, user=DeviceUser(pin="1", name=evil, card=5, privilege=0)),
        Command(id="c2", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="9")),
        Command(id="c3", kind=CommandKind.INFO),
        Command(id="c4", kind=CommandKind.QUERY_PUNCHES, since="2026-11-01 00:00:00", until="2026-11-01 00:02:00"),
        Command(id="c5", kind=CommandKind.CHECK),
        Command(id="c6", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="404")),
        Command(id="c7", kind=CommandKind.USER_UPDATE),
    ]
    await clock.start()
    try:
        await eventually(lambda: len(known.backend.results) >= 7 and clock.handshakes == 2)
        await clock.wait_until_sent(5)
        codes = {result.id: result.code for result in known.backend.results}
        assert codes == {"c1": 0, "c2": 0, "c3": 0, "c4": 0, "c5": 0, "c6": -10, "c7": -1}
        assert "UserCount=1" in next(result.text for result in known.backend.results if result.id == "c3")
        assert list(clock.users) == ["1"]
        assert clock.users["1"].privilege == 0
        assert clock.users["1"].name == "BoC:99:REBOOTPri=14"
        assert sum(len(batch.punches) for batch in known.backend.batches) == 8, "five, and three again on request"
        assert known.backend.stored("S1") == 5
    finally:
        await clock.stop()


async def test_an_old_clock_takes_one_command_a_poll(known: Bridge) -> None:
    clock = PushClock(known.url, "S1", profile="att-legacy", error_delay=0.05, poll_seconds=0.05)
    known.backend.queue["S1"] = [
        Command(id=f"c{n}", kind=CommandKind.USER_UPDATE, user=DeviceUser(pin=str(n))) for n in range(3)
    ]
    await clock.start()
    try:
        await eventually(lambda: len(clock.users) == 3)
        assert [result.id for result in known.backend.results][:1] == ["c0"]
    finally:
        await clock.stop()


async def test_half_hour_zones_reach_the_clock_in_minutes(known: Bridge) -> None:
    known.backend.offset_minutes = 330
    answer = await known.client.get("/iclock/cdata?SN=S1&options=all&pushver=2.4.1")
    assert "\nTimeZone=330\n" in answer.text


async def test_internal_paths_want_the_token(bridge: Bridge) -> None:
    assert (await bridge.client.get("/internal/health")).json() == {"status": "ok"}
    async with httpx.AsyncClient(base_url=bridge.url) as stranger:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}):
            for method, path in (
                ("GET", "/internal/health"),
                ("POST", "/internal/terminals/refresh"),
                ("POST", "/internal/terminals/T1/sync"),
            ):
                answer = await stranger.request(method, path, headers=headers)
                assert answer.status_code == 401
                assert answer.json()["code"] == "not_signed_in"


async def test_many_clocks_at_once_lose_nothing(bridge: Bridge) -> None:
    serials = [f"S{n}" for n in range(20)]
    bridge.backend.known.update(serials)
    clocks = [PushClock(bridge.url, serial, log=history(150), error_delay=0.05) for serial in serials]
    try:
        await asyncio.gather(*(clock.start() for clock in clocks))
        await asyncio.gather(*(clock.wait_until_sent(20) for clock in clocks))
        assert [bridge.backend.stored(serial) for serial in serials] == [150] * 20
    finally:
        await asyncio.gather(*(clock.stop() for clock in clocks))


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UnknownProfile, match=r"acc-3\.1, att-2\.4, att-bio, att-legacy"):
        PushClock("http://127.0.0.1:1", "S1", profile="acc")
