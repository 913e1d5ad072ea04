"""Names of the devices' status and verify codes (public Attendance PUSH protocol description, code tables)."""

from __future__ import annotations

STATUS_NAMES = {
    0: "in",
    1: "out",
    2: "break out",
    3: "break in",
    4: "overtime in",
    5: "overtime out",
    255: "none",
}
VERIFY_NAMES = {
    0: "any",
    1: "fingerprint",
    2: "PIN",
    3: "password",
    4: "card",
    15: "face",
    25: "palm",
    200: "other",
}


def status_name(code: int) -> str:
    return STATUS_NAMES.get(code, f"status {code}")


def verify_name(code: int) -> str:
    if 5 <= code <= 14 or 16 <= code <= 20 or 26 <= code <= 29:
        return "combination"
    if 21 <= code <= 24:
        return "vein"
    return VERIFY_NAMES.get(code, f"method {code}")
