"""The organisation's own provider: drafted, tested by somebody who would rule there, switched, and switched back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.sign_in.sessions import COOKIE, Sessions
from tests.security import hostile_provider as lies
from tests.security.hostile_provider import HostileProvider
from tests.tenant_stack.access.providers import SETTINGS, come_back, draft_of, try_draft, walk_in
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import PUBLIC_URL, client_of, page_headers, sign_in
from tests.tenant_stack.fakes import served

ALL_PASSED = dict.fromkeys(
    ("address", "discovery", "keys", "sign_in", "token", "domain", "groups", "account"), "passed"
)

PAGE = {"origin": PUBLIC_URL, "x-punctual": "1"}


@pytest.fixture
async def platform(app: FastAPI) -> AsyncIterator[HostileProvider]:
    """The provider that the platform gave, where Ann is the owner."""
    provider = HostileProvider()
    async with served(provider.app) as provider.issuer, client_of(app, authorization="Bearer control-token") as control:
        connection = {
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "secret_path": "organisations/acme/sign-in",
        }
        owner = {"issuer": provider.issuer, "subject": "ann", "email": "ann@acme.test", "name": "Ann"}
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
        assert (await control.put("/internal/control/owner", json=owner)).status_code == 204
        yield provider


@pytest.fixture
async def own() -> AsyncIterator[HostileProvider]:
    """The organisation's own provider, which knows Ann by another name."""
    provider = HostileProvider(client_id="punctual", subject="00u-ann")
    async with served(provider.app) as provider.issuer:
        yield provider


@pytest.fixture
async def browser(app: FastAPI, platform: HostileProvider) -> AsyncIterator[httpx.AsyncClient]:
    """Ann in her browser, signed in at the platform's provider."""
    async with client_of(app, **PAGE) as client:
        assert (await walk_in(client, platform)).status_code == 302
        yield client


