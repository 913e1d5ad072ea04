"""Rounds, end to end: real PostgreSQL, Valkey and OpenBao, fakes for driver, gateway, provider and tenant."""

from __future__ import annotations

import time

import pytest

from control_plane.phase import StepState
from control_plane.ports.driver import SERVICES, Role
from control_plane.provisioning.credentials import credentials_of, find_initial_password
from control_plane.provisioning.steps import STEP_NAMES, STEPS
from tests.control_plane.world import RELEASE, World


async def test_a_round_brings_an_organisation_from_nothing_to_active(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    began = time.monotonic()

    assert await world.round()

    assert time.monotonic() - began < 5
    steps = await world.steps(organisation)
    assert {name: step.state for name, step in steps.items()} == dict.fromkeys(STEP_NAMES, StepState.OK)
    after = await world.reread(organisation)
    assert (after.observed_generation, after.release, after.stuck_rounds) == (1, RELEASE, 0)
    assert after.first_active_at is not None
    assert after.lease_until is None
    assert organisation.id in world.notified
    told = dict(world.tenant.told[f"org-{slug}"])
    assert told["owner"]["subject"] == f"sub-owner@{slug}.test"
    assert told["sign-in"]["secret_path"] == f"organisations/{slug}/sign-in"
    assert await find_initial_password(world.ports.vault, f"owner@{slug}.test")


async def test_the_stack_is_given_its_own_names_and_secrets(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    settings = world.driver.settings(f"org-{slug}", Role.BACKEND)
    secrets = await credentials_of(world.ports.vault, world.context(organisation).names)
    assert settings["valkey_prefix"] == f"org-{slug}:"
    assert settings["tokens_key"] == f"org-{slug}-tokens"
    assert settings["public_url"] == f"https://{slug}.example.test"
    assert settings["push_url"] == f"https://{slug}.devices.example.test"
    assert settings["control_token"] == secrets.control_token
    bridge = world.driver.settings(f"org-{slug}", Role.BRIDGE)
    assert set(bridge) == {"listen", "log_level", "organisation", "device_networks", "backend_url", "bridge_token"}


async def test_a_second_round_changes_nothing(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    before = await world.steps(organisation)
    told = list(world.tenant.told[f"org-{slug}"])
    await world.make_due(organisation)
    world.notified.clear()

    assert await world.round()

    assert world.tenant.told[f"org-{slug}"] == told
    assert [world.driver.starts(f"org-{slug}", role) for role in SERVICES] == [1, 1, 1]
    after = await world.steps(organisation)
    assert {name: step.started_at for name, step in after.items()} == {
        name: step.started_at for name, step in before.items()
    }
    assert all(
        step.checked_at > before[name].checked_at  # type: ignore[operator]
        for name, step in after.items()
    )


@pytest.mark.parametrize("step", STEPS, ids=STEP_NAMES)
async def test_applying_a_step_twice_changes_nothing(world: World, slug: str, step: object) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    secrets = await credentials_of(world.ports.vault, world.context(organisation).names)
    chosen = next(each for each in STEPS if each is step)
    await chosen.apply(world.context(organisation))
    await chosen.apply(world.context(organisation))
    await world.make_due(organisation)
    assert await world.round()
    assert await credentials_of(world.ports.vault, world.context(organisation).names) == secrets
    assert [world.driver.starts(f"org-{slug}", role) for role in Role] == [1, 1, 1, 1]


async def test_a_program_that_died_is_started_again(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    world.driver.kill(f"org-{slug}", Role.WORKER)
    await world.make_due(organisation)
    assert await world.round()
    assert world.driver.starts(f"org-{slug}", Role.WORKER) == 2
    assert world.driver.starts(f"org-{slug}", Role.BACKEND) == 1


async def test_what_is_taken_away_by_hand_comes_back(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    names = world.context(organisation).names
    await world.ports.queue_users.remove(names.stack)
    await world.ports.vault.delete_policy(names.stack)
    await world.router.remove(names.stack)
    await world.identities.remove_client(names.stack)
    await world.make_due(organisation)
    assert await world.round()
    steps = await world.steps(organisation)
    assert {step.state for step in steps.values()} == {StepState.OK}


async def test_removal_walks_backwards_and_leaves_nothing(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    context = world.context(organisation)
    secrets = await credentials_of(world.ports.vault, context.names)
    for _ in range(2):
        for step in reversed(STEPS):
            await step.remove(context)
    names = context.names
    facts = await world.ports.databases.facts(names.database, names.database_owner)
    assert (facts.database, facts.programs.exists, facts.owner.exists) == (False, False, False)
    assert await world.ports.vault.find_key(names.templates_key) is None
    assert await world.ports.vault.find_policy(names.stack) is None
    assert await world.ports.vault.find_role_policies(names.stack) is None
    assert not await world.ports.queue_users.has(names.stack, names.valkey_prefix, secrets.valkey_password)
    assert names.stack not in await world.driver.inventory()
    assert await world.router.observe(names.stack) == ()
    assert await world.ports.vault.read_secret(names.credentials_path) is None
    assert await world.ports.vault.read_secret(names.schema_path) is None


async def test_after_removal_it_can_be_made_again(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    for step in reversed(STEPS):
        await step.remove(world.context(organisation))
    await world.make_due(organisation)
    assert await world.round()
