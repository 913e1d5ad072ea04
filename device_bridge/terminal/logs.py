"""The log of a pull clock, and live events. Pure; one pass over the log. Layouts are in `device_bridge.quirks`.

The PIN of a record may belong to nobody the clock still knows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from device_bridge.pyzk_codec import decode_six_bytes, decode_time
from device_bridge.quirks import LIVE_EVENTS, LOG_RECORDS, STRAY_PREFIX, LogRecord
from device_bridge.records import BadLine, LoggedPunch


@dataclass(frozen=True, slots=True)
class DecodedLog:
    """A whole log: ``punches`` and ``rejected`` together are its ``records``."""

    punches: list[LoggedPunch]
    rejected: list[BadLine]

    @property
    def records(self) -> int:
        """How many records the clock sent."""
        return len(self.punches) + len(self.rejected)


def log_record(body: bytes, count: int | None) -> LogRecord:
    """The form of the records: by total and count, and where that fails, the form whose times make most sense."""
    by_size = {form.layout.size: form for form in LOG_RECORDS}
    if count and len(body) % count == 0 and len(body) // count in by_size:
        return by_size[len(body) // count]
    fitting = [form for form in LOG_RECORDS if len(body) % form.layout.size == 0] or LOG_RECORDS
    return max(fitting, key=lambda form: _plausible(body, form))


def _plausible(body: bytes, form: LogRecord) -> float:
    """The share of real dates among the first records, if they were of this form."""
    size = form.layout.size
    starts = range(0, min(len(body) - size + 1, 64 * size), size)
    times = [struct.unpack_from("<I", body, start + form.time_at)[0] for start in starts]
    return sum(1 for value in times if value and decode_time(value)) / len(times) if times else 0.0


def decode_log(blob: bytes, count: int | None, pins_by_uid: Mapping[int, str]) -> DecodedLog:
    """Read a whole log (32-bit size, then records). An unreadable record is kept as a `BadLine`, never dropped."""
    body = memoryview(blob)[4:]
    if len(blob) >= 4:
        body = body[: struct.unpack_from("<I", blob)[0]]
    if bytes(body[: len(STRAY_PREFIX)]) == STRAY_PREFIX and len(body) % 40 == len(STRAY_PREFIX) % 40:
        body = body[len(STRAY_PREFIX) :]
    form = log_record(bytes(body), count)
    size = form.layout.size
    punches: list[LoggedPunch] = []
    rejected: list[BadLine] = []
    whole = len(body) // size * size
    for start in range(0, whole, size):
        record = bytes(body[start : start + size])
        raw = record.hex()
        if form.prefix and record.startswith(form.prefix):
            record = record[len(form.prefix) :] + form.prefix
        values = dict(zip(form.fields, form.layout.unpack(record), strict=True))
        value, code = values["time"], values.get("work_code")
        pin = pins_by_uid.get(values["slot"], str(values["slot"])) if "slot" in values else _pin(values["pin"])
        local_time = decode_time(value)
        if local_time is None:
            rejected.append(BadLine(raw, f"the time {value:#010x} is no real date"))
        elif not readable_pin(pin):
            rejected.append(BadLine(raw, "the PIN could not be read"))
        else:
            punches.append(
                LoggedPunch(pin, local_time, values["status"], values["verify"], str(code) if code else "", raw)
            )
    if whole < len(body):
        rejected.append(BadLine(bytes(body[whole:]).hex(), "the log ended in the middle of a record"))
    return DecodedLog(punches, rejected)


def decode_live(data: bytes) -> LoggedPunch | None:
    """The punch in a live event (code 1); `None` for a length we don't know or a time that is none: read the log."""
    form = next((form for form in LIVE_EVENTS if len(data) in form.lengths), None)
    if form is None:
        return None
    field, verify, status, six = form.layout.unpack_from(data)
    pin, local_time = _pin(field), decode_six_bytes(six)
    if local_time is None or not readable_pin(pin):
        return None
    return LoggedPunch(pin, local_time, status, verify, "", data.hex())


def _pin(field: int | bytes) -> str:
    if isinstance(field, int):
        return str(field)
    return field.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()


def readable_pin(pin: str) -> bool:
    """Whether text can be a PIN at all: 1 to 24 printable characters that were decoded cleanly."""
    return 0 < len(pin) <= 24 and pin.isprintable() and "\ufffd" not in pin