async def save(browser: httpx.AsyncClient, entered: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = await browser.put(SETTINGS, json=entered)
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def activate(browser: httpx.AsyncClient, status: int = 200) -> dict[str, Any]:
    answer = await browser.post(f"{SETTINGS}/activate")
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def trail(database: Database, action: str) -> list[dict[str, Any]]:
    query = sa.text("SELECT after FROM audit_log WHERE action = :action ORDER BY id")
    async with database.transaction() as session:
        return list(await session.scalars(query, {"action": action}))


async def test_drafted_tested_switched_and_back(
    app: FastAPI, browser: httpx.AsyncClient, platform: HostileProvider, own: HostileProvider, database: Database
) -> None:
    saved = await save(browser, draft_of(own, display_name="Acme login"))
    assert saved["active"] is None
    assert saved["platform"]["issuer"] == platform.issuer
    assert saved["draft"]["tested_at"] is None
    assert saved["redirect_uri"] == "https://acme.localhost:8443/auth/callback"
    assert (await activate(browser, 409))["code"] == "draft_untested"
    assert await try_draft(browser, own) == ALL_PASSED
    async with client_of(app) as other:
        assert (await walk_in(other, platform)).status_code == 302  # the one in use stays until the switch

    switched = await activate(browser)
    assert switched["invited"] == 0
    assert switched["settings"]["active"]["display_name"] == "Acme login"
    async with client_of(app) as other:
        assert (await walk_in(other, own)).status_code == 302
        assert (await other.get("/api/session")).json()["user"]["name"] == "Ann"

    assert (await browser.post(f"{SETTINGS}/roll-back")).json()["active"] is None
    async with client_of(app) as other:
        assert (await walk_in(other, platform)).status_code == 302
    assert (await browser.post(f"{SETTINGS}/roll-back")).json()["active"]["issuer"] == own.issuer
    async with client_of(app) as other:
        assert (await walk_in(other, own)).status_code == 302
    assert [each["passed"] for each in await trail(database, "sign_in.test")] == [True]
    for action, count in (("sign_in.draft", 1), ("sign_in.activate", 1), ("sign_in.roll_back", 2)):
        assert len(await trail(database, action)) == count


async def test_the_secret_is_written_and_never_read(
    browser: httpx.AsyncClient, own: HostileProvider, database: Database
) -> None:
    answers = [str(await save(browser, draft_of(own)))]
    without = {name: value for name, value in draft_of(own).items() if name != "client_secret"}
    answers.append(str(await save(browser, {**without, "display_name": "Again"})))  # the kept one stays
    answers.append((await browser.get(SETTINGS)).text)
    elsewhere = await save(browser, {**without, "issuer": "https://login.attacker.example"}, 422)
    assert (elsewhere["code"], elsewhere["field"]) == ("secret_missing", "client_secret")
    assert await try_draft(browser, own) == ALL_PASSED
    async with database.transaction() as session:
        for table in ("own_connections", "audit_log"):
            answers.append(str(list(await session.scalars(sa.text(f"SELECT CAST(t AS text) FROM {table} t")))))
    assert "top-secret-0815" not in "".join(answers)
    assert "vault:v1:" in answers[-2]


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        ({"metadata": lambda metadata: {**metadata, "issuer": "https://evil.example"}}, "discovery"),
        ({"metadata": lambda metadata: {**metadata, "token_endpoint": "file:///etc/passwd"}}, "discovery"),
        ({"jwks": lambda jwks: {"keys": []}}, "keys"),
        ({"jwks": lambda jwks: {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "keys"),
        ({"answer": lambda answer: {"error": "invalid_client"}}, "sign_in"),
        ({"answer": lambda answer: {**answer, "id_token": None}}, "token"),
        ({"token": lies.unsigned}, "token"),
        ({"token": lies.foreign_key}, "token"),
        ({"claims": lambda claims: {**claims, "aud": "another"}}, "token"),
        ({"claims": lambda claims: {**claims, "nonce": "of-another-attempt"}}, "token"),
        ({"claims": lambda claims: {**claims, "email_verified": False}}, "token"),
        ({"claims": lambda claims: {**claims, "email": "ann@elsewhere.test"}}, "domain"),
        ({"claims": lambda claims: {**claims, "_claim_names": {"groups": "x"}}}, "groups"),
    ],
)
async def test_a_test_that_fails_says_where_and_lets_nothing_be_activated(
    browser: httpx.AsyncClient, own: HostileProvider, database: Database, lie: dict[str, Any], failed: str
) -> None:
    for name, change in lie.items():
        setattr(own, name, change)
    await save(
        browser,
        draft_of(own, allowed_domains=["Acme.test"], group_claim="groups", group_roles={"staff": "viewer"}),
    )
    report = await try_draft(browser, own)
    states = list(report.values())
    assert next(name for name, state in report.items() if state == "failed") == failed, report
    assert "failed" not in states[: states.index("failed")]
    assert (await activate(browser, 409))["code"] == "draft_untested"
    assert (await browser.get("/api/session")).status_code == 200


async def test_a_changed_draft_is_untested_again(browser: httpx.AsyncClient, own: HostileProvider) -> None:
    await save(browser, draft_of(own))
    assert await try_draft(browser, own) == ALL_PASSED
    await save(browser, draft_of(own, allowed_domains=["acme.test"]))
    assert (await activate(browser, 409))["code"] == "draft_untested"
    begun = (await browser.post(f"{SETTINGS}/test")).json()
    await save(browser, draft_of(own))
    late = await come_back(browser, own, begun["url"])
    assert (late.status_code, late.json()["code"]) == (404, "draft_missing")


async def test_a_test_ends_in_the_browser_and_session_that_began_it(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider
) -> None:
    await save(browser, draft_of(own))
    begun = (await browser.post(f"{SETTINGS}/test")).json()
    async with client_of(app) as other:
        foreign = await come_back(other, own, begun["url"])
        assert (foreign.status_code, foreign.json()["code"]) == (400, "sign_in_foreign")
        assert COOKIE not in foreign.headers.get("set-cookie", "")
    begun = (await browser.post(f"{SETTINGS}/test")).json()
    cookie = browser.cookies.get(COOKIE)
    browser.cookies.delete(COOKIE)
    gone = await come_back(browser, own, begun["url"])
    assert (gone.status_code, gone.json()["code"]) == (403, "trial_foreign")
    assert COOKIE not in gone.headers.get("set-cookie", "")
    assert cookie is not None


async def test_who_would_rule_no_longer_cannot_open_the_door(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider, platform: HostileProvider
) -> None:
    """An administrator only by their role here is one there; somebody else's identity is not theirs to take."""
    async with client_of(app, **PAGE) as admin:
        admin.cookies.set(COOKIE, await sign_in(app, "administrator"), domain="acme.localhost", path="/")
        await save(admin, draft_of(own))
        assert await try_draft(admin, own) == ALL_PASSED
        await activate(admin)
    await save(browser, draft_of(own, display_name="Once more"))
    report = await try_draft(browser, own)
    assert report["account"] == "failed"  # at this provider 00u-ann is the administrator already
    assert (await activate(browser, 409))["code"] == "draft_untested"


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com",
        "https://user:pass@login.example.com",
        "https://login.example.com/?a=b",
        "https://login.example.com#x",
        "https://internal",
        "ftp://login.example.com",
        "https://lo gin.example.com",
        "https://",
        "https://login.example.com:99999",
    ],
)
async def test_addresses_that_are_none(browser: httpx.AsyncClient, own: HostileProvider, issuer: str) -> None:
    refused = await save(browser, draft_of(own) | {"issuer": issuer}, 422)
    assert (refused["code"], refused["field"]) == ("issuer_refused", "issuer")


@pytest.mark.parametrize("host", ["10.0.0.7", "169.254.169.254", "[fd00::1]", "192.168.1.1", "[::ffff:10.0.0.1]"])
async def test_addresses_of_the_inside_are_refused(browser: httpx.AsyncClient, own: HostileProvider, host: str) -> None:
    refused = await save(browser, draft_of(own) | {"issuer": f"https://{host}"}, 422)
    assert (refused["code"], refused["field"]) == ("issuer_refused", "issuer")
    assert "private" in refused["detail"]


