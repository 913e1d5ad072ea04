"""OpenBao: secrets and keys that never leave it. A thin async face over hvac, which blocks.

Signing in is by AppRole; the token is renewed by signing in again when OpenBao says it has expired.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any, TypeVar

import hvac
import hvac.exceptions
import requests.exceptions

from foundation.errors import Unavailable

KV_MOUNT = "secret"

Result = TypeVar("Result")


class Vault:
    """One AppRole's view of OpenBao. Every method raises `Unavailable` when it does not answer.

    `hvac.exceptions.Forbidden` passes through: it means that this role has no such right.
    """

    def __init__(self, url: str, role_id: str, secret_id: str) -> None:
        self._client = hvac.Client(url=url, timeout=10)
        self._role_id = role_id
        self._secret_id = secret_id
        self._login_lock = asyncio.Lock()

    async def read_secret(self, path: str) -> dict[str, str] | None:
        """The newest version of a key-value secret, None when there is none."""

        def read() -> dict[str, str] | None:
            try:
                answer = self._client.secrets.kv.v2.read_secret_version(
                    path=path, mount_point=KV_MOUNT, raise_on_deleted_version=True
                )
            except hvac.exceptions.InvalidPath:
                return None
            return dict(answer["data"]["data"])

        return await self.call(read)

    async def write_secret(self, path: str, values: dict[str, str], *, only_if_missing: bool = False) -> bool:
        """Store a secret; with ``only_if_missing`` return False when somebody was first."""

        def write() -> bool:
            try:
                self._client.secrets.kv.v2.create_or_update_secret(
                    path=path, secret=values, cas=0 if only_if_missing else None, mount_point=KV_MOUNT
                )
            except hvac.exceptions.InvalidRequest as error:
                if only_if_missing and "check-and-set" in str(error):
                    return False
                raise
            return True

        return await self.call(write)

    async def sign(self, key: str, payload: bytes) -> bytes:
        """The raw Ed25519 signature of ``payload`` by a transit key."""

        def sign() -> bytes:
            answer = self._client.secrets.transit.sign_data(name=key, hash_input=base64.b64encode(payload).decode())
            return base64.b64decode(str(answer["data"]["signature"]).rsplit(":", 1)[1])

        return await self.call(sign)

    async def public_keys(self, key: str) -> dict[str, bytes]:
        """Version → raw Ed25519 public key of a transit signing key."""

        def read() -> dict[str, bytes]:
            answer = self._client.secrets.transit.read_key(name=key)
            return {version: base64.b64decode(entry["public_key"]) for version, entry in answer["data"]["keys"].items()}

        return await self.call(read)

    async def call(self, work: Callable[[], Result]) -> Result:
        """Run blocking hvac work in a thread, signed in; sign in again once when the token has run out."""
        try:
            if self._client.token is None:
                await self._login(None)
            used = self._client.token
            try:
                return await asyncio.to_thread(work)
            except hvac.exceptions.Forbidden:
                if await asyncio.to_thread(self._token_works):
                    raise
                await self._login(used)
                return await asyncio.to_thread(work)
        except (requests.exceptions.RequestException, hvac.exceptions.VaultDown) as error:
            raise Unavailable("vault_away", "The key store does not answer; try again", retry_after=5) from error

    async def _login(self, used: str | None) -> None:
        async with self._login_lock:
            if self._client.token != used:
                return  # somebody else signed in while we waited

            def login() -> Any:
                self._client.token = None
                return self._client.auth.approle.login(role_id=self._role_id, secret_id=self._secret_id)

            await asyncio.to_thread(login)

    def _token_works(self) -> bool:
        try:
            self._client.auth.token.lookup_self()
        except hvac.exceptions.Forbidden:
            return False
        return True
