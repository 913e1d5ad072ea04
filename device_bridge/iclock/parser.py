"""Reading what push clocks send. Pure, and it never raises: what cannot be read becomes a `BadLine` with the reason.

Sources: the vendor's *Attendance PUSH Communication Protocol* 2.4.2, and the dialects reported by operators of real
clocks (spaces or commas for tabs, CRLF, trailing tabs, 4 to 12 fields).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from device_bridge.records import LOCAL_TIME_FORMAT, PRIVILEGES, BadLine, ClockUser, LoggedPunch
from foundation.contracts.bridge import Template

LONGEST_RAW = 4000
LONGEST_PIN = 24
FEWEST_FIELDS = 4
NO_STATUS = 255

_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", re.ASCII)
_TIME = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}", re.ASCII)
_MOMENT = re.compile(rf"({_DATE.pattern})[ T]+({_TIME.pattern})", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_SECRET_FIELD = re.compile(
    r"\b(tmp|template|templatev10|content|passwd|password|pwd|authkey|commkey)\s*=[^\t\r\n]*", re.I
)
_LONG_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{64,}", re.ASCII)
_KEY = re.compile(r"[A-Za-z~][\w~.]*(?==)", re.ASCII)
_USER_KEY = re.compile(r"(?:(?<=\s)|^)([A-Za-z]\w*)=", re.ASCII)
_SUM = re.compile(r"\bAttlogSum\s*=\s*(\d+)", re.I | re.ASCII)
_SECRET_OPTION = re.compile(r"key|passw|secret|token", re.I)


@dataclass(slots=True)
class ParsedLines:
    """What each line of a body is. ``bad_templates`` hold nothing biometric; ``others`` counts lines that concern
    nobody's working time: of the device itself, or events that are no punch."""

    punches: list[LoggedPunch] = field(default_factory=list)
    users: list[ClockUser] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    rejected: list[BadLine] = field(default_factory=list)
    bad_templates: list[BadLine] = field(default_factory=list)
    others: int = 0

    def add(self, parsed: LoggedPunch | ClockUser | Template | BadLine | None) -> None:
        """One line more."""
        match parsed:
            case LoggedPunch():
                self.punches.append(parsed)
            case ClockUser():
                self.users.append(parsed)
            case Template():
                self.templates.append(parsed)
            case BadLine():
                self.rejected.append(parsed)
            case None:
                self.others += 1

    @property
    def handled(self) -> int:
        """The number to acknowledge: every line that was not blank."""
        lists = (self.punches, self.users, self.templates, self.rejected, self.bad_templates)
        return sum(len(each) for each in lists) + self.others


@dataclass(frozen=True, slots=True)
class Outcome:
    """A clock's answer to one command; 0 is success, negative an error of the protocol.

    ``count`` is how many punches it holds, when that was the question.
    """

    id: str
    code: int
    text: str = ""
    count: int | None = None


def lines_of(text: str) -> list[str]:
    """The lines that are not blank, without their ends. Only CR and LF end a line: names may hold other separators."""
    return [line for line in re.split(r"[\r\n]+", text.removeprefix("\ufeff")) if line.strip(" \t\0")]


def without_secrets(line: str) -> str:
    """A line as it may be kept: passwords, templates and pictures replaced by their length, NULs made visible."""
    cleaned = _SECRET_FIELD.sub(lambda found: f"{found[1]}=[{len(found[0]) - len(found[1]) - 1} withheld]", line)
    cleaned = _LONG_TOKEN.sub(lambda found: f"[{len(found[0])} withheld]", cleaned)
    return cleaned.replace("\0", "\u2400")[:LONGEST_RAW]


def rejected_line(line: str, reason: str) -> BadLine:
    """A line to be kept, with its reason and without its secrets."""
    return BadLine(without_secrets(line), reason)


