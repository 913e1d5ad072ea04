"""People on a pull clock. Pure; the layouts of their records are in `device_bridge.quirks`.

``uid`` is the clock's slot for the person, 1 to 65534; it is not the person's number.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from device_bridge.quirks import NARROW_USER, USER_RECORDS, WIDE_USER, UserRecord
from device_bridge.records import BadLine, ClockUser

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
    """All users of a clock, by PIN. ``form`` is what this clock uses; ``rejected`` are unreadable records."""

    form: UserRecord
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


def kept_name(name: str, encoding: str, form: UserRecord) -> str:
    """The part of a name that such a clock keeps."""
    return cut(name, encoding, form.name_bytes).decode(encoding, errors="replace")


def _text(field: bytes, encoding: str) -> str:
    return field.split(b"\0", 1)[0].decode(encoding, errors="replace").strip()


def user_record(total: int, count: int | None) -> UserRecord:
    """The form of the records, from the size of the list and the number of people, when the clock told us."""
    for form in USER_RECORDS:
        if count and total == form.layout.size * count:
            return form
    # The number changed between the two questions, or is not known: both sizes fit only every 504 bytes.
    fits_narrow_only = total % NARROW_USER.layout.size == 0 and total % WIDE_USER.layout.size
    return NARROW_USER if fits_narrow_only else WIDE_USER


def decode_users(blob: bytes, count: int | None, encoding: str) -> UserTable:
    """Read a user list (32-bit size, then records). ``encoding`` is the clock's, for names."""
    body = _body(blob)
    form = user_record(len(body), count)
    size = form.layout.size
    users: dict[str, StoredUser] = {}
    rejected: list[BadLine] = []
    for start in range(0, len(body) - size + 1, size):
        uid, flags, password, name, card, access, number = form.layout.unpack_from(body, start)
        pin = str(number) if form.numeric_pin else _text(number, "utf-8")
        if not pin or not pin.isprintable():
            rejected.append(BadLine(f"user in slot {uid}", "the PIN of this user could not be read"))
            continue
        user = ClockUser(pin, _text(name, encoding), card, flags & LEVEL_BITS)
        users[pin] = StoredUser(uid, user, flags, password, access)
    if rest := len(body) % size:
        rejected.append(BadLine(f"{rest} bytes", "the user list ended in the middle of a record"))
    return UserTable(form, users, tuple(rejected))


def encode_user(stored: StoredUser, form: UserRecord, encoding: str) -> bytes:
    """One record for command 8. Raises `ValueError` when this clock cannot hold such a PIN."""
    user = stored.user
    flags = (stored.flags & ~LEVEL_BITS & 0xFF) | (user.privilege & LEVEL_BITS)
    pin = numeric_pin(user.pin) if form.numeric_pin else user.pin.encode("utf-8")
    if isinstance(pin, bytes) and len(pin) > 24:
        raise ValueError(f"the PIN {user.pin!r} is longer than 24 bytes")
    name, access = cut(user.name, encoding, form.name_bytes), stored.access or form.access
    return form.layout.pack(stored.uid, flags, stored.password, name, user.card, access, pin)


def numeric_pin(pin: str) -> int:
    """A PIN as a 32-bit number. Raises `ValueError` when it is none."""
    if not (pin.isascii() and pin.isdigit() and int(pin) <= 0xFFFFFFFF):
        raise ValueError(f"this clock takes only numbers as PIN, not {pin!r}")
    return int(pin)


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
