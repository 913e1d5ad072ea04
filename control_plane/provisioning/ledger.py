"""What a round has seen, written step by step. Every write is a short transaction that carries the lease."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.phase import Desired, StepState
from control_plane.provisioning.context import OrganisationFacts
from control_plane.provisioning.failures import Failure
from control_plane.provisioning.lease import Lease
from control_plane.tables.organisations import Organisation, OrganisationStep
from foundation.database import Database, after_commit

Notify = Callable[[UUID], Awaitable[None]]


@dataclass(frozen=True)
class Assignment:
    """What a round begins with: the organisation as asked for, what was applied before, and which steps were last
    seen satisfied at this generation."""

    organisation: OrganisationFacts
    desired: Desired
    applied: dict[str, str]
    attempts: dict[str, int]
    fine: frozenset[str]


class Ledger:
    """Reads and writes on behalf of one lease. ``notify`` is called with the organisation's id after each commit."""

    def __init__(self, database: Database, lease: Lease, notify: Notify) -> None:
        self._database = database
        self._lease = lease
        self._notify = notify
        self._unchanged: list[str] = []
        self._renewed = time.monotonic()

    async def open(self) -> Assignment:
        async with self._database.transaction() as session:
            await self._lease.hold(session)
            row = await session.get_one(Organisation, self._lease.organisation_id)
            steps = list(
                await session.scalars(sa.select(OrganisationStep).where(OrganisationStep.organisation_id == row.id))
            )
            self._announce(session)
        return Assignment(
            organisation=OrganisationFacts(
                **{each.name: getattr(row, each.name) for each in fields(OrganisationFacts)}
            ),
            desired=Desired(row.desired),
            applied={step.name: step.fingerprint for step in steps if step.fingerprint},
            attempts={step.name: step.attempts for step in steps},
            fine=frozenset(
                step.name
                for step in steps
                if step.state == StepState.OK and step.applied_generation == row.generation and not step.misses
            ),
        )

    async def still_satisfied(self, step: str) -> None:
        """Nothing new about this step. Written at the end of the round, since most rounds see only this."""
        self._unchanged.append(step)
        if time.monotonic() - self._renewed > self._lease.seconds / 6:
            async with self._database.transaction() as session:
                await self._lease.hold(session)
            self._renewed = time.monotonic()

    async def begun(self, step: str) -> None:
        """The step is being applied now."""
        await self._write(
            step,
            {"state": StepState.PENDING, "message": "Working on it", "started_at": sa.func.now(), "duration_ms": None},
            {"attempts": OrganisationStep.attempts + 1},
            first={"attempts": 1},
        )

    async def satisfied(self, step: str, message: str, generation: int, wanted: str, duration_ms: int | None) -> None:
        """The step is as it should be. ``duration_ms`` is None when nothing had to be done."""
        values: dict[str, object] = {
            "state": StepState.OK,
            "message": message,
            "advice": None,
            "attempts": 0,
            "misses": 0,
            "applied_generation": generation,
            "checked_at": sa.func.now(),
        }
        if wanted:
            values["fingerprint"] = wanted
        if duration_ms is not None:
            values["duration_ms"] = duration_ms
        await self._write(step, values)

    async def missed(self, step: str, failure: Failure) -> None:
        """The step is not as it should be, or can't be seen."""
        values: dict[str, object] = {
            "state": failure.state,
            "message": failure.message,
            "advice": failure.advice,
            "checked_at": sa.func.now(),
        }
        await self._write(step, values, {"misses": OrganisationStep.misses + 1}, first={"misses": 1})

    async def converged(self, generation: int, release: str, delay: float) -> None:
        """All steps are as they should be; give the lease back."""
        async with self._database.transaction() as session:
            await self._record_unchanged(session)
            await self._lease.release(
                session,
                delay,
                observed_generation=generation,
                release=release,
                stuck_rounds=0,
                first_active_at=sa.func.coalesce(Organisation.first_active_at, sa.func.now()),
            )
            self._announce(session)

    async def gave_up(self, delay: float) -> None:
        """The round ends short of it; the next is ``delay`` seconds away."""
        async with self._database.transaction() as session:
            await self._record_unchanged(session)
            await self._lease.release(session, delay, stuck_rounds=Organisation.stuck_rounds + 1)
            self._announce(session)

    async def interrupted(self) -> None:
        """This worker ends; another may go on at once."""
        async with self._database.transaction() as session:
            await self._lease.release(session, 0.0)

    async def _record_unchanged(self, session: AsyncSession) -> None:
        await session.execute(
            sa.update(OrganisationStep)
            .where(
                OrganisationStep.organisation_id == self._lease.organisation_id,
                OrganisationStep.name.in_(self._unchanged),
            )
            .values(checked_at=sa.func.now())
        )

    async def _write(
        self,
        step: str,
        values: dict[str, object],
        changes: dict[str, object] | None = None,
        *,
        first: dict[str, object] | None = None,
    ) -> None:
        """Set ``values``; ``changes`` depend on the row that is there, ``first`` stands for them where none is."""
        async with self._database.transaction() as session:
            await self._lease.hold(session, updated_at=sa.func.now())
            key = {"organisation_id": self._lease.organisation_id, "name": step}
            statement = insert(OrganisationStep).values(**key, **values, **(first or {}))
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["organisation_id", "name"], set_={**values, **(changes or {})}
                )
            )
            self._announce(session)
        self._renewed = time.monotonic()

    def _announce(self, session: AsyncSession) -> None:
        async def tell() -> None:
            await self._notify(self._lease.organisation_id)

        after_commit(session, tell)
