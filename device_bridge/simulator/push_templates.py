"""Templates in a simulated push clock: what it keeps, what it refuses, and the lines in which it says them.

A template is made of chance that comes from its name, so that the same person's same finger at the same clock is the
same template again, and begins as the algorithm's own do. It is nobody's finger.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from device_bridge.simulator.push_profiles import PushProfile

FINGER, INFRARED_FACE, PALM, VISIBLE_FACE = 1, 2, 8, 9
OK, BAD_PARAMETER, SIZE_MISMATCH, NO_SUCH_PIN, BAD_FORMAT, BAD_TEMPLATE, NOT_SUPPORTED = 0, -1, -9, -10, -11, -12, -1002
LAST_OF_FINGERTMP = 10
FINGER_BYTES, FACE_BYTES, PALM_BYTES, PART_BYTES, PARTS = 1200, 1800, 1300, 1236, 12
KINDS = {"FINGERPRINT": FINGER, "FACE": VISIBLE_FACE, "PALM": PALM}

Knows = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class SimulatedTemplate:
    """One part of a template. ``kind`` is the type of BIODATA, ``version`` as ``10.0``, ``data`` Base64."""

    pin: str
    kind: int
    number: int
    part: int
    version: str
    data: str
    valid: int = 1
    format: int = 0

    @property
    def name(self) -> tuple[str, int, int, int]:
        """What makes it that template."""
        return self.pin, self.kind, self.number, self.part


class TemplateBook(dict[tuple[str, int, int, int], SimulatedTemplate]):
    """Templates by PIN, kind, number and part."""

    def put(self, template: SimulatedTemplate) -> None:
        """Add or replace."""
        self[template.name] = template

    def of(self, pin: str | None = None, kind: int | None = None, number: int | None = None) -> list[SimulatedTemplate]:
        """Those that match whatever is given, in order."""
        return [
            template
            for name, template in sorted(self.items())
            if pin in (None, name[0]) and kind in (None, name[1]) and number in (None, name[2])
        ]

    def drop(self, pin: str, kind: int | None = None, number: int | None = None) -> int:
        """Forget those that match; how many there were."""
        found = self.of(pin, kind, number)
        for template in found:
            del self[template.name]
        return len(found)


def captured(profile: PushProfile, serial: str, pin: str, kind: int, number: int) -> list[SimulatedTemplate]:
    """What this unit makes of somebody: one template, or the parts of a near-infrared face."""
    parts = PARTS if kind == INFRARED_FACE else 1
    length = {FINGER: FINGER_BYTES, INFRARED_FACE: PART_BYTES, PALM: PALM_BYTES}.get(kind, FACE_BYTES)
    version = {FINGER: profile.finger, PALM: "12"}.get(kind, profile.face) or "10"
    version = version if "." in version else f"{version}.0"
    made = []
    for part in range(parts):
        chance = random.Random(f"{serial} {pin} {kind} {number} {part}")
        head = b"JY" + (b"SS21" if (kind, version) == (FINGER, "10.0") else b"")
        data = base64.b64encode(head + chance.randbytes(length - len(head))).decode()
        made.append(SimulatedTemplate(pin, kind, number, part, version, data))
    return made


def template_line(template: SimulatedTemplate) -> str:
    """As a time clock says it: FP or FACE in OPERLOG, BIODATA in its own table."""
    said, size = template, len(template.data)
    if speaks_biodata(template):
        return f"BIODATA {biodata_fields(template, 'Pin No Index Valid Duress Type MajorVer MinorVer Format Tmp')}"
    if said.kind == FINGER:
        return f"FP PIN={said.pin}\tFID={said.number}\tSize={size}\tValid={said.valid}\tTMP={said.data}"
    return f"FACE PIN={said.pin}\tFID={said.part}\tSIZE={size}\tVALID={said.valid}\tTMP={said.data}"


def speaks_biodata(template: SimulatedTemplate) -> bool:
    """Whether a time clock says this one in the table BIODATA."""
    if template.kind == FINGER:
        return int(template.version.split(".")[0]) > LAST_OF_FINGERTMP or template.format > 0
    return template.kind != INFRARED_FACE


def access_row(template: SimulatedTemplate) -> tuple[str, str]:
    """The table and the row in which an access unit says it."""
    if template.kind == FINGER and not speaks_biodata(template):
        row = (
            f"templatev10 size={len(template.data)}\tuid=1\tpin={template.pin}\tfingerid={template.number}"
            f"\tvalid={template.valid}\ttemplate={template.data}\tresverd=\tendtag="
        )
        return "templatev10", row
    return (
        "biodata",
        f"biodata {biodata_fields(template, 'pin no index valid duress type majorver minorver format tmp')}",
    )


def biodata_fields(template: SimulatedTemplate, names: str) -> str:
    """The fields of BIODATA under ten names, in their order."""
    major, minor = template.version.split(".")
    values = (
        template.pin,
        template.number,
        template.part,
        int(template.valid > 0),
        int(template.valid == 3),
        template.kind,
        major,
        minor,
        template.format,
        template.data,
    )
    return "\t".join(f"{name}={value}" for name, value in zip(names.split(" "), values, strict=True))


def taken(book: TemplateBook, profile: PushProfile, knows: Knows, table: str, said: Mapping[str, str]) -> int:
    """Put a template that the server sent into the book; the return code. ``said`` has lower-case names."""
    pin, data = said.get("pin", ""), said.get("tmp") or said.get("template") or ""
    try:
        base64.b64decode(data, validate=True)
        made = _template(profile, table, pin, data, said)
    except ValueError:
        return BAD_PARAMETER if data else BAD_TEMPLATE
    if not pin or not data:
        return BAD_PARAMETER
    if not knows(pin):
        return NO_SUCH_PIN
    if table != "BIODATA" and said.get("size", str(len(data))) != str(len(data)):
        return SIZE_MISMATCH
    code = _refusal(profile, table, made)
    if code == OK:
        book.put(made)
    return code


def removed(book: TemplateBook, table: str, said: Mapping[str, str]) -> int:
    """Take templates out; the return code."""
    pin = said.get("pin", "")
    if not pin:
        return BAD_PARAMETER
    kind = {"FINGERTMP": FINGER, "TEMPLATEV10": FINGER, "FACE": INFRARED_FACE}.get(table)
    number = said.get("fid") or said.get("fingerid") or said.get("no")
    if table == "BIODATA":
        kind = int(said["type"]) if said.get("type", "").isdigit() else None
    book.drop(pin, kind, int(number) if number and number.isdigit() and table != "FACE" else None)
    return OK


def _template(profile: PushProfile, table: str, pin: str, data: str, said: Mapping[str, str]) -> SimulatedTemplate:
    if table == "BIODATA":
        valid = 3 if said.get("duress") == "1" else int(said.get("valid", "1"))
        version = f"{int(said['majorver']) if 'majorver' in said else 0}.{int(said.get('minorver') or 0)}"
        kind, number = int(said.get("type") or 0), int(said.get("no") or 0)
        return SimulatedTemplate(
            pin, kind, number, int(said.get("index") or 0), version, data, valid, int(said.get("format") or 0)
        )
    number = int(said.get("fid") or said.get("fingerid") or 0)
    valid = int(said.get("valid") or 1)
    if table == "FACE":
        return SimulatedTemplate(pin, INFRARED_FACE, 0, number, f"{profile.face or '7'}.0", data, valid)
    # FINGERTMP does not say which algorithm it is of; the first bytes of version 10 do.
    head = base64.b64decode(data)[2:6]
    version = "10.0" if head == b"SS21" else "9.0"
    return SimulatedTemplate(pin, FINGER, number, 0, version, data, valid)


def _refusal(profile: PushProfile, table: str, template: SimulatedTemplate) -> int:
    major = int(template.version.split(".")[0])
    if table == "FACE":
        return OK if profile.face and int(profile.face.split(".")[0]) < 30 else NOT_SUPPORTED
    if table in ("FINGERTMP", "TEMPLATEV10"):
        return OK if major == profile.finger_major else BAD_FORMAT
    if not profile.takes(template.kind):
        return NOT_SUPPORTED
    if template.kind == FINGER and major != profile.finger_major:
        return BAD_FORMAT
    return OK
