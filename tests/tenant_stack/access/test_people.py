"""Users, roles, limits and sessions: nobody gives more than they have, and what is taken away is gone at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.sign_in.sessions import Sessions
from tenant_stack.app import create_app
from tenant_stack.settings import TenantSettings
from tests.security.hostile_provider import HostileProvider
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import client_of, page_headers, sign_in
from tests.tenant_stack.fakes import served


@asynccontextmanager
async def signed_in(app: FastAPI, role: str = "owner") -> AsyncIterator[Api]:
    async with client_of(app, **page_headers(await sign_in(app, role))) as client:
        yield Api(client)


async def my_id(api: Api) -> str:
    return str((await api.get("/api/session"))["user"]["id"])


async def limit(database: Database, user_id: str, *, sites: list[str] | None, departments: list[str] | None) -> None:
    async with database.transaction() as session:
        await session.execute(
            sa.text(
                "UPDATE users SET sites = CAST(:sites AS jsonb), departments = CAST(:departments AS jsonb) "
                "WHERE id = :id"
            ),
            {"sites": _json(sites), "departments": _json(departments), "id": user_id},
        )


def _json(values: list[str] | None) -> str | None:
    return None if values is None else "[" + ",".join(f'"{each}"' for each in values) + "]"


async def test_a_role_of_ones_own_acts_on_the_next_request(app: FastAPI, api: Api) -> None:
    role = await api.post("/api/roles", {"title": "Shift lead", "permissions": ["staff:read"]})
    assert (role["name"], role["built_in"], role["users"]) == ("shift-lead", False, 0)
    assert (await api.post("/api/roles", {"title": "shift LEAD", "permissions": []}, 409))["code"] == "title_taken"
    async with signed_in(app, "viewer") as lead:
        user_id = await my_id(lead)
        await api.put(f"/api/users/{user_id}", {"roles": ["shift-lead"]})
        await lead.call("GET", "/api/staff", 200)
        await lead.call("GET", "/api/devices", 403)
        await api.put("/api/roles/shift-lead", {"title": "Shift lead", "permissions": ["devices:read"]})
        await lead.call("GET", "/api/staff", 403)
        await lead.call("GET", "/api/devices", 200)
    assert (await api.delete("/api/roles/shift-lead", 409))["code"] == "role_in_use"
    await api.put(f"/api/users/{user_id}", {"roles": ["viewer"]})
    await api.delete("/api/roles/shift-lead")
    assert (await api.put("/api/roles/viewer", {"title": "V", "permissions": []}, 409))["code"] == "role_built_in"
    matrix = (await api.get("/api/roles"))["matrix"]
    assert "sync" in matrix["devices"]


async def test_nobody_grants_what_they_do_not_hold(app: FastAPI, api: Api) -> None:
    granter = ["users:create", "users:read", "users:update", "users:delete", "staff:read"]
    await api.post("/api/roles", {"title": "Granter", "permissions": granter})
    async with signed_in(app, "viewer") as clerk, signed_in(app, "administrator") as admin:
        clerk_id, admin_id, owner_id = await my_id(clerk), await my_id(admin), await my_id(api)
        await api.put(f"/api/users/{clerk_id}", {"roles": ["granter"]})
        refused: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/api/roles", {"title": "More", "permissions": ["biometrics:read"]}),
            ("PUT", "/api/roles/granter", {"title": "Granter", "permissions": [*granter, "biometrics:read"]}),
            ("PUT", f"/api/users/{clerk_id}", {"roles": ["administrator"]}),
            ("PUT", f"/api/users/{clerk_id}", {"roles": ["granter"], "active": False}),
            ("PUT", f"/api/users/{admin_id}", {"roles": ["granter"]}),
            ("DELETE", f"/api/users/{admin_id}", {}),
            ("POST", "/api/users", {"email": "x@acme.test", "roles": ["manager"]}),
            ("PUT", f"/api/users/{owner_id}", {"roles": ["granter"]}),
        ]
        for method, path, body in refused:
            answer = await clerk.call(method, path, 403, json=body)
            assert answer["code"] in {"grant_exceeds_own", "own_account", "user_above", "owner_only"}, answer
        # An administrator holds every permission and still makes, changes and unmakes no owner.
        invited = {"email": "x@acme.test", "roles": ["owner"]}
        assert (await admin.post("/api/users", invited, 403))["code"] == "owner_only"
        for method in ("PUT", "DELETE"):
            answer = await admin.call(method, f"/api/users/{owner_id}", 403, json={"roles": ["viewer"]})
            assert answer["code"] == "owner_only"
        await clerk.post("/api/roles", {"title": "Reader", "permissions": ["staff:read"]})


async def test_the_last_owner_stays(app: FastAPI, api: Api, database: Database) -> None:
    async with signed_in(app) as second:
        first_id, second_id = await my_id(api), await my_id(second)
        answers = await asyncio.gather(
            api.client.put(f"/api/users/{second_id}", json={"roles": ["viewer"]}),
            second.client.put(f"/api/users/{first_id}", json={"roles": ["viewer"]}),
        )
        assert sorted(each.status_code for each in answers) in ([200, 403], [200, 409])
    async with database.transaction() as session:
        owners = await session.scalar(
            sa.text("SELECT count(*) FROM user_roles ur JOIN roles r ON r.id = ur.role_id WHERE r.name = 'owner'")
        )
    assert owners == 1


async def test_step_up(app: FastAPI) -> None:
    user_cookie = await sign_in(app)
    async with client_of(app, **page_headers(user_cookie)) as client:
        user_id = await my_id(Api(client))
    sessions: Sessions = app.state.sign_in.sessions
    old = await sessions.create(user_id, authenticated_at=1)
    async with client_of(app, **page_headers(old)) as client:
        for method, path, body in (
            ("POST", "/api/roles", {"title": "New", "permissions": []}),
            ("POST", "/api/clients", {"name": "x", "scopes": ["staff:read"]}),
            ("POST", "/api/users", {"email": "a@b", "roles": ["viewer"]}),
            ("DELETE", f"/api/staff/{user_id}/biometrics", {}),
            ("DELETE", f"/api/staff/{user_id}/biometrics/{user_id}", {}),
            ("POST", f"/api/staff/{user_id}/consents/withdraw", {}),
            ("POST", "/api/biometrics/key/rotate", {}),
            ("PUT", "/api/biometrics/settings", {}),
            ("POST", f"/api/attendance/periods/{user_id}/unlock", {"reason": "Wanted"}),
        ):
            answer = await client.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "step_up_required"), path
        assert (await client.get("/api/roles")).status_code == 200


@pytest.fixture
async def provider(app: FastAPI) -> AsyncIterator[HostileProvider]:
    honest = HostileProvider(subject="bob")
    honest.claims = lambda claims: {**claims, "email": "Bob@acme.test"}
    async with served(honest.app) as honest.issuer, client_of(app, authorization="Bearer control-token") as control:
        connection = {
            "issuer": honest.issuer,
            "client_id": honest.client_id,
            "secret_path": "organisations/acme/sign-in",
        }
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
        yield honest


async def follow(app: FastAPI, provider: HostileProvider, url: str) -> httpx.Response:
    """Open an invitation's link and sign in at the provider."""
    async with client_of(app) as browser:
        begun = await browser.get(url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
        params = {"state": query["state"], "code": provider.authorize(query)}
        return await browser.get("/auth/callback", params=params)


async def test_an_invitation_works_once_for_whom_it_is(app: FastAPI, api: Api, provider: HostileProvider) -> None:
    made = await api.post("/api/users", {"email": "bob@acme.test", "name": "Bob", "roles": ["viewer"]})
    user_id, url = made["user"]["id"], made["url"]
    assert made["user"]["status"] == "invited"
    assert url not in str(await api.get(f"/api/users/{user_id}"))
    assert (await api.post("/api/users", {"email": "BOB@acme.test", "roles": ["viewer"]}, 409))["code"] == "email_taken"
    plain = url.split("?")[0]
    assert (await follow(app, provider, plain)).status_code == 403  # the e-mail alone links nothing
    renewed = (await api.post(f"/api/users/{user_id}/invite", status=200))["url"]
    assert (await follow(app, provider, url)).status_code == 403  # the link before is void
    stranger = provider.claims
    provider.claims = lambda claims: {**claims, "email": "eve@acme.test"}
    assert (await follow(app, provider, renewed)).status_code == 403  # forwarded to somebody else
    provider.claims = stranger
    entered = await asyncio.gather(*(follow(app, provider, renewed) for _ in range(5)))
    statuses = {each.status_code for each in entered}
    assert 302 in statuses
    assert statuses <= {302, 403}
    assert (await api.get(f"/api/users/{user_id}"))["status"] == "active"
    provider.subject = "mallory"
    assert (await follow(app, provider, renewed)).status_code == 403
    assert (await api.post(f"/api/users/{user_id}/invite", status=409))["code"] == "user_joined"


async def test_sessions_are_listed_and_ended(app: FastAPI, api: Api) -> None:
    user_id = await my_id(api)
    sessions: Sessions = app.state.sign_in.sessions
    others = [await sessions.create(user_id, address="192.0.2.9", agent="Phone") for _ in range(3)]
    listed = (await api.get("/api/sessions"))["items"]
    assert [each["current"] for each in listed].count(True) == 1
    assert len(listed) == 4
    phone = next(each for each in listed if each["agent"] == "Phone")
    await api.delete(f"/api/sessions/{phone['id']}")
    await api.delete("/api/sessions/000000000000000000000000", 404)
    assert len((await api.get("/api/sessions"))["items"]) == 3
    await api.delete("/api/sessions")
    assert [each["current"] for each in (await api.get("/api/sessions"))["items"]] == [True]
    for cookie in others:
        async with client_of(app, **page_headers(cookie)) as client:
            assert (await client.get("/api/session")).status_code == 401
    async with signed_in(app, "viewer") as viewer:
        viewer_id = await my_id(viewer)
        await viewer.delete(f"/api/users/{user_id}/sessions", 403)
        await api.delete(f"/api/users/{viewer_id}/sessions")
        await viewer.call("GET", "/api/session", 401)
    async with signed_in(app, "viewer") as viewer:
        viewer_id = await my_id(viewer)
        await api.put(f"/api/users/{viewer_id}", {"roles": ["viewer"], "active": False})
        await viewer.call("GET", "/api/session", 401)


async def test_only_a_person_keeps_a_session_alive(app: FastAPI, api: Api) -> None:
    valkey = app.state.valkey
    sessions = Sessions(valkey, idle=100, absolute=1000)
    cookie = await sessions.create(await my_id(api))
    key = valkey.key("session", hashlib.sha256(cookie.encode()).hexdigest())
    async with client_of(app, **page_headers(cookie)) as client:
        await client.get("/api/session")
        assert await valkey.client.ttl(key) <= 100  # a poll changes nothing
        await client.get("/api/session", headers={"x-punctual-active": "1"})
        assert 900 < await valkey.client.ttl(key) <= 1000  # the idle time begins again, up to the absolute end
        keys = [each async for each in valkey.client.scan_iter(valkey.key("*"))]
        assert key in keys
        stored = [await valkey.client.get(each) for each in keys if each.startswith(valkey.key("session", ""))]
        assert cookie not in f"{keys} {stored}"
        document = {**json.loads(await valkey.client.get(key)), "ends": 1}
        await valkey.client.set(key, json.dumps(document))
        assert (await client.get("/api/session", headers={"x-punctual-active": "1"})).status_code == 401  # absolute
        assert await valkey.client.get(key) is None


async def test_limits_by_site_and_department(app: FastAPI, api: Api, bridge: Bridge, database: Database) -> None:
    north = await api.post("/api/sites", {"code": "north", "name": "North", "zone": "UTC"})
    south = await api.post("/api/sites", {"code": "south", "name": "South", "zone": "UTC"})
    here = await api.add_staff("1", site_id=north["id"], department="Sales")
    there = await api.add_staff("2", site_id=south["id"], department="Sales")
    other = await api.add_staff("3", site_id=north["id"], department="Works")
    gate = await api.add_device("NORTH-1", site_id=north["id"])
    far = await api.add_device("SOUTH-1", site_id=south["id"])
    # Everybody punches at the southern clock: punches follow the person, unknown ones follow the clock.
    for pin in ("1", "2", "3", "99"):
        await bridge.punches(punch(pin, f"2026-03-02 08:0{int(pin) % 10}:00"), serial="SOUTH-1")
    async with signed_in(app, "manager") as manager:
        user_id = await my_id(manager)
        assert (await manager.get("/api/staff"))["total"] == 3
        await limit(database, user_id, sites=[north["id"]], departments=["Sales"])
        assert [each["id"] for each in (await manager.get("/api/staff"))["items"]] == [here["id"]]
        assert [each["id"] for each in (await manager.get("/api/devices"))["items"]] == [gate["id"]]
        logs = (await manager.get("/api/attendance/logs"))["items"]
        assert [(each["staff_id"], each["device_serial"]) for each in logs] == [(here["id"], "SOUTH-1")]
        for person in (there, other):
            assert (await manager.call("GET", f"/api/staff/{person['id']}", 404))["code"] == "staff_not_found"
            changed = {"employee_id": person["employee_id"], "name": "Mine now"}
            await manager.call("PUT", f"/api/staff/{person['id']}", 404, json=changed)
            assert (await manager.get("/api/attendance/logs", staff_id=person["id"]))["total"] == 0
            assert (await manager.get("/api/attendance/records", staff_id=person["id"]))["total"] == 0
        for path in ("", "/status", "/users", "/syncs"):
            answer = await manager.client.get(f"/api/devices/{far['id']}{path}")
            assert answer.status_code == 404 or answer.json()["total"] == 0, path
        await manager.call("POST", f"/api/devices/{far['id']}/sync", 404)
        board = await manager.get("/api/dashboard")
        assert (board["staff_total"], [each["device_serial"] for each in board["devices"]]) == (1, ["NORTH-1"])
        assert [each["staff_id"] for each in board["recent"]] == [here["id"]]
        assert (await api.get("/api/dashboard"))["staff_total"] == 3
        await limit(database, user_id, sites=[], departments=None)
        assert (await manager.get("/api/staff"))["total"] == 0
        await limit(database, user_id, sites=None, departments=["Works"])
        assert [each["id"] for each in (await manager.get("/api/staff"))["items"]] == [other["id"]]
    async with signed_in(app, "administrator") as admin:
        await limit(database, await my_id(admin), sites=[north["id"]], departments=None)
        wide = {"email": "w@acme.test", "roles": ["viewer"]}
        assert (await admin.post("/api/users", wide, 403))["code"] == "grant_exceeds_own"
        assert (await admin.post("/api/users", {**wide, "site_ids": [south["id"]]}, 403))["code"] == "grant_exceeds_own"
        await admin.post("/api/users", {**wide, "site_ids": [north["id"]]})
        assert (await admin.call("GET", "/api/audit", 403))["code"] == "scope_limited"


async def test_a_denied_call_is_on_record(app: FastAPI, api: Api) -> None:
    async with signed_in(app, "viewer") as viewer:
        await viewer.post("/api/staff", {"employee_id": "1", "name": "A"}, 403)
        viewer_id = await my_id(viewer)
    (line,) = (await api.get("/api/audit", action="access.refused"))["items"]
    assert (line["actor_id"], line["target_id"], line["after"]["permission"]) == (
        viewer_id,
        "/api/staff",
        "staff:create",
    )
    assert line["address"] == "192.0.2.7"


async def test_without_the_session_store_people_wait_and_punches_do_not(document: dict[str, object]) -> None:
    closed = {**document, "valkey_url": "redis://127.0.0.1:1/0", "vault_url": "http://127.0.0.1:1"}
    app = create_app(TenantSettings.model_validate(closed))
    async with app.router.lifespan_context(app):
        async with client_of(app, **page_headers("anything")) as person:
            assert (await person.get("/api/staff")).status_code == 503
            assert (await person.get("/api/staff", headers={"authorization": "Bearer x"})).status_code in {401, 503}
        async with client_of(app, authorization="Bearer bridge-token") as client:
            answer = await client.post(
                "/internal/bridge/contacts",
                json={
                    "serial": "NEW-1",
                    "kind": "handshake",
                    "source_address": "192.0.2.50",
                    "at": "2026-03-02T08:00:00+00:00",
                },
            )
            assert answer.status_code < 500, answer.text
