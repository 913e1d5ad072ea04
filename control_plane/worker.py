"""The worker's jobs, scheduled and on request. Their context is `Worker`.

The schedules read what is due from PostgreSQL, so a lost message delays a round by a second at most.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa

from control_plane.operators.anchors import take_all
from control_plane.organisations.naming import Names
from control_plane.phase import Desired
from control_plane.ports.driver import SERVICES, DriverError, Health, StackDriver
from control_plane.provisioning.lease import Lease, claim
from control_plane.provisioning.reconcile import Reconciler
from control_plane.tables.organisations import Organisation
from foundation.database import Database
from foundation.jobs import JobRegistry
from foundation.logs import get_logger

CONCURRENT_ROUNDS = 3
OBSERVATIONS_AT_ONCE = 8
CLAIM_SECONDS = 0.7
ANCHOR_SECONDS = 60.0
WATCH_SECONDS = 3.0

RECONCILE_JOB = "organisation.reconcile"

registry = JobRegistry()


@dataclass
class Worker:
    """The worker's rounds under way, at most `CONCURRENT_ROUNDS` at once."""

    database: Database
    reconciler: Reconciler
    lease_seconds: float
    _rounds: set[asyncio.Task[bool]] = field(default_factory=set)
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tick(self) -> None:
        """Begin a round for every organisation that is due, as far as there is room."""
        async with self._claiming:
            while len(self._rounds) < CONCURRENT_ROUNDS:
                lease = await claim(self.database, self.lease_seconds)
                if lease is None:
                    return
                task = asyncio.create_task(self._round(lease))
                self._rounds.add(task)
                task.add_done_callback(self._rounds.discard)

    async def _round(self, lease: Lease) -> bool:
        try:
            return await self.reconciler.round(lease)
        except Exception:  # noqa: BLE001 - the lease runs out and the next claim begins from what is there
            get_logger().error("round.failed", organisation_id=str(lease.organisation_id), exc_info=True)
            return False

    async def watch(self) -> None:
        """A cheap look at all active stacks; one that lacks a program is due at once."""
        running = sa.select(Organisation.id, Organisation.slug).where(
            Organisation.desired == Desired.RUNNING,
            Organisation.observed_generation == Organisation.generation,
            Organisation.next_reconcile_at > sa.func.now(),
            Organisation.lease_until.is_(None),
            Organisation.stuck_rounds == 0,
        )
        async with self.database.transaction() as session:
            rows = list(await session.execute(running))
        room = asyncio.Semaphore(OBSERVATIONS_AT_ONCE)
        driver, base = self.reconciler.ports.driver, self.reconciler.ports.base_domain

        async def lacking(organisation_id: UUID, slug: str) -> UUID | None:
            async with room:
                return organisation_id if await lacks_a_program(driver, Names(slug, base).stack) else None

        found = [each for each in await asyncio.gather(*(lacking(row[0], row[1]) for row in rows)) if each]
        if not found:
            return
        get_logger().warning("stacks.incomplete", organisations=[str(each) for each in found])
        async with self.database.transaction() as session:
            await session.execute(
                sa.update(Organisation)
                .where(Organisation.id.in_(found), Organisation.next_reconcile_at > sa.func.now())
                .values(next_reconcile_at=sa.func.now(), updated_at=Organisation.updated_at)
            )
        await self.tick()

    async def settled(self) -> None:
        """Wait until no round is under way."""
        await asyncio.gather(*self._rounds)

    async def close(self) -> None:
        """End the rounds under way; they give their leases back."""
        for task in list(self._rounds):
            task.cancel()
        for task in list(self._rounds):
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def lacks_a_program(driver: StackDriver, stack: str) -> bool:
    """Is a service of this stack gone? Unknown and starting are not gone."""
    try:
        observed = await driver.observe(stack)
    except DriverError:
        return False
    gone = {Health.ABSENT, Health.FAILED, Health.FINISHED}
    return any(observed.health(role) in gone for role in SERVICES)


@registry.job(RECONCILE_JOB, max_retries=0, time_limit=20.0)
async def reconcile(worker: Worker, organisation_id: str) -> None:
    """A caller waits: look for due organisations now."""
    await worker.tick()


@registry.every("organisations.claim", CLAIM_SECONDS)
async def claim_due(worker: Worker) -> None:
    await worker.tick()


@registry.every("organisations.watch", WATCH_SECONDS)
async def watch_stacks(worker: Worker) -> None:
    await worker.watch()


@registry.every("audit.anchor", ANCHOR_SECONDS)
async def anchor_trails(worker: Worker) -> None:
    """Remember the newest line of every organisation's audit chain."""
    await take_all(worker.database, worker.reconciler.ports)
