"""What push clocks send, in all its dialects."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.iclock.body import UnreadableBody, text_of
from device_bridge.iclock.operation_log import parse_operations, parse_unknown
from device_bridge.iclock.parser import (
    card_number,
    parse_info,
    parse_options,
    parse_outcomes,
    parse_punch,
    parse_punches,
    query_value,
    real_moment,
)
from device_bridge.records import BadLine, ClockUser, LoggedPunch

MOMENT = "2026-11-22 09:50:48"
ACCEPTED = {
    "four fields": (f"7\t{MOMENT}\t0\t1", ("7", 0, 1, "")),
    "leading zeros": (f"00042\t{MOMENT}\t0\t1\t0\t0\t0", ("00042", 0, 1, "0")),
    "letters in the PIN": (f"A7-b\t{MOMENT}\t1\t15\t12", ("A7-b", 1, 15, "12")),
    "trailing tab": (f"7\t{MOMENT}\t0\t1\t\t", ("7", 0, 1, "")),
    "twelve fields": (f"7\t{MOMENT}\t0\t1\t5\t0\t0\t0\t36.5\t97.7\tID9\t1", ("7", 0, 1, "5")),
    "spaces for tabs": (f"7 {MOMENT} 255 4 0 0", ("7", 255, 4, "0")),
    "commas for tabs": (f"7,{MOMENT},0,1,0", ("7", 0, 1, "0")),
    "date and time torn apart": ("7\t2026-11-22\t09:50:48\t0\t1", ("7", 0, 1, "")),
    "slashes and T": ("7\t2026/11/22T09:50:48\t0\t1", ("7", 0, 1, "")),
    "no status key": (f"7\t{MOMENT}\t\t1\t", ("7", 255, 1, "")),
    "no verify mode": (f"7\t{MOMENT}\t0\t\t", ("7", 0, 0, "")),
}


@pytest.mark.parametrize(("line", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_punches_of_every_dialect(line: str, expected: tuple[str, int, int, str]) -> None:
    parsed = parse_punch(line)
    assert isinstance(parsed, LoggedPunch), parsed
    assert (parsed.pin, parsed.status, parsed.verify, parsed.work_code) == expected
    assert parsed.local_time == MOMENT
    assert parsed.raw == line


REJECTED = {
    "too few fields": f"7\t{MOMENT}\t0",
    "31 February": "7\t2026-02-31 09:50:48\t0\t1",
    "hour 25": "7\t2026-11-22 25:50:48\t0\t1",
    "no PIN": f"\t{MOMENT}\t0\t1",
    "PIN too long": f"{'9' * 25}\t{MOMENT}\t0\t1",
    "PIN with a control character": f"7\x01\t{MOMENT}\t0\t1",
    "status too large": f"7\t{MOMENT}\t256\t1",
    "status is a word": f"7\t{MOMENT}\tin\t1",
    "Arabic digits in the time": "7\t٢٠٢٦-11-22 09:50:48\t0\t1",
    "year zero": "7\t0000-11-22 09:50:48\t0\t1",
    "a sentence": "hello there",
}


@pytest.mark.parametrize("line", REJECTED.values(), ids=REJECTED)
def test_unreadable_lines_are_rejected_with_a_reason(line: str) -> None:
    parsed = parse_punch(line)
    assert isinstance(parsed, BadLine)
    assert parsed.raw == line
    assert parsed.reason


def test_one_bad_line_does_not_block_the_others() -> None:
    body = f"\ufeff7\t{MOMENT}\t0\t1\r\n\r\nrubbish\r\n8\t{MOMENT}\t0\t1\t\r\n  \n"
    lines = parse_punches(body)
    assert [punch.pin for punch in lines.punches] == ["7", "8"]
    assert [line.raw for line in lines.rejected] == ["rubbish"]
    assert lines.handled == 3


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_handled_completely(text: str) -> None:
    lines = parse_punches(text)
    assert lines.handled == lines.handled == len(lines.punches) + len(lines.rejected)
    for punch in lines.punches:
        assert real_moment(punch.local_time) == punch.local_time
        assert 0 <= punch.status <= 255
        assert 0 <= punch.verify <= 255
        assert 1 <= len(punch.pin) <= 24
    for line in [*lines.rejected, *parse_operations(text).rejected, *parse_unknown(text, "why")]:
        assert len(line.raw) <= 4096
        assert "\0" not in line.raw
    parse_options(text)
    parse_info(text)
    for outcome in parse_outcomes(text):
        assert len(outcome.id) <= 64
        assert len(outcome.text) <= 512


FIELDS = st.sampled_from(
    ["7", "00042", MOMENT, "2026-02-31 00:00:00", "", "255", "-1", "x" * 30, "\0", "'", "0", "9" * 5000]
)


@given(
    st.lists(st.lists(FIELDS, max_size=14), max_size=5),
    st.sampled_from(["\t", " ", ","]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_almost_right_lines_never_raise(rows: list[list[str]], separator: str, end: str) -> None:
    body = end.join(separator.join(row) for row in rows)
    handled = parse_punches(body).handled
    assert handled <= len(rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_damaged_archive(body: bytes) -> None:
    try:
        assert isinstance(text_of(body), str)
    except UnreadableBody:
        assert body.startswith(b"\x1f\x8b")


def test_encodings_and_archives() -> None:
    assert text_of("7\tسارة".encode()) == "7\tسارة"
    assert text_of("USER PIN=1\tName=张伟".encode("gb2312")) == "USER PIN=1\tName=张伟"
    assert text_of(gzip.compress(b"7\tline")) == "7\tline"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../etc/passwd")
        member.size = 6
        archive.addfile(member, io.BytesIO(b"7\tline"))
    assert text_of(packed.getvalue()) == "7\tline"
    with pytest.raises(UnreadableBody):
        text_of(gzip.compress(b"7\tline")[:-9])
    with pytest.raises(UnreadableBody, match="too large"):
        text_of(gzip.compress(bytes(30_000_000)))


@pytest.mark.parametrize(
    ("line", "user"),
    [
        (
            "USER PIN=17\tName=Aïda Ünal\tPri=14\tPasswd=1234\tCard=[15CD5B07]\tGrp=1\tTZ=0000000100000000\tVerify=0",
            ClockUser("17", "Aïda Ünal", 0x075BCD15, 14),
        ),
        (
            "USER Pin=17\tName=\tPrivilege=2\tPassword=\tCard=123456789\tGroup=1",
            ClockUser("17", "", 123456789, 2),
        ),
        ("USER PIN=17 Name=Bo van Dam Pri=0 Passwd= Card= Grp=1", ClockUser("17", "Bo van Dam", 0, 0)),
        ("USER\tPIN=A7\tName=Bo", ClockUser("A7", "Bo", 0, 0)),
        ("USER PIN=9\tName=Bo\tPri=10\tCard=", ClockUser("9", "Bo", 0, 0)),
    ],
)
def test_users_of_every_dialect(line: str, user: ClockUser) -> None:
    parsed = parse_operations(line)
    assert parsed.users == [user]
    assert parsed.handled == 1


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("", 0),
        ("0", 0),
        ("4294967295", 4294967295),
        ("[15CD5B07]", 0x075BCD15),
        ("[0000000000]", 0),
        ("4294967296", None),
        ("[xyz]", None),
        ("-1", None),
        ("٣", None),
    ],
)
def test_cards(text: str, card: int | None) -> None:
    assert card_number(text) == card


def test_an_operation_log_with_templates_keeps_people_and_quotes_no_template() -> None:
    template = "TWljcm9zb2Z0" * 120
    body = "\n".join(
        [
            "OPLOG 4\t14\t2026-11-22 09:50:48\t0\t0\t0\t0",
            "USER PIN=17\tName=Aida\tPri=0\tPasswd=98765\tCard=bad",
            "USER PIN=18\tName=Bo\tPri=0\tPasswd=98765\tCard=",
            f"FP PIN=17\tFID=1\tSize={len(template)}\tValid=1\tTMP={template}",
            f"FACE PIN=17 FID=0 SIZE=9 VALID=1 TMP={template}",
            template,
            "XYZ 1",
        ]
    )
    parsed = parse_operations(body)
    assert [user.pin for user in parsed.users] == ["18"]
    assert parsed.others == 1
    assert parsed.handled == 7
    kept = "\n".join(line.raw for line in [*parsed.rejected, *parsed.bad_templates])
    assert "TWlj" not in kept
    assert "98765" not in kept
    (finger,) = parsed.templates
    assert (finger.pin, finger.template_index, finger.template_data) == ("17", 1, template)
    assert [line.raw for line in parsed.bad_templates] == [
        "FACE pin=17 fid=0 size=9 valid=1 [1472 characters, template withheld]"
    ]
    assert "XYZ" not in kept, "what follows a template may be the rest of one"


def test_a_line_of_a_person_without_any_field_is_kept() -> None:
    assert [line.raw for line in parse_operations("USER 0\nUSER\n").rejected] == ["USER 0", "USER"]


def test_other_tables_are_kept_without_template_or_picture() -> None:
    bio = "BIODATA Pin=17\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=40\tMinorVer=1\tFormat=0\tTmp=apUBD123"
    (kept,) = parse_unknown(bio, "why")
    assert kept.raw.endswith("Tmp=[8 withheld]")
    photo = "PIN=20261122095048-17.jpg\nSN=S1\nsize=4\nCMD=uploadphoto\0\xff\xd8\xff\xe0"
    lines = parse_unknown(photo, "why")
    assert [line.raw for line in lines] == ["PIN=20261122095048-17.jpg", "SN=S1", "size=4", "CMD=uploadphoto"]


def test_options_keep_commas_inside_values_and_drop_keys() -> None:
    text = "~DeviceName=X100,~OEMVendor=ZKTECO CO., LTD.,MAC=00:17:61,pushcommkey=abc,~MaxAttLogCount=15,"
    assert parse_options(text) == {
        "DeviceName": "X100",
        "OEMVendor": "ZKTECO CO., LTD.",
        "MAC": "00:17:61",
        "MaxAttLogCount": "15,",
    }


def test_info_by_position() -> None:
    info = parse_info("Ver 8.0.4.2-20210101,3,2,10,192.168.1.201,10,7,12,0,111")
    assert info["firmware"] == "Ver 8.0.4.2-20210101"
    assert (info["user_count"], info["finger_count"], info["punch_count"]) == ("3", "2", "10")
    assert parse_info("Ver 6.39,1") == {"firmware": "Ver 6.39", "user_count": "1"}


def test_results_of_commands() -> None:
    body = "ID=a1&Return=0&CMD=DATA\r\nID=a2&Return=-1002&CMD=INFO\n~DeviceName=X\nUserCount=3\nID=a3&Return=what\n"
    outcomes = parse_outcomes(body)
    assert [(outcome.id, outcome.code) for outcome in outcomes] == [("a1", 0), ("a2", -1002), ("a3", -1)]
    assert "UserCount=3" in outcomes[1].text


def test_parameter_names_in_any_case() -> None:
    assert query_value({"sn": " S1 "}, "SN") == "S1"
    assert query_value({"SN": "S1"}, "sn") == "S1"
    assert query_value({}, "SN") == ""
