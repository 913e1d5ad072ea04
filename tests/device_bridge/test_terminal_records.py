"""Record layouts of users, logs, counts and live events."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.pyzk_codec import encode_time
from device_bridge.quirks import NARROW_USER, STRAY_PREFIX, USER_RECORDS, WIDE_USER, UserRecord
from device_bridge.records import ClockUser
from device_bridge.terminal.logs import decode_live, decode_log
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.users import StoredUser, cut, decode_users, encode_user, free_uid

MOMENT = "2026-11-22 09:50:48"
VALUE = encode_time(MOMENT)
SIX = bytes((26, 11, 22, 9, 50, 48))


def sized(records: bytes) -> bytes:
    return struct.pack("<I", len(records)) + records


def record_40(pin: bytes = b"00042", value: int = VALUE, status: int = 1) -> bytes:
    return struct.pack("<H24sBIB", 7, pin, 15, value, status) + bytes.fromhex("00000000ff000000")


FORMS = {
    8: struct.pack("<HBIB", 7, 15, VALUE, 1),
    16: struct.pack("<IIBB2xI", 42, VALUE, 15, 1, 3),
    40: record_40(),
    49: record_40() + bytes(9),
}


@pytest.mark.parametrize("size", FORMS)
@pytest.mark.parametrize("count_known", [True, False])
def test_every_log_form_is_read_with_or_without_the_count(size: int, count_known: bool) -> None:
    log = decode_log(sized(FORMS[size] * 9), 9 if count_known else None, {7: "00042"})
    assert log.records == 9
    assert not log.rejected
    punch = log.punches[0]
    assert (punch.local_time, punch.status, punch.verify) == (MOMENT, 1, 15)
    assert punch.pin == ("42" if size == 16 else "00042")
    assert punch.work_code == ("3" if size == 16 else "")
    assert bytes.fromhex(punch.raw) == FORMS[size]


def test_a_log_that_grew_between_count_and_read_is_read_whole() -> None:
    assert decode_log(sized(record_40() * 8), 7, {}).records == 8


def test_the_stray_prefix_is_skipped() -> None:
    assert decode_log(sized(STRAY_PREFIX + record_40() * 3), 3, {}).records == 3
    assert [p.pin for p in decode_log(sized((STRAY_PREFIX + record_40()) * 3), 3, {}).punches] == ["00042"] * 3


def test_unreadable_records_are_kept_and_do_not_hide_the_others() -> None:
    impossible = ((26 * 12 + 1) * 31 + 30) * 86400
    body = record_40() + record_40(value=impossible) + record_40(pin=b"") + record_40(pin=b"\xff\xfe") + record_40(b"7")
    log = decode_log(sized(body), 5, {})
    assert [punch.pin for punch in log.punches] == ["00042", "7"]
    assert [line.raw for line in log.rejected] == [body[start : start + 40].hex() for start in (40, 80, 120)]
    assert "no real date" in log.rejected[0].reason
    cut_short = decode_log(sized(record_40() * 2 + b"abc"), 2, {})
    assert cut_short.records == 3
    assert cut_short.rejected[0].raw == b"abc".hex()


def test_a_slot_nobody_holds_keeps_its_number_as_pin() -> None:
    assert decode_log(sized(FORMS[8]), 1, {}).punches[0].pin == "7"


@given(st.binary(max_size=400), st.none() | st.integers(0, 20))
def test_any_bytes_are_a_log(blob: bytes, count: int | None) -> None:
    log = decode_log(blob, count, {})
    if len(blob) > 4 and struct.unpack_from("<I", blob)[0] > 0:
        assert log.records > 0


@pytest.mark.parametrize(
    ("data", "pin"),
    [
        (struct.pack("<HBB6s", 42, 15, 1, SIX), "42"),
        (struct.pack("<IBB6s", 42, 15, 1, SIX), "42"),
        (struct.pack("<HBB6s4x", 42, 15, 1, SIX), "42"),
        (struct.pack("<24sBB6s", b"00042", 15, 1, SIX), "00042"),
        (struct.pack("<24sBB6s4x", b"00042", 15, 1, SIX), "00042"),
        (struct.pack("<24sBB6s5x", b"00042", 15, 1, SIX), "00042"),
        (struct.pack("<24sBB6s20x", b"00042", 15, 1, SIX), "00042"),
        (struct.pack("<24sBB6s30x", b"00042", 15, 1, SIX), "00042"),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, bytes) else None,
)
def test_live_events_of_every_known_length(data: bytes, pin: str) -> None:
    punch = decode_live(data)
    assert punch is not None
    assert (punch.pin, punch.local_time, punch.status, punch.verify) == (pin, MOMENT, 1, 15)


@given(st.binary(max_size=80))
def test_any_live_event_is_a_punch_or_none(data: bytes) -> None:
    punch = decode_live(data)
    assert punch is None or punch.pin


def test_an_event_of_unknown_length_is_none() -> None:
    assert decode_live(bytes(33)) is None


@pytest.mark.parametrize("form", USER_RECORDS)
def test_users_survive_a_round_trip(form: UserRecord) -> None:
    people = [
        StoredUser(3, ClockUser("17", "Aïda", 0x075BCD15, 14), flags=15, password=b"12345"),
        StoredUser(65534, ClockUser("4000000000", "Bo", 0, 0)),
    ]
    table = decode_users(sized(b"".join(encode_user(user, form, "utf-8") for user in people)), 2, "utf-8")
    assert table.form is form
    assert [stored.user for stored in table.users.values()] == [user.user for user in people]
    assert table.users["17"].flags == 15, "a person disabled at the clock stays disabled"
    assert table.users["17"].password.rstrip(b"\0") == b"12345"
    assert table.pins_by_uid() == {3: "17", 65534: "4000000000"}


def test_the_wide_record_has_its_fields_where_real_clocks_have_them() -> None:
    record = encode_user(StoredUser(258, ClockUser("A7", "Bo", 0x075BCD15, 14)), WIDE_USER, "utf-8")
    assert len(record) == 72
    assert record[0:3] == b"\x02\x01\x0e"
    assert record[11:13] == b"Bo"
    assert record[35:39] == bytes.fromhex("15cd5b07")
    assert record[39] == 1
    assert record[48:50] == b"A7"


def test_the_narrow_record_has_its_fields_where_real_clocks_have_them() -> None:
    record = encode_user(
        StoredUser(258, ClockUser("66051", "Bo", 0x075BCD15, 14), password=b"123"), NARROW_USER, "gb2312"
    )
    assert len(record) == 28
    assert record[0:3] == b"\x02\x01\x0e"
    assert record[3:6] == b"123"
    assert record[8:10] == b"Bo"
    assert record[16:20] == bytes.fromhex("15cd5b07")
    assert record[21] == 1, "group 1 stands behind the pad byte"
    assert record[24:28] == bytes.fromhex("03020100")


@pytest.mark.parametrize("form", USER_RECORDS)
@pytest.mark.parametrize("privilege", [0, 2, 6, 14])
@pytest.mark.parametrize("card", [0, 1, 0xFFFFFFFF])
def test_group_privilege_and_card_survive_together(form: UserRecord, privilege: int, card: int) -> None:
    access = b"\x63\1\0\x07\0\0\0\0\0" if form is WIDE_USER else b"\0\x63\x07\0"
    stored = StoredUser(5, ClockUser("5", "Bo", card, privilege), flags=1, password=b"7", access=access)
    found = decode_users(sized(encode_user(stored, form, "utf-8")), 1, "utf-8").users["5"]
    assert (found.user.card, found.user.privilege, found.access) == (card, privilege, access)
    assert found.flags & 1, "a person disabled at the clock stays so"


def test_a_real_record_of_forty_bytes() -> None:
    record = struct.pack("<H24sB", 1, b"999111333", 1) + bytes.fromhex("6bb3682300") + bytes.fromhex("00000000ff000000")
    (punch,) = decode_log(sized(record), 1, {}).punches
    assert (punch.pin, punch.local_time, punch.status) == ("999111333", "2018-06-25 17:50:35", 0)


def test_a_real_announcement_of_a_bulk_answer() -> None:
    announced = bytes.fromhex("00b4130000b4130000cdef2300")
    assert struct.unpack_from("<I", announced, 1) == struct.unpack_from("<I", announced, 5) == (5044,)


def test_an_update_leaves_password_group_and_zones_alone() -> None:
    access = bytes(range(1, 10))
    stored = StoredUser(9, ClockUser("9", "Old"), flags=1, password=b"secret\0\0", access=access)
    record = encode_user(replace(stored, user=ClockUser("9", "New", 5, 2)), WIDE_USER, "utf-8")
    assert record[3:11] == b"secret\0\0"
    assert record[39:48] == access
    assert record[2] == 3


@given(st.text(max_size=40))
def test_names_are_cut_between_characters(name: str) -> None:
    encodable = name.encode("utf-8", errors="replace").decode()
    kept = cut(name, "utf-8", 23)
    assert len(kept) <= 23
    assert encodable.startswith(kept.decode("utf-8"))


def test_the_encoding_belongs_to_the_clock() -> None:
    stored = StoredUser(1, ClockUser("1", "سارة"))
    arabic = encode_user(stored, WIDE_USER, "windows-1256")
    chinese = encode_user(StoredUser(1, ClockUser("1", "张伟")), WIDE_USER, "gb2312")
    assert decode_users(sized(arabic), 1, "windows-1256").users["1"].user.name == "سارة"
    assert decode_users(sized(chinese), 1, "gb2312").users["1"].user.name == "张伟"


def test_a_narrow_clock_takes_only_numbers() -> None:
    with pytest.raises(ValueError, match="only numbers"):
        encode_user(StoredUser(1, ClockUser("A1")), NARROW_USER, "utf-8")


def test_users_without_a_pin_are_kept_as_rejected() -> None:
    blank = struct.pack("<HB8s24sI9s24s", 5, 0, b"", b"Ghost", 0, bytes(9), b"")
    table = decode_users(sized(blank), 1, "utf-8")
    assert not table.users
    assert "slot 5" in table.rejected[0].raw


def test_free_slots() -> None:
    assert free_uid(set()) == 1
    assert free_uid({1, 2, 9}) == 10
    assert free_uid({1, 3, 65534}) == 2
    with pytest.raises(ValueError, match="taken"):
        free_uid(set(range(1, 65535)))


def test_counts_in_every_length() -> None:
    fields = list(range(23))
    full = decode_counts(struct.pack("<23i", *fields))
    assert (full.users, full.punches) == (4, 8)
    assert full.details["punch_capacity"] == 16
    assert full.details["face_capacity"] == 22
    short = decode_counts(struct.pack("<20i", *fields[:20]))
    assert (short.users, short.punches) == (4, 8)
    assert "faces" not in short.details
    unknown = decode_counts(bytes(4))
    assert unknown.users is None, "a clock that says nothing is not an empty clock"
    assert unknown.punches is None
