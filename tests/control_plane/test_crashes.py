"""A worker is killed at every boundary; the next one ends in the same state, with nothing doubled."""

from __future__ import annotations

import asyncio
import multiprocessing

import asyncpg
import hvac
import pytest

from control_plane.phase import StepState
from control_plane.ports.driver import SERVICES
from control_plane.provisioning.credentials import find_credentials, find_initial_password
from control_plane.provisioning.fail_point import EXIT_STATUS
from control_plane.provisioning.steps import STEP_NAMES
from tests.control_plane.conftest import Servers
from tests.control_plane.world import Places, World, run_until_killed

FAIL_POINTS = [
    *(f"{step}:{side}-apply" for step in STEP_NAMES for side in ("before", "after")),
    "database:credentials-kept",
    "database:owner-made",
    "database:role-made",
    "encryption:templates-key-made",
    "encryption:tokens-key-made",
    "credentials:role-made",
    "credentials:secret-id-made",
    "sign_in:client-made",
    "sign_in:account-made",
    "sign_in:connection-told",
]

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.control_plane.world"])


async def _kill_a_worker_at(places: Places, place: str) -> int | None:
    worker = forks.Process(target=run_until_killed, args=(places, place))
    worker.start()
    await asyncio.to_thread(worker.join, 30)
    return worker.exitcode


@pytest.mark.parametrize("place", FAIL_POINTS)
async def test_the_next_worker_carries_on(world: World, servers: Servers, slug: str, place: str) -> None:
    organisation = await world.add(slug)
    names = world.context(organisation).names

    assert await _kill_a_worker_at(world.places, place) == EXIT_STATUS

    kept = await find_credentials(world.ports.vault, names)
    password = await find_initial_password(world.ports.vault, organisation.owner_email)
    await world.make_due(organisation)
    assert await world.round()

    steps = await world.steps(organisation)
    assert {name: step.state for name, step in steps.items()} == dict.fromkeys(STEP_NAMES, StepState.OK)
    secrets = await find_credentials(world.ports.vault, names)
    assert secrets is not None
    assert kept in (None, secrets)
    assert await _count(world, names.database) == (1, 1)
    assert await _count(world, names.database_owner) == (1, 0)
    identities = world.identities.document()
    assert list(identities["clients"]) == [names.stack]
    assert list(identities["accounts"]) == [organisation.owner_email]
    shown = await find_initial_password(world.ports.vault, organisation.owner_email)
    assert shown == identities["accounts"][organisation.owner_email]["password"]
    assert password in (None, shown)
    assert await _secret_ids(servers, names.stack) == 1
    assert await world.ports.queue_users.has(names.stack, names.valkey_prefix, secrets.valkey_password)
    assert [world.driver.starts(names.stack, role) for role in SERVICES] == [1, 1, 1]
    assert len(await world.router.observe(names.stack)) == 2


async def _count(world: World, name: str) -> tuple[int, int]:
    connection = await asyncpg.connect(world.places.admin_database_url)
    roles = await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", name)
    databases = await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name)
    await connection.close()
    return roles, databases


async def _secret_ids(servers: Servers, role: str) -> int:
    def count() -> int:
        client = hvac.Client(url=servers.openbao.url, token=servers.openbao.root_token)
        return len(client.adapter.list(f"/v1/auth/approle/role/{role}/secret-id")["data"]["keys"])

    return await asyncio.to_thread(count)
