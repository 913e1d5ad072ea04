"""Validation of reported punches: which can be stored, and which are quarantined. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from foundation.contracts.bridge import Punch
from tenant_stack.pins import normal_pin

EARLIEST = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock's wall time has no zone
FUTURE = timedelta(days=1)
SHAPE = ((4, "-"), (7, "-"), (10, " "), (13, ":"), (16, ":"))
LENGTH = len("YYYY-MM-DD HH:MM:SS")


@dataclass(frozen=True, slots=True)
class ValidPunch:
    """A punch with its instant; ``local_time`` is the device's wall time, without a zone."""

    pin: str
    raw_pin: str
    local_time: datetime
    punched_at: datetime
    status: int
    verify: int
    work_code: str
    raw: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line to quarantine with the reason; ``fields`` is the punch as JSON, if there is one."""

    raw: str
    reason: str
    fields: str | None = None

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.raw.encode()).digest()


def validate_punch(punch: Punch, zone: ZoneInfo, now: datetime) -> ValidPunch | RejectedLine:
    """Combine wall time and zone. In the repeated hour at the end of summer time, the first pass is taken."""
    local = _parse(punch.local_time)
    if local is None:
        return _reject(punch, f"{punch.local_time[:40]!r} is not a date and time")
    if local < EARLIEST:
        return _reject(punch, f"The clock wrote {local:%Y-%m-%d %H:%M:%S}: before 2000, it had lost its time")
    if local > now.astimezone(zone).replace(tzinfo=None) + FUTURE:
        return _reject(punch, f"The clock wrote {local:%Y-%m-%d %H:%M:%S}: more than a day in the future")
    pin = normal_pin(punch.pin)
    if not pin:
        return _reject(punch, "The line names no PIN")
    return ValidPunch(
        pin=pin,
        raw_pin=printable(punch.pin),
        local_time=local,
        punched_at=local.replace(tzinfo=zone).astimezone(UTC),
        status=punch.status,
        verify=punch.verify,
        work_code=printable(punch.work_code),
        raw=printable(punch.raw),
    )


def parse_line(raw: str) -> Punch | None:
    """A line of text as a punch, if it has the fields of one: PIN, time, status, verify mode, work code, between tabs
    (public Attendance PUSH protocol). None for anything else, such as a record in hex."""
    fields = [field.strip() for field in raw.rstrip("\r\n").split("\t")]
    codes = [*fields[2:4], "0", "0"][:2]
    if len(fields) < 2 or not all(code.isascii() and code.isdigit() for code in codes):
        return None
    work_code = fields[4] if len(fields) > 4 else ""
    try:
        return Punch(
            pin=fields[0],
            local_time=fields[1],
            status=int(codes[0]),
            verify=int(codes[1]),
            work_code=work_code[:24],
            raw=raw[:512],
        )
    except ValidationError:
        return None


def printable(text: str) -> str:
    """Replace NUL, the only character that a PostgreSQL text cannot hold."""
    return text.replace("\x00", "\u2400") if "\x00" in text else text


def _parse(text: str) -> datetime | None:
    """Exactly ``YYYY-MM-DD HH:MM:SS``; None for anything else."""
    if len(text) != LENGTH or any(text[at] != mark for at, mark in SHAPE):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _reject(punch: Punch, reason: str) -> RejectedLine:
    # JSON of PostgreSQL takes every character but NUL, too.
    return RejectedLine(_raw(punch), printable(reason), punch.model_dump_json().replace("\\u0000", "\\u2400"))


def _raw(punch: Punch) -> str:
    fields = (punch.pin, punch.local_time, str(punch.status), str(punch.verify), punch.work_code)
    return printable(punch.raw or "\t".join(fields))