async def test_changes_need_a_recent_login_and_the_right(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider
) -> None:
    user_id = (await browser.get("/api/session")).json()["user"]["id"]
    sessions: Sessions = app.state.sign_in.sessions
    old = await sessions.create(user_id, authenticated_at=1)
    async with client_of(app, **page_headers(old)) as client:
        for method, path in (("PUT", ""), ("DELETE", "/draft"), ("POST", "/test"), ("POST", "/activate")):
            answer = await client.request(method, SETTINGS + path, json=draft_of(own))
            assert (answer.status_code, answer.json()["code"]) == (401, "step_up_required"), path
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as viewer:
        assert (await viewer.put(SETTINGS, json=draft_of(own))).status_code == 403
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as admin:
        map_of_owner = draft_of(own, group_claim="groups", group_roles={"bosses": "owner"})
        assert (await save(admin, map_of_owner, 403))["code"] == "owner_only"
    assert (await save(browser, draft_of(own, group_claim="g", group_roles={"x": "nobody"}), 422))[
        "code"
    ] == "unknown_role"


async def switch(browser: httpx.AsyncClient, own: HostileProvider, **more: Any) -> dict[str, Any]:
    await save(browser, draft_of(own, **more))
    assert await try_draft(browser, own) == ALL_PASSED
    return await activate(browser)


async def test_groups_give_and_take_and_hands_stay(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider, database: Database
) -> None:
    own.claims = lambda claims: {**claims, "groups": ["it", "leads", "unknown"]}
    await switch(browser, own, group_claim="groups", group_roles={"leads": "manager", "readers": "viewer"})

    async def roles() -> list[str]:
        async with client_of(app) as person:
            assert (await walk_in(person, own)).status_code == 302
            found: list[str] = (await person.get("/api/session")).json()["roles"]
            return found

    assert await roles() == ["manager", "owner"]
    own.claims = lambda claims: {**claims, "groups": "readers"}  # some providers send one as a word
    assert await roles() == ["owner", "viewer"]
    own.claims = lambda claims: {**claims, "_claim_names": {"groups": "src1"}}
    assert await roles() == ["owner", "viewer"]  # not told: nothing changes
    own.claims = lambda claims: claims
    assert await roles() == ["owner"]
    assert await trail(database, "user.groups") == [
        {"given": ["manager"], "taken": []},
        {"given": ["viewer"], "taken": ["manager"]},
        {"given": [], "taken": ["viewer"]},
    ]


async def test_the_last_owner_stays_though_the_group_is_gone(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider, database: Database
) -> None:
    own.claims = lambda claims: {**claims, "groups": ["bosses"]}
    await switch(browser, own, group_claim="groups", group_roles={"bosses": "owner"})
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE user_roles SET by_group = true"))
    own.claims = lambda claims: claims
    async with client_of(app) as person:
        assert (await walk_in(person, own)).status_code == 302
        assert (await person.get("/api/session")).json()["roles"] == ["owner"]


async def test_another_domain_is_refused_with_a_sentence(
    app: FastAPI, browser: httpx.AsyncClient, own: HostileProvider, database: Database
) -> None:
    await switch(browser, own, allowed_domains=["acme.test"])
    own.claims = lambda claims: {**claims, "email": "ann@gmail.example"}
    async with client_of(app) as person:
        refused = await walk_in(person, own)
        assert (refused.status_code, refused.json()["code"]) == (403, "domain_refused")
        assert "gmail.example" in refused.json()["detail"]
        assert (await person.get("/api/session")).status_code == 401
    assert await trail(database, "user.refused") == [{"reason": "Addresses of gmail.example are not let in here"}]


async def test_the_others_join_the_new_provider_by_a_link_of_their_own(
    app: FastAPI, browser: httpx.AsyncClient, platform: HostileProvider, own: HostileProvider
) -> None:
    api = Api(browser)
    made = await api.post("/api/users", {"email": "bob@acme.test", "name": "Bob", "roles": ["viewer"]})
    platform.subject, platform.claims = "bob", lambda claims: {**claims, "email": "bob@acme.test"}
    async with client_of(app) as bob:
        assert (await walk_in(bob, platform, made["url"])).status_code == 302
    assert (await switch(browser, own))["invited"] == 1
    own.subject, own.claims = "00u-bob", lambda claims: {**claims, "email": "bob@acme.test"}
    async with client_of(app) as bob:
        assert (await walk_in(bob, own)).status_code == 403  # the e-mail alone links nothing
        again = await api.post(f"/api/users/{made['user']['id']}/invite", status=200)
        assert (await walk_in(bob, own, again["url"])).status_code == 302
        assert (await bob.get("/api/session")).json()["user"]["id"] == made["user"]["id"]
    assert (await api.post(f"/api/users/{made['user']['id']}/invite", status=409))["code"] == "user_joined"
