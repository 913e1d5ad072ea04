"""The answer to "unauthorised": a scramble of the communication key and the session id. Pure.

It is no encryption: one captured packet gives the key away. Source: fananimi/pyzk, after the vendor's ``MakeKey``.
"""

from __future__ import annotations

TICKS = 0x32


def scramble(key: int, session: int, ticks: int = TICKS) -> bytes:
    """The four bytes that command 1102 carries. ``key`` is 0 (none) to 999999; ``ticks`` is any byte."""
    reversed_bits = int(f"{key & 0xFFFFFFFF:032b}"[::-1], 2)
    mixed = ((reversed_bits + session) & 0xFFFFFFFF).to_bytes(4, "little")
    _, k, s, o = (byte ^ letter for byte, letter in zip(mixed, b"ZKSO", strict=True))
    # The halves are swapped, and the ticks byte overwrites the first byte, which is therefore never sent.
    return bytes((s ^ ticks, o ^ ticks, ticks, k ^ ticks))


def matches(answer: bytes, key: int, session: int) -> bool:
    """Whether an answer proves the key; clients choose the ticks byte, so it is taken from the answer."""
    return len(answer) >= 4 and answer[:4] == scramble(key, session, answer[2])
