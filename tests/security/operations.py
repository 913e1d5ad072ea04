"""Every operation of the tenant API, asked over the public address with made-up input that fits its document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import requests
import schemathesis
from requests.adapters import HTTPAdapter
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

import tenant_stack.app
from control_plane.local.platform import Platform
from tests.operator import Client

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Case: TypeAlias = schemathesis.Case[Any]

# Signing in goes through a browser; it has tests of its own.
_schema = schemathesis.openapi.from_dict(tenant_stack.app.describe().openapi()).exclude(path_regex="^/auth/")
OPERATIONS: dict[str, Operation] = {
    operation.ok().label: operation.ok() for operation in _schema.get_all_operations() if isinstance(operation, Ok)
}


class Loopback(HTTPAdapter):
    """Reaches ``*.localhost`` on this machine, which not every resolver knows; TLS is checked for the name."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        name = self._place.hostname
        super().init_poolmanager(*arguments, **options, server_hostname=name, assert_hostname=name)

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        request.headers["Host"] = self._place.netloc
        request.url = (request.url or "").replace(self._place.netloc, f"127.0.0.1:{self._place.port}", 1)
        return super().send(request, *arguments, **options)


@dataclass
class Caller:
    """Somebody with a token. ``known`` are ids that exist, by the path in front of them (``/api/staff``)."""

    api_url: str
    ca_file: str
    authorization: str
    known: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # the machine's own certificates and proxies are not meant
        self.session.headers["authorization"] = self.authorization
        self.session.mount(self.api_url, Loopback(self.api_url))

    @classmethod
    def of(cls, client: Client, platform: Platform) -> Caller:
        """Sign in as a machine."""
        caller = cls(client.api_url, str(platform.home.ca_file), "")
        answer = caller.session.post(
            client.token_url,
            auth=(client.client_id, client.client_secret),
            data={"grant_type": "client_credentials"},
            verify=caller.ca_file,
        )
        assert answer.status_code == 200, answer.text
        caller.session.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return caller

    def ask(self, case: Case) -> schemathesis.Response:
        """Send one made-up request."""
        return case.call(base_url=self.api_url, session=self.session, verify=self.ca_file)

    def get(self, path: str, **query: str) -> requests.Response:
        """A plain GET."""
        return self.session.get(self.api_url + path, params=query, verify=self.ca_file, timeout=30)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A POST that must succeed."""
        answer = self.session.post(self.api_url + path, json=body, verify=self.ca_file, timeout=30)
        assert answer.ok, f"{path}: {answer.text}"
        made: dict[str, Any] = answer.json()
        return made

    def look_around(self) -> None:
        """Learn the ids of everything that any list shows."""
        for operation in OPERATIONS.values():
            # A caller that is aimed at itself would soon be nobody.
            if operation.method == "get" and "{" not in operation.path and operation.path != "/api/clients":
                answer = self.get(operation.path)
                items = answer.json().get("items", []) if answer.ok and _is_object(answer) else []
                self.known[operation.path] = [item["id"] for item in items if isinstance(item, dict) and "id" in item]

    def aim(self, case: Case) -> None:
        """Make the request be about something that exists."""
        for name in case.path_parameters or {}:
            known = self.known.get(case.operation.path.split(f"/{{{name}}}")[0])
            if known:
                case.path_parameters[name] = known[0]


def _is_object(answer: requests.Response) -> bool:
    return "json" in answer.headers.get("content-type", "") and answer.text.startswith("{")
