"""The way in without the provider: three things known at once, each code once, five tries."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import httpx
import pyotp
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.sign_in.sessions import COOKIE, Sessions
from foundation.valkey import Valkey
from foundation.vault import Vault
from tests.security.hostile_provider import HostileProvider
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import PUBLIC_URL, client_of, page_headers, sign_in
from tests.tenant_stack.fakes import served

SETTINGS = "/api/settings/break-glass"
PAGE = {"origin": PUBLIC_URL, "x-punctual": "1"}
PASSWORD = "correct horse battery staple"


async def ready(api: Api) -> dict[str, Any]:
    """A confirmed account; its secrets."""
    made = await api.post(SETTINGS, {"name": "ann-emergency", "password": PASSWORD})
    await api.post(f"{SETTINGS}/confirm", {"code": code_of(made, 0)}, 200)
    document: dict[str, Any] = made
    return document


def code_of(made: dict[str, Any], ahead: int = 1) -> str:
    """The authenticator's code of the next half minute, which a clock that is a little slow takes; so no test stands
    on the edge between two."""
    return str(pyotp.TOTP(made["totp_secret"]).generate_otp(int(time.time()) // 30 + ahead))


async def enter(browser: httpx.AsyncClient, code: str, **more: str) -> httpx.Response:
    body = {"name": "ann-emergency", "password": PASSWORD, "code": code, **more}
    return await browser.post("/auth/break-glass", json=body)


async def forget_tries(app: FastAPI) -> None:
    valkey: Valkey = app.state.valkey
    async for key in valkey.client.scan_iter(valkey.key("break-glass", "*")):
        await valkey.client.delete(key)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert pyotp.TOTP(secret, digits=8).at(seconds) == code


async def test_the_owner_comes_in_while_the_provider_is_away(app: FastAPI, api: Api, database: Database) -> None:
    provider = HostileProvider()
    async with served(provider.app) as provider.issuer, client_of(app, authorization="Bearer control-token") as control:
        connection = {"issuer": provider.issuer, "client_id": "c", "secret_path": "organisations/acme/sign-in"}
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
        made = await ready(api)
    async with client_of(app, **PAGE) as browser:
        assert (await browser.get("/auth/login")).json()["code"] == "provider_away"
        entered = await enter(browser, code_of(made))
        assert entered.status_code == 204, entered.text
        for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert attribute in entered.headers["set-cookie"]
        session = (await browser.get("/api/session")).json()
        assert (session["break_glass"], session["roles"]) == (True, ["owner"])
        listed = (await browser.get("/api/sessions")).json()["items"]
        mine = next(each for each in listed if each["current"])
        assert 3590 <= _seconds(mine["ends_at"]) - _seconds(mine["began_at"]) <= 3600
        alerts = (await browser.get("/api/alerts")).json()["items"]
        assert [(each["kind"], each["severity"]) for each in alerts] == [("break_glass", "critical")]
        assert (await browser.post("/api/sites", json={"code": "n", "name": "N", "zone": "UTC"})).status_code == 201
    assert (await api.get("/api/session"))["break_glass"] is False
    async with database.transaction() as transaction:
        lines = await transaction.execute(
            sa.text("SELECT action, actor_label FROM audit_log WHERE action IN ('break_glass.sign_in', 'site.create')")
        )
        assert all(label.endswith("(break-glass)") for _, label in lines)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_each_code_counts_once(app: FastAPI, api: Api) -> None:
    made = await ready(api)
    code = code_of(made)
    async with client_of(app, **PAGE) as browser:
        entered = await asyncio.gather(*(enter(browser, code) for _ in range(4)))
        assert sorted(each.status_code for each in entered) == [204, 401, 401, 401]
        await forget_tries(app)
        recovery = made["recovery_codes"][0]
        entered = await asyncio.gather(*(enter(browser, recovery) for _ in range(4)))
        assert sorted(each.status_code for each in entered) == [204, 401, 401, 401]
    assert (await api.get(SETTINGS))["recovery_codes_left"] == 7


async def test_wrong_is_wrong_in_the_same_words(app: FastAPI, api: Api, database: Database) -> None:
    made = await ready(api)
    answers = []
    for wrong in ({"name": "nobody-at-all"}, {"password": "wrong password here"}, {"code": "000000"}, {"code": ""}):
        await forget_tries(app)
        async with client_of(app, **PAGE) as browser:
            answer = await enter(browser, **{"code": code_of(made), **wrong})
            assert COOKIE not in answer.headers.get("set-cookie", "")
            document = answer.json()
            answers.append((answer.status_code, document["code"], document["detail"]))
    assert set(answers) == {(401, "break_glass_refused", "Name, password or code is wrong")}
    async with database.transaction() as session:
        refused = list(
            await session.scalars(sa.text("SELECT target_id FROM audit_log WHERE action = 'break_glass.refused'"))
        )
    assert refused == ["nobody-at-all", "ann-emergency", "ann-emergency", "ann-emergency"]
    await forget_tries(app)
    async with client_of(app, **PAGE) as browser:
        assert (await enter(browser, code_of(made))).status_code == 204  # wrong tries spend no code


async def test_no_account_answers_like_a_wrong_password(app: FastAPI) -> None:
    async with client_of(app, **PAGE) as browser:
        answer = await enter(browser, "123456")
        assert (answer.status_code, answer.json()["code"]) == (401, "break_glass_refused")


async def test_five_tries_by_name_and_by_address(app: FastAPI, api: Api) -> None:
    made = await ready(api)
    async with client_of(app, **PAGE) as browser:
        tries = [(await enter(browser, "000000")).status_code for _ in range(6)]
        assert tries == [401] * 5 + [429]
        locked = await enter(browser, code_of(made))
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
        assert (await enter(browser, "000000", name="another")).status_code == 429  # by address
    transport = httpx.ASGITransport(app=app, client=("198.51.100.9", 40000))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=PAGE) as elsewhere:
        assert (await enter(elsewhere, code_of(made))).status_code == 429  # by name
        assert (await enter(elsewhere, "000000", name="Another")).status_code == 401


async def test_only_an_owner_by_their_own_page(app: FastAPI, api: Api, database: Database) -> None:
    entered = {"name": "ann-emergency", "password": PASSWORD}
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as admin:
        assert (await admin.post(SETTINGS, json=entered)).json()["code"] == "owner_only"
        assert (await admin.delete(SETTINGS)).json()["code"] == "owner_only"
    user_id = (await api.get("/api/session"))["user"]["id"]
    sessions: Sessions = app.state.sign_in.sessions
    old = await sessions.create(user_id, authenticated_at=1)
    async with client_of(app, **page_headers(old)) as idle:
        assert (await idle.post(SETTINGS, json=entered)).json()["code"] == "step_up_required"
    assert (await api.post(SETTINGS, {"name": "ann", "password": "short"}, 422))["status"] == 422
    weak = {"name": "emergency", "password": "my-emergency-password"}
    assert (await api.post(SETTINGS, weak, 422))["code"] == "password_weak"
    made = await api.post(SETTINGS, entered)
    async with client_of(app, **PAGE) as browser:
        assert (await enter(browser, code_of(made))).status_code == 401  # not confirmed yet
        foreign = await browser.post(
            "/auth/break-glass", json={**entered, "code": code_of(made)}, headers={"origin": "https://evil.example"}
        )
        assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
        assert (await api.post(f"{SETTINGS}/confirm", {"code": "000000"}, 422))["code"] == "code_wrong"
        await api.post(f"{SETTINGS}/confirm", {"code": code_of(made, 0)}, 200)
        async with database.transaction() as session:  # an owner no longer
            await session.execute(
                sa.text("UPDATE user_roles SET role_id = (SELECT id FROM roles WHERE name = 'viewer')")
            )
        assert (await enter(browser, code_of(made))).status_code == 401


async def test_the_database_alone_opens_nothing(app: FastAPI, api: Api, database: Database) -> None:
    made = await ready(api)
    async with database.transaction() as session:
        rows = str(list(await session.scalars(sa.text("SELECT CAST(b AS text) FROM break_glass b"))))
        trail = str(list(await session.scalars(sa.text("SELECT CAST(a AS text) FROM audit_log a"))))
    for secret in (made["totp_secret"], PASSWORD, "argon2", *made["recovery_codes"]):
        assert secret not in rows + trail
    assert made["totp_secret"] not in str(await api.get(SETTINGS))


async def test_closed_while_openbao_is_away(app: FastAPI, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await ready(api)
    gone = Vault("http://127.0.0.1:9", "role", "secret")
    monkeypatch.setattr(app.state.sign_in.seals, "_vault", gone)
    async with client_of(app, **PAGE) as browser:
        answer = await enter(browser, code_of(made))
        assert (answer.status_code, answer.json()["code"]) == (503, "vault_away")
        assert (await browser.get("/api/session")).status_code == 401
