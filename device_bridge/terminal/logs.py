"""Log records of 8, 16, 40 and 49 bytes, and live events. Pure; one pass over the log.

Layouts (little-endian), from fananimi/pyzk and its issues 166, 174, 187 and 222:

=====  ============================================================================
8      u16 uid, u8 verify, u32 time, u8 status
16     u32 PIN, u32 time, u8 verify, u8 status, 2 bytes, u32 work code
40     u16 uid, 24s PIN, u8 verify, u32 time, u8 status, 8 bytes
49     the 40-byte form and nine bytes more, before it or after it
=====  ============================================================================

There is no record id and no zone. The PIN may belong to nobody the clock still knows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from device_bridge.pyzk_codec import decode_six_bytes, decode_time
from device_bridge.records import BadLine, LoggedPunch

SMALL = struct.Struct("<HBIB")
MIDDLE = struct.Struct("<IIBB2xI")
LARGE = struct.Struct("<H24sBIB8x")
STRAY_PREFIX = b"\xff255\0\0\0\0\0"
SIZES = (40, 49, 16, 8)

_LIVE_NUMBERED = {10: struct.Struct("<HBB6s"), 12: struct.Struct("<IBB6s"), 14: struct.Struct("<HBB6s4x")}
_LIVE_NAMED = struct.Struct("<24sBB6s")
_LIVE_NAMED_LENGTHS = frozenset((32, 36, 37))
_LIVE_LONGEST_KNOWN = 52


@dataclass(frozen=True, slots=True)
class DecodedLog:
    """A whole log: ``punches`` and ``rejected`` together are its ``records``."""

    record_size: int
    punches: list[LoggedPunch]
    rejected: list[BadLine]

    @property
    def records(self) -> int:
        """How many records the clock sent."""
        return len(self.punches) + len(self.rejected)


def log_record_size(body: bytes, count: int | None) -> int:
    """The size of one record: total by count, and where that fails, the size whose times make most sense."""
    total = len(body)
    if count and total % count == 0 and total // count in SIZES:
        return total // count
    fitting = [size for size in SIZES if total % size == 0] or list(SIZES)
    return max(fitting, key=lambda size: _plausible(body, size))


def _plausible(body: bytes, size: int) -> float:
    """The share of real dates among the first records, if they were of this size."""
    offset = {8: 3, 16: 4}.get(size, 27)
    starts = range(0, min(len(body) - size + 1, 64 * size), size)
    times = [struct.unpack_from("<I", body, start + offset)[0] for start in starts]
    return sum(1 for value in times if value and decode_time(value)) / len(times) if times else 0.0


def decode_log(blob: bytes, count: int | None, pins_by_uid: Mapping[int, str]) -> DecodedLog:
    """Read a whole log (32-bit size, then records). An unreadable record is kept as a `BadLine`, never dropped."""
    body = memoryview(blob)[4:]
    if len(blob) >= 4:
        body = body[: struct.unpack_from("<I", blob)[0]]
    if bytes(body[: len(STRAY_PREFIX)]) == STRAY_PREFIX and len(body) % 40 == len(STRAY_PREFIX) % 40:
        body = body[len(STRAY_PREFIX) :]
    size = log_record_size(bytes(body), count)
    punches: list[LoggedPunch] = []
    rejected: list[BadLine] = []
    whole = len(body) // size * size
    for start in range(0, whole, size):
        record = bytes(body[start : start + size])
        raw = record.hex()
        if size == 8:
            uid, verify, value, status = SMALL.unpack(record)
            pin, work_code = pins_by_uid.get(uid, str(uid)), ""
        elif size == 16:
            number, value, verify, status, code = MIDDLE.unpack(record)
            pin, work_code = str(number), str(code) if code else ""
        else:
            inner = record[9:] if size == 49 and record.startswith(STRAY_PREFIX) else record[:40]
            _, field, verify, value, status = LARGE.unpack(inner)
            pin, work_code = field.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip(), ""
        local_time = decode_time(value)
        if local_time is None:
            rejected.append(BadLine(raw, f"the time {value:#010x} is no real date"))
        elif not readable_pin(pin):
            rejected.append(BadLine(raw, "the PIN could not be read"))
        else:
            punches.append(LoggedPunch(pin, local_time, status, verify, work_code, raw))
    if whole < len(body):
        rejected.append(BadLine(bytes(body[whole:]).hex(), "the log ended in the middle of a record"))
    return DecodedLog(size, punches, rejected)


def decode_live(data: bytes) -> LoggedPunch | None:
    """The punch in a live event (code 1); `None` for a length we don't know or a time that is none: read the log."""
    if layout := _LIVE_NUMBERED.get(len(data)):
        number, verify, status, six = layout.unpack(data)
        pin = str(number)
    elif len(data) in _LIVE_NAMED_LENGTHS or len(data) >= _LIVE_LONGEST_KNOWN:
        field, verify, status, six = _LIVE_NAMED.unpack_from(data)
        pin = field.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()
    else:
        return None
    local_time = decode_six_bytes(six)
    if local_time is None or not readable_pin(pin):
        return None
    return LoggedPunch(pin, local_time, status, verify, "", data.hex())


def readable_pin(pin: str) -> bool:
    """Whether text can be a PIN at all: 1 to 24 printable characters that were decoded cleanly."""
    return 0 < len(pin) <= 24 and pin.isprintable() and "\ufffd" not in pin
