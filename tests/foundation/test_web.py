"""What every answer of every service carries, whatever happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from foundation.errors import Conflict
from foundation.web import SECURITY_HEADERS, create_app


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("Test", "1", lifespan=nothing, max_body_bytes=1000)

    @app.post("/entries")
    async def add(entry: Entry) -> dict[str, str]:
        if entry.name == "taken":
            raise Conflict("name_taken", "Another entry already has this name", field="name")
        if entry.name == "fault":
            raise RuntimeError("secret detail")
        return {"name": entry.name}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
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
