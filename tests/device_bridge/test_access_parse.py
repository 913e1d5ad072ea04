"""What access-control units send: which events are punches, and rows of their tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.iclock import access_renderer
from device_bridge.iclock.access_parser import (
    NO_PASSES,
    PASSES,
    looks_like_events,
    parse_event,
    parse_events,
    parse_table_users,
    table_count,
    verify_mode,
)
from device_bridge.iclock.families import Families, family_of
from device_bridge.iclock.grants import Grants
from device_bridge.iclock.parser import Outcome, real_moment
from device_bridge.pyzk_codec import encode_time
from device_bridge.quirks import Family
from device_bridge.records import BadLine, ClockUser, LoggedPunch

MOMENT = "2026-11-22 09:50:48"


def event(code: object = 0, pin: str = "7", direction: str = "0", mode: str = "4", time: str = MOMENT) -> str:
    return (
        f"time={time}\tpin={pin}\tcardno=1234567\tsitecode=0\tlinkid=0\teventaddr=1\tevent={code}"
        f"\tinoutstatus={direction}\tverifytype={mode}\tindex=21\tmaskflag=255\ttemperature=255"
    )


@pytest.mark.parametrize("code", sorted(PASSES))
def test_a_pass_is_a_punch(code: int) -> None:
    parsed = parse_event(event(code))
    assert isinstance(parsed, LoggedPunch)
    assert (parsed.pin, parsed.local_time, parsed.status, parsed.verify) == ("7", MOMENT, 0, 4)
    assert parsed.raw == event(code)


@pytest.mark.parametrize("code", sorted(NO_PASSES))
def test_a_denial_a_door_or_the_unit_is_none(code: int) -> None:
    assert parse_event(event(code)) is None


@pytest.mark.parametrize("code", [26, 32, 101, 103, 222, 4014, 6005, 65535])
def test_an_event_that_may_be_a_punch_is_kept_for_a_person_to_look_at(code: int) -> None:
    parsed = parse_event(event(code))
    assert isinstance(parsed, BadLine)
    assert str(code) in parsed.reason
    assert parsed.raw == event(code)


@pytest.mark.parametrize("pin", ["0", ""])
def test_the_unit_itself_does_not_punch(pin: str) -> None:
    assert parse_event(event(0, pin)) is None
    assert parse_event(event(4014, pin)) is None


@pytest.mark.parametrize(
    ("direction", "status"), [("0", 0), ("1", 1), ("2", 255), ("", 255), ("15", 255)], ids=lambda each: repr(each)
)
def test_directions(direction: str, status: int) -> None:
    parsed = parse_event(event(direction=direction))
    assert isinstance(parsed, LoggedPunch)
    assert parsed.status == status


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", 0),
        ("15", 15),
        ("200", 200),
        ("256", None),
        ("x", None),
        ("0000000000010000", 1),
        ("0000000000000010", 15),
        ("0000100000000000", 4),
        ("0000001000000000", 3),
        ("0000000000010011", 200),
        ("0000000000000001", 0),
        ("1000000000000000", 200),
    ],
)
def test_ways_of_verifying(text: str, mode: int | None) -> None:
    assert verify_mode(text) == mode


def test_other_spellings() -> None:
    spaced = f"time={MOMENT} pin=00042 cardno=0 event=0 inoutstatus=1 verifytype=15 index=0"
    moment = encode_time(MOMENT)
    row = f"transaction cardno=5\tpin=00042\tverified=15\teventtype=0\tinoutstate=1\ttime_second={moment}"
    upper = f"Time={MOMENT}\tPin=00042\tEvent=0\tInOutStatus=1\tVerifyType=15\t"
    for line in (spaced, row, upper):
        parsed = parse_event(line)
        assert isinstance(parsed, LoggedPunch), line
        assert (parsed.pin, parsed.local_time, parsed.status, parsed.verify) == ("00042", MOMENT, 1, 15)


@pytest.mark.parametrize(
    "line",
    [
        f"time={MOMENT}\tpin=7",
        f"time={MOMENT}\tpin=7\tevent=0",
        f"time={MOMENT}\tpin=7\tevent=in\tinoutstatus=0\tverifytype=1",
        event(time="2026-02-31 00:00:00"),
        event(time=""),
        event(pin="9" * 25),
        event(mode="finger"),
        event(direction="in"),
        "hello",
    ],
)
def test_what_cannot_be_read_is_kept(line: str) -> None:
    parsed = parse_event(line)
    assert isinstance(parsed, BadLine)
    assert parsed.reason


def test_one_bad_line_does_not_block_the_others() -> None:
    body = "\r\n".join([event(), event(23), "rubbish", event(pin="8"), event(206, "0"), ""])
    lines = parse_events(body)
    assert [punch.pin for punch in lines.punches] == ["7", "8"]
    assert [line.raw for line in lines.rejected] == ["rubbish"]
    assert (lines.others, lines.handled) == (2, 5)
    assert looks_like_events(body)
    assert not looks_like_events(f"7\t{MOMENT}\t0\t1")


def test_rows_of_people() -> None:
    body = (
        "user uid=1\tcardno=123\tpin=7\tpassword=4711\tgroup=1\tname=Aïda Ünal\tprivilege=14\tdisable=0\r\n"
        "uid=2\tcardno=\tpin=8\tpassword=\tname=\tprivilege=0\n"
        "user uid=3\tcardno=many\tpin=9\tpassword=4711\n"
    )
    people = parse_table_users(body)
    assert people.users == [ClockUser("7", "Aïda Ünal", 123, 14), ClockUser("8")]
    assert people.handled == 3
    assert "4711" not in people.rejected[0].raw
    assert table_count("user=12\r\n", "user") == 12
    assert table_count("", "user") == 0


FIELDS = st.sampled_from(
    ["time", "pin", "event", "eventtype", "inoutstatus", "verifytype", "time_second", "verified", "", "user pin", "\0"]
)
VALUES = st.one_of(
    st.sampled_from(
        [MOMENT, "0", "7", "23", "0000000000010000", "9" * 5000, "", "-1", "=", "٣", str(encode_time(MOMENT))]
    ),
    st.text(max_size=12),
)


@given(st.lists(st.lists(st.tuples(FIELDS, VALUES), max_size=9), max_size=6), st.sampled_from(["\t", " "]))
def test_almost_right_rows_never_raise(rows: list[list[tuple[str, str]]], separator: str) -> None:
    check("\n".join(separator.join(f"{key}={value}" for key, value in row) for row in rows))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_handled_completely(text: str) -> None:
    check(text)


def check(text: str) -> None:
    lines = parse_events(text)
    assert lines.handled == parse_table_users(text).handled
    for punch in lines.punches:
        assert real_moment(punch.local_time) == punch.local_time
        assert 0 <= punch.status <= 255
        assert 0 <= punch.verify <= 255
        assert 1 <= len(punch.pin) <= 24
        assert punch.pin != "0"
    for line in [*lines.rejected, *parse_table_users(text).rejected]:
        assert len(line.raw) <= 4096
        assert "\0" not in line.raw
    table_count(text, "user")


@pytest.mark.parametrize(
    ("device_type", "version", "family"),
    [
        ("acc", "3.1.2", Family.ACCESS),
        ("ACC", "", Family.ACCESS),
        ("att", "3.0", Family.ATTENDANCE),
        ("", "3.1.2", Family.ACCESS),
        ("", "2.4.1", Family.ATTENDANCE),
        ("", "", None),
        ("visitor", "x", None),
    ],
)
def test_what_a_handshake_says_of_the_family(device_type: str, version: str, family: Family | None) -> None:
    assert family_of({"devicetype": device_type, "pushver": version}) is family


def test_a_family_sticks_until_the_clock_says_otherwise() -> None:
    families = Families()
    assert families.of("S1") is Family.ATTENDANCE
    families.suppose("S1", Family.ACCESS)
    assert families.of("S1") is Family.ACCESS
    families.register("S1")
    families.suppose("S1", Family.ATTENDANCE)
    assert families.of("S1") is Family.ACCESS
    assert families.registered("S1")
    families.state("S1", Family.ATTENDANCE)
    families.state("S1", Family.ACCESS)
    assert not families.registered("S1"), "switched in its menu: it registers anew"


def test_a_right_to_pass_follows_the_person_and_is_answered_as_one() -> None:
    now = [0.0]
    grants = Grants(lambda: now[0])
    grants.begin("S1", "5", "17")
    assert grants.due("S1") == []
    assert grants.settle("S1", [Outcome("5", 0), Outcome("6", -1)]) == [Outcome("6", -1)]
    assert grants.due("S1") == [("5G", "17")]
    assert grants.due("S1") == [], "said, and not answered yet"
    now[0] = 61.0
    assert grants.due("S1") == [("5G", "17")]
    assert grants.settle("S1", [Outcome("5G", -10, "DATA")]) == [Outcome("5", -10, "DATA")]
    assert grants.due("S1") == []
    grants.begin("S1", "7", "18")
    assert grants.settle("S1", [Outcome("7", -1001)]) == [Outcome("7", -1001)]
    assert grants.settle("S1", [Outcome("8G", 0)]) == [Outcome("8", 0)], "asked before we were started again"
    with pytest.raises(ValueError, match="too long"):
        grants.begin("S1", "1" * 16, "17")


def test_commands_and_answers_word_for_word() -> None:
    user = ClockUser("17", "Aïda\tPrivilege=14", 99, 2)
    assert access_renderer.user_update(user) == "DATA UPDATE user CardNo=99\tPin=17\tName=AïdaPrivilege=14\tPrivilege=2"
    assert (
        access_renderer.user_grant("17") == "DATA UPDATE userauthorize Pin=17\tAuthorizeTimezoneId=1\tAuthorizeDoorId=1"
    )
    assert access_renderer.user_delete("17") == "DATA DELETE user Pin=17"
    with pytest.raises(ValueError, match="no clock takes"):
        access_renderer.user_delete("17\tPin=18")
    with pytest.raises(ValueError, match="real dates"):
        access_renderer.query_punches("yesterday", None)
    code = access_renderer.registry_code(b"secret", "S1")
    assert re.fullmatch(r"[0-9a-f]{32}", code)
    assert code != access_renderer.registry_code(b"secret", "S2")
    instant = datetime(2026, 11, 22, 5, 50, 48, tzinfo=UTC)
    encoded = encode_time("2026-11-22 05:50:48")
    assert access_renderer.server_time(instant, 240) == f"DateTime={encoded},ServerTZ=+0400\n"
    assert access_renderer.server_time(instant, -210) == f"DateTime={encoded},ServerTZ=-0330\n"
