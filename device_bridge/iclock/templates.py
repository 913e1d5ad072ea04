"""Reading biometric templates that push clocks send, in all their dialects. Pure, and it never raises.

A template line that cannot be read becomes a `BadLine` of which nothing biometric is left: only the fields in `NAMED`
are quoted. Sources: the vendor's *Attendance PUSH Communication Protocol* 2.4.2 (FP, FACE, BIODATA) and *Security PUSH
Communication Protocol* 3.1.2 (``templatev10``, ``biodata``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Literal

from device_bridge.iclock.parser import LONGEST_PIN, key_values
from device_bridge.records import BadLine
from foundation.contracts.bridge import Template, TemplateType

NAMED = ("pin", "fid", "fingerid", "no", "index", "size", "valid", "duress", "type", "majorver", "minorver", "format")
LARGEST_TEMPLATE = 200_000
FINGERS, NUMBERS, PARTS = 10, 10, 32
DEFAULT_FINGER, DEFAULT_FACE = "10", "7"
"""The algorithms of clocks that do not say theirs: ZKFinger 10, near-infrared face 7."""

BIO_TYPES: Mapping[int, TemplateType] = {
    1: TemplateType.FINGERPRINT,
    2: TemplateType.FACE,
    8: TemplateType.PALM,
    9: TemplateType.FACE,
}
"""``Type`` of BIODATA that is kept."""

EXEMPT_TYPES: Mapping[int, str] = {
    0: "general", 3: "voice", 4: "iris", 5: "retina", 6: "palm print", 7: "finger vein", 10: "visible-light palm",
}  # fmt: skip
"""``Type`` of BIODATA that is acknowledged and not kept: fingerprint, face and palm vein are all that is managed."""

ENCODINGS = {0: "zk", 1: "iso", 2: "ansi"}
_VALID: tuple[Literal[0, 1, 3], ...] = (0, 1, 3)
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)
_VERSION = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?", re.ASCII)
_MARK = b"SS21"
"""What a ZKFinger 10 template has after its first two bytes."""


class _Unreadable(Exception):
    """Why a line is no template, in words that hold nothing of it."""


def withheld(line: str, kind: str = "") -> str:
    """A template line as it may be kept: its kind and the fields in `NAMED`, never the template."""
    said = [f"{name}={value}" for name, value in key_values(line).items() if name in NAMED and _harmless(value)]
    return " ".join([kind, *said, f"[{len(line)} characters, template withheld]"]).strip()


def parse_finger(line: str, algorithm: str = "") -> Template | BadLine:
    """``FP PIN= FID= Size= Valid= TMP=``, or a row of ``templatev10``; ``algorithm`` is the unit's own."""

    def read(said: Mapping[str, str]) -> Template:
        data = _data(said)
        return Template(
            pin=_pin(said),
            template_type=TemplateType.FINGERPRINT,
            template_index=_number(said, ("fid", "fingerid"), FINGERS, "finger"),
            template_format=f"zk/{_version(algorithm) or _version_of(data) or _version(DEFAULT_FINGER)}",
            valid=_valid(said),
            template_data=data,
        )

    return _read("FP", line, read)


def parse_face(line: str, algorithm: str = "") -> Template | BadLine:
    """``FACE PIN= FID= Size= Valid= TMP=``: one of the 12 to 18 parts of a near-infrared face."""

    def read(said: Mapping[str, str]) -> Template:
        return Template(
            pin=_pin(said),
            template_type=TemplateType.FACE,
            template_index=0,
            part=_number(said, ("fid",), PARTS, "part"),
            template_format=f"zk/{_version(algorithm) or _version(DEFAULT_FACE)}",
            valid=_valid(said),
            template_data=_data(said),
        )

    return _read("FACE", line, read)


def parse_biodata(line: str) -> Template | BadLine:
    """A row of BIODATA of either family: it names its own type, version and encoding."""

    def read(said: Mapping[str, str]) -> Template:
        kind = _number(said, ("type",), 100, "type")
        if kind not in BIO_TYPES:
            raise _Unreadable(f"{EXEMPT_TYPES.get(kind, 'an unknown kind')} (type {kind}) is not kept")
        encoding = ENCODINGS.get(_number(said, ("format",), 100, "format", missing=0))
        if encoding is None:
            raise _Unreadable("the encoding is none of ZK, ISO and ANSI")
        major = _number(said, ("majorver", "major_ver"), 1000, "version")
        minor = _number(said, ("minorver", "minor_ver"), 1000, "version", missing=0)
        duress = _number(said, ("duress",), 2, "duress flag", missing=0)
        valid = _valid(said)
        return Template(
            pin=_pin(said),
            template_type=BIO_TYPES[kind],
            template_index=_number(said, ("no",), NUMBERS, "number", missing=0),
            part=_number(said, ("index",), PARTS, "part", missing=0),
            template_format=f"{encoding}/{major}.{minor}",
            valid=3 if duress and valid else valid,
            template_data=_data(said),
        )

    return _read("BIODATA", line, read)


def _read(kind: str, line: str, read: Callable[[Mapping[str, str]], Template]) -> Template | BadLine:
    try:
        return read(key_values(line))
    except _Unreadable as error:
        return BadLine(withheld(line, kind), str(error))


def _pin(said: Mapping[str, str]) -> str:
    pin = said.get("pin", "")
    if not pin or len(pin) > LONGEST_PIN or not pin.isprintable():
        raise _Unreadable(f"the PIN is not 1 to {LONGEST_PIN} printable characters")
    return pin


def _number(said: Mapping[str, str], names: tuple[str, ...], below: int, what: str, missing: int | None = None) -> int:
    text = next((said[name] for name in names if name in said), "")
    if not text and missing is not None:
        return missing
    if not _NUMBER.fullmatch(text) or int(text) >= below:
        raise _Unreadable(f"the {what} is no number below {below}")
    return int(text)


def _valid(said: Mapping[str, str]) -> Literal[0, 1, 3]:
    """1, 3 for a finger that means duress, 0 for one that the clock itself holds to be useless."""
    number = _number(said, ("valid",), 4, "valid flag", missing=1)
    for known in _VALID:
        if number == known:
            return known
    raise _Unreadable("the valid flag is none of 0, 1 and 3")


def _data(said: Mapping[str, str]) -> str:
    """The Base64 text, whole. ``Size`` counts its characters; some firmware counts the bytes instead."""
    text = said.get("tmp") or said.get("template") or ""
    if not 4 <= len(text) <= LARGEST_TEMPLATE:
        raise _Unreadable(f"a template of {len(text)} characters: 4 to {LARGEST_TEMPLATE} are possible")
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Unreadable("the template is not whole: it is no Base64") from error
    if said.get("size", "") != "" and _number(said, ("size",), 10_000_000, "size") not in (len(text), len(decoded)):
        raise _Unreadable(f"the template has {len(text)} characters, which is not the size that the line states")
    return text


def _version(text: str) -> str:
    """``10``, ``10.0`` or ``7.0`` as major and minor; empty when it is no version."""
    found = _VERSION.fullmatch(text.strip())
    return f"{int(found[1])}.{int(found[2] or 0)}" if found and int(found[1]) else ""


def _version_of(text: str) -> str:
    head = base64.b64decode(text[:8] if len(text) >= 8 else text + "====")
    return "10.0" if head[2:6] == _MARK else ""


def _harmless(value: str) -> bool:
    return len(value) <= LONGEST_PIN and value.isprintable()
