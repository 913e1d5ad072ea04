"""Signing in at a provider that lies: every lie is refused, begins no session, and leaves a line in the trail."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from foundation.database import Database
from foundation.sign_in.sessions import COOKIE
from tests.security import hostile_provider as lies
from tests.security.hostile_provider import HostileProvider
from tests.tenant_stack.conftest import client_of, page_headers, sign_in
from tests.tenant_stack.fakes import served


@pytest.fixture
async def provider(app: FastAPI) -> AsyncIterator[HostileProvider]:
    """A provider that is honest until a test says otherwise, with Ann as the organisation's owner."""
    hostile = HostileProvider()
    async with served(hostile.app) as hostile.issuer, client_of(app, authorization="Bearer control-token") as control:
        connection = {
            "issuer": hostile.issuer,
            "client_id": hostile.client_id,
            "secret_path": "organisations/acme/sign-in",
        }
        owner = {"issuer": hostile.issuer, "subject": "ann", "email": "ann@acme.test", "name": "Ann"}
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
        assert (await control.put("/internal/control/owner", json=owner)).status_code == 204
        yield hostile


async def begin(browser: httpx.AsyncClient, **params: str) -> dict[str, str]:
    begun = await browser.get("/auth/login", params=params)
    assert begun.status_code == 302, begun.text
    return {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}


async def walk_in(browser: httpx.AsyncClient, provider: HostileProvider, **more: str) -> httpx.Response:
    query = await begin(browser)
    params = {"state": query["state"], "code": provider.authorize(query), **more}
    return await browser.get("/auth/callback", params=params)


async def refusals(database: Database) -> list[str]:
    query = "SELECT target_id FROM audit_log WHERE action = 'sign_in.refused' ORDER BY id"
    async with database.transaction() as session:
        return list(await session.scalars(sa.text(query)))


async def test_an_honest_provider_signs_in(app: FastAPI, provider: HostileProvider, database: Database) -> None:
    async with client_of(app) as browser:
        answer = await walk_in(browser, provider)
        assert answer.status_code == 302, answer.text
        assert COOKIE in answer.headers["set-cookie"]
        assert (await browser.get("/api/session")).status_code == 200
    assert await refusals(database) == []


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"token": lies.unsigned}, "id_token_invalid"),
        ({"token": lies.signed_with_public_key}, "id_token_invalid"),
        ({"token": lies.brings_its_key}, "id_token_invalid"),
        ({"token": lies.names_a_key_address}, "id_token_invalid"),
        ({"token": lies.foreign_key}, "id_token_invalid"),
        ({"token": lies.unknown_kid}, "id_token_invalid"),
        ({"token": lies.critical_header}, "id_token_invalid"),
        ({"token": lies.altered_after_signing}, "id_token_invalid"),
        ({"token": lambda *_: "nonsense"}, "id_token_invalid"),
        ({"answer": lambda answer: {**answer, "id_token": None}}, "id_token_missing"),
        ({"answer": lambda answer: PlainTextResponse("<html>")}, "provider_failed"),
        ({"answer": lambda answer: PlainTextResponse("x" * 2_000_000)}, "provider_failed"),
        ({"answer": lambda answer: {"error": "invalid_grant"}}, "code_refused"),
        ({"claims": lambda c: {**c, "aud": "another", "azp": "punctual-acme"}}, "id_token_foreign"),
        ({"claims": lambda c: {**c, "aud": ["punctual-acme", "another"]}}, "id_token_foreign"),
        ({"claims": lambda c: {**c, "azp": "another"}}, "id_token_foreign"),
        ({"claims": lambda c: {k: v for k, v in c.items() if k != "nonce"}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "nonce": "of-another-attempt"}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "exp": int(time.time()) - 90}}, "id_token_invalid"),
        ({"claims": lambda c: {k: v for k, v in c.items() if k != "exp"}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "iat": int(time.time()) + 600}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "iss": c["iss"] + "/"}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "iss": "https://evil.example"}}, "id_token_invalid"),
        ({"claims": lambda c: {k: v for k, v in c.items() if k != "sub"}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "sub": {"not": "text"}}}, "id_token_invalid"),
        ({"claims": lambda c: {**c, "email_verified": False}}, "email_unverified"),
        ({"claims": lambda c: {**c, "email_verified": "false"}}, "email_unverified"),
        ({"jwks": lambda jwks: {"keys": []}}, "id_token_invalid"),
        ({"jwks": lambda jwks: {"keys": ["nonsense"]}}, "id_token_invalid"),
        ({"jwks": lambda jwks: {}}, "id_token_invalid"),
    ],
)
async def test_a_lie_is_refused(
    app: FastAPI, provider: HostileProvider, database: Database, lie: dict[str, Any], code: str
) -> None:
    for name, change in lie.items():
        setattr(provider, name, change)
    async with client_of(app) as browser:
        answer = await walk_in(browser, provider)
        assert (answer.status_code in {401, 502}, answer.json()["code"]) == (True, code), answer.text
        assert COOKIE not in answer.headers.get("set-cookie", "")
        assert (await browser.get("/api/session")).status_code == 401
    assert await refusals(database) == [code]


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": ""},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_discovery_of_somebody_else_is_refused(
    app: FastAPI, provider: HostileProvider, change: dict[str, str]
) -> None:
    provider.metadata = lambda metadata: {**metadata, **change}
    async with client_of(app) as browser:
        answer = await browser.get("/auth/login")
        assert answer.status_code == 502
        assert "set-cookie" not in answer.headers


