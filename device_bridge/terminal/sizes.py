"""The answer to "free sizes" (command 50). Pure; where its numbers stand is in `device_bridge.quirks`."""

from __future__ import annotations

import struct

from device_bridge.quirks import SIZES
from device_bridge.records import Counts


def decode_counts(data: bytes) -> Counts:
    """How full the clock is. A short answer means *unknown*, never *empty*."""
    details = {
        name: struct.unpack_from("<i", data, offset)[0]
        for sizes in SIZES
        if len(data) >= sizes.length
        for name, offset in sizes.offsets.items()
    }
    # A negative number is memory read from the wrong place: it says as little as no answer.
    details = {name: value for name, value in details.items() if value >= 0}
    return Counts(users=details.get("users"), punches=details.get("punches"), details=details)
