"""Signatures of deliveries. Pure.

``Punctual-Signature: t=<seconds since 1970>,v1=<hex>[,v1=<hex>]`` where each ``v1`` is HMAC-SHA256, under one of the
secrets valid now, of ``<t>.<event id>.<body>``. A receiver takes a delivery when any ``v1`` fits and ``t`` is no more
than five minutes away, and remembers event ids, because a delivery may come twice.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def new_secret() -> str:
    """256 random bits, recognisable."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(keys: Sequence[str], timestamp: int, event_id: str, body: bytes) -> str:
    """The header's value, one ``v1`` for each secret, the newest first."""
    message = f"{timestamp}.{event_id}.".encode() + body
    marks = [hmac.new(key.encode(), message, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={timestamp}", *(f"v1={mark}" for mark in marks)])


def verify(header: str, key: str, event_id: str, body: bytes, now: int) -> bool:
    """What a receiver does: is this ours, and fresh?"""
    parts = [each.partition("=")[::2] for each in header.split(",")]
    stamp = next((value for name, value in parts if name == "t"), "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(key.encode(), f"{stamp}.{event_id}.".encode() + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)
