"""Adding a person to an access unit takes two commands: the person, then the right to pass.

The organisation queues one. The second is said once the unit has done the first, because it refuses a right for nobody
and some firmware reads only the first command of an answer; the organisation hears one result, of the whole. When this
memory is lost half-way, the organisation's lease of the command runs out and both are said again, which adds nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from device_bridge.iclock.parser import Outcome

SUFFIX = "G"
LONGEST_ID = 15
SAID_AGAIN_AFTER = 60.0
FORGOTTEN_AFTER = 3600.0


@dataclass(slots=True)
class _Step:
    pin: str
    since: float
    added: bool = False
    said: float | None = None


class Grants:
    """Of all access units, by serial and command id. ``now`` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._steps: dict[str, dict[str, _Step]] = defaultdict(dict)

    def begin(self, serial: str, identifier: str, pin: str) -> None:
        """The person is being sent. Raises `ValueError` for an id that leaves no room for a second one."""
        if len(identifier) > LONGEST_ID:
            raise ValueError("The command's id is too long for an access unit")
        now = self._now()
        steps = self._steps[serial]
        for old in [old for old, step in steps.items() if now - step.since > FORGOTTEN_AFTER]:
            del steps[old]
        steps[identifier] = _Step(pin, now)

    def due(self, serial: str) -> list[tuple[str, str]]:
        """The ids and PINs of rights to give now: the person is there, and the unit has not answered of late."""
        now = self._now()
        found: list[tuple[str, str]] = []
        for identifier, step in self._steps.get(serial, {}).items():
            if step.added and (step.said is None or now - step.said >= SAID_AGAIN_AFTER):
                step.said = now
                found.append((identifier + SUFFIX, step.pin))
        return found

    def settle(self, serial: str, outcomes: list[Outcome]) -> list[Outcome]:
        """Take a unit's answers; what is left is for the organisation, under the ids that it gave."""
        steps = self._steps.get(serial, {})
        told: list[Outcome] = []
        for outcome in outcomes:
            step = steps.get(outcome.id)
            if step is not None and outcome.code == 0:
                step.added = True
                continue
            whole = outcome.id.removesuffix(SUFFIX)
            if whole in steps or (whole != outcome.id and whole.isdigit()):
                steps.pop(whole, None)
                outcome = Outcome(whole, outcome.code, outcome.text)
            told.append(outcome)
        return told
