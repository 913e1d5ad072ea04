"""Invitations are mailed by the worker: once, with the configured host, and no secret is left behind."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.vault import Vault
from tenant_stack.access.invitations import mail_invitations
from tenant_stack.settings import TenantSettings
from tests.security.hostile_provider import HostileProvider
from tests.tenant_stack.access.providers import walk_in
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import PUBLIC_URL, client_of
from tests.tenant_stack.fakes import served


def mails(folder: Path) -> list[tuple[str, str]]:
    """(Recipient, text) of each message in the folder."""
    found = []
    for path in folder.glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body()
        assert body is not None
        found.append((str(message["To"]), str(body.get_content())))
    return sorted(found)


async def test_a_colleague_comes_in_by_the_mailed_link(
    app: FastAPI, api: Api, database: Database, document: dict[str, object], tmp_path: Path
) -> None:
    settings = TenantSettings.model_validate({**document, "mail_dir": str(tmp_path / "mail")})
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    provider = HostileProvider(subject="bob", claims=lambda claims: {**claims, "email": "bob@acme.test"})
    async with served(provider.app) as provider.issuer, client_of(app, authorization="Bearer control-token") as control:
        connection = {
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "secret_path": "organisations/acme/sign-in",
        }
        assert (await control.put("/internal/control/sign-in", json=connection)).status_code == 204
        made = await api.post("/api/users", {"email": "bob@acme.test", "name": "Bob", "roles": ["manager"]})
        assert made["user"]["invitation_mail"] == "pending"
        assert await mail_invitations(database, settings, vault) == 1
        assert await mail_invitations(database, settings, vault) == 0
        [(recipient, text)] = mails(tmp_path / "mail")
        assert recipient == "bob@acme.test"
        found = re.search(r"https://\S+", text)
        assert found is not None
        assert found[0] == made["url"]
        assert found[0].startswith(f"{PUBLIC_URL}/auth/login?invitation=")
        async with client_of(app) as bob:
            assert (await walk_in(bob, provider, found[0].removeprefix(PUBLIC_URL))).status_code == 302
            assert (await bob.get("/api/session")).json()["roles"] == ["manager"]
    assert (await api.get(f"/api/users/{made['user']['id']}"))["invitation_mail"] == "sent"
    secret = made["url"].rpartition("=")[2]
    async with database.transaction() as session:
        for table in ("users", "audit_log", "outbox"):
            rows = list(await session.scalars(sa.text(f"SELECT CAST(t AS text) FROM {table} t")))
            assert secret not in str(rows)
            assert "vault:v1:" not in str(rows)


async def test_no_mail_server_is_said(api: Api, database: Database, document: dict[str, object]) -> None:
    settings = TenantSettings.model_validate(document)
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    made = await api.post("/api/users", {"email": "bob@acme.test", "roles": ["viewer"]})
    assert await mail_invitations(database, settings, vault) == 0
    assert (await api.get(f"/api/users/{made['user']['id']}"))["invitation_mail"] == "failed"
