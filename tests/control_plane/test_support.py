"""Support access at the console: asked for with a reason, on record, used by the operator who asked and nobody else."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from control_plane.organisations.naming import Names
from control_plane.tables.base import AuditEntry
from control_plane.tables.operators import Operator
from control_plane.tables.support import SupportAccess
from foundation.clock import utc_now
from foundation.sign_in.sessions import COOKIE
from tests.control_plane.console import CLI
from tests.control_plane.test_api import ORIGIN, Api, api
from tests.control_plane.world import BASE, World

__all__ = ["api"]

WANTED = {"reason": "The lobby clock sends nothing", "ticket": "T-12", "minutes": 10}


@pytest.fixture
async def running(world: World, slug: str) -> str:
    await world.add(slug)
    assert await world.round()
    return f"/organisations/{slug}/support"


@pytest.fixture
async def person(api: Api, world: World) -> httpx.AsyncClient:
    """An operator in a browser."""
    async with world.database.transaction() as session:
        operator_id = await session.scalar(sa.select(Operator.id))
    cookie = await api.operators.sessions.create(str(operator_id))
    api.anyone.headers.update({"cookie": f"{COOKIE}={cookie}", "origin": ORIGIN, "x-punctual": "1"})
    return api.anyone


async def test_asking_entering_ending(
    api: Api, world: World, person: httpx.AsyncClient, running: str, slug: str
) -> None:
    asked = await person.post(running, json=WANTED)
    assert asked.status_code == 201, asked.text
    access = asked.json()
    assert (access["state"], access["own"], access["write"], access["minutes"]) == ("open", True, False, 10)
    link = (await person.post(f"{running}/{access['id']}/link")).json()
    place = Names(slug, BASE).public_url
    assert link == {"url": f"{place}/auth/support?token=pass-{access['id']}", "expires_in": 60}
    # Another operator sees it and may end it, but not use it.
    listed = (await api.machine.get(running)).json()["items"]
    assert [(each["id"], each["own"]) for each in listed] == [(access["id"], False)]
    refused = await api.machine.post(f"{running}/{access['id']}/link")
    assert (refused.status_code, refused.json()["code"]) == (403, "support_not_yours")
    ended = await api.machine.post(f"{running}/{access['id']}/end")
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert (await person.post(f"{running}/{access['id']}/link")).status_code == 409
    async with world.database.transaction() as session:
        lines = list(
            await session.scalars(
                sa.select(AuditEntry).where(AuditEntry.action.startswith("support.")).order_by(AuditEntry.id)
            )
        )
    assert [(line.action, line.actor_kind) for line in lines] == [
        ("support.ask", "user"),
        ("support.open", "user"),
        ("support.end", "client"),
    ]
    assert lines[0].after is not None
    assert lines[0].after["reason"] == WANTED["reason"]
    assert lines[2].actor_id == CLI


@pytest.mark.parametrize(
    "changed", [{"reason": " "}, {"ticket": ""}, {"minutes": 31}, {"minutes": 0}, {"permissions": ["users:read"]}]
)
async def test_what_may_not_be_asked(person: httpx.AsyncClient, running: str, changed: dict[str, object]) -> None:
    assert (await person.post(running, json=WANTED | changed)).status_code == 422


async def test_an_organisation_may_want_to_approve(
    world: World, person: httpx.AsyncClient, running: str, slug: str
) -> None:
    world.tenant.approval = True
    access = (await person.post(running, json=WANTED)).json()
    assert access["state"] == "waiting"
    assert (await person.post(f"{running}/{access['id']}/link")).status_code == 409
    kept = world.tenant.support[Names(slug, BASE).stack][access["id"]]
    kept["state"] = "open"
    assert (await person.get(running)).json()["items"][0]["state"] == "open"
    kept |= {"state": "ended", "ended_by": "Olive Owner"}
    item = (await person.get(running)).json()["items"][0]
    assert (item["state"], item["ended_by"]) == ("ended", "Olive Owner")


async def test_time_ends_it_whether_the_stack_answers_or_not(
    world: World, person: httpx.AsyncClient, running: str
) -> None:
    await person.post(running, json=WANTED)
    async with world.database.transaction() as session:
        await session.execute(sa.update(SupportAccess).values(ends_at=utc_now() - timedelta(seconds=1)))
    assert (await person.get(running)).json()["items"][0]["state"] == "ended"


async def test_what_the_organisation_did_not_hear_is_not_kept(
    world: World, person: httpx.AsyncClient, slug: str
) -> None:
    await world.add(slug)
    answer = await person.post(f"/organisations/{slug}/support", json=WANTED)
    assert (answer.status_code, answer.json()["code"]) == (503, "stack_away")
    assert (await person.get(f"/organisations/{slug}/support")).json() == {"items": []}


async def test_an_access_to_one_organisation_is_nothing_at_another(
    world: World, person: httpx.AsyncClient, running: str, slug: str
) -> None:
    access = (await person.post(running, json=WANTED)).json()
    await world.add(f"{slug}-b")
    assert await world.round()
    for verb in ("link", "end"):
        answer = await person.post(f"/organisations/{slug}-b/support/{access['id']}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (404, "support_unknown")
