"""What happens around commands: enrolments in steps, sums of the log, summer time, and a bridge that was restarted."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from device_bridge.app import create_app
from device_bridge.iclock.captures import REMEMBERED, Captures, step_of
from device_bridge.iclock.parser import Outcome, parse_outcomes
from device_bridge.iclock.zones import ASKED_AGAIN_AFTER, SAID_AGAIN_AFTER, Zones
from foundation.contracts.bridge import Command, CommandKind, ContactKind, DeviceUser, TemplateName, TemplateType
from tests.device_bridge.conftest import Bridge, serving

NOW = datetime(2026, 11, 22, 5, 50, tzinfo=UTC)
FINGER = TemplateName(pin="17", template_type=TemplateType.FINGERPRINT, template_index=6)


@pytest.fixture
def known(bridge: Bridge) -> Bridge:
    bridge.backend.known.add("S1")
    return bridge


async def poll(client: httpx.AsyncClient, query: str = "") -> str:
    answer = await client.get(f"/iclock/getrequest?SN=S1{query}")
    assert answer.status_code == 200
    return answer.text


async def say(client: httpx.AsyncClient, body: str) -> None:
    assert (await client.post("/iclock/devicecmd?SN=S1", content=body)).text == "OK\n"


async def test_an_enrolment_is_followed_step_by_step(known: Bridge) -> None:
    known.backend.queue["S1"] = [Command(id="41", kind=CommandKind.ENROLL, target=FINGER, overwrite=True)]
    assert await poll(known.client) == "C:41:ENROLL_FP PIN=17\tFID=6\tRETRY=3\tOVERWRITE=1\n"
    await poll(known.client)
    assert [(step.enrolment, step.step) for step in known.backend.steps] == [("41", "started")], (
        "said twice, begun once"
    )
    await say(known.client, "ID=41&Return=0&CMD=ENROLL_FP\n")
    assert [step.step for step in known.backend.steps] == ["started", "stored"]
    assert [(result.id, result.code) for result in known.backend.results] == [("41", 0)]


@pytest.mark.parametrize(
    ("code", "step", "word"),
    [
        (2, "failed", "already"),
        (4, "failed", "well enough"),
        (5, "failed", "another person"),
        (6, "cancelled", "cancelled"),
        (7, "failed", "busy"),
        (-10, "failed", "does not know"),
        (-1002, "failed", "at a distance"),
        (-77, "failed", "refused (code -77)"),
        (0, "stored", ""),
    ],
)
async def test_return_codes_of_an_enrolment(known: Bridge, code: int, step: str, word: str) -> None:
    # Nobody here knows this command: the bridge was restarted, and the echo tells what it was.
    await say(known.client, f"ID=42&Return={code}&CMD=ENROLL_BIO\n")
    (taken,) = known.backend.steps
    assert (taken.enrolment, taken.step) == ("42", step)
    assert word in taken.message
    await say(known.client, "ID=43&Return=0&CMD=DATA\n")
    assert len(known.backend.steps) == 1


async def test_an_enrolment_that_cannot_be_said_ends_at_once(known: Bridge) -> None:
    palm = TemplateName(pin="17", template_type=TemplateType.PALM, template_index=0)
    await known.client.post("/iclock/cdata?SN=S1&table=options", content="MultiBioDataSupport=0:1:0:0:0:0:0:0:0:1")
    known.backend.queue["S1"] = [Command(id="44", kind=CommandKind.ENROLL, target=palm)]
    assert await poll(known.client) == "OK\n"
    assert [(step.enrolment, step.step) for step in known.backend.steps] == [("44", "failed")]
    assert [(result.id, result.code) for result in known.backend.results] == [("44", -1002)]


def test_enrolments_are_remembered_within_bounds() -> None:
    enrolments = Captures()
    for number in range(REMEMBERED + 1):
        assert enrolments.begin("S1", str(number))
    assert enrolments.answered("S1", Outcome("0", 0, ""), NOW) is None
    assert enrolments.answered("S1", Outcome("1", 0, ""), NOW) == step_of("S1", "1", 0, NOW)
    assert enrolments.answered("S2", Outcome("2", 0, ""), NOW) is None, "another clock's"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("ID=7&Return=0&CMD=VERIFY SUM\nAttlogSum=605\n", 605),
        ("ID=7&Return=0&CMD=VERIFY SUM&AttlogSum=605\n", 605),
        ("ID=7&Return=0&CMD=VERIFY\nStartTime=x&EndTime=y&AttlogSum=0\r\n", 0),
        ("ID=7&Return=0&CMD=VERIFY SUM\n", None),
        ("ID=7&Return=0&CMD=VERIFY SUM\nAttlogSum=many\n", None),
        ("ID=7&Return=0&CMD=VERIFY SUM\nAttlogSum=99999999999\n", None),
    ],
)
async def test_the_sum_of_the_log(known: Bridge, body: str, count: int | None) -> None:
    assert parse_outcomes(body)[0].count == count
    await say(known.client, body)
    assert [result.count for result in known.backend.results] == [count]


async def test_an_access_unit_counts_its_log(known: Bridge) -> None:
    path = "/iclock/querydata?SN=S1&type=count&cmdid=7&tablename=transaction&packcnt=1&packidx=1"
    assert (await known.client.post(path, content="transaction=605")).text == "transaction=605\n"
    assert [(result.id, result.count) for result in known.backend.results] == [("7", 605)]


async def test_a_clock_is_told_again_when_its_offset_changes(known: Bridge) -> None:
    now = [0.0]
    units = known.app.state.units
    object.__setattr__(units, "zones", Zones(lambda: now[0]))
    known.backend.offset_minutes = 120
    handshake = "/iclock/cdata?SN=S1&options=all&pushver=2.4.1"
    assert "\nTimeZone=2\n" in (await known.client.get(handshake)).text
    known.backend.offset_minutes = 60
    assert await poll(known.client) == "OK\n", "not asked at every poll"
    now[0] += ASKED_AGAIN_AFTER
    assert await poll(known.client) == "C:TZ1:CHECK\n"
    assert await poll(known.client) == "OK\n", "said, and not obeyed yet"
    now[0] += SAID_AGAIN_AFTER
    known.backend.queue["S1"] = [Command(id="9", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="1"))]
    assert (await poll(known.client)).splitlines() == ["C:9:DATA DELETE USERINFO PIN=1", "C:TZ2:CHECK"]
    known.backend.queue["S1"] = []
    await say(known.client, "ID=TZ2&Return=0&CMD=CHECK\n")
    assert known.backend.results == [], "the organisation did not ask for it"
    assert known.backend.contacts[-1].kind is ContactKind.COMMAND
    now[0] += SAID_AGAIN_AFTER
    assert "TZ3" in await poll(known.client), "obeyed only once it shakes hands"
    assert "\nTimeZone=1\n" in (await known.client.get(handshake)).text
    now[0] += ASKED_AGAIN_AFTER
    assert await poll(known.client) == "OK\n"


def test_zones_of_clocks_that_are_not_known() -> None:
    zones = Zones(lambda: 0.0)
    assert zones.unsure("S1")
    assert zones.due("S1") is None
    zones.decide("S1", 60)
    assert not zones.unsure("S1")
    assert zones.due("S1") is None, "nobody knows what it was told"


async def test_a_unit_without_cookie_is_known_again_after_a_restart(known: Bridge) -> None:
    await known.client.get("/iclock/cdata?SN=S1&options=all&pushver=3.1.2&DeviceType=acc")
    await known.client.post("/iclock/registry?SN=S1", content="DeviceType=acc,MultiBioDataSupport=0:1")
    known.backend.queue["S1"] = [Command(id="9", kind=CommandKind.USER_DELETE, user=DeviceUser(pin="1"))]
    async with serving(create_app(known.settings), host="127.0.0.1", port=0) as server:
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url) as client:
            assert await poll(client) == "C:9:DATA DELETE user Pin=1\n"


async def test_a_failing_step_costs_no_result(known: Bridge) -> None:
    known.backend.steps_fail = True
    await say(known.client, "ID=42&Return=0&CMD=ENROLL_FP\n")
    assert [(result.id, result.code) for result in known.backend.results] == [("42", 0)]


DOORS = [
    f"{path}{end}"
    for path in ("file", "File", "FILE", "file/", "file.aspx", "files", "getfile", "putfile", "upgrade", "shell")
    for end in ("?SN=S1&url=x", "?SN=S1&url=../../etc/passwd", "/etc/passwd?SN=S1", "%2f..%2f..%2fetc?SN=S1")
]


@pytest.mark.parametrize("path", DOORS)
async def test_no_file_is_served_or_taken(known: Bridge, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        answer = await known.client.request(method, f"/iclock/{path}")
        assert answer.status_code == 404
        assert "root" not in answer.text


async def test_large_templates_come_in_portions(known: Bridge) -> None:
    kind = {"pin": "17", "template_type": "FACE", "template_index": 0, "template_format": "zk/40.1"}
    known.backend.queue["S1"] = [
        Command.model_validate(
            {"id": str(number), "kind": "template_update", "template": {**kind, "template_data": "AAAA" * 45_000}}
        )
        for number in range(4)
    ] + [Command(id="9", kind=CommandKind.REBOOT)]
    said = await poll(known.client)
    assert [line.split(":")[1] for line in said.splitlines()] == ["0", "1", "9"], "what is said once is always said"
