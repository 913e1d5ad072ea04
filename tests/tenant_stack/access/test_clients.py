"""Machine clients: two secrets, rights of whoever answers for them, haste, and one effect for one key."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, page_headers, sign_in

PERSON = {"employee_id": "E1", "name": "Ann"}


async def token(client: httpx.AsyncClient, client_id: str, secret: str) -> httpx.Response:
    return await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))


async def bearer(stranger: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, str]:
    answer = await token(stranger, made["client"]["client_id"], made["client_secret"])
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def make(api: Api, *scopes: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await api.post("/api/clients", {"name": "Payroll", "scopes": list(scopes), **more})
    return made


async def test_two_secrets_while_one_is_replaced(api: Api, stranger: httpx.AsyncClient, database: Database) -> None:
    made = await make(api, "staff:read")
    client_id, first = made["client"]["client_id"], made["client_secret"]
    second = (await api.post(f"/api/clients/{client_id}/secrets"))["client_secret"]
    assert (await api.post(f"/api/clients/{client_id}/secrets", status=409))["code"] == "two_secrets"
    for secret in (first, second):
        assert (await token(stranger, client_id, secret)).status_code == 200
    view = await api.get(f"/api/clients/{client_id}")
    assert all(each["last_used_at"] for each in view["secrets"])
    await api.call("DELETE", f"/api/clients/{client_id}/secrets/{view['secrets'][0]['id']}", 200)
    assert (await token(stranger, client_id, first)).status_code == 401
    assert (await token(stranger, client_id, second)).status_code == 200
    last = (await api.get(f"/api/clients/{client_id}"))["secrets"][0]["id"]
    answer = await api.call("DELETE", f"/api/clients/{client_id}/secrets/{last}", 409)
    assert answer["code"] == "last_secret"
    async with database.transaction() as session:
        stored = str((await session.execute(sa.text("SELECT * FROM client_secrets"))).all())
        trail = str((await session.execute(sa.text("SELECT before, after FROM audit_log"))).all())
    for secret in (first, second):
        assert secret not in stored + trail + str(view)


async def test_a_client_shrinks_with_whoever_answers_for_it(
    app: FastAPI, api: Api, stranger: httpx.AsyncClient
) -> None:
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as client:
        admin = Api(client)
        admin_id = (await admin.get("/api/session"))["user"]["id"]
        made = await make(admin, "staff:read", "devices:read")
    headers = await bearer(stranger, made)
    assert (await stranger.get("/api/staff", headers=headers)).status_code == 200
    role = await api.post("/api/roles", {"title": "Clocks only", "permissions": ["devices:read"]})
    await api.put(f"/api/users/{admin_id}", {"roles": [role["name"]]})
    assert (await stranger.get("/api/staff", headers=headers)).status_code == 403
    assert (await stranger.get("/api/devices", headers=headers)).status_code == 200
    await api.put(f"/api/users/{admin_id}", {"roles": [role["name"]], "active": False})
    assert (await stranger.get("/api/devices", headers=headers)).status_code == 403
    assert (await api.delete(f"/api/users/{admin_id}", 409))["code"] == "user_in_use"
    client_id = made["client"]["client_id"]
    assert not (await api.get(f"/api/clients/{client_id}"))["grantor_active"]
    await api.put(f"/api/clients/{client_id}", {"name": "Payroll", "scopes": ["staff:read"]})  # the owner takes it over
    assert (await stranger.get("/api/staff", headers=headers)).status_code == 200
    await api.delete(f"/api/clients/{client_id}")
    assert (await stranger.get("/api/staff", headers=headers)).status_code == 401
    assert (await token(stranger, client_id, made["client_secret"])).status_code == 401


async def test_a_client_gets_no_more_than_its_maker_holds_and_no_rights_over_people(app: FastAPI, api: Api) -> None:
    for scope in ("users:update", "clients:create"):
        refused = await api.post("/api/clients", {"name": "x", "scopes": [scope]}, 422)
        assert refused["code"] == "scope_for_people"
    await api.post("/api/roles", {"title": "Machines", "permissions": ["clients:create", "staff:read"]})
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        user_id = (await client.get("/api/session")).json()["user"]["id"]
        await api.put(f"/api/users/{user_id}", {"roles": ["machines"]})
        limited = Api(client)
        refused = await limited.post("/api/clients", {"name": "x", "scopes": ["devices:delete"]}, 403)
        assert refused["code"] == "grant_exceeds_own"
        await make(limited, "staff:read")


async def test_haste_and_guessing_are_slowed(api: Api, stranger: httpx.AsyncClient) -> None:
    made = await make(api, "staff:read", requests_per_minute=3)
    headers = await bearer(stranger, made)
    answers = [await stranger.get("/api/staff", headers=headers) for _ in range(8)]
    refused = [each for each in answers if each.status_code == 429]
    assert len(refused) >= 2  # a minute may end in between
    assert all(0 < int(each.headers["retry-after"]) <= 60 for each in refused)
    guesses = [await token(stranger, made["client"]["client_id"], f"pnc_{n}") for n in range(22)]
    assert {each.status_code for each in guesses[:20]} == {401}
    assert guesses[-1].status_code == 429
    assert guesses[-1].headers["retry-after"]


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "implicit", ""])
async def test_only_client_credentials(stranger: httpx.AsyncClient, grant: str) -> None:
    form = {"grant_type": grant, "username": "ann", "password": "x"}
    answer = await stranger.post("/oauth/token", data=form, auth=("c", "s"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    in_address = await stranger.post(
        "/oauth/token", params={"client_secret": "s"}, data={"grant_type": "client_credentials"}
    )
    assert (in_address.status_code, in_address.json()["error"]) == (400, "invalid_request")


async def test_one_key_one_effect(api: Api, stranger: httpx.AsyncClient) -> None:
    headers = await bearer(stranger, await make(api, "staff:create", "staff:read", "staff:update"))
    keyed = {**headers, "idempotency-key": "order-1"}
    first = await stranger.post("/api/staff", json=PERSON, headers=keyed)
    again = await stranger.post("/api/staff", json=PERSON, headers=keyed)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-security-policy"]
    other = await stranger.post("/api/staff", json={**PERSON, "name": "Bob"}, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bad = await stranger.post("/api/staff", json=PERSON, headers={**headers, "idempotency-key": "a b"})
    assert (bad.status_code, bad.json()["code"]) == (400, "idempotency_key_invalid")
    # A refusal keeps no claim: the mended request may use the key again.
    retry = {**headers, "idempotency-key": "order-2"}
    assert (await stranger.post("/api/staff", json=PERSON, headers=retry)).status_code == 409
    assert (await stranger.post("/api/staff", json={**PERSON, "employee_id": "E2"}, headers=retry)).status_code == 201


async def test_fifty_at_once_have_one_effect(app: FastAPI, api: Api, stranger: httpx.AsyncClient) -> None:
    headers = await bearer(stranger, await make(api, "staff:create"))
    keyed = {**headers, "idempotency-key": "storm"}
    site = {"employee_id": "S1", "name": "Storm"}
    answers = await asyncio.gather(*(stranger.post("/api/staff", json=site, headers=keyed) for _ in range(50)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    assert (await api.get("/api/audit", action="staff.create"))["total"] == 1
    assert (await stranger.post("/api/staff", json=site, headers=keyed)).status_code == 201


async def test_a_key_belongs_to_one_client(api: Api, stranger: httpx.AsyncClient) -> None:
    for number in (1, 2):
        headers = await bearer(stranger, await make(api, "staff:create"))
        person = {"employee_id": f"K{number}", "name": "K"}
        answer = await stranger.post("/api/staff", json=person, headers={**headers, "idempotency-key": "same"})
        assert answer.status_code == 201
