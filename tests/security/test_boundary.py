"""The browser's boundary, on every route: foreign pages, foreign hosts, headers, and what is not public."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.web import SECURITY_HEADERS
from tests.security.route_table import SAFE
from tests.security.test_permissions import DESCRIBED, call, filled
from tests.tenant_stack.conftest import PUBLIC_URL, client_of, page_headers, sign_in

UNSAFE = [each for each in DESCRIBED if each.method not in {*SAFE, "WEBSOCKET"} and each.path.startswith("/api/")]
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    "change", [{"origin": EVIL}, {"origin": "null"}, {"x-punctual": ""}, {"origin": "", "sec-fetch-site": "cross-site"}]
)
async def test_no_change_from_a_foreign_page(app: FastAPI, change: dict[str, str]) -> None:
    assert len(UNSAFE) > 40
    async with client_of(app, **{**page_headers(await sign_in(app)), **change}) as client:
        for operation in UNSAFE:
            if operation.demand == "public":
                continue
            answer = await call(client, operation)
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), operation.line


async def test_no_change_by_a_form_or_plain_text(app: FastAPI) -> None:
    """Bodies that a foreign page can send without asking are never taken for JSON."""
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        for operation in UNSAFE:
            for kind in ("text/plain", "application/x-www-form-urlencoded"):
                headers = {"content-type": kind}
                answer = await client.request(operation.method, filled(operation.path), content="{}", headers=headers)
                assert 400 <= answer.status_code < 500 or answer.status_code in {200, 202, 204}, operation.line
                if answer.status_code < 300:
                    assert "requestBody" not in _described(app, operation.path, operation.method), operation.line


def _described(app: FastAPI, path: str, method: str) -> dict[str, object]:
    found: dict[str, object] = app.openapi()["paths"][path][method.lower()]
    return found


async def test_headers_on_every_answer(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app))) as client, client_of(app) as stranger:
        answers: list[httpx.Response] = [
            await client.get("/api/session"),
            await stranger.get("/api/session"),
            await client.get("/api/nothing"),
            await client.post("/api/staff", json={"employee_id": 3}),
            await client.request("TRACE", "/api/staff"),
            await client.get("/api/staff", params={"limit": 100_000}),
            await client.get("/api/session", headers={"host": "evil.example"}),
            await client.post("/api/staff", content=b"[" * 100_000, headers={"content-type": "application/json"}),
            await client.post("/api/staff", content=b"x" * 1_100_000),
        ]
    assert [each.status_code for each in answers] == [200, 401, 404, 422, 405, 422, 400, 400, 413]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS, answer.request.url
        assert answer.headers["x-correlation-id"]
        assert "server" not in answer.headers
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


async def test_other_sites_read_nothing(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        for method in ("GET", "OPTIONS"):
            asked = {"origin": EVIL, "access-control-request-method": "POST"}
            answer = await client.request(method, "/api/session", headers=asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_only_our_own_host_is_answered(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        for host in ("evil.example", "globex.localhost:8443", "", "acme.localhost:8443.evil.example"):
            for path in ("/api/session", "/auth/login", "/"):
                answer = await client.get(path, headers={"host": host})
                assert (answer.status_code, answer.json()["code"]) == (400, "host_unknown"), (host, path)
        forged = await client.get("/api/session", headers={"x-forwarded-host": "evil.example"})
        assert forged.status_code == 200
        assert PUBLIC_URL.split("//")[1] == client.base_url.netloc.decode()


async def test_the_map_of_the_api_is_not_public(app: FastAPI) -> None:
    async with client_of(app) as stranger:
        for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/.env", "/api/docs"):
            answer = await stranger.get(path, headers={"accept": "application/json"})
            assert "openapi" not in answer.text, path
            assert "swagger" not in answer.text.lower(), path


async def test_reading_changes_nothing_but_the_trail(app: FastAPI) -> None:
    """No GET is a change: the crawl may write the audit trail and nothing else."""
    counted = sa.text(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
        "AND table_name NOT IN ('audit_log', 'audit_waiting', 'audit_chain')"
    )

    async def contents() -> dict[str, object]:
        async with app.state.database.transaction() as session:
            names = list(await session.scalars(counted))
            return {
                name: await session.scalar(
                    sa.text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t")
                )
                for name in names
            }

    async with client_of(app, **page_headers(await sign_in(app))) as client:
        before = await contents()
        for operation in DESCRIBED:
            if operation.method == "GET" and operation.path.startswith("/api/"):
                answer = await call(client, operation)
                assert answer.status_code < 500, operation.line
        assert await contents() == before
