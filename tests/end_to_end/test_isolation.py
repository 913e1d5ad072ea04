"""One organisation's credentials are refused at the other, whichever door is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import hvac
import hvac.exceptions
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from control_plane.local.platform import Platform
from tests.browser import signed_in_cookie
from tests.operator import Operator


@pytest.fixture(scope="module")
def credentials(platform: Platform, two_organisations: tuple[str, str]) -> dict[str, dict[str, str]]:
    """What the control plane keeps of each organisation, read with the control plane's own role."""
    role = platform.openbao.credentials()
    vault = hvac.Client(url=platform.openbao.url)
    vault.auth.approle.login(role_id=role.role_id, secret_id=role.secret_id)
    found = {}
    for slug in two_organisations:
        answer = vault.secrets.kv.v2.read_secret_version(
            path=f"organisations/{slug}/credentials", mount_point="secret", raise_on_deleted_version=True
        )
        found[slug] = answer["data"]["data"]
        found[slug]["vault_role_id"] = (
            vault.auth.approle.read_role_id(f"org-{slug}")["data"]["role_id"]
            if ("vault_role_id" not in found[slug])
            else found[slug]["vault_role_id"]
        )
    return found


async def test_database_role_is_refused_at_the_other_database(
    platform: Platform, credentials: dict[str, dict[str, str]]
) -> None:
    password = credentials["alpha"]["database_password"]
    own = await asyncpg.connect(platform.postgres.dsn("org_alpha", user="org_alpha", password=password))
    assert await own.fetchval("SELECT count(*) FROM staff") >= 0
    await own.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(platform.postgres.dsn("org_beta", user="org_alpha", password=password))


async def test_valkey_user_is_refused_at_the_other_prefix(
    platform: Platform, credentials: dict[str, dict[str, str]]
) -> None:
    url = f"redis://org-alpha:{credentials['alpha']['valkey_password']}@127.0.0.1:{platform.valkey.port}/0"
    client: Redis = Redis.from_url(url)
    try:
        await client.set("org-alpha:mine", "1", ex=10)
        with pytest.raises(NoPermissionError):
            await client.get("org-beta:mine")
        with pytest.raises(NoPermissionError):
            await client.publish("org-beta:live", "{}")
    finally:
        await client.aclose()


def test_openbao_role_is_refused_at_the_other_keys(platform: Platform, credentials: dict[str, dict[str, str]]) -> None:
    vault = hvac.Client(url=platform.openbao.url)
    vault.auth.approle.login(
        role_id=credentials["alpha"]["vault_role_id"], secret_id=credentials["alpha"]["vault_secret_id"]
    )
    context = "dGVzdA=="
    own = vault.secrets.transit.encrypt_data("org-alpha-templates", plaintext="c2VjcmV0", context=context)
    assert own["data"]["ciphertext"].startswith("vault:v1:")
    attempts: list[Callable[[], object]] = [
        lambda: vault.secrets.transit.encrypt_data("org-beta-templates", plaintext="c2VjcmV0", context=context),
        lambda: vault.secrets.transit.sign_data("org-beta-tokens", hash_input="c2VjcmV0"),
        lambda: vault.secrets.kv.v2.read_secret_version(
            path="organisations/beta/credentials", mount_point="secret", raise_on_deleted_version=True
        ),
        lambda: vault.secrets.kv.v2.read_secret_version(
            path="organisations/beta/sign-in", mount_point="secret", raise_on_deleted_version=True
        ),
    ]
    for attempt in attempts:
        with pytest.raises(hvac.exceptions.Forbidden):
            attempt()


async def test_oauth_token_is_refused_at_the_other_api(operator: Operator, two_organisations: tuple[str, str]) -> None:
    async with operator.console() as console:
        alpha, beta = await asyncio.gather(*(operator.client(console, slug) for slug in two_organisations))
    async with operator.tenant(alpha) as api:
        assert (await api.get("/api/staff")).status_code == 200
        refused = await api.get(f"{beta.api_url}/api/staff")
        assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
        answer = await api.post(
            beta.token_url,
            auth=(alpha.client_id, alpha.client_secret),
            data={"grant_type": "client_credentials"},
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_session_cookie_is_refused_at_the_other_portal(
    operator: Operator, two_organisations: tuple[str, str]
) -> None:
    own, other = (f"https://{slug}.{operator.base_domain}" for slug in two_organisations)
    cookie = await signed_in_cookie(operator, two_organisations[0])
    async with operator.console() as http:
        del http.headers["authorization"]
        headers = {"cookie": f"__Host-session={cookie}"}
        assert (await http.get(f"{own}/api/session", headers=headers)).status_code == 200
        assert (await http.get(f"{other}/api/session", headers=headers)).status_code == 401
