"""Route × role × part of the organisation, generated from the application and held against a table that people read."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.audit import RefusalBudget
from foundation.database import Database
from tenant_stack.access.permissions import PERMISSIONS
from tenant_stack.app import describe
from tests.route_declarations import undeclared_routes
from tests.security.route_table import SAFE, TABLE, Operation, operations
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, page_headers, sign_in

DESCRIBED = operations(describe())
ROLES = ("owner", "administrator", "manager", "viewer")
NOBODY = "00000000-0000-7000-8000-000000000000"


def filled(path: str, **known: str) -> str:
    """A path with its parameters filled in."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: known.get(found[1], NOBODY), path)


def api_operations() -> list[Operation]:
    return [each for each in DESCRIBED if each.path.startswith("/api/") and each.method != "WEBSOCKET"]


def test_every_route_declares_what_it_demands() -> None:
    assert undeclared_routes(describe()) == []
    assert [each.line for each in DESCRIBED if each.demand == "UNDECLARED"] == []
    assert {each.permission for each in DESCRIBED if each.permission} <= PERMISSIONS


def test_the_table_is_what_people_read() -> None:
    """A new or changed route must be seen by somebody: python -m tests.security.route_table writes the table anew."""
    assert [each.line for each in DESCRIBED] == TABLE.read_text().splitlines()


def test_a_route_without_a_declaration_is_found() -> None:
    app = describe()

    async def forgotten() -> None:
        """Nobody said who may."""

    app.add_api_route("/api/forgotten", forgotten, methods=["POST"])
    assert undeclared_routes(app) == ["/api/forgotten"]


async def call(client: httpx.AsyncClient, operation: Operation, **known: str) -> httpx.Response:
    path = filled(operation.path, **known)
    body: dict[str, Any] = {} if operation.method in SAFE else {"json": {}}
    return await client.request(operation.method, path, **body)


async def held_by(database: Database, role: str) -> set[str]:
    query = sa.text(
        "SELECT p.resource || ':' || p.action FROM roles r JOIN role_permissions rp ON rp.role_id = r.id "
        "JOIN permissions p ON p.id = rp.permission_id WHERE r.name = :role"
    )
    async with database.transaction() as session:
        return set(await session.scalars(query, {"role": role}))


async def test_nobody_signed_in_gets_nothing(app: FastAPI) -> None:
    async with client_of(app) as stranger:
        for operation in DESCRIBED:
            if operation.demand == "public" or operation.method == "WEBSOCKET":
                continue
            answer = await call(stranger, operation)
            assert answer.status_code == 401, f"{operation.line}: {answer.status_code}"


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_it_holds_and_nothing_else(app: FastAPI, database: Database, role: str) -> None:
    app.state.refused.budget = RefusalBudget(per_minute=0)
    held = await held_by(database, role)
    assert held
    wrong = []
    for operation in api_operations():
        if operation.path.startswith("/api/sessions") or operation.permission is None:
            continue
        async with client_of(app, **page_headers(await sign_in_once(app, role))) as client:
            answer = await call(client, operation)
        code = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else ""
        denied = (answer.status_code, code) == (403, "permission_missing")
        if denied == (operation.permission in held) or answer.status_code in {401, *range(500, 600)}:
            wrong.append(f"{operation.line}: {answer.status_code} {code}")
    assert wrong == []


_COOKIES: dict[tuple[int, str], str] = {}


async def sign_in_once(app: FastAPI, role: str) -> str:
    """One account a role and test is enough: these calls change nothing of it."""
    key = (id(app), role)
    if key not in _COOKIES:
        _COOKIES[key] = await sign_in(app, role)
    return _COOKIES[key]


async def test_another_part_of_the_organisation_is_not_there(app: FastAPI, api: Api, database: Database) -> None:
    """Whoever sees one site reaches no person and no clock of another by any route that names one."""
    north = await api.post("/api/sites", {"code": "north", "name": "North", "zone": "UTC"})
    south = await api.post("/api/sites", {"code": "south", "name": "South", "zone": "UTC"})
    canary = f"canary-{uuid.uuid4().hex}"
    person = await api.add_staff("2", site_id=south["id"], notes=canary, job_title=canary)
    clock = await api.add_device("FAR-1", site_id=south["id"], location=canary)
    cookie = await sign_in(app, "administrator")
    async with client_of(app, **page_headers(cookie)) as limited:
        user_id = (await limited.get("/api/session")).json()["user"]["id"]
        async with database.transaction() as session:
            query = sa.text("UPDATE users SET sites = jsonb_build_array(CAST(:site AS text)) WHERE id = :id")
            await session.execute(query, {"site": north["id"], "id": user_id})
        leaks = []
        for operation in api_operations():
            named = {"staff_id": person["id"], "device_id": clock["id"]}
            answer = await call(limited, operation, **named)
            assert answer.status_code < 500, f"{operation.line}: {answer.status_code} {answer.text}"
            mentioned = canary in answer.text
            names_one = any(f"{{{name}}}" in operation.path for name in named)
            document = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            empty = isinstance(document, dict) and document.get("items") == []
            if mentioned or (names_one and answer.status_code < 300 and not empty):
                leaks.append(f"{operation.line}: {answer.status_code} {answer.text[:200]}")
    assert leaks == []
