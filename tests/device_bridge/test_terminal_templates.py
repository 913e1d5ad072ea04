"""Fingerprint templates on the wire, and the promise that they show themselves nowhere."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_bridge.terminal.templates import (
    ClockTemplate,
    DecodedTemplates,
    decode_templates,
    encode_bulk,
    same_format,
    shows,
    template_format,
    without_trailing,
)

SECRET = b"\x4d\x00SS21" + bytes(range(256)) * 4


def bulk(*templates: ClockTemplate) -> bytes:
    body = b"".join(
        struct.pack("<HHBB", len(each.data) + 6, each.uid, each.finger, each.flag) + each.data for each in templates
    )
    return struct.pack("<I", len(body)) + body


@given(
    st.lists(
        st.builds(
            ClockTemplate,
            st.integers(1, 65534),
            st.integers(0, 9),
            st.sampled_from([0, 1, 3]),
            st.binary(min_size=1, max_size=1300),
        ),
        max_size=8,
    )
)
def test_a_bulk_answer_is_read_byte_for_byte(templates: list[ClockTemplate]) -> None:
    assert decode_templates(bulk(*templates)) == DecodedTemplates(tuple(templates))


def test_the_bytes_of_a_bulk_answer() -> None:
    answer = bytes.fromhex("0c000000" + "0c00" + "0700" + "06" + "03" + "4a9c53533231")
    assert decode_templates(answer).templates == (ClockTemplate(7, 6, 3, bytes.fromhex("4a9c53533231")),)


def test_what_cannot_be_read_is_kept_without_its_bytes() -> None:
    good, odd = ClockTemplate(1, 0, 1, SECRET), ClockTemplate(2, 10, 1, SECRET)
    found = decode_templates(bulk(good, odd, ClockTemplate(3, 1, 7, SECRET)))
    assert found.templates == (good,)
    assert [line.raw for line in found.rejected] == ["template of slot 2, finger 10", "template of slot 3, finger 1"]
    cut = bulk(good, good)[:-3]
    found = decode_templates(struct.pack("<I", len(cut) - 4) + cut[4:])
    assert found.templates == (good,)
    assert "does not hold together" in found.rejected[0].reason
    assert "SS21" not in repr(found)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_list_of_templates(blob: bytes) -> None:
    found = decode_templates(blob)
    assert all(len(each.data) > 0 and each.finger <= 9 for each in found.templates)


def test_the_upload_for_command_110() -> None:
    record = bytes(72)
    templates = [ClockTemplate(258, 3, 1, b"abc"), ClockTemplate(258, 4, 1, b"defgh")]
    upload = encode_bulk([record], templates)
    assert struct.unpack_from("<III", upload) == (73, 16, 12)
    assert upload[12:85] == b"\x02" + record
    assert upload[85:101] == bytes.fromhex("02020113000000000202011405000000")
    assert upload[101:] == b"\x03\x00abc\x05\x00defgh"


def test_a_template_is_in_no_representation() -> None:
    template = ClockTemplate(1, 2, 3, SECRET)
    assert "SS21" not in repr(template)
    assert "uid=1, finger=2, flag=3" in repr(template)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("10", "zk/10.0"),
        ("9", "zk/9.0"),
        ("12", "zk/12.0"),
        ("10.1", "zk/10.1"),
        (" 13 ", "zk/13.0"),
        ("", ""),
        ("?", ""),
    ],
)
def test_the_name_of_a_format(version: str, name: str) -> None:
    assert template_format(version) == name


def test_formats_do_not_mix() -> None:
    assert same_format("zk/10.0", "zk/10")
    assert not same_format("zk/10.0", "zk/9.0")
    assert not same_format("zk/10.0", "iso/10.0")
    assert not same_format("", "")


def test_what_clocks_put_behind_a_single_template() -> None:
    for behind in (b"", b"\0", b"\x07", bytes(6) + b"\x07"):
        assert shows(SECRET + behind, SECRET)
    assert not shows(None, SECRET)
    assert not shows(SECRET[:-1], SECRET)
    assert not shows(SECRET + bytes(8), SECRET)
    assert without_trailing(SECRET + b"\x07", 1) == SECRET
    assert without_trailing(SECRET + bytes(6) + b"\x07", 1) == SECRET
    assert without_trailing(SECRET, 0) == SECRET
