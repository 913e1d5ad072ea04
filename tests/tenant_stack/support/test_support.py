"""Support access in the organisation: by a pass, seen by everybody, over on time, never more than its ceiling."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from foundation.database import Database
from foundation.sign_in.sessions import COOKIE
from foundation.vault import Vault
from tenant_stack.access.permissions import PERMISSIONS
from tenant_stack.access.support.passes import Passes
from tenant_stack.access.support.permission_limit import READ, WRITE
from tenant_stack.app import create_app
from tenant_stack.settings import TenantSettings
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import PUBLIC_URL, Servers, client_of, page_headers, sign_in

OPERATOR = "operator-7"
NEVER = ("biometrics:", "users:", "clients:", "settings:", "audit:")


@pytest.fixture
async def control(app: FastAPI) -> AsyncIterator[Api]:
    async with client_of(app, authorization="Bearer control-token") as client:
        yield Api(client)


def request(**more: object) -> dict[str, object]:
    return {
        "id": str(uuid4()),
        "operator_id": OPERATOR,
        "operator": "olga@platform.test",
        "reason": "The lobby clock sends nothing",
        "ticket": "T-12",
        "minutes": 30,
        **more,
    }


async def ask(control: Api, **more: object) -> str:
    wanted = request(**more)
    answer = await control.client.put("/internal/control/support", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == wanted["id"]
    return str(wanted["id"])


async def pass_for(control: Api, grant: str) -> str:
    answer = await control.post(f"/internal/control/support/{grant}/token", {"operator_id": OPERATOR}, 200)
    assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:jwt"
    return str(answer["access_token"])


async def enter(app: FastAPI, token: str) -> str:
    """Follow the link; the cookie of the session."""
    async with client_of(app) as browser:
        answer = await browser.get(f"/auth/support?token={quote(token)}")
    assert (answer.status_code, answer.headers.get("location")) == (302, "/"), answer.text
    return str(answer.cookies[COOKIE])


@asynccontextmanager
async def operator(app: FastAPI, control: Api, grant: str) -> AsyncIterator[Api]:
    cookie = await enter(app, await pass_for(control, grant))
    async with client_of(app, **page_headers(cookie)) as client:
        yield Api(client)


def test_the_ceiling_holds_nothing_that_is_never_given() -> None:
    assert READ < WRITE < PERMISSIONS
    assert not [each for each in WRITE if each.startswith(NEVER)]
    assert not [each for each in WRITE if each.endswith((":export", ":delete", ":approve"))]
    assert {each.partition(":")[2] for each in READ} == {"read"}


async def test_an_operator_reads_and_everybody_sees_it(app: FastAPI, control: Api, api: Api) -> None:
    person = await api.add_staff("7")
    grant = await ask(control)
    async with operator(app, control, grant) as support:
        session = await support.get("/api/session")
        assert set(session["permissions"]) == READ
        assert "olga@platform.test for Acme, T-12" in session["user"]["name"]
        assert (await support.get(f"/api/staff/{person['id']}"))["employee_id"] == "7"
        assert (await support.get("/api/support/now"))["own"] == grant
        for path in ("/api/users", "/api/clients", "/api/audit", "/api/support", "/api/audit/export"):
            assert (await support.client.get(path)).status_code == 403, path
        refused = await support.client.put(f"/api/staff/{person['id']}", json=person)
        assert refused.status_code == 403
        assert (await support.client.post("/api/staff", json={"employee_id": "8"})).status_code == 403
    for role in ("viewer", "manager", "owner"):
        async with client_of(app, **page_headers(await sign_in(app, role))) as client:
            seen = await Api(client).get("/api/support/now")
        assert [(each["id"], each["operator"], each["write"]) for each in seen["open"]] == [
            (grant, "olga@platform.test", False)
        ]
        assert seen["own"] is None
    listed = await api.get("/api/support")
    assert (listed["total"], listed["items"][0]["reason"]) == (1, "The lobby clock sends nothing")


async def test_the_trail_names_the_operator_and_on_whose_behalf(app: FastAPI, control: Api, api: Api) -> None:
    person = await api.add_staff("7")
    grant = await ask(control, write=True)
    async with operator(app, control, grant) as support:
        assert set((await support.get("/api/session"))["permissions"]) == WRITE
        body = {key: person[key] for key in ("employee_id", "name") if key in person} | {"name": "Renamed"}
        answer = await support.client.put(f"/api/staff/{person['id']}", json=body)
        assert answer.status_code == 200, answer.text
    lines = (await api.get("/api/audit"))["items"]
    mine = {each["action"]: each for each in lines if each["actor_kind"] == "support"}
    assert {"support.ask", "support.sign_in", "staff.update"} <= set(mine)
    for line in mine.values():
        assert (line["actor_id"], line["actor_label"]) == (OPERATOR, "olga@platform.test for Acme, T-12")
    assert mine["support.ask"]["after"]["reason"] == "The lobby clock sends nothing"


async def test_a_pass_opens_once_and_only_while_the_access_is_open(app: FastAPI, control: Api) -> None:
    grant = await ask(control)
    token = await pass_for(control, grant)
    await enter(app, token)
    async with client_of(app) as browser:
        for bad in (token, token[:-4] + "AAAA", "a.b.c", "", "x" * 9000):
            answer = await browser.get("/auth/support", params={"token": bad})
            assert (answer.status_code, answer.json()["code"]) == (401, "support_pass_invalid")
        # A pass is no token for the API, and other operators get none.
        fresh = await pass_for(control, grant)
        api_call = await browser.get("/api/staff", headers={"authorization": f"Bearer {fresh}"})
        assert api_call.status_code == 401
        await control.post(f"/internal/control/support/{grant}/token", {"operator_id": "somebody-else"}, 409)
        await control.post(f"/internal/control/support/{grant}/end", {}, 200)
        answer = await browser.get("/auth/support", params={"token": fresh})
        assert (answer.status_code, answer.json()["code"]) == (401, "support_over")
    await control.post(f"/internal/control/support/{grant}/token", {"operator_id": OPERATOR}, 409)


async def test_time_ends_it(app: FastAPI, control: Api, superuser_database: Database) -> None:
    grant = await ask(control, minutes=1)
    async with operator(app, control, grant) as support:
        await support.get("/api/staff")
        async with superuser_database.transaction() as session:
            await session.execute(sa.text("UPDATE support_grants SET ends_at = now() - interval '1 second'"))
        over = await support.client.get("/api/staff")
        assert (over.status_code, over.json()["code"]) == (401, "support_over")
    assert (await control.get(f"/internal/control/support/{grant}"))["state"] == "ended"
    refused = await control.client.put("/internal/control/support", json=request(minutes=31))
    assert refused.status_code == 422


@pytest.mark.parametrize("by", ["organisation", "operator"])
async def test_either_side_ends_it_now(app: FastAPI, control: Api, api: Api, by: str) -> None:
    grant = await ask(control)
    async with operator(app, control, grant) as support:
        await support.get("/api/staff")
        if by == "organisation":
            assert (await api.post(f"/api/support/{grant}/end", status=200))["state"] == "ended"
        else:
            assert (await control.post(f"/internal/control/support/{grant}/end", {}, 200))["state"] == "ended"
        assert (await support.client.get("/api/staff")).status_code == 401
    assert (await api.get("/api/support/now"))["open"] == []
    told = await control.get(f"/internal/control/support/{grant}")
    assert told["ended_by"] == ("Owner" if by == "organisation" else "olga@platform.test for Acme, T-12")


async def test_viewers_decide_nothing(app: FastAPI, control: Api) -> None:
    grant = await ask(control)
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        for verb in ("end", "approve", "decline"):
            assert (await client.post(f"/api/support/{grant}/{verb}")).status_code == 403
        assert (await client.put("/api/support/policy", json={"approval_required": False})).status_code == 403


async def test_an_administrator_approves_first_where_that_is_wanted(app: FastAPI, control: Api, api: Api) -> None:
    await api.client.put("/api/support/policy", json={"approval_required": True})
    assert (await api.get("/api/support/policy")) == {"approval_required": True}
    grant, other = await ask(control, minutes=5), await ask(control)
    await control.post(f"/internal/control/support/{grant}/token", {"operator_id": OPERATOR}, 409)
    seen = await api.get("/api/support/now")
    assert ({each["id"] for each in seen["waiting"]}, seen["open"]) == ({grant, other}, [])
    approved = await api.post(f"/api/support/{grant}/approve", status=200)
    assert (approved["state"], approved["approved_by"]) == ("open", "Owner")
    await api.post(f"/api/support/{grant}/approve", status=409)
    assert (await api.post(f"/api/support/{other}/decline", status=200))["state"] == "declined"
    async with operator(app, control, grant) as support:
        await support.get("/api/staff")
    actions = [each["action"] for each in (await api.get("/api/audit", action="support"))["items"]]
    assert {"support.policy", "support.approve", "support.decline"} <= set(actions)


async def test_a_pass_of_one_organisation_is_nothing_at_another(servers: Servers, app: FastAPI, control: Api) -> None:
    """The other organisation has the same access open, and the same name of a pass in its store."""
    grant = await ask(control)
    token = await pass_for(control, grant)
    settings: TenantSettings = app.state.settings
    role = servers.roles["org-globex"]
    vault = Vault(settings.vault_url, role["vault_role_id"], role["vault_secret_id"])
    theirs = Passes(vault, app.state.valkey, "org-globex-tokens", "https://globex.localhost:8443")
    with pytest.raises(Exception, match="used before or has run out"):
        await theirs.take(token)
    assert (await enter(app, token)) != ""


def test_an_open_page_closes_within_seconds(document: dict[str, object]) -> None:
    application = create_app(TenantSettings.model_validate(document))
    control = {"authorization": "Bearer control-token"}
    with TestClient(application, base_url=PUBLIC_URL) as browser:
        wanted = request()
        assert browser.put("/internal/control/support", json=wanted, headers=control).status_code == 200
        place = f"/internal/control/support/{wanted['id']}"
        token = browser.post(f"{place}/token", json={"operator_id": OPERATOR}, headers=control).json()["access_token"]
        entered = browser.get("/auth/support", params={"token": token}, follow_redirects=False)
        headers = page_headers(entered.cookies[COOKIE])
        with browser.websocket_connect(f"wss://{PUBLIC_URL.partition('//')[2]}/api/live", headers=headers) as socket:
            assert socket.receive_json()["type"] == "hello"
            assert browser.post(f"{place}/end", headers=control).status_code == 200
            began = time.monotonic()
            told = socket.receive()
            while told["type"] != "websocket.close":
                told = socket.receive()
            assert told["code"] == 4401
            assert time.monotonic() - began < 5


async def test_without_the_control_planes_token_nobody_asks(app: FastAPI) -> None:
    async with client_of(app, authorization=f"Bearer {secrets.token_hex(8)}") as client:
        answer: httpx.Response = await client.put("/internal/control/support", json=request())
    assert answer.status_code == 401
