"""The phase of an organisation: a pure function of what was asked and what was seen. Standard library only.

There is no terminal failure: a step that fails keeps being tried, slowly, and says why. *Unknown* is neither down nor
gone, so a single round of it changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Desired(StrEnum):
    """What the operator asked for."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    ERASED = "erased"


class StepState(StrEnum):
    """What was last seen of a step. ``pending``: not yet, and nothing is known to be wrong."""

    PENDING = "pending"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """What people see."""

    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    UPGRADING = "upgrading"
    DEGRADED = "degraded"
    SUSPENDED = "suspended"
    OFFBOARDING = "offboarding"
    ERASING = "erasing"
    ERASED = "erased"


MISSES_TOLERATED = 1


@dataclass(frozen=True)
class StepFact:
    """One step: its state, the generation it was last satisfied at (0 = never), and for how many rounds in a row it
    was seen not satisfied."""

    state: StepState
    applied_generation: int = 0
    misses: int = 0


@dataclass(frozen=True)
class Facts:
    """All that the phase depends on. ``steps`` holds every step, also those never tried. ``started``: a worker has
    taken it up at least once. ``release_changed``: the release asked for is not the one that last ran. ``removed``:
    nothing but the tombstone is left."""

    desired: Desired
    generation: int
    observed_generation: int
    started: bool
    was_active: bool
    steps: Sequence[StepFact]
    release_changed: bool = False
    legal_hold: bool = False
    removed: bool = False
    erase_after: datetime | None = None


def phase_of(facts: Facts, now: datetime) -> Phase:
    """The phase at an instant (only ``erase_after`` is compared with it)."""
    if facts.desired is Desired.ERASED:
        if facts.removed:
            return Phase.ERASED
        waiting = facts.erase_after is not None and facts.erase_after > now
        return Phase.OFFBOARDING if waiting or facts.legal_hold else Phase.ERASING
    if facts.desired is Desired.SUSPENDED and facts.observed_generation >= facts.generation:
        return Phase.SUSPENDED
    return _running(facts)


def _running(facts: Facts) -> Phase:
    if not facts.was_active:
        return Phase.PROVISIONING if facts.started else Phase.REQUESTED
    if any(step.state is StepState.FAILED or step.misses > MISSES_TOLERATED for step in facts.steps):
        return Phase.DEGRADED
    satisfied = all(step.state is StepState.OK and step.applied_generation >= facts.generation for step in facts.steps)
    if facts.release_changed and not satisfied:
        return Phase.UPGRADING
    return Phase.ACTIVE
