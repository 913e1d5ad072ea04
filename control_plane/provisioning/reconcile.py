"""The round: bring one organisation from what is to what was asked, step after step, and say where it stands.

No database transaction is open while a step works. A round that is killed, or that loses its lease, leaves whatever it
did; the next one begins from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from control_plane.phase import Desired, StepState
from control_plane.ports.bundle import Ports
from control_plane.provisioning.context import StepContext, never_reached
from control_plane.provisioning.failures import Failure, StepOverran, backoff, explain
from control_plane.provisioning.lease import Lease, LeaseLost
from control_plane.provisioning.ledger import Assignment, Ledger, Notify
from control_plane.provisioning.step import Finding, Step, StepObservation
from foundation.database import Database
from foundation.logs import get_logger

Result = TypeVar("Result")

POLL_SECONDS = 0.06
ROUND_SECONDS = 600.0
DRIFT_SECONDS = 60.0
PAUSED_SECONDS = 300.0


@dataclass(frozen=True)
class Reconciler:
    """Runs rounds. ``lease_seconds`` must be above every step's ``timeout`` + ``settle``."""

    database: Database
    ports: Ports
    steps: Sequence[Step]
    notify: Notify
    reach: Callable[[str], None] = never_reached

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("two steps have the same name")

    async def round(self, lease: Lease) -> bool:
        """One round under a lease; True when all steps are satisfied. Gives the lease back, unless it was lost."""
        log = get_logger().bind(organisation_id=str(lease.organisation_id), lease=lease.token)
        ledger = Ledger(self.database, lease, self.notify)
        try:
            assignment = await ledger.open()
            if assignment.desired is not Desired.RUNNING:
                await ledger.gave_up(PAUSED_SECONDS)
                return False
            delay = await self._walk(assignment, ledger)
            if delay is not None:
                await ledger.gave_up(delay)
                return False
            again = DRIFT_SECONDS * random.uniform(0.8, 1.2)
            await ledger.converged(assignment.organisation.generation, self.ports.release, again)
        except LeaseLost:
            log.warning("round.lease_lost")
            return False
        except asyncio.CancelledError:
            with contextlib.suppress(LeaseLost):
                await ledger.interrupted()
            raise
        return True

    async def _walk(self, assignment: Assignment, ledger: Ledger) -> float | None:
        """Work through the steps up to the first that is not satisfied; the wait before the next round, or None."""
        context = self._context(assignment)
        deadline = time.monotonic() + ROUND_SECONDS
        for step in self.steps:
            if time.monotonic() > deadline:
                return 1.0
            failure = await self._settle(step, context, ledger, was_fine=step.name in assignment.fine)
            if failure is not None:
                await ledger.missed(step.name, failure)
                get_logger().warning(
                    "step.missed",
                    organisation=assignment.organisation.slug,
                    step=step.name,
                    state=str(failure.state),
                    message=failure.message,
                )
                attempts = assignment.attempts.get(step.name, 0) + 1
                return failure.delay if failure.delay is not None else backoff(attempts)
        return None

    async def _settle(self, step: Step, context: StepContext, ledger: Ledger, *, was_fine: bool) -> Failure | None:
        """Check a step, apply it if it is missing, and watch it arrive."""
        generation = context.organisation.generation
        try:
            seen = await _within(step, step.check(context))
            if seen.finding is Finding.SATISFIED:
                if was_fine:
                    await ledger.still_satisfied(step.name)
                else:
                    await ledger.satisfied(step.name, seen.message, generation, seen.wanted, None)
                return None
            if seen.finding is Finding.UNKNOWN:
                return Failure(StepState.UNKNOWN, seen.message)
            began = time.monotonic()
            await ledger.begun(step.name)
            self.reach(f"{step.name}:before-apply")
            await _within(step, step.apply(context))
            self.reach(f"{step.name}:after-apply")
            context.applied[step.name] = seen.wanted
            seen = await self._watch(step, context)
            duration_ms = round((time.monotonic() - began) * 1000)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a step raises becomes its message, and is tried again
            failure = explain(error)
            if failure.state is StepState.FAILED:
                get_logger().error("step.failed", step=step.name, exc_info=error)
            return failure
        if seen.finding is Finding.SATISFIED:
            await ledger.satisfied(step.name, seen.message, generation, seen.wanted, duration_ms)
            return None
        states = {Finding.BROKEN: StepState.FAILED, Finding.UNKNOWN: StepState.UNKNOWN}
        return Failure(states.get(seen.finding, StepState.PENDING), seen.message)

    async def _watch(self, step: Step, context: StepContext) -> StepObservation:
        """Check until satisfied, broken or unknown, for as long as the step may take to settle."""
        deadline = time.monotonic() + step.settle
        while True:
            seen = await _within(step, step.check(context))
            if seen.finding is not Finding.MISSING or time.monotonic() > deadline:
                return seen
            await asyncio.sleep(POLL_SECONDS)

    def _context(self, assignment: Assignment) -> StepContext:
        return StepContext(
            organisation=assignment.organisation,
            ports=self.ports,
            applied=dict(assignment.applied),
            reach=self.reach,
        )


async def _within(step: Step, work: Awaitable[Result]) -> Result:
    """Wait for a call of a step, for as long as the step may take."""
    try:
        async with asyncio.timeout(step.timeout) as limit:
            return await work
    except TimeoutError as error:
        if limit.expired():
            raise StepOverran(f"Not done within {step.timeout:g} s") from error
        raise
