"""The answer to "free sizes" (command 50): 80 or 92 bytes of 32-bit integers, or next to nothing. Pure.

Source: fananimi/pyzk and its issues 76 and 215 (a clock that answers four zero bytes).
"""

from __future__ import annotations

import struct

from device_bridge.records import Counts

OFFSETS = {
    "users": 16,
    "fingers": 24,
    "punches": 32,
    "operations": 40,
    "administrators": 48,
    "passwords": 52,
    "finger_capacity": 56,
    "user_capacity": 60,
    "punch_capacity": 64,
    "fingers_free": 68,
    "users_free": 72,
    "punches_free": 76,
    "faces": 80,
    "face_capacity": 88,
}
SHORTEST = 80


def decode_counts(data: bytes) -> Counts:
    """How full the clock is. A short answer means *unknown*, never *empty*."""
    if len(data) < SHORTEST:
        return Counts()
    details = {
        name: struct.unpack_from("<i", data, offset)[0] for name, offset in OFFSETS.items() if offset + 4 <= len(data)
    }
    # A negative number is memory read from the wrong place: it says as little as no answer.
    details = {name: value for name, value in details.items() if value >= 0}
    return Counts(users=details.get("users"), punches=details.get("punches"), details=details)
