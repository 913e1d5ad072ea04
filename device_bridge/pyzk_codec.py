"""What the bridge takes from pyzk: its pure functions and records.

pyzk blocks, opens sockets, and pings through a shell: no other part of it is used, and `ZK` is never constructed, which
would open a socket and set one text encoding for the whole process. What pyzk gets wrong is corrected here or done by
our own code; ``docs/protocols.md`` lists each deviation with its test.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime

from pyzk2.base import ZK, make_commkey

from device_bridge.records import LOCAL_TIME_FORMAT

_ZK = ZK.__new__(ZK)
LAST_YEAR = 2099
TICKS = 50


def pack_packet(command: int, session: int, reply: int, data: bytes) -> bytes:
    """One packet; ``reply`` is 0 to 65534. Takes time in the square of its length: for the few bytes that we send."""
    # pyzk adds one to the reply id, modulo 65535, after it has summed; its checksum counts on that.
    packet: bytes = _ZK._ZK__create_header(command, data, session, (reply - 1) % 65535)
    return packet


def communication_key(key: int, session: int, ticks: int = TICKS) -> bytes:
    """The four bytes that command 1102 carries after "unauthorised". ``key`` is 0 (none) to 999999.

    A scramble, no encryption: one captured packet gives the key away.
    """
    try:
        scrambled: bytes = make_commkey(key, session, ticks)
    except struct.error:
        # The vendor's sum of key and session wraps at 32 bits; pyzk's does not.
        scrambled = make_commkey(key, session - 2**32, ticks)
    return scrambled


def encode_time(local_text: str) -> int:
    """The 32-bit value of ``YYYY-MM-DD HH:MM:SS``. Raises `ValueError` when the text is no real date.

    It is naive local time in which every month has 31 days, so differences of two values mean nothing.
    """
    value: int = _ZK._ZK__encode_time(datetime.strptime(local_text, LOCAL_TIME_FORMAT))  # noqa: DTZ007
    return value


def decode_time(value: int) -> str | None:
    """The local time as text, `None` when the value is no real date (31 February, a year past `LAST_YEAR`)."""
    return _text(_ZK._ZK__decode_time, struct.pack("<I", value)) if value <= 0xFFFFFFFF else None


def decode_six_bytes(six: bytes) -> str | None:
    """The time of a live event: one byte each of year-2000, month, day, hour, minute, second."""
    return _text(_ZK._ZK__decode_timehex, six)


def _text(decode: Callable[[bytes], datetime], encoded: bytes) -> str | None:
    try:
        moment = decode(encoded)
    except ValueError:
        return None
    return str(moment) if moment.year <= LAST_YEAR else None
