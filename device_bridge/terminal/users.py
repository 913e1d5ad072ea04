"""User records of 72 and 28 bytes. Pure.

Layouts (little-endian), from fananimi/pyzk and adrobinoga/zk-protocol:

=====  =================================================================================================
72     u16 uid, u8 privilege, 8s password, 24s name, u32 card, 9 bytes of group and time zones, 24s PIN
28     u16 uid, u8 privilege, 5s password, 8s name, u32 card, pad, u8 group, u16 time zone, u32 PIN
=====  =================================================================================================

``uid`` is the clock's slot for the person, 1 to 65534; it is not the person's number.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from device_bridge.records import BadLine, ClockUser

WIDE = struct.Struct("<HB8s24sI9s24s")
NARROW = struct.Struct("<HB5s8sI4sI")
LEVEL_BITS = 0x0E


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user in a slot. ``flags``, ``password`` and ``access`` are kept as found, so an update changes none of them."""

    uid: int
    user: ClockUser
    flags: int = 0
    password: bytes = b""
    access: bytes = b""


@dataclass(frozen=True, slots=True)
class UserTable:
    """All users of a clock, by PIN. ``record_size`` is what this clock uses; ``rejected`` are unreadable records."""

    record_size: int
    users: dict[str, StoredUser]
    rejected: tuple[BadLine, ...] = ()

    def pins_by_uid(self) -> dict[int, str]:
        """The PIN behind each slot: the oldest log form names only the slot."""
        return {stored.uid: pin for pin, stored in self.users.items()}


def cut(text: str, encoding: str, longest: int) -> bytes:
    """Encode and shorten without splitting a character; what the encoding lacks becomes a question mark."""
    encoded = text.encode(encoding, errors="replace")
    while len(encoded) > longest:
        text = text[:-1]
        encoded = text.encode(encoding, errors="replace")
    return encoded


def kept_name(name: str, encoding: str, record_size: int) -> str:
    """The part of a name that such a clock keeps: 23 bytes, or 8 in the short form."""
    longest = 8 if record_size == NARROW.size else 23
    return cut(name, encoding, longest).decode(encoding, errors="replace")


def _text(field: bytes, encoding: str) -> str:
    return field.split(b"\0", 1)[0].decode(encoding, errors="replace").strip()


def user_record_size(total: int, count: int | None) -> int:
    """72 or 28, from the size of the list and the number of people on the clock, when it told us."""
    for size in (WIDE.size, NARROW.size):
        if count and total == size * count:
            return size
    # The number changed between the two questions, or is not known: both sizes fit only every 504 bytes.
    return NARROW.size if total % NARROW.size == 0 and total % WIDE.size else WIDE.size


def decode_users(blob: bytes, count: int | None, encoding: str) -> UserTable:
    """Read a user list (32-bit size, then records). ``encoding`` is the clock's, for names."""
    body = _body(blob)
    size = user_record_size(len(body), count)
    users: dict[str, StoredUser] = {}
    rejected: list[BadLine] = []
    for start in range(0, len(body) - size + 1, size):
        record = body[start : start + size]
        if size == WIDE.size:
            uid, flags, password, name, card, access, pin_field = WIDE.unpack(record)
            pin = _text(pin_field, "utf-8")
        else:
            uid, flags, password, name, card, access, number = NARROW.unpack(record)
            pin = str(number)
        if not pin or not pin.isprintable():
            rejected.append(BadLine(f"user in slot {uid}", "the PIN of this user could not be read"))
            continue
        user = ClockUser(pin, _text(name, encoding), card, flags & LEVEL_BITS)
        users[pin] = StoredUser(uid, user, flags, password, access)
    if rest := len(body) % size:
        rejected.append(BadLine(f"{rest} bytes", "the user list ended in the middle of a record"))
    return UserTable(size, users, tuple(rejected))


def encode_user(stored: StoredUser, record_size: int, encoding: str) -> bytes:
    """One record for command 8. Raises `ValueError` when this clock cannot hold such a PIN."""
    user = stored.user
    flags = (stored.flags & ~LEVEL_BITS & 0xFF) | (user.privilege & LEVEL_BITS)
    if record_size == NARROW.size:
        if not (user.pin.isascii() and user.pin.isdigit() and int(user.pin) <= 0xFFFFFFFF):
            raise ValueError(f"this clock takes only numbers as PIN, not {user.pin!r}")
        name = cut(user.name, encoding, 8)
        access = stored.access or b"\0\1\0\0"
        return NARROW.pack(stored.uid, flags, stored.password, name, user.card, access, int(user.pin))
    pin = user.pin.encode("utf-8")
    if len(pin) > 24:
        raise ValueError(f"the PIN {user.pin!r} is longer than 24 bytes")
    name = cut(user.name, encoding, 23)
    # Group 1, no time zones of their own: with group 0 some doors answer "invalid time period".
    access = stored.access or b"\1" + bytes(8)
    return WIDE.pack(stored.uid, flags, stored.password, name, user.card, access, pin)


def free_uid(taken: set[int]) -> int:
    """The lowest free slot above the highest taken one, else the lowest gap. Raises `ValueError` when full."""
    highest = max(taken, default=0)
    if highest < 65534:
        return highest + 1
    for uid in range(1, 65535):
        if uid not in taken:
            return uid
    raise ValueError("every user slot of this clock is taken")


def _body(blob: bytes) -> bytes:
    if len(blob) < 4:
        return b""
    (total,) = struct.unpack_from("<I", blob)
    return blob[4 : 4 + total] if total else blob[4:4]
