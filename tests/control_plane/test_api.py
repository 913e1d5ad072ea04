"""The console's API over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.requests import Request

from control_plane import app as console
from control_plane.operators.service import PERMISSIONS, Operators
from control_plane.organisations.naming import Names
from control_plane.provisioning.steps import STEP_NAMES
from control_plane.tables.base import AuditEntry
from control_plane.tables.operators import OAuthClient, Operator
from control_plane.tables.organisations import Organisation
from foundation.errors import Forbidden
from foundation.sign_in.openid import Identity
from foundation.sign_in.sessions import COOKIE
from tests.control_plane.console import CLI, CLI_SECRET, ISSUER, OPERATOR, console_settings
from tests.control_plane.world import World
from tests.route_declarations import undeclared_routes

ORIGIN = "https://console.example.test"


@dataclass
class Api:
    """The console, and clients of it: ``machine`` with a token, ``anyone`` without."""

    app: FastAPI
    anyone: httpx.AsyncClient
    machine: httpx.AsyncClient

    @property
    def operators(self) -> Operators:
        found: Operators = self.app.state.sign_in
        return found

    async def create(self, slug: str, **fields: object) -> httpx.Response:
        document = {"slug": slug, "name": "Acme Ltd", "owner_email": f"owner@{slug}.test", **fields}
        return await self.machine.post("/organisations", json=document)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    app = console.build(console_settings(world.places))
    async with app.router.lifespan_context(app):
        parts = app.state.parts
        app.state.parts = replace(parts, ports=replace(parts.ports, driver=world.driver, identities=world.identities))
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url=ORIGIN) as anyone,
            httpx.AsyncClient(transport=transport, base_url=ORIGIN) as machine,
        ):
            token = (await _token(anyone)).json()["access_token"]
            machine.headers["authorization"] = f"Bearer {token}"
            yield Api(app, anyone, machine)


async def _token(client: httpx.AsyncClient, secret: str = CLI_SECRET, **fields: str) -> httpx.Response:
    return await client.post("/oauth/token", data={"grant_type": "client_credentials", **fields}, auth=(CLI, secret))


def test_every_route_says_who_may_call_it() -> None:
    assert undeclared_routes(console.describe()) == []


def test_the_openapi_document_has_every_path() -> None:
    paths = console.describe().openapi()["paths"]
    assert {
        "/organisations",
        "/organisations/{slug}",
        "/organisations/{slug}/retry",
        "/organisations/{slug}/clients",
        "/organisations/{slug}/sign-in",
        "/organisations/events",
    } <= set(paths)


async def test_creating_writes_a_row_that_is_due_and_an_audit_entry(api: Api, world: World, slug: str) -> None:
    answer = await api.create(slug, zone="Asia/Dubai", owner_name="Olive")
    assert answer.status_code == 202
    document = answer.json()
    assert (document["phase"], document["desired"], document["generation"]) == ("requested", "running", 1)
    assert document["urls"] == {
        "portal": f"https://{slug}.example.test",
        "api": f"https://{slug}.example.test",
        "push": f"https://{slug}.devices.example.test",
    }
    assert [step["name"] for step in document["steps"]] == list(STEP_NAMES)
    assert {step["state"] for step in document["steps"]} == {"pending"}
    async with world.database.transaction() as session:
        entry = (await session.scalars(sa.select(AuditEntry))).one()
        assert (entry.action, entry.actor_kind, entry.actor_id, entry.target_id) == (
            "organisation.create",
            "client",
            CLI,
            document["id"],
        )
        assert entry.correlation_id == answer.headers["x-correlation-id"]
        due = sa.select(Organisation.id).where(Organisation.next_reconcile_at <= sa.func.now())
        assert str(await session.scalar(due)) == document["id"]
    assert (await api.machine.get(f"/organisations/{slug}")).json() == document


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"slug": "Console"}, "slug_malformed", "slug"),
        ({"slug": "console"}, "slug_reserved", "slug"),
        ({"slug": "x"}, "slug_malformed", "slug"),
        ({"owner_email": "nobody"}, "invalid_input", "owner_email"),
        ({"name": "  "}, "invalid_input", "name"),
        ({"zone": "Mars/Olympus"}, "unknown_zone", "zone"),
        ({"colour": "red"}, "invalid_input", "colour"),
    ],
)
async def test_bad_input_is_refused_with_the_field(
    api: Api, world: World, slug: str, fields: dict[str, Any], code: str, field: str
) -> None:
    answer = await api.create(**{"slug": slug, **fields})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    async with world.database.transaction() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 0
        assert await session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 0


async def test_a_slug_is_taken_once_and_for_all(api: Api, world: World, slug: str) -> None:
    assert (await api.create(slug)).status_code == 202
    again = await api.create(slug, name="Another")
    assert again.status_code == 409
    assert (again.json()["code"], again.json()["field"]) == ("slug_taken", "slug")
    async with world.database.transaction() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 1


async def test_lists_are_paged_and_searched(api: Api, slug: str) -> None:
    slugs = sorted(f"{slug}-{number}" for number in range(5))
    for each in slugs:
        assert (await api.create(each)).status_code == 202
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in range(3):
        page = (await api.machine.get("/organisations", params=query)).json()
        seen += [item["slug"] for item in page["items"]]
        assert page["total"] == 5
        query["cursor"] = page["next_cursor"]
    assert seen == slugs
    assert query["cursor"] is None
    found = (await api.machine.get("/organisations", params={"q": f"OWNER@{slugs[3]}"})).json()
    assert [item["slug"] for item in found["items"]] == [slugs[3]]
    assert (await api.machine.get("/organisations", params={"q": "%"})).json()["items"] == []
    assert (await api.machine.get("/organisations", params={"limit": 0})).status_code == 422
    assert (await api.machine.get("/organisations", params={"cursor": "nonsense"})).status_code == 422


async def test_what_is_not_there(api: Api) -> None:
    for path in ("/organisations/nobody", "/organisations/nobody/sign-in"):
        answer = await api.machine.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "organisation_unknown")
    assert (await api.machine.post("/organisations/nobody/retry")).status_code == 404


async def test_nobody_gets_in_without_signing_in(api: Api, slug: str) -> None:
    await api.create(slug)
    for method, path in [
        ("GET", "/organisations"),
        ("POST", "/organisations"),
        ("GET", f"/organisations/{slug}"),
        ("GET", "/organisations/events"),
        ("POST", f"/organisations/{slug}/retry"),
        ("POST", f"/organisations/{slug}/clients"),
        ("GET", f"/organisations/{slug}/sign-in"),
        ("GET", "/api/session"),
    ]:
        body = {"slug": "other", "name": "x", "owner_email": "a@b.cd", "scopes": ["a:b"]} if method == "POST" else None
        answer = await api.anyone.request(method, path, json=body)
        assert answer.status_code in {401, 422}, (method, path)
        forged = await api.anyone.request(method, path, headers={"authorization": "Bearer eyJ.e30.x"})
        assert forged.status_code in {401, 422}, (method, path)
    assert (await api.anyone.get("/api/health")).json() == {"status": "ok"}


async def test_a_token_carries_only_the_scopes_asked_for(api: Api, slug: str) -> None:
    token = (await _token(api.anyone, scope="organisations:read")).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await api.anyone.get("/organisations", headers=headers)).status_code == 200
    document = {"slug": slug, "name": "x", "owner_email": "a@b.cd"}
    refused = await api.anyone.post("/organisations", json=document, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await _token(api.anyone, scope="organisations:fly")).json()["error"] == "invalid_scope"
    assert (await _token(api.anyone, secret="wrong")).status_code == 401


async def test_a_client_that_is_switched_off_is_out_at_once(api: Api, world: World) -> None:
    assert (await api.machine.get("/organisations")).status_code == 200
    async with world.database.transaction() as session:
        client = (await session.scalars(sa.select(OAuthClient))).one()
        assert CLI_SECRET not in client.secret_sha256
        client.active = False
    assert (await api.machine.get("/organisations")).status_code == 401
    assert (await _token(api.anyone)).status_code == 401


async def test_seeding_twice_changes_nothing(api: Api, world: World) -> None:
    await api.operators.seed()
    async with world.database.transaction() as session:
        assert (await session.scalars(sa.select(Operator))).one().subject == OPERATOR
        assert (await session.scalars(sa.select(OAuthClient))).one().client_id == CLI


async def test_an_operator_needs_an_account(api: Api, world: World) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("10.0.0.9", 1)})
    await api.operators.admit(Identity(ISSUER, OPERATOR, "ops@example.test", "Opal"), request)
    strangers = [(ISSUER, "somebody"), ("https://elsewhere.test", OPERATOR)]
    for issuer, subject in strangers:
        with pytest.raises(Forbidden, match="not an operator"):
            await api.operators.admit(Identity(issuer, subject, "ops@example.test", "Opal"), request)
    async with world.database.transaction() as session:
        actions = list(await session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))
        assert (await session.scalars(sa.select(Operator))).one().name == "Opal"
    assert actions == ["operator.sign_in", "operator.refused", "operator.refused"]


async def test_a_session_works_from_our_own_pages_only(api: Api, world: World, slug: str) -> None:
    async with world.database.transaction() as session:
        operator = (await session.scalars(sa.select(Operator))).one()
    api.anyone.cookies.set(COOKIE, await api.operators.sessions.create(str(operator.id)))
    me = (await api.anyone.get("/api/session")).json()
    assert me["user"]["id"] == str(operator.id)
    assert set(me["permissions"]) == PERMISSIONS
    document = {"slug": slug, "name": "x", "owner_email": "a@b.cd"}
    ours = {"origin": ORIGIN, "x-punctual": "1"}
    for headers in ({}, {"x-punctual": "1"}, {"origin": "https://evil.test", "x-punctual": "1"}, {"origin": ORIGIN}):
        assert (await api.anyone.post("/organisations", json=document, headers=headers)).status_code == 403
    assert (await api.anyone.post("/organisations", json=document, headers=ours)).status_code == 202
    async with world.database.transaction() as session:
        await session.execute(sa.update(Operator).values(active=False))
    assert (await api.anyone.get("/api/session")).status_code == 401


async def test_retry_makes_it_due_and_forgets_old_failures(api: Api, world: World, slug: str) -> None:
    world.driver.behaviour.refusals = 1
    organisation = await world.add(slug)
    assert not await world.round()
    before = (await api.machine.get(f"/organisations/{slug}")).json()
    assert before["phase"] == "provisioning"
    failing = next(step for step in before["steps"] if step["state"] == "unknown")
    assert (failing["name"], failing["attempts"]) == ("schema", 1)
    assert failing["message"] == "The place where stacks run is too busy"

    answer = await api.machine.post(f"/organisations/{slug}/retry")

    assert answer.status_code == 202
    assert {step["attempts"] for step in answer.json()["steps"]} == {0}
    assert await world.round()
    after = (await api.machine.get(f"/organisations/{slug}")).json()
    assert (after["phase"], after["observed_generation"]) == ("active", 1)
    assert organisation.id is not None


async def test_an_account_for_somebody_invited(api: Api, world: World, slug: str) -> None:
    await world.add(slug)
    entered = {"email": f"Bob@{slug}.test", "name": "Bob"}
    made = await api.machine.post(f"/organisations/{slug}/accounts", json=entered)
    assert made.status_code == 201
    account = world.identities.document()["accounts"][f"bob@{slug}.test"]
    assert made.json() == {
        "user_name": f"bob@{slug}.test",
        "initial_password": account["password"],
        "issuer": ISSUER,
    }
    again = await api.machine.post(f"/organisations/{slug}/accounts", json=entered)
    assert again.json()["initial_password"] is None
    assert world.identities.document()["accounts"][f"bob@{slug}.test"] == account
    assert (await api.machine.post(f"/organisations/{slug}/accounts", json={"email": "nobody"})).status_code == 422
    assert (await api.machine.post("/organisations/not-there/accounts", json=entered)).status_code == 404
    assert (await api.anyone.post(f"/organisations/{slug}/accounts", json=entered)).status_code == 401
    async with world.database.transaction() as session:
        lines = list(
            await session.scalars(sa.select(AuditEntry.after).where(AuditEntry.action == "organisation.account"))
        )
    assert lines == [{"email": f"bob@{slug}.test", "made": True}, {"email": f"bob@{slug}.test", "made": False}]


async def test_clients_and_sign_in_of_an_organisation(api: Api, world: World, slug: str) -> None:
    await world.add(slug)
    early = await api.machine.post(f"/organisations/{slug}/clients", json={"name": "Payroll", "scopes": ["staff:read"]})
    assert (early.status_code, early.json()["code"]) == (503, "stack_away")
    assert await world.round()

    made = await api.machine.post(f"/organisations/{slug}/clients", json={"name": "Payroll", "scopes": ["staff:read"]})
    assert made.status_code == 201
    assert made.json() == {
        "client_id": f"org-{slug}-1",
        "client_secret": "shown-once",
        "scopes": ["staff:read"],
        "token_url": f"https://{slug}.example.test/oauth/token",
        "api_url": f"https://{slug}.example.test",
        "push_url": f"https://{slug}.devices.example.test",
    }
    bad = await api.machine.post(f"/organisations/{slug}/clients", json={"name": "Bird", "scopes": ["staff:fly"]})
    assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (422, "unknown_scope", "scopes")

    sign_in = (await api.machine.get(f"/organisations/{slug}/sign-in")).json()
    accounts = world.identities.document()["accounts"]
    assert sign_in == {
        "portal_url": f"https://{slug}.example.test",
        "user_name": f"owner@{slug}.test",
        "initial_password": accounts[f"owner@{slug}.test"]["password"],
        "issuer": ISSUER,
    }
    async with world.database.transaction() as session:
        entries = list(await session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action for entry in entries] == ["organisation.client", "organisation.sign_in_read"]
    assert "shown-once" not in str(entries[0].after)


async def test_two_organisations_of_one_owner_share_an_account(api: Api, world: World, slug: str) -> None:
    for each in (slug, f"{slug}-b"):
        await world.add(each, owner_email=f"both@{slug}.test")
        assert await world.round()
    passwords = {
        (await api.machine.get(f"/organisations/{each}/sign-in")).json()["initial_password"]
        for each in (slug, f"{slug}-b")
    }
    assert passwords == {world.identities.document()["accounts"][f"both@{slug}.test"]["password"]}


async def test_the_password_of_an_account_that_was_there_before_is_not_shown(api: Api, world: World, slug: str) -> None:
    await world.identities.ensure_account(f"owner@{slug}.test", "Olive", initial_password="her own")
    await world.add(slug)
    assert await world.round()
    assert (await api.machine.get(f"/organisations/{slug}/sign-in")).json()["initial_password"] is None
    assert Names(slug, "example.test").stack in world.identities.document()["clients"]
