"""Rounds that fall short: what is kept of it, what is said, and what is left alone."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from control_plane.phase import StepState
from control_plane.ports.driver import Role
from control_plane.provisioning.context import StepContext
from control_plane.provisioning.failures import BLOCKED_SECONDS, MAX_BACKOFF_SECONDS, backoff
from control_plane.provisioning.lease import LeaseLost, claim
from control_plane.provisioning.reconcile import Reconciler
from control_plane.provisioning.step import StepBlocked, StepObservation, StepRetry, missing, satisfied
from control_plane.provisioning.steps import STEPS
from control_plane.provisioning.steps.schema import SchemaStep
from control_plane.resources.keys import VaultAdmin
from control_plane.tables.organisations import Organisation
from tests.control_plane.world import World

IMPATIENT = tuple(
    dataclasses.replace(step, settle=0.2) if dataclasses.is_dataclass(step) and step.settle > 1 else step
    for step in STEPS
)


@dataclass
class Scripted:
    """A step that does as it is told."""

    name: str = "scripted"
    timeout: float = 5.0
    settle: float = 0.0
    error: Exception | None = None
    there: bool = False
    applied: int = 0
    pause: float = 0.0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def check(self, context: StepContext) -> StepObservation:
        return satisfied() if self.there else missing("Not there yet")

    async def apply(self, context: StepContext) -> None:
        self.applied += 1
        self.begun.set()
        await asyncio.sleep(self.pause)
        if self.error:
            raise self.error
        self.there = True

    async def remove(self, context: StepContext) -> None:
        self.there = False


async def _seconds_until_next(world: World, organisation: Organisation) -> float:
    async with world.database.transaction() as session:
        left = sa.extract("epoch", Organisation.next_reconcile_at - sa.func.now())
        return float((await session.scalar(sa.select(left).where(Organisation.id == organisation.id))) or 0)


async def test_a_stack_that_never_gets_ready_says_so_and_stops_the_walk(world: World, slug: str) -> None:
    world.driver.behaviour.never = True
    organisation = await world.add(slug)
    assert not await world.round(steps=IMPATIENT)
    steps = await world.steps(organisation)
    assert (steps["schema"].state, steps["schema"].message) == (StepState.PENDING, "still starting")
    assert set(steps) == {"database", "encryption", "credentials", "schema"}
    after = await world.reread(organisation)
    assert (after.observed_generation, after.stuck_rounds, after.first_active_at) == (0, 1, None)
    assert 0 < await _seconds_until_next(world, organisation) <= 5


async def test_a_driver_that_refuses_twice_is_asked_a_third_time(world: World, slug: str) -> None:
    world.driver.behaviour.refusals = 2
    organisation = await world.add(slug)
    for attempt in (1, 2):
        assert not await world.round()
        step = (await world.steps(organisation))["schema"]
        assert (step.state, step.attempts) == (StepState.UNKNOWN, attempt)
        assert step.message == "The place where stacks run is too busy"
        await world.make_due(organisation)
    assert await world.round()
    step = (await world.steps(organisation))["schema"]
    assert (step.state, step.attempts, step.misses) == (StepState.OK, 0, 0)


async def test_a_broken_migration_is_told_in_its_own_words_and_tried_again(world: World, slug: str) -> None:
    world.driver.behaviour.broken_migrations = 1
    organisation = await world.add(slug)
    assert not await world.round()
    step = (await world.steps(organisation))["schema"]
    assert step.state == StepState.FAILED
    assert step.message == 'The migration failed: relation "staff" already exists'
    await world.make_due(organisation)
    assert await world.round()


async def test_unknown_recreates_nothing(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    starts = {role: world.driver.starts(f"org-{slug}", role) for role in Role}
    world.driver.behaviour.away = True
    for misses in (1, 2):
        await world.make_due(organisation)
        assert not await world.round()
        step = (await world.steps(organisation))["schema"]
        assert (step.state, step.misses) == (StepState.UNKNOWN, misses)
    world.driver.behaviour.away = False
    await world.make_due(organisation)
    assert await world.round()
    assert {role: world.driver.starts(f"org-{slug}", role) for role in Role} == starts


async def test_a_key_store_that_is_away_is_unknown_too(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    ports = dataclasses.replace(world.ports, vault=VaultAdmin("http://127.0.0.1:9", "role", "secret"))
    await world.make_due(organisation)
    lease = await claim(world.database, 60)
    assert lease
    assert not await dataclasses.replace(world.reconciler(), ports=ports).round(lease)
    step = (await world.steps(organisation))["database"]
    assert (step.state, step.message) == (StepState.UNKNOWN, "The key store does not answer; try again")


async def test_a_back_end_that_refuses_is_quoted(world: World, slug: str) -> None:
    world.tenant.refuse = 400
    organisation = await world.add(slug)
    assert not await world.round()
    step = (await world.steps(organisation))["sign_in"]
    assert step.state == StepState.FAILED
    assert "refused /internal/control/sign-in with 400" in step.message


@pytest.mark.parametrize(
    ("error", "state", "message", "advice", "least", "most"),
    [
        (StepRetry(7.0, "The volume is being attached"), "pending", "The volume is being attached", None, 6, 7),
        (
            StepBlocked("The quota is used up", "Raise it"),
            "failed",
            "The quota is used up",
            "Raise it",
            BLOCKED_SECONDS - 5,
            BLOCKED_SECONDS,
        ),
        (ValueError("no such shape"), "failed", "ValueError: no such shape", None, 1, 5),
    ],
)
async def test_errors_become_words_and_a_wait(
    world: World, slug: str, error: Exception, state: str, message: str, advice: str | None, least: float, most: float
) -> None:
    organisation = await world.add(slug)
    assert not await world.round(steps=[Scripted(error=error)])
    step = (await world.steps(organisation))["scripted"]
    assert (step.state, step.message, step.advice, step.attempts) == (state, message, advice, 1)
    assert least <= await _seconds_until_next(world, organisation) <= most


async def test_a_step_that_takes_too_long_is_cut_off(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert not await world.round(steps=[Scripted(timeout=0.1, pause=5)])
    assert (await world.steps(organisation))["scripted"].message == "Not done within 0.1 s"


def test_backoff_grows_to_five_minutes_and_is_spread() -> None:
    assert all(2 <= backoff(1) <= 4 for _ in range(50))
    many = [backoff(50) for _ in range(200)]
    assert max(many) <= MAX_BACKOFF_SECONDS
    assert max(many) - min(many) > 100


async def test_of_two_workers_one_gets_the_lease(world: World, slug: str) -> None:
    await world.add(slug)
    leases = await asyncio.gather(*(claim(world.database, 60) for _ in range(5)))
    assert len([lease for lease in leases if lease]) == 1


async def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_token(world: World, slug: str) -> None:
    await world.add(slug)
    first = await claim(world.database, 1)
    assert await claim(world.database, 60) is None
    await asyncio.sleep(1.1)
    second = await claim(world.database, 60)
    assert first
    assert second
    assert second.token == first.token + 1


async def test_who_lost_the_lease_writes_nothing_more(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    slow = Scripted(pause=0.3)
    lease = await claim(world.database, 0.1)
    assert lease
    late = asyncio.create_task(
        Reconciler(world.database, world.ports, [slow, Scripted(name="later")], world.reconciler().notify).round(lease)
    )
    await slow.begun.wait()
    await asyncio.sleep(0.12)
    thief = await claim(world.database, 60)
    assert thief
    assert not await late
    steps = await world.steps(organisation)
    assert (steps["scripted"].state, steps["scripted"].message) == (StepState.PENDING, "Working on it")
    assert "later" not in steps
    async with world.database.transaction() as session:
        with pytest.raises(LeaseLost):
            await lease.hold(session)
    async with world.database.transaction() as session:
        await thief.hold(session)


async def test_a_request_made_during_a_round_is_not_forgotten(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    step = Scripted(pause=0.2)
    lease = await claim(world.database, 60)
    assert lease
    running = asyncio.create_task(
        Reconciler(world.database, world.ports, [step], world.reconciler().notify).round(lease)
    )
    await step.begun.wait()
    await world_asks_again(world, organisation)
    assert await running
    assert await _seconds_until_next(world, organisation) <= 0
    assert await claim(world.database, 60)


async def world_asks_again(world: World, organisation: Organisation) -> None:
    """What retry does."""
    async with world.database.transaction() as session:
        await session.execute(
            sa.update(Organisation).where(Organisation.id == organisation.id).values(next_reconcile_at=sa.func.now())
        )


async def test_a_worker_that_is_asked_to_end_gives_its_lease_back(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    step = Scripted(pause=30)
    lease = await claim(world.database, 60)
    assert lease
    running = asyncio.create_task(
        Reconciler(world.database, world.ports, [step], world.reconciler().notify).round(lease)
    )
    await step.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await world.reread(organisation)).lease_until is None
    assert await claim(world.database, 60)


def test_every_step_fits_into_a_lease() -> None:
    assert all(step.timeout + step.settle < 60 for step in STEPS)
    assert SchemaStep().settle > 30
