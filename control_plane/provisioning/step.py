"""What a step is, and the ways in which it can fall short.

A step never remembers that it is "done": it looks at what is there, and brings it to what is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from control_plane.provisioning.context import StepContext


class Finding(StrEnum):
    """What a check saw. ``missing``: to be applied, or applied and not there yet. ``broken``: tried and failed, so
    waiting longer helps nothing. ``unknown``: could not be seen; nothing is made and nothing is removed."""

    SATISFIED = "satisfied"
    MISSING = "missing"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class StepObservation:
    """A finding with a sentence for people. ``wanted`` is the fingerprint of the inputs, for a step whose effect can't
    be read back: it is stored when the step is satisfied and handed to the next check."""

    finding: Finding
    message: str = ""
    wanted: str = ""


def satisfied(message: str = "", *, wanted: str = "") -> StepObservation:
    return StepObservation(Finding.SATISFIED, message, wanted)


def missing(message: str, *, wanted: str = "") -> StepObservation:
    return StepObservation(Finding.MISSING, message, wanted)


def broken(message: str, *, wanted: str = "") -> StepObservation:
    return StepObservation(Finding.BROKEN, message, wanted)


def unknown(message: str) -> StepObservation:
    return StepObservation(Finding.UNKNOWN, message)


class StepRetry(Exception):
    """Not yet, and nothing is wrong: look again after ``delay`` seconds."""

    def __init__(self, delay: float, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay
        self.reason = reason


class StepBlocked(Exception):
    """A person must act first; ``advice`` says what to do. Looked at again every half hour."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


class Step(Protocol):
    """One part of a stack. All three calls may be interrupted anywhere and done again.

    ``timeout``: seconds that one call may take; below the lease's length, since the lease is renewed between calls.
    ``settle``: seconds that what was applied may take to be seen.
    """

    @property
    def name(self) -> str: ...
    @property
    def timeout(self) -> float: ...
    @property
    def settle(self) -> float: ...

    async def check(self, context: StepContext) -> StepObservation:
        """Read what is there; change nothing. Raises when the place does not answer (that is unknown, not gone)."""

    async def apply(self, context: StepContext) -> None:
        """Make it so, beginning from what is there: create if missing, set if different. Need not wait for effect."""

    async def remove(self, context: StepContext) -> None:
        """Take it away; fine when nothing is there."""
