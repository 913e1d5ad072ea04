"""A capture at a simulated push clock: three touches of a finger or looks at a face, and a template."""

from __future__ import annotations

import asyncio

from device_bridge.simulator.push_templates import (
    FINGER,
    INFRARED_FACE,
    NO_SUCH_PIN,
    NOT_SUPPORTED,
    OK,
    VISIBLE_FACE,
    captured,
)
from device_bridge.simulator.push_unit import PushUnit

EXISTS, CANCELLED = 2, 6
TOUCHES = 3


async def capture(clock: PushUnit, pin: str, kind: int, number: int, *, overwrite: bool) -> int:
    """Take a template and report it. The return code: 0, 2 it exists, 6 cancelled, -10 unknown PIN, -1002 no reader."""
    if pin not in clock.users:
        return NO_SUCH_PIN
    if not able(clock, kind):
        return NOT_SUPPORTED
    if clock.templates.of(pin, kind, number) and not overwrite:
        return EXISTS
    clock.cancelled = False
    for touch in range(1, TOUCHES + 1):
        await asyncio.sleep(clock.touch_seconds)
        if clock.cancelled:
            return CANCELLED
        clock.touches += 1
        clock.announce(f"{clock.serial}: touch {touch} of {TOUCHES} for PIN {pin}")
    made = captured(clock.profile, clock.serial, pin, kind, number)
    for template in made:
        clock.templates.put(template)
    clock.report_templates(made)
    return OK


def able(clock: PushUnit, kind: int) -> bool:
    """Whether it has a reader for this kind."""
    face = int(clock.profile.face.split(".")[0]) if clock.profile.face else 0
    if kind == FINGER:
        return bool(clock.profile.finger)
    if kind in (INFRARED_FACE, VISIBLE_FACE):
        return bool(face) and (face >= 30) == (kind == VISIBLE_FACE)
    return clock.profile.takes(kind)
