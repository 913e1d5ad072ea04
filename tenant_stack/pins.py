"""The normal form of a PIN, the number by which a device knows a person: devices drop or keep leading zeros.

ADMS sends PINs as text and the 4370 protocol as a number, so ``00042`` and ``42`` are one person (the public iclock
and standalone-SDK protocol descriptions agree that PINs are numeric with an alphanumeric option).
"""

from __future__ import annotations

# The same rule in SQL, for the generated columns of `staff`.
NORMAL_PIN_SQL = (
    "CASE WHEN {column} ~ '^[0-9]+$' THEN coalesce(nullif(ltrim({column}, '0'), ''), '0') ELSE {column} END"
)


def normal_pin(raw: str) -> str:
    """The PIN without surrounding blanks and, if it is all ASCII digits, without leading zeros."""
    text = raw.strip().replace("\x00", "")
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    return text
