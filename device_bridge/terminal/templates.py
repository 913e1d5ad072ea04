"""Fingerprint templates as pull clocks carry them. Pure.

In bulk: u16 size (of the template and these six bytes), u16 uid, u8 finger 0-9, u8 flag (0 useless, 1 good, 3 duress),
then the template. One upload for command 110 holds user records, a table of fingers and the templates. Sources:
fananimi/pyzk (``get_templates``, ``HR_save_usertemplates``) and adrobinoga/zk-protocol.

A template is a secret: it is kept out of every representation, rejected line and error.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyzk2.finger import Finger

from device_bridge.records import BadLine

HEAD = struct.Struct("<HHBB")
TABLE_ROW = struct.Struct("<BHBI")
GOOD = 1
FLAGS = (0, 1, 3)
LAST_FINGER = 9
RECORD_MARK = b"\x02"
FINGER_MARK = 0x10
TRAILING = 7
"""A template read singly is followed by one byte more, and by some firmware by six zeros before it."""


@dataclass(frozen=True, slots=True)
class ClockTemplate:
    """One finger of the person in slot ``uid``. ``flag`` is 1, or 3 for a finger that means duress."""

    uid: int
    finger: int
    flag: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DecodedTemplates:
    """All templates of a clock; ``rejected`` are those that could not be read, without their bytes."""

    templates: tuple[ClockTemplate, ...]
    rejected: tuple[BadLine, ...] = ()


def template_format(version: str) -> str:
    """The contract's name of an algorithm version: ``zk/10.0`` for 10. Empty when the clock does not say."""
    found = re.match(r"\s*(\d{1,3})(?:\.(\d{1,3}))?", version)
    return f"zk/{int(found[1])}.{int(found[2] or 0)}" if found else ""


def same_format(one: str, other: str) -> bool:
    """Whether two names mean one format; ``zk/10`` and ``zk/10.0`` do."""
    return bool(one) and _whole(one) == _whole(other)


def _whole(name: str) -> str:
    return name if "." in name else f"{name}.0"


def decode_templates(blob: bytes) -> DecodedTemplates:
    """Read a bulk answer to command 7 (32-bit size, then templates)."""
    if len(blob) < 4:
        return DecodedTemplates(())
    body = blob[4 : 4 + struct.unpack_from("<I", blob)[0]]
    templates: list[ClockTemplate] = []
    rejected: list[BadLine] = []
    start = 0
    while start + HEAD.size <= len(body):
        size, uid, finger, flag = HEAD.unpack_from(body, start)
        name = f"template of slot {uid}, finger {finger}"
        if size <= HEAD.size or start + size > len(body):
            rejected.append(BadLine(name, "the list of templates does not hold together from here on"))
            return DecodedTemplates(tuple(templates), tuple(rejected))
        if finger > LAST_FINGER or flag not in FLAGS:
            rejected.append(BadLine(name, f"no such finger, or its mark {flag} is none of 0, 1 and 3"))
        else:
            templates.append(ClockTemplate(uid, finger, flag, body[start + HEAD.size : start + size]))
        start += size
    if start < len(body):
        rejected.append(BadLine(f"{len(body) - start} bytes", "the list of templates ended in the middle of one"))
    return DecodedTemplates(tuple(templates), tuple(rejected))


def encode_bulk(user_records: Iterable[bytes], templates: Sequence[ClockTemplate]) -> bytes:
    """The upload for command 110: the people the fingers belong to, and the fingers."""
    users = b"".join(RECORD_MARK + record for record in user_records)
    table, fingers = bytearray(), bytearray()
    for template in templates:
        table += TABLE_ROW.pack(RECORD_MARK[0], template.uid, FINGER_MARK + template.finger, len(fingers))
        fingers += Finger(template.uid, template.finger, template.flag, template.data).repack_only()
    return struct.pack("<III", len(users), len(table), len(fingers)) + users + bytes(table) + bytes(fingers)


def shows(read: bytes | None, wanted: bytes) -> bool:
    """Whether a template read singly is the wanted one, byte for byte, before what clocks put behind it."""
    return read is not None and read.startswith(wanted) and len(read) - len(wanted) <= TRAILING


def without_trailing(read: bytes, extra: int) -> bytes:
    """A template read singly, without the ``extra`` bytes and the six zeros that some firmware adds."""
    kept = read[: len(read) - extra] if extra else read
    return kept[:-6] if kept.endswith(bytes(6)) else kept
