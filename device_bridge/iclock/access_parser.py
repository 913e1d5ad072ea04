"""Reading what access-control units send (Security PUSH 3.x). Pure, and it never raises.

An access unit reports *events*, and a person at a door is only one kind of them: `PASSES` decides what is a punch.
Sources: the vendor's *Security PUSH Communication Protocol* 3.1.2, the event table in the vendor's *PullSDK Interfaces
User Guide* (attached table 6), and field names seen on real units by operators.
"""

from __future__ import annotations

import re

from device_bridge.iclock.parser import (
    LONGEST_PIN,
    NO_STATUS,
    ParsedLines,
    key_values,
    lines_of,
    parse_user,
    real_moment,
    without_secrets,
)
from device_bridge.pyzk_codec import decode_time
from device_bridge.records import BadLine, LoggedPunch

PASSES = frozenset((0, 1, 2, 3, 14, 15, 16, 17, 18, 19, 203))
"""A known person was verified and let through: by card, finger or both, first or last of several, at an open door."""

NO_PASSES = frozenset((*range(4, 14), *range(20, 26), *range(27, 32), *range(33, 38), 100, 102, *range(200, 203)))
NO_PASSES |= frozenset((204, 205, 206, 220, 221, 255))
"""Denials, alarms, doors, schedules and the unit itself. What is in neither table is kept for a person to look at:
codes of newer firmware, openings under duress, and those of several persons before the last one."""

STATUSES = {"": NO_STATUS, "0": 0, "1": 1}
"""``inoutstatus``: in and out, as time clocks number them; 2 and above mean that the door has no direction."""

OTHER_MODE = 200
_MASK_MODES = {1: 15, 2: 25, 3: 25, 4: 1, 5: 21, 9: 3, 10: 2, 11: 4}
_MASK = re.compile(r"[01]{16}", re.ASCII)
_NUMBER = re.compile(r"\d{1,5}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_DETAILS = (("inoutstatus", "inoutstate"), ("verifytype", "verified"))
_TABLE_WORD = re.compile(r"\s*[A-Za-z]\w*[ \t]+(?=[A-Za-z~]\w*=)", re.ASCII)


def looks_like_events(text: str) -> bool:
    """Whether a body is ``time=…`` lines: some units send them under the name of the attendance log."""
    return text.lstrip("\ufeff \t\r\n").lower().startswith("time=")


def verify_mode(text: str) -> int | None:
    """``verifytype``: a number, or 16 binary digits of which the last is bit 0. Several ways at once are "other".

    Bit 0 only says how the others combine; 1 face, 2 and 3 palm, 4 finger, 5 vein, 9 password, 10 number, 11 card.
    """
    if not text:
        return 0
    if _MASK.fullmatch(text):
        bits = [bit for bit in range(1, 16) if int(text, 2) >> bit & 1]
        return _MASK_MODES.get(bits[0], OTHER_MODE) if len(bits) == 1 else OTHER_MODE if bits else 0
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= 255 else None


def parse_event(line: str) -> LoggedPunch | BadLine | None:
    """One line of ``rtlog``, or of the ``transaction`` table; `None` for what is surely nobody's punch."""
    fields = key_values(_TABLE_WORD.sub("", line, count=1))
    code = fields.get("event", fields.get("eventtype", ""))
    if not _NUMBER.fullmatch(code):
        return _kept(line, "the event code is missing or no number")
    pin = fields.get("pin", "")
    if int(code) in NO_PASSES or pin in ("", "0"):
        return None
    if int(code) not in PASSES:
        return _kept(line, f"event {int(code)} may be a punch or not: it is not in the table of events")
    if len(pin) > LONGEST_PIN or not pin.isprintable():
        return _kept(line, f"the PIN is not 1 to {LONGEST_PIN} printable characters")
    moment = _moment(fields)
    if moment is None:
        return _kept(line, "there is no real date and time")
    direction, mode = (fields.get(new, fields.get(old)) for new, old in _DETAILS)
    if mode is None and not direction:
        # A line cut short would be another punch than the whole line, which the unit may still send.
        return _kept(line, "the line ends before the direction and the way of verifying")
    verify = verify_mode(mode or "")
    if verify is None or (direction and not _NUMBER.fullmatch(direction)):
        return _kept(line, "direction and way of verifying are numbers")
    status = STATUSES.get(direction or "", NO_STATUS)
    return LoggedPunch(pin, moment, status, verify, "", without_secrets(line))


def parse_events(text: str) -> ParsedLines:
    """A body of events. One bad line never blocks the others."""
    result = ParsedLines()
    for line in lines_of(text):
        result.add(parse_event(line))
    return result


def parse_table_users(text: str) -> ParsedLines:
    """The rows of a ``user`` table, each perhaps beginning with the table's name. Passwords go no further than here."""
    result = ParsedLines()
    for line in lines_of(text):
        parsed = parse_user(_TABLE_WORD.sub("", line, count=1))
        result.add(_kept(line, parsed.reason) if isinstance(parsed, BadLine) else parsed)
    return result


def table_count(text: str, table_name: str) -> int:
    """The number in an answer to a count, ``user=12``; 0 when there is none."""
    found = re.search(rf"\b{re.escape(table_name)}\s*=\s*(\d{{1,9}})", text, re.I | re.ASCII)
    return int(found[1]) if found else 0


def _moment(fields: dict[str, str]) -> str | None:
    encoded = fields.get("time_second", "")
    if "time" not in fields and _LONG_NUMBER.fullmatch(encoded):
        return decode_time(int(encoded))
    return real_moment(fields.get("time", encoded))


def _kept(line: str, reason: str) -> BadLine:
    return BadLine(without_secrets(line), reason)
