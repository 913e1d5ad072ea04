"""The HTTP side of a simulated push clock."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

LOOPBACK = "127.0.0.1"


class Refused(Exception):
    """No answer, or another status than 200: a clock treats both alike."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``date`` is the header from which clocks set their time."""

    text: str
    date: str


class PushLine:
    """Requests to one base URL.

    Names ending in ``.localhost`` are dialled at 127.0.0.1 (RFC 6761; the C library does not resolve them) while the
    Host header and the name in the TLS greeting stay what the URL says.
    """

    def __init__(self, base_url: str, ca_file: Path | None) -> None:
        self._url = httpx.URL(base_url.rstrip("/"))
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise ValueError(f"{base_url!r} is no address such as https://acme.devices.localhost:8443")
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None
        self.cookie = ""

    async def get(self, path: str, query: dict[str, str]) -> Answer:
        """A GET. Raises `Refused`."""
        return await self._request("GET", path, query, None)

    async def post(self, path: str, query: dict[str, str], body: str) -> Answer:
        """A POST of plain text. Raises `Refused`."""
        return await self._request("POST", path, query, body.encode())

    def with_noise(self, lines: list[str]) -> list[str]:
        """The lines of an upload as they leave the clock: a line that damages nothing leaves them as they are."""
        return lines

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

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
        try:
            response = await self._client.request(
                method, url, params=query, content=body, headers=headers, extensions=extensions
            )
        except httpx.HTTPError as error:
            raise Refused(f"{self._url.host} does not answer ({error or type(error).__name__})") from error
        if response.status_code != 200:
            raise Refused(f"{path} was answered with status {response.status_code}: {response.text[:120].strip()}")
        return Answer(response.text, response.headers.get("date", ""))

    def _opened(self) -> httpx.AsyncClient:
        verify: ssl.SSLContext | bool = True
        if self._url.scheme == "https":
            verify = ssl.create_default_context()
            if self._ca_file is not None:
                verify.load_verify_locations(self._ca_file)
        return httpx.AsyncClient(
            verify=verify,
            timeout=30.0,
            trust_env=False,
            follow_redirects=False,
            headers={"user-agent": "iClock Proxy/1.09", "accept": "*/*", "accept-encoding": "identity"},
        )
