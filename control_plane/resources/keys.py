"""OpenBao as the control plane uses it: keys, policies and roles of organisations. It holds no right to decrypt."""

from __future__ import annotations

from typing import Any

import hvac.exceptions

from control_plane.ports.keys import TransitKey
from foundation.vault import KV_MOUNT, Vault


class VaultAdmin(Vault):
    """Keys, policies and AppRoles in OpenBao (a `KeyStore`)."""

    async def find_key(self, name: str) -> TransitKey | None:
        def read() -> TransitKey | None:
            try:
                data = self._client.secrets.transit.read_key(name=name)["data"]
            except hvac.exceptions.InvalidPath:
                return None
            return TransitKey(name, str(data["type"]), bool(data["derived"]))

        return await self.call(read)

    async def put_key(self, key: TransitKey) -> None:
        await self.call(
            lambda: self._client.secrets.transit.create_key(
                name=key.name,
                key_type=key.kind,
                derived=key.derived or None,
                exportable=False,
                allow_plaintext_backup=False,
            )
        )

    async def delete_key(self, name: str) -> None:
        def delete() -> None:
            try:
                self._client.secrets.transit.update_key_configuration(name=name, deletion_allowed=True)
            except (hvac.exceptions.InvalidPath, hvac.exceptions.InvalidRequest) as error:
                if isinstance(error, hvac.exceptions.InvalidRequest) and "no existing key" not in str(error):
                    raise
                return
            self._client.secrets.transit.delete_key(name=name)

        await self.call(delete)

    async def find_policy(self, name: str) -> str | None:
        def read() -> str | None:
            try:
                return str(self._client.sys.read_acl_policy(name)["data"]["policy"])
            except hvac.exceptions.InvalidPath:
                return None

        return await self.call(read)

    async def put_policy(self, name: str, text: str) -> None:
        await self.call(lambda: self._client.sys.create_or_update_acl_policy(name, text))

    async def delete_policy(self, name: str) -> None:
        await self.call(lambda: self._client.sys.delete_acl_policy(name))

    async def find_role_policies(self, name: str) -> list[str] | None:
        def read() -> list[str] | None:
            try:
                return list(self._client.auth.approle.read_role(name)["data"]["token_policies"])
            except hvac.exceptions.InvalidPath:
                return None

        return await self.call(read)

    async def put_role(self, name: str, policy: str) -> None:
        await self.call(
            lambda: self._client.auth.approle.create_or_update_approle(
                name, token_policies=[policy], token_ttl="1h", token_max_ttl="24h", secret_id_num_uses=0
            )
        )

    async def delete_role(self, name: str) -> None:
        await self.call(lambda: self._client.auth.approle.delete_role(name))

    async def role_id(self, name: str) -> str:
        return await self.call(lambda: str(self._client.auth.approle.read_role_id(name)["data"]["role_id"]))

    async def has_secret_id(self, name: str, secret_id: str) -> bool:
        def read() -> bool:
            try:
                answer: Any = self._client.auth.approle.read_secret_id(name, secret_id)
            except hvac.exceptions.InvalidPath:
                return False
            return isinstance(answer, dict) and bool(answer.get("data"))

        return await self.call(read)

    async def put_secret_id(self, name: str, secret_id: str) -> None:
        if not await self.has_secret_id(name, secret_id):
            await self.call(lambda: self._client.auth.approle.create_custom_secret_id(name, secret_id))

    async def delete_secrets(self, path: str) -> None:
        await self.call(
            lambda: self._client.secrets.kv.v2.delete_metadata_and_all_versions(path=path, mount_point=KV_MOUNT)
        )
