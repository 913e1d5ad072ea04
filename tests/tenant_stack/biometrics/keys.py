"""Keys of organisations that live for one test, with the policy that the control plane would write."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from foundation.vault import Vault
from tests.tenant_stack.conftest import Servers


@asynccontextmanager
async def fresh_key(servers: Servers) -> AsyncIterator[tuple[Vault, str]]:
    """A new organisation's view of OpenBao and the name of its template key."""
    name = f"org-t{secrets.token_hex(4)}"
    servers.make_keys(name)
    role = servers.roles[name]
    yield Vault(servers.openbao.url, role["vault_role_id"], role["vault_secret_id"]), f"{name}-templates"
