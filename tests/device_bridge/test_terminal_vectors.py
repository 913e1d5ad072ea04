"""Bytes of the 4370 protocol, from captures of real clocks and from independent computation."""

from __future__ import annotations

import struct
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.pyzk_codec import communication_key, decode_six_bytes, decode_time, encode_time
from device_bridge.simulator.terminal_session import proves_key
from device_bridge.terminal.frames import Frame, FrameBuffer

SESSION = 0x45CF
ASK_LOG = struct.pack("<bhii", 1, 13, 0, 0)
FRAMES = [
    ("connect", Frame(1000, 0, 0), "5050827d08000000e80317fc00000000"),
    ("unauthorised", Frame(2005, SESSION, 0), "5050827d08000000d5075bb2cf450000"),
    ("key 45", Frame(1102, SESSION, 1, bytes.fromhex("61c9323c")), "5050827d0c0000004e044db0cf45010061c9323c"),
    ("accepted", Frame(2000, SESSION, 1), "5050827d08000000d0075fb2cf450100"),
    (
        "read an option",
        Frame(11, SESSION, 2, b"~SerialNumber\0"),
        "5050827d160000000b002071cf4502007e53657269616c4e756d62657200",
    ),
    ("sizes", Frame(50, SESSION, 3), "5050827d080000003200fbb9cf450300"),
    ("ask for the log", Frame(1503, SESSION, 4, ASK_LOG), "5050827d13000000df054ca7cf450400010d000000000000000000"),
    ("exit", Frame(1001, SESSION, 2), "5050827d08000000e90345b6cf450200"),
]


@pytest.mark.parametrize(("frame", "expected"), [row[1:] for row in FRAMES], ids=[row[0] for row in FRAMES])
def test_frames_have_the_bytes_of_real_captures(frame: Frame, expected: str) -> None:
    assert frame.stream().hex() == expected
    buffer = FrameBuffer()
    buffer.feed(bytes.fromhex(expected))
    assert list(buffer) == [frame]


def test_a_changed_byte_fails_the_checksum() -> None:
    damaged = bytearray(Frame(50, SESSION, 3, b"data").stream())
    damaged[-1] ^= 1
    buffer = FrameBuffer()
    buffer.feed(bytes(damaged))
    assert [frame.intact for frame in buffer] == [False]


@pytest.mark.parametrize(
    ("session", "key", "expected"),
    [
        (0x45CF, 12, "614d323c"),
        (0x45CF, 45, "61c9323c"),
        (0x03E8, 0, "617d327a"),
        (0x03E8, 12345, "6de1327a"),
        (0x1234, 123456, "267f32eb"),
        (0x1234, 999999, "2281327b"),
    ],
)
def test_the_communication_key(session: int, key: int, expected: str) -> None:
    assert communication_key(key, session).hex() == expected
    assert proves_key(bytes.fromhex(expected), key, session)


@given(st.integers(0, 999_999), st.integers(1, 65535), st.integers(0, 255), st.integers(0, 999_999))
def test_the_key_is_recognised_whatever_ticks_byte_a_client_chose(
    key: int, session: int, ticks: int, other: int
) -> None:
    answer = communication_key(key, session, ticks)
    assert proves_key(answer, key, session)
    # One of the four bytes never travels, so about one wrong key in 256 passes: a weakness of the protocol.
    reversed_top = {int(f"{number:032b}"[::-1], 2) + session >> 8 for number in (key, other)}
    assert proves_key(answer, other, session) == (len(reversed_top) == 1)


@pytest.mark.parametrize(
    ("text", "value", "raw"),
    [
        ("2000-01-01 00:00:00", 0, "00000000"),
        ("2018-06-25 17:41:05", 594063665, "31b16823"),
        ("2024-02-29 12:00:00", 776520000, "40c1482e"),
        ("2026-11-22 09:50:48", 864294648, "f8168433"),
        ("2099-12-31 23:59:59", 3214079999, "fff792bf"),
    ],
)
def test_times(text: str, value: int, raw: str) -> None:
    assert encode_time(text) == value
    assert struct.pack("<I", value).hex() == raw
    assert decode_time(value) == text


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 86399))
def test_every_real_time_survives_a_round_trip(day: date, second: int) -> None:
    text = f"{day} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    assert decode_time(encode_time(text)) == text


@given(st.integers(0, 0xFFFFFFFF))
def test_any_number_is_a_real_date_or_none(value: int) -> None:
    text = decode_time(value)
    assert text is None or encode_time(text) == value


def test_impossible_times_are_none() -> None:
    thirty_first_of_february = ((26 * 12 + 1) * 31 + 30) * 86400
    assert decode_time(thirty_first_of_february) is None
    assert decode_time(0xFFFFFFFF) is None
    assert decode_six_bytes(bytes.fromhex("120619112905")) == "2018-06-25 17:41:05"
    for impossible in ("12021e000000", "120d01000000", "120001000000", "120601180000", "ffffffffffff"):
        assert decode_six_bytes(bytes.fromhex(impossible)) is None
