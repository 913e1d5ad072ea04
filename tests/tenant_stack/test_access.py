"""Who gets in: sessions, foreign pages, permissions, machines, sign-in, the control plane."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.sign_in.sessions import COOKIE
from foundation.sign_in.tokens import Tokens
from foundation.vault import Vault
from tenant_stack import schema
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import PUBLIC_URL, Servers, client_of, page_headers, sign_in
from tests.tenant_stack.fakes import FakeProvider, served

PERSON = {"employee_id": "E1", "name": "Ann"}


@pytest.fixture
async def control(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The control plane."""
    async with client_of(app, authorization="Bearer control-token") as client:
        yield client


async def test_nothing_without_a_session(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/api/health")).json() == {"status": "ok"}
    for path in ("/api/session", "/api/staff", "/api/devices", "/api/attendance/logs", "/api/dashboard"):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    stranger.cookies.set(COOKIE, "guessed")
    assert (await stranger.get("/api/session")).status_code == 401


async def test_the_session_tells_who_and_where(api: Api) -> None:
    session = await api.get("/api/session")
    assert session["user"]["name"] == "Owner"
    assert session["roles"] == ["owner"]
    assert "staff:create" in session["permissions"]
    assert session["organisation"] == {"slug": "acme", "name": "Acme", "zone": "Asia/Dubai"}


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://globex.localhost:8443"},
        {"x-punctual": ""},
        {"origin": "", "sec-fetch-site": "cross-site"},
        {"origin": ""},
    ],
)
async def test_changes_only_from_our_own_page(change: dict[str, str], app: FastAPI) -> None:
    headers = page_headers(await sign_in(app))
    async with client_of(app, **headers) as client:
        assert (await client.post("/api/staff", json=PERSON)).status_code == 201
        refused = await client.post("/api/staff", json={**PERSON, "employee_id": "E2"}, headers=change)
        assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
        assert (await client.get("/api/staff", headers=change)).json()["total"] == 1


