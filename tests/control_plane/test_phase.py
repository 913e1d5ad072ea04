"""The phase, as a table."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.phase import Desired, Facts, Phase, StepFact, StepState, phase_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OK = StepFact(StepState.OK, applied_generation=1)
OLD = StepFact(StepState.OK, applied_generation=0)
PENDING = StepFact(StepState.PENDING)
WORKING = StepFact(StepState.PENDING, applied_generation=1, misses=1)
WAITING = StepFact(StepState.PENDING, applied_generation=1, misses=2)
FAILED = StepFact(StepState.FAILED, applied_generation=1, misses=1)
UNKNOWN_ONCE = StepFact(StepState.UNKNOWN, applied_generation=1, misses=1)
UNKNOWN_TWICE = StepFact(StepState.UNKNOWN, applied_generation=1, misses=2)

NEW = Facts(Desired.RUNNING, 1, 0, started=False, was_active=False, steps=[PENDING, PENDING])
COMING = dataclasses.replace(NEW, started=True)
ACTIVE = Facts(Desired.RUNNING, 1, 1, started=True, was_active=True, steps=[OK, OK])
SUSPENDED = dataclasses.replace(ACTIVE, desired=Desired.SUSPENDED, generation=2, observed_generation=2)
ERASED = dataclasses.replace(ACTIVE, desired=Desired.ERASED, generation=2)


@pytest.mark.parametrize(
    ("facts", "phase"),
    [
        (NEW, Phase.REQUESTED),
        (COMING, Phase.PROVISIONING),
        (dataclasses.replace(COMING, steps=[OK, PENDING]), Phase.PROVISIONING),
        (dataclasses.replace(COMING, steps=[OK, FAILED]), Phase.PROVISIONING),
        (dataclasses.replace(COMING, steps=[UNKNOWN_TWICE, PENDING]), Phase.PROVISIONING),
        (ACTIVE, Phase.ACTIVE),
        (dataclasses.replace(ACTIVE, steps=[OK, WORKING]), Phase.ACTIVE),
        (dataclasses.replace(ACTIVE, steps=[OK, UNKNOWN_ONCE]), Phase.ACTIVE),
        (dataclasses.replace(ACTIVE, steps=[OK, UNKNOWN_TWICE]), Phase.DEGRADED),
        (dataclasses.replace(ACTIVE, steps=[OK, WAITING]), Phase.DEGRADED),
        (dataclasses.replace(ACTIVE, steps=[FAILED, OK]), Phase.DEGRADED),
        (dataclasses.replace(ACTIVE, release_changed=True, steps=[OK, OLD]), Phase.UPGRADING),
        (dataclasses.replace(ACTIVE, release_changed=True, steps=[OK, WORKING]), Phase.UPGRADING),
        (dataclasses.replace(ACTIVE, release_changed=True, steps=[OK, FAILED]), Phase.DEGRADED),
        (dataclasses.replace(ACTIVE, release_changed=True), Phase.ACTIVE),
        (SUSPENDED, Phase.SUSPENDED),
        (dataclasses.replace(SUSPENDED, observed_generation=1), Phase.ACTIVE),
        (dataclasses.replace(ERASED, erase_after=NOW + timedelta(days=1)), Phase.OFFBOARDING),
        (dataclasses.replace(ERASED, erase_after=NOW - timedelta(days=1)), Phase.ERASING),
        (dataclasses.replace(ERASED, erase_after=NOW - timedelta(days=1), legal_hold=True), Phase.OFFBOARDING),
        (ERASED, Phase.ERASING),
        (dataclasses.replace(ERASED, removed=True), Phase.ERASED),
    ],
)
def test_phase(facts: Facts, phase: Phase) -> None:
    assert phase_of(facts, NOW) is phase
