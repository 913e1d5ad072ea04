"""The organisation's template key in a real OpenBao: bound to rows, renewed while in use, out of others' reach."""

from __future__ import annotations

import hvac.exceptions
import pytest

from foundation.errors import Unavailable
from foundation.vault import Clear, Sealed, Vault
from tests.tenant_stack.biometrics.keys import fresh_key
from tests.tenant_stack.conftest import Servers


def stack_vault(servers: Servers, organisation: str = "org-acme") -> Vault:
    role = servers.roles[organisation]
    return Vault(servers.openbao.url, role["vault_role_id"], role["vault_secret_id"])


async def test_a_batch_larger_than_a_call_keeps_its_order_and_a_foreign_context_does_not_decrypt(
    servers: Servers,
) -> None:
    vault, key = stack_vault(servers), "org-acme-templates"
    texts = await vault.encrypt(key, [Clear(f"finger {n}".encode(), f"row {n}".encode()) for n in range(450)])
    assert all(text.startswith("vault:v1:") for text in texts)
    sealed = [Sealed(text, f"row {n}".encode()) for n, text in enumerate(texts)]
    sealed[7], sealed[8] = Sealed(sealed[8].text, b"row 7"), Sealed(sealed[7].text, b"row 8")
    read = await vault.decrypt(key, sealed)
    assert [n for n, clear in enumerate(read) if clear is None] == [7, 8]
    assert read[449] == b"finger 449"
    assert await vault.decrypt(key, [sealed[7]]) == [None]
    assert await vault.decrypt(key, sealed[7:9]) == [None, None]
    assert await vault.decrypt(key, [Sealed("no ciphertext", b"x"), sealed[0]]) == [None, b"finger 0"]


async def test_nobody_elses_key(servers: Servers) -> None:
    vault = stack_vault(servers)
    for work in (
        vault.encrypt("org-globex-templates", [Clear(b"x", b"y")]),
        vault.decrypt("org-globex-templates", [Sealed("vault:v1:eA==", b"y")]),
        vault.rotate_key("org-globex-templates"),
        vault.rotate_key("org-acme-tokens"),
    ):
        with pytest.raises(hvac.exceptions.Forbidden):
            await work


async def test_the_stack_may_retire_versions_and_change_nothing_else_of_its_key(servers: Servers) -> None:
    vault = stack_vault(servers)
    transit = vault._client.secrets.transit
    await vault.key_versions("org-acme-templates")
    for change in ({"deletion_allowed": True}, {"exportable": True}, {"allow_plaintext_backup": True}):
        with pytest.raises(hvac.exceptions.Forbidden):
            await vault.call(
                lambda change=change: transit.update_key_configuration(name="org-acme-templates", **change)  # type: ignore[misc]
            )
    with pytest.raises(hvac.exceptions.Forbidden):
        await vault.call(lambda: transit.delete_key(name="org-acme-templates"))
    with pytest.raises(hvac.exceptions.Forbidden):
        await vault.call(lambda: transit.export_key(name="org-acme-templates", key_type="encryption-key"))


async def test_rotation_rewraps_and_then_refuses_what_the_old_version_made(servers: Servers) -> None:
    async with fresh_key(servers) as (vault, key):
        (old,) = await vault.encrypt(key, [Clear(b"finger", b"row")])
        await vault.rotate_key(key)
        (new,) = await vault.rewrap(key, [Sealed(old, b"row")])
        assert new is not None
        assert Sealed(new, b"row").version == 2
        assert await vault.decrypt(key, [Sealed(old, b"row"), Sealed(new, b"row")]) == [b"finger", b"finger"]
        await vault.retire_key_versions(key, 2)
        assert await vault.decrypt(key, [Sealed(old, b"row"), Sealed(new, b"row")]) == [None, b"finger"]


async def test_without_the_key_nothing_is_readable_and_nothing_is_made(servers: Servers) -> None:
    async with fresh_key(servers) as (vault, key):
        texts = await vault.encrypt(key, [Clear(b"finger", b"row"), Clear(b"thumb", b"row")])
        servers.delete_key(key)
        assert await vault.decrypt(key, [Sealed(text, b"row") for text in texts]) == [None, None]
        assert await vault.key_versions(key) is None
        with pytest.raises(Unavailable, match="cannot be used") as caught:
            await vault.encrypt(key, [Clear(b"CANARY", b"row"), Clear(b"CANARY", b"row")])
        assert "CANARY" not in repr(caught.value)


def test_plaintext_is_in_no_representation() -> None:
    assert "CANARY" not in repr(Clear(b"CANARY", b"row"))
    assert [Sealed(text, b"").version for text in ("vault:v12:x", "vault:vx:x", "", "x:v1:y")] == [12, 0, 0, 0]