async def test_the_callback_names_the_configured_issuer(
    app: FastAPI, provider: HostileProvider, database: Database
) -> None:
    async with client_of(app) as browser:
        mixed_up = await walk_in(browser, provider, iss="https://evil.example")
        assert mixed_up.json()["code"] == "issuer_mismatch"
        assert (await walk_in(browser, provider, iss=provider.issuer)).status_code == 302
    assert await refusals(database) == ["issuer_mismatch"]


async def test_an_announced_issuer_must_come(app: FastAPI, provider: HostileProvider) -> None:
    provider.metadata = lambda metadata: {**metadata, "authorization_response_iss_parameter_supported": True}
    async with client_of(app) as browser:
        assert (await walk_in(browser, provider)).json()["code"] == "issuer_mismatch"


async def test_state_belongs_to_one_browser_and_one_use(
    app: FastAPI, provider: HostileProvider, database: Database
) -> None:
    async with client_of(app) as victim, client_of(app) as attacker:
        query = await begin(attacker)
        params = {"state": query["state"], "code": provider.authorize(query)}
        await begin(victim)
        foreign = await victim.get("/auth/callback", params=params)
        assert (foreign.status_code, foreign.json()["code"]) == (400, "sign_in_foreign")
        assert (await attacker.get("/auth/callback", params=params)).json()["code"] == "sign_in_expired"  # used up
        query = await begin(attacker)
        params = {"state": query["state"], "code": provider.authorize(query)}
        assert (await attacker.get("/auth/callback", params=params)).status_code == 302
        again = await attacker.get("/auth/callback", params=params)
        assert (again.status_code, again.json()["code"]) == (400, "sign_in_expired")
    assert await refusals(database) == ["sign_in_foreign", "sign_in_expired", "sign_in_expired"]


async def test_every_attempt_is_fresh(app: FastAPI, provider: HostileProvider) -> None:
    async with client_of(app) as browser:
        first, second = await begin(browser), await begin(browser)
        for name in ("state", "nonce", "code_challenge"):
            assert first[name] != second[name]
        assert first["code_challenge_method"] == "S256"
        assert "prompt" not in first
        assert (await begin(browser, again="true"))["prompt"] == "login"


async def test_signing_in_ends_the_session_before(app: FastAPI, provider: HostileProvider) -> None:
    before = await sign_in(app)
    async with client_of(app) as browser:
        browser.cookies.set(COOKIE, before, domain="acme.localhost", path="/")
        entered = await walk_in(browser, provider)
        assert entered.status_code == 302
        assert before not in entered.headers["set-cookie"]
    async with client_of(app, **page_headers(before)) as old:
        assert (await old.get("/api/session")).status_code == 401


async def test_the_same_mail_is_not_the_same_person(app: FastAPI, provider: HostileProvider) -> None:
    provider.subject = "somebody-else"
    async with client_of(app) as browser:
        answer = await walk_in(browser, provider)
        assert (answer.status_code, answer.json()["code"]) == (403, "no_account")
        assert (await browser.get("/api/session")).status_code == 401
