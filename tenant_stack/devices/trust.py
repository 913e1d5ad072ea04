"""What a clock may be sent. A push clock is known by its serial alone, which anybody can put into a request.

So a clock that calls us is only believed about punches (``punches``) until an administrator raises it to ``full``; a
clock that we call at an address we were told is ``full`` from the start. While a clock calls from an address that
nobody has confirmed, nothing secret goes to it either. What is held back stays queued, and says why.
"""

from __future__ import annotations

from typing import Literal

from tenant_stack.tables.devices import Device

What = Literal["user", "template", "password", "privilege"]
SECRETS = frozenset({"template", "password", "privilege"})
NAMES = {
    "template": "biometric templates",
    "password": "passwords",
    "privilege": "administrator rights",
    "user": "people",
}


def may_receive(device: Device, what: What) -> bool:
    """Whether this may be sent to the clock now."""
    return why_not(device, what) is None


def why_not(device: Device, what: What) -> str | None:
    """Why this may not be sent to the clock now, as a sentence; None when it may."""
    if what not in SECRETS:
        return None
    if device.trust != "full":
        return f"This clock is trusted with punches only: no {NAMES[what]} are sent to it until its trust is raised"
    if device.new_address is not None:
        return (
            f"This clock calls from a new address ({device.new_address}): no {NAMES[what]} are sent to it "
            "until somebody confirms the address"
        )
    return None
