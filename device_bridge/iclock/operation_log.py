"""Reading OPERLOG: people, templates and pictures made at a clock, and its own log. Pure, and it never raises.

One body mixes all of them; the first word of each line decides. Source: the vendor's *Attendance PUSH Communication
Protocol* 2.4.2.
"""

from __future__ import annotations

import re

from device_bridge.iclock.parser import ParsedLines, key_values, lines_of, parse_user, rejected_line
from device_bridge.iclock.templates import parse_biodata, parse_face, parse_finger, withheld
from device_bridge.records import BadLine

PICTURES = ("USERPIC", "BIOPHOTO", "ATTPHOTO")
NO_PICTURES = "pictures are not kept"
NO_VEINS = "finger veins are not kept"
_JUNK = 16
_FACE = re.compile(rf"^.{{1,{_JUNK}}}?(?=FACE[ \t]+PIN=)", re.I | re.S)
"""Some firmware puts bytes without meaning before the first part of a face."""


def parse_operations(text: str, *, finger_algorithm: str = "", face_algorithm: str = "") -> ParsedLines:
    """An OPERLOG body; the algorithms are what the clock said of itself, as ``10`` or ``10.0``."""
    result = ParsedLines()
    for line in lines_of(text):
        word, rest = _kind(line)
        match word:
            case "OPLOG":
                # What was done in the clock's menu: of the device, not of a person.
                result.others += 1
            case "USER":
                parsed = parse_user(rest)
                result.add(rejected_line(line, parsed.reason) if isinstance(parsed, BadLine) else parsed)
            case "FP" | "FACE" | "BIODATA":
                _add_template(result, word, rest, finger_algorithm, face_algorithm)
            case "FVEIN":
                result.bad_templates.append(BadLine(withheld(rest, word), NO_VEINS))
            case _ if word in PICTURES:
                result.add(BadLine(withheld(rest, word), NO_PICTURES))
            case _:
                # It may be what a torn template goes on with: nothing unnamed is quoted.
                result.add(BadLine(_unknown(line), "this kind of line is not known"))
    return result


def parse_templates(text: str, table: str, *, finger_algorithm: str = "") -> ParsedLines:
    """A table of templates: ``BIODATA`` of time clocks, ``biodata`` and ``templatev10`` of access units, ``FACE``."""
    result = ParsedLines()
    for line in lines_of(text):
        word, rest = _kind(line)
        named = word in ("BIODATA", "TEMPLATEV10", "FP", "FACE")
        kind, fields = (word, rest) if named else (table.upper(), line)
        _add_template(result, kind, fields, finger_algorithm, "")
    return result


def _add_template(result: ParsedLines, kind: str, fields: str, finger_algorithm: str, face_algorithm: str) -> None:
    match kind:
        case "TEMPLATEV10" | "FP":
            parsed = parse_finger(fields, finger_algorithm)
        case "FACE":
            parsed = parse_face(fields, face_algorithm)
        case _:
            parsed = parse_biodata(fields)
    if isinstance(parsed, BadLine):
        result.bad_templates.append(parsed)
    else:
        result.add(parsed)


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
