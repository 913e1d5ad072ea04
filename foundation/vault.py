"""OpenBao: secrets and keys that never leave it. A thin async face over hvac, which blocks.

Signing in is by AppRole; the token is renewed by signing in again when OpenBao says it has expired.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import hvac
import hvac.exceptions
import requests.exceptions

from foundation.errors import Unavailable

KV_MOUNT = "secret"
LARGEST_BATCH = 200
"""Items of one transit call; OpenBao 2.x refuses more than 249 that carry a context."""
KEY_MISSING = "The organisation's encryption key cannot be used now"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Sealed:
    """A ciphertext and the context it was made under; ``text`` is ``vault:v<version>:…``."""

    text: str
    context: bytes

    @property
    def version(self) -> int:
        """The version of the key that made it; 0 when the text is no ciphertext of transit's."""
        parts = self.text.split(":", 2)
        known = len(parts) == 3 and parts[0] == "vault" and parts[1][:1] == "v" and parts[1][1:].isdecimal()
        return int(parts[1][1:]) if known else 0


@dataclass(frozen=True)
class Clear:
    """A plaintext under its context; kept out of every representation."""

    data: bytes = field(repr=False)
    context: bytes


@dataclass(frozen=True)
class KeyVersions:
    """Versions of a transit key: the newest and when it was made, and the oldest that still decrypts."""

    latest: int
    min_decryption: int
    latest_made_at: datetime


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

    async def sign_many(self, key: str, payloads: Sequence[bytes]) -> list[tuple[str, bytes]]:
        """(Key version, raw Ed25519 signature) of each payload, in their order, in one call."""
        rows = [{"input": base64.b64encode(payload).decode()} for payload in payloads]

        def sign() -> list[tuple[str, bytes]]:
            answer = self._client.secrets.transit.sign_data(name=key, batch_input=rows)
            signed = [str(each["signature"]).split(":", 2) for each in answer["data"]["batch_results"]]
            return [(version.removeprefix("v"), base64.b64decode(raw)) for _, version, raw in signed]

        return await self.call(sign)

    async def public_keys(self, key: str) -> dict[str, bytes]:
        """Version → raw Ed25519 public key of a transit signing key."""

        def read() -> dict[str, bytes]:
            answer = self._client.secrets.transit.read_key(name=key)
            return {version: base64.b64decode(entry["public_key"]) for version, entry in answer["data"]["keys"].items()}

        return await self.call(read)

    async def encrypt(self, key: str, items: Sequence[Clear]) -> list[str]:
        """Ciphertexts of ``items`` under a derived transit key, in their order. All or nothing: `Unavailable`."""
        rows = [{"plaintext": _base64(item.data), "context": _base64(item.context)} for item in items]
        try:
            answers = await self._transit("encrypt", key, rows)
        except hvac.exceptions.Forbidden:
            # A role that may use a key but not make one is told so when the key is gone.
            if await self.key_versions(key) is None:
                raise Unavailable("key_missing", KEY_MISSING) from None
            raise
        return [_all_or_nothing(answer, "ciphertext") for answer in answers]

    async def decrypt(self, key: str, items: Sequence[Sealed]) -> list[bytes | None]:
        """Plaintexts in the order of ``items``; None where it can't be had: other row, other key, too old a version."""
        rows = [{"ciphertext": item.text, "context": _base64(item.context)} for item in items]
        answers = await self._transit("decrypt", key, rows)
        return [None if answer.get("error") else base64.b64decode(answer["plaintext"]) for answer in answers]

    async def rewrap(self, key: str, items: Sequence[Sealed]) -> list[str | None]:
        """The same under the newest version, without the plaintext leaving OpenBao; None where it can't be."""
        rows = [{"ciphertext": item.text, "context": _base64(item.context)} for item in items]
        return [answer.get("ciphertext") or None for answer in await self._transit("rewrap", key, rows)]

    async def key_versions(self, key: str) -> KeyVersions | None:
        """Versions of a symmetric transit key, None when there is no such key (any more)."""

        def read() -> KeyVersions | None:
            try:
                data = self._client.secrets.transit.read_key(name=key)["data"]
            except hvac.exceptions.InvalidPath:
                return None
            latest = int(data["latest_version"])
            made = datetime.fromtimestamp(int(data["keys"][str(latest)]), UTC)
            return KeyVersions(latest, int(data["min_decryption_version"]), made)

        return await self.call(read)

    async def rotate_key(self, key: str) -> None:
        """Make a new version; what older ones encrypted stays readable."""
        await self.call(lambda: self._client.secrets.transit.rotate_key(name=key))

    async def retire_key_versions(self, key: str, oldest: int) -> None:
        """Refuse to decrypt what versions before ``oldest`` encrypted."""
        await self.call(
            lambda: self._client.secrets.transit.update_key_configuration(name=key, min_decryption_version=oldest)
        )

    async def _transit(self, verb: str, key: str, rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        """One answer per row, batch by batch. An error of the call as a whole carries nothing of what was sent."""
        answers: list[dict[str, str]] = []
        for start in range(0, len(rows), LARGEST_BATCH):
            batch = list(rows[start : start + LARGEST_BATCH])
            # Asked for 200 when only some fail, since hvac raises on 400 and the good answers would be lost.
            body = {"batch_input": batch, "partial_failure_response_code": 200}
            answers.extend(await self.call(lambda sent=body: self._post(f"/v1/transit/{verb}/{key}", sent)))  # type: ignore[misc]
        return answers

    def _post(self, path: str, body: dict[str, object]) -> list[dict[str, str]]:
        count = len(body["batch_input"])  # type: ignore[arg-type]
        try:
            answer: Any = self._client.adapter.post(url=path, json=body)
        except (hvac.exceptions.InvalidRequest, hvac.exceptions.InvalidPath) as error:
            # The body of a refusal says what is wrong with each item, or that there is no such key.
            said: Any = error.json if isinstance(error.json, dict) else {}
            results = (said.get("data") or {}).get("batch_results")
            if path.startswith("/v1/transit/encrypt/"):
                raise Unavailable("key_missing", KEY_MISSING) from None
            if results:
                return list(results)
            if "key not found" in " ".join(str(each) for each in error.errors or ()):
                return [{"error": "key not found"} for _ in range(count)]
            raise Unavailable("vault_refused", "The key store refused a batch of templates") from None
        return list(answer["data"]["batch_results"])

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


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _all_or_nothing(answer: dict[str, str], field: str) -> str:
    if answer.get("error") or not answer.get(field):
        raise Unavailable("key_missing", KEY_MISSING)
    return answer[field]
