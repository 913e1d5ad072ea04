"""A serial belongs to the organisation that claimed it first, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import httpx
import pytest
import sqlalchemy as sa

from control_plane import app as console
from control_plane.organisations.naming import Names
from control_plane.provisioning.credentials import credentials_of
from foundation.contracts.control import DeviceClaimsAnswer
from foundation.database import Database
from tests.control_plane.console import console_settings
from tests.control_plane.world import BASE, World


class Stacks:
    """The back ends of organisations, asking under their tokens."""

    def __init__(self, client: httpx.AsyncClient, tokens: dict[str, str], database: Database) -> None:
        self.client = client
        self.tokens = tokens
        self.database = database

    async def ask(
        self, slug: str, *serials: str, whole: bool = False, removed: Sequence[str] = (), token: str | None = None
    ) -> httpx.Response:
        return await self.client.post(
            "/api/device-claims",
            json={"slug": slug, "serials": list(serials), "whole": whole, "removed": list(removed)},
            headers={"authorization": f"Bearer {token or self.tokens[slug]}"},
        )

    async def claim(self, slug: str, *serials: str, whole: bool = False) -> DeviceClaimsAnswer:
        response = await self.ask(slug, *serials, whole=whole)
        assert response.status_code == 200, response.text
        return DeviceClaimsAnswer.model_validate_json(response.content)

    async def run(self, statement: str) -> None:
        async with self.database.transaction() as session:
            await session.execute(sa.text(statement))


@pytest.fixture
async def stacks(world: World) -> AsyncIterator[Stacks]:
    app = console.build(console_settings(world.places))
    async with app.router.lifespan_context(app):
        parts = app.state.parts
        app.state.parts = replace(parts, ports=replace(parts.ports, driver=world.driver, identities=world.identities))
        tokens = {}
        async with parts.database.transaction() as session:
            for slug in ("alpha", "beta"):
                await session.execute(
                    sa.text("INSERT INTO organisations (slug, name, owner_email) VALUES (:slug, :slug, 'o@x.test')"),
                    {"slug": slug},
                )
                tokens[slug] = (await credentials_of(parts.ports.vault, Names(slug, BASE))).control_token
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://console.example.test") as client:
            yield Stacks(client, tokens, parts.database)


async def test_the_first_claim_has_it(stacks: Stacks) -> None:
    assert (await stacks.claim("alpha", "CLK-1", "CLK-2")).ours == ["CLK-1", "CLK-2"]
    assert (await stacks.claim("alpha", "CLK-1")).ours == ["CLK-1"]
    answer = await stacks.claim("beta", "clk-1", "CLK-3")
    assert (answer.ours, answer.elsewhere) == (["CLK-3"], ["clk-1"])
    # Nothing in the answer says whose it is.
    assert "alpha" not in (await stacks.ask("beta", "CLK-1")).text


async def test_a_race_has_one_winner(stacks: Stacks) -> None:
    serials = [f"R-{number}" for number in range(20)]
    answers = await asyncio.gather(*(stacks.claim(slug, *serials) for _ in range(4) for slug in ("alpha", "beta")))
    alpha, beta = answers[0::2], answers[1::2]
    for serial in serials:
        assert {serial in each.ours for each in alpha} != {serial in each.ours for each in beta}
        assert len({serial in each.ours for each in alpha}) == 1


async def test_what_is_let_go_is_free(stacks: Stacks) -> None:
    await stacks.claim("alpha", "CLK-1", "CLK-2")
    await stacks.claim("alpha", "CLK-2", whole=True)
    # It was claimed a moment ago: perhaps its clock is just being added.
    assert (await stacks.claim("beta", "CLK-1")).ours == []
    await stacks.run("UPDATE device_claims SET claimed_at = now() - interval '1 minute'")
    await stacks.claim("alpha", "CLK-2", whole=True)
    assert (await stacks.claim("beta", "CLK-1", "CLK-2")).ours == ["CLK-1"]
    await stacks.run("UPDATE organisations SET desired = 'erased' WHERE slug = 'alpha'")
    assert (await stacks.claim("beta", "CLK-2")).ours == ["CLK-2"]


async def test_a_removed_clock_is_free_at_once_and_only_for_its_owner_to_remove(stacks: Stacks) -> None:
    await stacks.claim("alpha", "CLK-1", "CLK-2")
    assert (await stacks.ask("beta", removed=["CLK-1", "CLK-2"])).status_code == 200
    assert (await stacks.claim("beta", "CLK-1", "CLK-2")).ours == []
    assert (await stacks.ask("alpha", removed=["clk-1"])).status_code == 200
    assert (await stacks.claim("beta", "CLK-1", "CLK-2")).ours == ["CLK-1"]


async def test_only_the_organisation_itself_may_ask(stacks: Stacks) -> None:
    for slug, token in (("alpha", stacks.tokens["beta"]), ("alpha", ""), ("nobody", stacks.tokens["alpha"])):
        refused = await stacks.ask(slug, "CLK-1", token=token or "x")
        assert (refused.status_code, refused.json()["code"]) == (401, "service_token_invalid")
