"""The local sign-in provider: its process, and the control plane's view of it."""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

import httpx

from control_plane.local import process
from control_plane.local.home import write_private
from control_plane.local.process import Lock, Program, ServerFiles
from control_plane.ports.driver import DriverError
from control_plane.ports.identities import Account, ClientRegistration

HOST = "id"
ADMIN_PREFIX = "/punctual"


class IdentityServer:
    """The provider's process on a loopback port, public at ``https://id.<base>``."""

    def __init__(self, files: ServerFiles, port: int, base_domain: str, secret_key: str, token: str) -> None:
        self._folder = files.area
        self.port = port
        self.host = f"{HOST}.{base_domain}"
        self._secret_key = secret_key
        self._token = token
        self._log = files.log
        self.lock = Lock(files.lock)

    @property
    def issuer(self) -> str:
        return f"https://{self.host}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start if not running; return when it answers."""
        options = {
            "folder": str(self._folder),
            "port": self.port,
            "server_name": self.host,
            "secret_key": self._secret_key,
            "token": self._token,
        }
        path = self._folder / "options.json"
        write_private(path, json.dumps(options))
        program = Program(
            name="The sign-in provider",
            command=(sys.executable, "-m", "control_plane.local.identity_server", str(path)),
            cwd=self._folder,
            log=self._log,
            environment={"HOME": str(self._folder), "PYTHONUNBUFFERED": "1"},
        )
        process.start(program, self.lock)
        await process.wait_until(self._answers, program, self.lock)

    async def _answers(self) -> bool:
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                headers = {"authorization": f"Bearer {self._token}", "host": self.host}
                answer = await client.get(f"http://{self.address}{ADMIN_PREFIX}/health", headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class LocalIdentityProvider:
    """Registers clients and accounts at the local provider (an `IdentityProvider`)."""

    def __init__(self, admin_address: str, token: str, issuer: str) -> None:
        self._base = f"http://{admin_address}{ADMIN_PREFIX}"
        self._headers = {"authorization": f"Bearer {token}", "host": urlsplit(issuer).netloc}
        self._issuer = issuer

    @property
    def issuer(self) -> str:
        return self._issuer

    async def put_client(self, registration: ClientRegistration) -> None:
        first = urlsplit(registration.redirect_uris[0])
        document = {
            "client_secret": registration.client_secret,
            "name": registration.name,
            "redirect_uris": list(registration.redirect_uris),
            "client_uri": f"{first.scheme}://{first.netloc}",
        }
        await self._request("PUT", f"/clients/{registration.client_id}", document)

    async def has_client(self, registration: ClientRegistration) -> bool:
        answer = await self._request("GET", f"/clients/{registration.client_id}")
        if answer is None:
            return False
        same_secret = answer["client_secret"] == registration.client_secret
        return same_secret and answer["redirect_uris"] == list(registration.redirect_uris)

    async def remove_client(self, client_id: str) -> None:
        await self._request("DELETE", f"/clients/{client_id}")

    async def ensure_account(self, email: str, name: str, *, initial_password: str) -> tuple[Account, bool]:
        document = {"email": email, "name": name, "initial_password": initial_password}
        answer = await self._request("PUT", "/accounts", document)
        if answer is None:
            raise DriverError("The sign-in provider has no admin API for accounts")
        account = Account(subject=str(answer["subject"]), email=str(answer["email"]), name=str(answer["name"]))
        return account, bool(answer["created"])

    async def _request(self, method: str, path: str, document: object = None) -> dict[str, object] | None:
        try:
            async with httpx.AsyncClient(timeout=10, headers=self._headers) as client:
                answer = await client.request(method, self._base + path, json=document)
        except httpx.HTTPError as error:
            raise DriverError("The sign-in provider does not answer") from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise DriverError(f"The sign-in provider answered {answer.status_code} to {method} {path}")
        body: dict[str, object] = answer.json()
        return body
