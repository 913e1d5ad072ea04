"""The HTTP side of a simulated push clock."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from device_bridge.simulator.http10_transport import OldHttp

LOOPBACK = "127.0.0.1"
# A clock is a small machine: an upload and a poll at the same time are all that it does.
CONNECTIONS = httpx.Limits(max_connections=3, max_keepalive_connections=1)


class Refused(Exception):
    """No answer, or another status than 200: a clock treats both alike."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``date`` is the header from which clocks set their time."""

    text: str
    date: str


def trust(url: str, ca_file: Path | None) -> ssl.SSLContext:
    """Whom to trust at this address; one context may serve any number of clocks. Raises `OSError` for a bad file."""
    if not url.lower().startswith("https:"):
        # Loading the authorities takes time and memory, which a clock without TLS has no use for.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class PushLine:
    """Requests to one base URL.

    Names ending in ``.localhost`` are dialled at 127.0.0.1 (RFC 6761; the C library does not resolve them) while the
    Host header and the name in the TLS greeting stay what the URL says. ``context`` spares loading the authorities;
    ``on_reboot`` is called when something makes the clock restart, ``on_answer`` with method, path and seconds of each
    request that was answered well.
    """

    def __init__(
        self, base_url: str, ca_file: Path | None, *, context: ssl.SSLContext | None = None, http10: bool = False
    ) -> None:
        self._url = httpx.URL(base_url.rstrip("/"))
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise ValueError(f"{base_url!r} is no address such as https://acme.devices.localhost:8443")
        self._ca_file = ca_file
        self._context = context
        self.http10 = http10
        self.on_reboot: Callable[[], None] = lambda: None
        self.on_answer: Callable[[str, str, float], None] = lambda method, path, seconds: None
        self._client: httpx.AsyncClient | None = None
        self.cookie = ""

    async def get(self, path: str, query: dict[str, str]) -> Answer:
        """A GET. Raises `Refused`."""
        return await self._request("GET", path, query, None)

    async def post(self, path: str, query: dict[str, str], body: str) -> Answer:
        """A POST of plain text. Raises `Refused`."""
        return await self._request("POST", path, query, body.encode())

    def damaged(self, lines: list[str]) -> list[str]:
        """The lines of an upload as they leave the clock; a sound line changes nothing."""
        return lines

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _deliver(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        return await client.send(request)

    async def _request(self, method: str, path: str, query: dict[str, str], body: bytes | None) -> Answer:
        if self._client is None:
            self._client = self._opened()
        url = self._url.copy_with(path=self._url.path.rstrip("/") + path)
        headers, extensions = {"host": self._url.netloc.decode("ascii")}, {}
        if self.cookie:
            headers["cookie"] = self.cookie
        if self._url.host == "localhost" or self._url.host.endswith(".localhost"):
            url = url.copy_with(host=LOOPBACK)
            extensions = {"sni_hostname": self._url.host}
        request = self._client.build_request(
            method, url, params=query, content=body, headers=headers, extensions=extensions
        )
        asked = time.monotonic()
        try:
            response = await self._deliver(self._client, request)
        except httpx.HTTPError as error:
            raise Refused(f"{self._url.host} does not answer ({error or type(error).__name__})") from error
        if response.status_code != 200:
            raise Refused(f"{path} was answered with status {response.status_code}: {response.text[:120].strip()}")
        self.on_answer(method, path, time.monotonic() - asked)
        return Answer(response.text, response.headers.get("date", ""))

    def _opened(self) -> httpx.AsyncClient:
        context = self._context or trust(str(self._url), self._ca_file)
        return httpx.AsyncClient(
            verify=context,
            transport=OldHttp(context) if self.http10 else None,
            timeout=30.0,
            limits=CONNECTIONS,
            trust_env=False,
            follow_redirects=False,
            headers={"user-agent": "iClock Proxy/1.09", "accept": "*/*", "accept-encoding": "identity"},
        )
