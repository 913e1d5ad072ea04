"""How devices differ: one row for each difference, with how a device shows it and where we know it from.

Nothing is looked up by a model's name where the device's own answer decides, because models change with firmware. To
add a quirk: one row here, its line in ``docs/protocols.md``, and an example in ``tests/device_bridge/test_quirks.py``.
Numbers on port 4370 are little-endian.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct

PYZK = "fananimi/pyzk"
ATTENDANCE_PUSH = "Attendance PUSH 2.4.2"
SECURITY_PUSH = "Security PUSH 3.1.2"


@dataclass(frozen=True)
class Quirk:
    """``sign`` is how a device shows it; ``source`` is a specification, or a project and its issues."""

    sign: str
    source: str


@dataclass(frozen=True)
class UserRecord(Quirk):
    """A person on a pull clock: slot, flags, password, name, card, group and time zones, PIN.

    ``name_bytes`` is the longest name. ``access`` is the group and time zones of a new person: with group 0 some doors
    answer "invalid time period".
    """

    layout: Struct
    name_bytes: int
    access: bytes
    numeric_pin: bool = False


WIDE_USER = UserRecord("72 bytes a person", PYZK, Struct("<HB8s24sI9s24s"), 23, b"\1" + bytes(8))
NARROW_USER = UserRecord("28 bytes a person", PYZK, Struct("<HB5s8sI4sI"), 8, b"\0\1\0\0", numeric_pin=True)
USER_RECORDS = (WIDE_USER, NARROW_USER)


@dataclass(frozen=True)
class LogRecord(Quirk):
    """A punch in a pull clock's log. ``fields`` name what ``layout`` holds: ``slot`` or ``pin``, ``verify``, ``time``,
    ``status`` and perhaps ``work_code``; the time begins at byte ``time_at``, and ``prefix`` may come before it all.
    There is no record id and no zone."""

    layout: Struct
    time_at: int
    fields: tuple[str, ...] = ("pin", "verify", "time", "status")
    prefix: bytes = b""


STRAY_PREFIX = b"\xff255\0\0\0\0\0"
"""What some firmware puts before the log, or before each record. Source: pyzk."""

LOG_RECORDS = (
    LogRecord("40 bytes a punch", PYZK, Struct("<2x24sBIB8x"), 27),
    LogRecord("49 bytes a punch", f"{PYZK} 187, 222", Struct("<2x24sBIB17x"), 27, prefix=STRAY_PREFIX),
    LogRecord(
        "16 bytes a punch", f"{PYZK} 166", Struct("<IIBB2xI"), 4, ("pin", "time", "verify", "status", "work_code")
    ),
    LogRecord("8 bytes a punch", f"{PYZK} 174", Struct("<HBIB"), 3, ("slot", "verify", "time", "status")),
)


@dataclass(frozen=True)
class LiveEvent(Quirk):
    """A punch as an event: PIN or slot, way of verifying, status, and six bytes of time."""

    lengths: Sequence[int]
    layout: Struct


LIVE_EVENTS = (
    LiveEvent("10 bytes", PYZK, (10,), Struct("<HBB6s")),
    LiveEvent("12 bytes", PYZK, (12,), Struct("<IBB6s")),
    LiveEvent("14 bytes", PYZK, (14,), Struct("<HBB6s")),
    LiveEvent("32, 36 or 37 bytes", PYZK, (32, 36, 37), Struct("<24sBB6s")),
    LiveEvent("52 bytes or more", PYZK, range(52, 65_536), Struct("<24sBB6s")),
)


@dataclass(frozen=True)
class Sizes(Quirk):
    """The answer to command 50. ``offsets`` say where each 32-bit number stands in at least ``length`` bytes."""

    length: int
    offsets: Mapping[str, int]


_FILLED = {"users": 16, "fingers": 24, "punches": 32, "operations": 40, "administrators": 48, "passwords": 52}
_CAPACITY = {"finger_capacity": 56, "user_capacity": 60, "punch_capacity": 64}
_FREE = {"fingers_free": 68, "users_free": 72, "punches_free": 76}
SIZES = (
    Sizes("fewer than 80 bytes: unknown", f"{PYZK} 76, 215", 0, {}),
    Sizes("80 bytes", PYZK, 80, _FILLED | _CAPACITY | _FREE),
    Sizes("92 bytes", PYZK, 92, {"faces": 80, "face_capacity": 88}),
)


@dataclass(frozen=True)
class CaptureRequest(Quirk):
    """What command 61 carries over a transport: the PIN as text or as a number, the finger, and a 1 behind text."""

    layout: Struct


STREAM_CAPTURE = CaptureRequest("TCP", f"{PYZK} 30, 117", Struct("<24sBB"))
DATAGRAM_CAPTURE = CaptureRequest("UDP", f"{PYZK} 44, 252", Struct("<IB"))


class Family(StrEnum):
    """The two push protocols: Attendance PUSH 2.x and Security PUSH 3.x."""

    ATTENDANCE = "att"
    ACCESS = "acc"


@dataclass(frozen=True)
class FamilySign(Quirk):
    """What tells the protocol of a push clock: what it says under ``name``, a handshake's parameter or ``table``."""

    name: str
    said: re.Pattern[str]
    family: Family


FAMILY_SIGNS = (
    FamilySign("DeviceType=acc", SECURITY_PUSH, "devicetype", re.compile("acc", re.I), Family.ACCESS),
    FamilySign("DeviceType=att", SECURITY_PUSH, "devicetype", re.compile("att", re.I), Family.ATTENDANCE),
    FamilySign("pushver 0 to 2", ATTENDANCE_PUSH, "pushver", re.compile(r"0?[0-2](\..*)?", re.S), Family.ATTENDANCE),
    FamilySign("pushver 3 to 99", SECURITY_PUSH, "pushver", re.compile(r"[0-9]{1,2}(\..*)?", re.S), Family.ACCESS),
    FamilySign(
        "uploads of RTLOG, RTSTATE, TABLEDATA", SECURITY_PUSH, "table", re.compile("RTLOG|RTSTATE|TABLEDATA"),
        Family.ACCESS,
    ),
    FamilySign("uploads of ATTLOG, OPERLOG", ATTENDANCE_PUSH, "table", re.compile("ATTLOG|OPERLOG"), Family.ATTENDANCE),
)  # fmt: skip


@dataclass(frozen=True)
class Algorithm(Quirk):
    """A push clock's algorithm. ``names`` are the options that tell its version, in lower case and without ``~``;
    at ``first_new`` the way its templates travel changes."""

    names: tuple[str, ...]
    first_new: int


FINGER = Algorithm(
    "finger version 11 and above: BIODATA", ATTENDANCE_PUSH, ("fpversion", "zkfpversion", "finger_algorithm"), 11
)
FACE = Algorithm(
    "face version 30 and above: visible light",
    ATTENDANCE_PUSH,
    ("faceversion", "zkfaceversion", "face_algorithm", "visilightfaceversion"),
    30,
)