async def test_a_viewer_reads_and_changes_nothing(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        assert (await client.get("/api/staff")).status_code == 200
        for method, path, body in (
            ("POST", "/api/staff", PERSON),
            ("POST", "/api/devices", {"device_serial": "S", "name": "S", "connection": "push"}),
            ("POST", "/api/attendance/process", {"from": "2026-01-01", "to": "2026-01-02"}),
        ):
            answer = await client.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing"), path


async def test_a_disabled_account_is_out_at_once(app: FastAPI, database: Database) -> None:
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        assert (await client.get("/api/session")).status_code == 200
        async with database.transaction() as session:
            await session.execute(sa.text("UPDATE users SET active = false"))
        answer = await client.get("/api/session")
        assert (answer.status_code, answer.json()["code"]) == (401, "account_disabled")


async def make_client(control: httpx.AsyncClient, *scopes: str) -> dict[str, Any]:
    answer = await control.post("/internal/control/clients", json={"name": "Payroll", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def token_for(client: httpx.AsyncClient, made: dict[str, Any], scope: str = "") -> httpx.Response:
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    return await client.post("/oauth/token", data=form, headers={"authorization": f"Basic {basic}"})


async def test_a_machine_works_with_its_scopes(
    stranger: httpx.AsyncClient, control: httpx.AsyncClient, database: Database
) -> None:
    made = await make_client(control, "staff:create", "staff:read")
    assert made["client_secret"].startswith("pnc_")
    answer = (await token_for(stranger, made)).json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 600, "staff:create staff:read")
    bearer = {"authorization": f"Bearer {answer['access_token']}"}
    assert (await stranger.post("/api/staff", json=PERSON, headers=bearer)).status_code == 201  # no page, no header
    assert (await stranger.get("/api/devices", headers=bearer)).status_code == 403
    assert (await stranger.get("/api/session", headers=bearer)).json()["user"]["name"] == "Payroll"

    narrow = (await token_for(stranger, made, "staff:read")).json()["access_token"]
    refused = await stranger.post("/api/staff", json=PERSON, headers={"authorization": f"Bearer {narrow}"})
    assert refused.status_code == 403
    assert (await token_for(stranger, made, "devices:read")).json()["error"] == "invalid_scope"
    wrong = await token_for(stranger, {**made, "client_secret": "pnc_wrong"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await token_for(stranger, {"client_id": "nobody", "client_secret": "x"})).status_code == 401

    async with database.transaction() as session:
        stored = str((await session.execute(sa.text("SELECT * FROM oauth_clients"))).all())
        actors = list(await session.scalars(sa.text("SELECT actor_kind FROM audit_log WHERE action = 'staff.create'")))
        refusals = await session.scalar(sa.text("SELECT count(*) FROM audit_log WHERE action = 'client.refused'"))
        await session.execute(sa.text("UPDATE oauth_clients SET scopes = '[\"staff:read\"]'"))
    assert made["client_secret"] not in stored
    assert actors == ["client"]
    assert refusals == 1
    assert (await stranger.post("/api/staff", json=PERSON, headers=bearer)).status_code == 403  # lost a scope
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE oauth_clients SET revoked_at = now()"))
    assert (await stranger.get("/api/staff", headers=bearer)).status_code == 401
    assert (await token_for(stranger, made)).status_code == 401


async def test_tokens_of_others_are_refused(
    servers: Servers, app: FastAPI, stranger: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    made = await make_client(control, "staff:read")
    own = Vault(servers.openbao.url, *servers.roles["org-acme"].values())
    other = Vault(servers.openbao.url, *servers.roles["org-globex"].values())
    tokens = {
        "own": await Tokens(own, "org-acme-tokens", PUBLIC_URL).issue(made["client_id"], ["staff:read"]),
        "foreign audience": await Tokens(own, "org-acme-tokens", "https://globex.localhost:8443").issue(
            made["client_id"], ["staff:read"]
        ),
        "foreign key": await Tokens(other, "org-globex-tokens", PUBLIC_URL).issue(made["client_id"], ["staff:read"]),
        "nonsense": "e30.e30.e30",
    }
    statuses = {
        name: (await stranger.get("/api/staff", headers={"authorization": f"Bearer {token}"})).status_code
        for name, token in tokens.items()
    }
    assert statuses == {"own": 200, "foreign audience": 401, "foreign key": 401, "nonsense": 401}


async def test_the_control_plane_sets_the_stack_up(
    control: httpx.AsyncClient, stranger: httpx.AsyncClient, database: Database
) -> None:
    health = (await control.get("/internal/health")).json()
    assert (health["status"], health["schema_head"]) == ("ok", schema.MIGRATIONS.newest())
    owner = {"issuer": "https://id", "subject": "s1", "email": "ann@acme.test", "name": "Ann"}
    for _ in range(2):
        assert (await control.put("/internal/control/owner", json=owner)).status_code == 204
    connection = {"issuer": "https://id", "client_id": "c", "secret_path": "organisations/acme/sign-in"}
    for _ in range(2):
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
    async with database.transaction() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM users")) == 1
        actions = list(await session.scalars(sa.text("SELECT action FROM audit_log ORDER BY id")))
    assert actions == ["owner.set", "sign_in.set"]
    unknown = await control.post("/internal/control/clients", json={"name": "x", "scopes": ["staff:fly"]})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "scopes")
    for headers in ({}, {"authorization": "Bearer bridge-token"}):
        assert (await stranger.get("/internal/health", headers=headers)).status_code == 401
        assert (await stranger.put("/internal/control/owner", json=owner, headers=headers)).status_code == 401


async def walk_in(client: httpx.AsyncClient, provider: FakeProvider, path: str = "/") -> httpx.Response:
    """Sign in as a browser does, up to the answer of the callback."""
    begun = await client.get("/auth/login", params={"next": path})
    assert begun.status_code == 302, begun.text
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    assert query["redirect_uri"] == f"{PUBLIC_URL}/auth/callback"
    return await client.get("/auth/callback", params={"state": query["state"], "code": provider.authorize(query)})


async def test_signing_in(app: FastAPI, control: httpx.AsyncClient, database: Database) -> None:
    provider = FakeProvider()
    async with served(provider.app) as provider.issuer, client_of(app) as browser:
        assert (await browser.get("/auth/login")).json()["code"] == "sign_in_missing"
        connection = {
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "secret_path": "organisations/acme/sign-in",
        }
        await control.put("/internal/control/sign-in", json=connection)
        refused = await walk_in(browser, provider)
        assert (refused.status_code, refused.json()["code"]) == (403, "no_account")
        assert "ask its owner" in refused.json()["detail"]
        owner = {"issuer": provider.issuer, "subject": "ann", "email": "ann@acme.test", "name": "Ann"}
        await control.put("/internal/control/owner", json=owner)

        entered = await walk_in(browser, provider, "/staff?active=true")
        assert (entered.status_code, entered.headers["location"]) == (302, "/staff?active=true")
        assert (await browser.get("/api/session")).json()["user"]["name"] == "Ann"
        assert (await browser.get("/auth/callback", params={"state": "x", "code": "y"})).status_code == 400
        outside = await walk_in(browser, provider, "https://evil.example/")
        assert outside.headers["location"] == "/"
        ours = {"origin": PUBLIC_URL, "x-punctual": "1"}
        assert (await browser.post("/auth/logout")).status_code == 403
        assert (await browser.post("/auth/logout", headers=ours)).status_code == 204
        assert (await browser.get("/api/session")).status_code == 401

        provider.claims = {**provider.claims, "sub": "somebody-else"}  # same e-mail, another person
        assert (await walk_in(browser, provider)).status_code == 403
    async with database.transaction() as session:
        actions = list(await session.scalars(sa.text("SELECT action FROM audit_log ORDER BY id")))
    assert actions == [
        *(
            "sign_in.set",
            "user.refused",
            "owner.set",
            "user.sign_in",
            "sign_in.refused",
            "user.sign_in",
            "user.refused",
        ),
    ]
