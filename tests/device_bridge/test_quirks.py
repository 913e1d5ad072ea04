"""Every row of `device_bridge.quirks` with an example, and its line in ``docs/protocols.md``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple

import pytest

from device_bridge.iclock.capabilities import CapabilityRegistry
from device_bridge.iclock.families import family_of
from device_bridge.iclock.template_renderer import update
from device_bridge.pyzk_codec import encode_time
from device_bridge.quirks import (
    DATAGRAM_CAPTURE,
    FACE,
    FAMILY_SIGNS,
    FINGER,
    LIVE_EVENTS,
    LOG_RECORDS,
    SIZES,
    STRAY_PREFIX,
    STREAM_CAPTURE,
    USER_RECORDS,
    WIDE_USER,
    Family,
    Quirk,
)
from device_bridge.records import ClockUser
from device_bridge.simulator.profiles import TERMINALS
from device_bridge.terminal.capture import request_of
from device_bridge.terminal.logs import decode_live, decode_log
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.users import StoredUser, decode_users, encode_user
from foundation.contracts.bridge import Template
from tests.device_bridge.test_protocols_page import rows

MOMENT = "2026-11-22 09:50:48"
VALUE = encode_time(MOMENT)
PUNCH = ("42", MOMENT, 1, 15)
SIX = bytes((26, 11, 22, 9, 50, 48))
WIDE = struct.pack("<HB8s24sI9s24s", 3, 6, b"12", b"Bo", 9, b"\1" + bytes(8), b"42")
NARROW = struct.pack("<HB5s8sIxBHI", 3, 6, b"12", b"Bo", 9, 1, 0, 42)
NAMED = struct.pack("<H24sBIB8s", 3, b"42", 15, VALUE, 1, b"")
COUNTS = struct.pack("<23i", *range(23))


TABLE: Mapping[str, Sequence[Quirk]] = {
    "user record": USER_RECORDS,
    "log record": LOG_RECORDS,
    "live event": LIVE_EVENTS,
    "sizes": SIZES,
    "capture request": (STREAM_CAPTURE, DATAGRAM_CAPTURE),
    "push protocol": FAMILY_SIGNS,
    "algorithm": (FINGER, FACE),
}


def sized(records: bytes) -> bytes:
    return struct.pack("<I", len(records)) + records


def user(record: bytes) -> Callable[[], bool]:
    def reads() -> bool:
        table = decode_users(sized(record), 1, "utf-8")
        stored = table.users["42"]
        same = encode_user(stored, table.form, "utf-8") == record
        return same and (stored.uid, stored.user) == (3, ClockUser("42", "Bo", 9, 6))

    return reads


def log(record: bytes, *punch: object) -> Callable[[], bool]:
    return lambda: [astuple(each)[:5] for each in decode_log(sized(record * 3), 3, {3: "42"}).punches] == [punch] * 3


def live(form: str, *lengths: int) -> Callable[[], bool]:
    pin = b"42" if "s" in form.split("B")[0] else 42
    data = struct.pack(form, pin, 15, 1, SIX)
    read = [decode_live(data.ljust(length, b"?")) for length in lengths]
    return lambda: [each and astuple(each)[:4] for each in read] == [PUNCH] * len(lengths)


def sent(kind: str, version: int) -> str:
    said = {"pin": "7", "template_type": kind, "template_format": f"zk/{version}.0", "template_data": "AAAA"}
    return update(Template.model_validate({**said, "template_index": 1}), CapabilityRegistry().of("S1"))


def ability(option: str) -> tuple[str, str]:
    capabilities = CapabilityRegistry()
    capabilities.note("S1", {option: "35.4"})
    return capabilities.of("S1").finger, capabilities.of("S1").face


EXAMPLES: dict[str, Callable[[], object]] = {
    "72 bytes a person": user(WIDE),
    "28 bytes a person": user(NARROW),
    "40 bytes a punch": log(NAMED, *PUNCH, ""),
    "49 bytes a punch": lambda: log(NAMED + bytes(9), *PUNCH, "")() and log(STRAY_PREFIX + NAMED, *PUNCH, "")(),
    "16 bytes a punch": log(struct.pack("<IIBB2xI", 42, VALUE, 15, 1, 3), *PUNCH, "3"),
    "8 bytes a punch": log(struct.pack("<HBIB", 3, 15, VALUE, 1), *PUNCH, ""),
    "10 bytes": live("<HBB6s", 10),
    "12 bytes": live("<IBB6s", 12),
    "14 bytes": live("<HBB6s", 14),
    "32, 36 or 37 bytes": live("<24sBB6s", 32, 36, 37),
    "52 bytes or more": live("<24sBB6s", 52, 65),
    "fewer than 80 bytes: unknown": lambda: decode_counts(bytes(4)).punches is None,
    "80 bytes": lambda: (counts := decode_counts(COUNTS[:80]).details)["punches"] == 8 and "faces" not in counts,
    "92 bytes": lambda: decode_counts(COUNTS).details["face_capacity"] == 22,
    "TCP": lambda: request_of("42", 7, datagrams=False) == b"42" + bytes(22) + b"\7\1",
    "UDP": lambda: request_of("42", 7, datagrams=True) == b"\x2a\0\0\0\7",
    "DeviceType=acc": lambda: family_of({"devicetype": "ACC", "pushver": "2.4"}) is Family.ACCESS,
    "DeviceType=att": lambda: family_of({"devicetype": "att", "pushver": "3.0"}) is Family.ATTENDANCE,
    "pushver 0 to 2": lambda: family_of({"devicetype": "", "pushver": " 2.4.1"}) is Family.ATTENDANCE,
    "pushver 3 to 99": lambda: family_of({"pushver": "3.1.2"}) is family_of({"pushver": "10"}) is Family.ACCESS,
    "uploads of RTLOG, RTSTATE, TABLEDATA": lambda: family_of({"table": "TABLEDATA"}) is Family.ACCESS,
    "uploads of ATTLOG, OPERLOG": lambda: family_of({"table": "ATTLOG"}) is Family.ATTENDANCE,
    "finger version 11 and above: BIODATA": lambda: (
        "FINGERTMP" in sent("FINGERPRINT", 10) and "BIODATA" in sent("FINGERPRINT", 11) and ability("~ZKFPVersion")[0]
    ),
    "face version 30 and above: visible light": lambda: (
        "UPDATE FACE" in sent("FACE", 29) and "Type=9" in sent("FACE", 30) and ability("VisilightFaceVersion")[1]
    ),
}


@pytest.mark.parametrize("sign", [row.sign for quirks in TABLE.values() for row in quirks])
def test_every_row_has_an_example(sign: str) -> None:
    assert EXAMPLES[sign]()


def test_the_page_has_every_row_with_its_source() -> None:
    assert rows("subject") == [[subject, row.sign, row.source] for subject, quirks in TABLE.items() for row in quirks]


def test_simulated_clocks_have_known_layouts() -> None:
    log_sizes = {form.layout.size for form in LOG_RECORDS}
    for profile in TERMINALS.values():
        assert profile.log_bytes in log_sizes
        assert profile.user_bytes in (28, 72)


def test_nothing_said_tells_no_family() -> None:
    assert {sign.name for sign in FAMILY_SIGNS} == {"devicetype", "pushver", "table"}
    assert family_of({"devicetype": "visitor", "pushver": "x", "table": "USERINFO"}) is None


def test_a_new_person_is_in_group_one() -> None:
    assert encode_user(StoredUser(1, ClockUser("7")), WIDE_USER, "utf-8")[39] == 1