def real_moment(text: str) -> str | None:
    """Normal form of a local time, `None` when it is no real date. A ``T`` or slashes are accepted."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    try:
        text = f"{found[1].replace('/', '-')} {found[2]}"
        # The zone is a stand-in: only the form is wanted, and it never leaves this function.
        moment = datetime.strptime(text, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    # Not strftime: it leaves the zeros off years before 1000.
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _fields(line: str) -> list[str]:
    """Split by tab, else by comma, else by blanks, and join a date and a time that were torn apart."""
    if "\t" in line:
        parts = [part.strip(" \0") for part in line.split("\t")]
    elif "," in line:
        parts = [part.strip(" \0") for part in line.split(",")]
    else:
        parts = line.split()
    if len(parts) > 2 and _DATE.fullmatch(parts[1]) and _TIME.fullmatch(parts[2]):
        parts[1:3] = [f"{parts[1]} {parts[2]}"]
    return parts


def _small_number(text: str, default: int) -> int | None:
    if not text:
        return default
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= 255 else None


def parse_punch(line: str) -> LoggedPunch | BadLine:
    """One ATTLOG line: PIN, local time, status, verify mode, work code, and fields that we keep only in ``raw``."""
    parts = _fields(line)
    if len(parts) < FEWEST_FIELDS:
        # A line cut short would be another punch than the whole line, which the clock may still send.
        return rejected_line(line, f"{len(parts)} fields where at least {FEWEST_FIELDS} are needed")
    pin, moment = parts[0], real_moment(parts[1])
    if not pin or len(pin) > LONGEST_PIN or not pin.isprintable():
        return rejected_line(line, f"the PIN is not 1 to {LONGEST_PIN} printable characters")
    if moment is None:
        return rejected_line(line, f"{parts[1][:40]!r} is no real date and time")
    status, verify = _small_number(parts[2], NO_STATUS), _small_number(parts[3], 0)
    if status is None or verify is None:
        return rejected_line(line, "status and verify mode are numbers from 0 to 255")
    work_code = parts[4] if len(parts) > 4 else ""
    if len(work_code) > LONGEST_PIN or not (work_code == "" or work_code.isprintable()):
        return rejected_line(line, "the work code is not at most 24 printable characters")
    return LoggedPunch(pin, moment, status, verify, work_code, line.replace("\0", "\u2400"))


def parse_punches(text: str) -> ParsedLines:
    """An ATTLOG body. One bad line never blocks the others."""
    result = ParsedLines()
    for line in lines_of(text):
        result.add(parse_punch(line))
    return result


def key_values(text: str) -> dict[str, str]:
    """``key=value`` fields between tabs; where a clock uses blanks, a value reaches to the next ``key=``.

    Keys are lower-cased: dialects differ in case.
    """
    if "\t" in text:
        pairs = (part.partition("=") for part in text.split("\t"))
        return {key.strip().lower(): value.strip(" \0") for key, equals, value in pairs if equals}
    marks = list(_USER_KEY.finditer(text))
    if not marks:
        return {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {mark[1].lower(): text[mark.end() : end].strip(" \0") for mark, end in zip(marks, ends, strict=True)}


def card_number(text: str) -> int | None:
    """A card as decimal digits, or as ``[15CD5B07]``: the little-endian bytes in hexadecimal. Empty is 0, none."""
    text = text.strip()
    if not text:
        return 0
    if text.startswith("[") and text.endswith("]"):
        try:
            number = int.from_bytes(bytes.fromhex(text[1:-1]), "little")
        except ValueError:
            return None
    elif text.isascii() and text.isdigit():
        number = int(text[:20])
    else:
        return None
    return number if number <= 0xFFFFFFFF else None


def parse_user(line: str) -> ClockUser | BadLine:
    """The fields of a USER line, in either dialect (``Pri``/``Privilege``, ``PIN``/``Pin``), without the password."""
    fields = key_values(line)
    pin = fields.get("pin", "")
    if not pin or len(pin) > LONGEST_PIN or not pin.isprintable():
        return rejected_line(line, f"the PIN is not 1 to {LONGEST_PIN} printable characters")
    card = card_number(fields.get("card", fields.get("cardno", "")))
    if card is None:
        return rejected_line(line, "the card number could not be read")
    level = fields.get("pri", fields.get("privilege", "")) or "0"
    if not _NUMBER.fullmatch(level):
        return rejected_line(line, "the privilege is not a number")
    # Level 10 is a custom role on some clocks; it may not be taken for an administrator.
    privilege = int(level) & 0x0E if int(level) & 0x0E in PRIVILEGES else 0
    name = "".join(letter for letter in fields.get("name", "") if letter.isprintable())
    return ClockUser(pin, name[:48], card, privilege)


def parse_options(text: str) -> dict[str, str]:
    """``name=value`` pairs between commas or lines. A comma ends a value only when another ``name=`` follows it."""
    options: dict[str, str] = {}
    for line in lines_of(text):
        for part in re.split(r",(?=[A-Za-z~][\w~.]*=)", line, flags=re.ASCII):
            name = _KEY.match(part.strip())
            if name and not _SECRET_OPTION.search(name[0]) and len(options) < 200:
                value = part.strip()[name.end() + 1 :]
                options[name[0].lstrip("~")[:64]] = value.replace("\0", "")[:256]
    return options


INFO_FIELDS = (
    "firmware",
    "user_count",
    "finger_count",
    "punch_count",
    "address",
    "finger_algorithm",
    "face_algorithm",
    "faces_needed",
    "face_count",
    "functions",
)


def parse_info(text: str) -> dict[str, str]:
    """The ``INFO`` list of a poll: firmware, counts, address and algorithms, by position."""
    values = [value.strip()[:256] for value in text.replace("\0", "").split(",")]
    return {name: value for name, value in zip(INFO_FIELDS, values, strict=False) if value}


def parse_outcomes(text: str) -> list[Outcome]:
    """A devicecmd body: ``ID=..&Return=..&CMD=..`` lines, each perhaps followed by ``key=value`` lines of its own.

    A result without a readable number counts as failed (-1): nothing may pass for done by accident.
    """
    outcomes: list[Outcome] = []
    for line in lines_of(text):
        pairs = {key.strip().lower(): value for key, _, value in (part.partition("=") for part in line.split("&"))}
        if "id" in pairs and "return" in pairs:
            code = pairs["return"].strip()
            number = int(code) if re.fullmatch(r"-?\d{1,9}", code, re.ASCII) else -1
            echo = pairs.get("cmd", "").strip()[:64]
            outcomes.append(Outcome(pairs["id"].strip()[:64], number, echo, _sum(pairs.get("attlogsum", ""))))
        elif outcomes:
            last = outcomes[-1]
            more = f"{last.text}\n{without_secrets(line)}"[:512]
            found = _SUM.search(line)
            outcomes[-1] = Outcome(last.id, last.code, more, _sum(found[1]) if found else last.count)
    return outcomes


def _sum(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def query_value(query: Mapping[str, str], name: str) -> str:
    """A query parameter whatever the case of its name; empty when absent."""
    wanted = name.lower()
    return next((value.strip() for key, value in query.items() if key.lower() == wanted), "")
