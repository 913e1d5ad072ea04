"""What every response of every service carries, whatever happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from foundation.web import SECURITY_HEADERS, _Exchange
from tests.foundation.web_program import build
from tests.route_declarations import undeclared_routes


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build())
    with capture_logs():
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.mark.parametrize(
    ("document", "status", "code", "field"),
    [
        ({"name": "taken"}, 409, "name_taken", "name"),
        ({"name": 3}, 422, "invalid_input", "name"),
        ({"name": "x", "is_admin": True}, 422, "invalid_input", "is_admin"),
        ({"name": "fault"}, 500, "internal_error", None),
        ({"name": "x" * 2000}, 413, "http_413", None),
    ],
)
async def test_problems_name_the_field_and_carry_the_headers(
    client: httpx.AsyncClient, document: dict[str, object], status: int, code: str, field: str | None
) -> None:
    answer = await client.post("/entries", json=document, headers={"x-correlation-id": "abcdef12"})
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"] == "abcdef12"
    assert "secret detail" not in answer.text
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).json()["code"] == "not_found"
    assert (await client.delete("/entries")).json()["code"] == "method_not_allowed"


async def test_a_form_is_not_taken_for_json(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await client.post("/entries", content='{"name":"x"}', headers={"content-type": kind})
        assert answer.status_code == 422


@pytest.mark.parametrize(("text", "position"), [('{"name": }', 9), ("{", 1), ('{"name": "a"', 12)])
async def test_malformed_json_is_reported_as_the_body_and_where(
    client: httpx.AsyncClient, text: str, position: int
) -> None:
    answer = await client.post("/entries", content=text, headers={"content-type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["field"], problem["errors"][0]["field"]) == (422, "body", "body")
    assert f"at character {position}" in problem["detail"]


async def test_limits_of_bodies_are_those_of_the_path(client: httpx.AsyncClient) -> None:
    assert (await client.post("/large", content=b"x" * 50_000)).json() == 50_000
    assert (await client.post("/large", content=b"x" * 100_001)).status_code == 413


@given(st.binary(max_size=80))
def test_a_correlation_id_is_taken_only_if_it_is_harmless(offered: bytes) -> None:
    scope = {"type": "http", "headers": [(b"x-correlation-id", offered)]}
    known = _Exchange(scope, None, None, 0).id  # type: ignore[arg-type]
    assert 8 <= len(known) <= 64
    assert known.replace("-", "").isalnum()


async def test_only_pages_of_the_portal_are_answered_with_it(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html nonce=__CSP_NONCE__>")
    (tmp_path / "pages.json").write_text('["/", "/staff/:id", "/staff"]')
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.json").write_text("{}")
    app = build(tmp_path)
    browser = {"accept": "text/html,*/*"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for path in ("/", "/staff", "/staff/", "/staff/7"):
            page = await client.get(path)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            nonce = page.text.split("nonce=")[1].rstrip(">")
            assert len(nonce) >= 16
            assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
        for path in ("/metrics", "/staff/7/8", "/pages.json", "/secret.json", "/.env", "/api/x", "/staffs"):
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert (await client.get("/logo.svg")).text == "<svg/>"
        shown = await client.get("/mistyped", headers=browser)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert (await client.get("/api/mistyped", headers=browser)).json()["code"] == "not_found"


async def test_a_portal_that_is_not_built_says_so(tmp_path: Path) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build(tmp_path)), base_url="http://test") as client:
        assert "make portal" in (await client.get("/")).text


def test_a_route_that_declares_no_caller_is_found() -> None:
    app = build()
    assert undeclared_routes(app) == []
    app.add_api_route("/open", lambda: None)
    assert undeclared_routes(app) == ["/open"]
