"""Reading OPERLOG: people, templates and pictures made at a clock, and its own log. Pure, and it never raises.

One body mixes all of them; the first word of each line decides. Source: the vendor's *Attendance PUSH Communication
Protocol* 2.4.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from device_bridge.iclock.parser import key_values, lines_of, parse_user, rejected_line
from device_bridge.iclock.templates import parse_biodata, parse_face, parse_finger, withheld
from device_bridge.records import BadLine, ClockUser
from foundation.contracts.bridge import Template

PICTURES = ("USERPIC", "BIOPHOTO", "ATTPHOTO")
NO_PICTURES = "pictures are not kept"
NO_VEINS = "finger veins are not kept"
_JUNK = 16
_FACE = re.compile(rf"^.{{1,{_JUNK}}}?(?=FACE[ \t]+PIN=)", re.I | re.S)
"""Some firmware puts bytes without meaning before the first part of a face."""


@dataclass(frozen=True, slots=True)
class OperationLines:
    """An OPERLOG body. ``bad_templates`` hold nothing biometric; ``operations`` counts lines of the clock itself."""

    users: list[ClockUser] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    rejected: list[BadLine] = field(default_factory=list)
    bad_templates: list[BadLine] = field(default_factory=list)
    operations: int = 0

    @property
    def handled(self) -> int:
        """The number to acknowledge."""
        lists = (self.users, self.templates, self.rejected, self.bad_templates)
        return sum(len(each) for each in lists) + self.operations


@dataclass(frozen=True, slots=True)
class TemplateLines:
    """A table of templates only."""

    templates: list[Template] = field(default_factory=list)
    rejected: list[BadLine] = field(default_factory=list)

    @property
    def handled(self) -> int:
        """The number to acknowledge."""
        return len(self.templates) + len(self.rejected)


def parse_operations(text: str, *, finger_algorithm: str = "", face_algorithm: str = "") -> OperationLines:
    """An OPERLOG body; the algorithms are what the clock said of itself, as ``10`` or ``10.0``."""
    result = OperationLines()
    operations = 0
    for line in lines_of(text):
        word, rest = _kind(line)
        parsed: ClockUser | Template | BadLine
        match word:
            case "OPLOG":
                # What was done in the clock's menu: of the device, not of a person.
                operations += 1
                continue
            case "USER":
                parsed = parse_user(rest)
                if isinstance(parsed, BadLine):
                    parsed = rejected_line(line, parsed.reason)
            case "FP":
                parsed = parse_finger(rest, finger_algorithm)
            case "FACE":
                parsed = parse_face(rest, face_algorithm)
            case "BIODATA":
                parsed = parse_biodata(rest)
            case "FVEIN":
                parsed = BadLine(withheld(rest, word), NO_VEINS)
            case _ if word in PICTURES:
                parsed = BadLine(withheld(rest, word), NO_PICTURES)
            case _:
                # It may be what a torn template goes on with: nothing unnamed is quoted.
                parsed = BadLine(_unknown(line), "this kind of line is not known")
        match parsed:
            case ClockUser():
                result.users.append(parsed)
            case Template():
                result.templates.append(parsed)
            case BadLine() if word in ("FP", "FACE", "BIODATA", "FVEIN"):
                result.bad_templates.append(parsed)
            case BadLine():
                result.rejected.append(parsed)
    return OperationLines(result.users, result.templates, result.rejected, result.bad_templates, operations)


def parse_templates(text: str, table: str, *, finger_algorithm: str = "") -> TemplateLines:
    """A table of templates: ``BIODATA`` of time clocks, ``biodata`` and ``templatev10`` of access units, ``FACE``."""
    result = TemplateLines()
    for line in lines_of(text):
        word, rest = _kind(line)
        named = word in ("BIODATA", "TEMPLATEV10", "FP", "FACE")
        kind, fields = (word, rest) if named else (table.upper(), line)
        match kind:
            case "TEMPLATEV10" | "FP":
                parsed = parse_finger(fields, finger_algorithm)
            case "FACE":
                parsed = parse_face(fields)
            case _:
                parsed = parse_biodata(fields)
        (result.templates if isinstance(parsed, Template) else result.rejected).append(parsed)  # type: ignore[arg-type]
    return result


def parse_pictures(text: str, table: str) -> list[BadLine]:
    """Pictures, one line each: a binary one is all of its body, named by its first lines."""
    head = lines_of(text.split("\0", 1)[0])
    if table == "ATTPHOTO" or "\0" in text:
        name = next((line for line in head if line.upper().startswith("PIN=")), "")
        return [BadLine(f"{table} {withheld(name)}".strip(), NO_PICTURES)] if text.strip() else []
    return [BadLine(withheld(line, table), NO_PICTURES) for line in head]


def parse_unknown(text: str, reason: str) -> list[BadLine]:
    """Every line of a table that is not known, without secrets. Bytes end at the first NUL."""
    head = text.split("\0", 1)[0]
    return [rejected_line(line, reason) for line in lines_of(head)]


def _kind(line: str) -> tuple[str, str]:
    """The first word in capitals, and the rest."""
    line = _FACE.sub("", line, count=1).strip()
    kind, _, rest = line.partition(" ") if " " in line.split("\t", 1)[0] else line.partition("\t")
    return kind.strip().upper(), rest


def _unknown(line: str) -> str:
    return rejected_line(line, "").raw if key_values(line) else withheld(line)
