"""Addresses of an organisation's own sign-in provider: public ones over https, never in our own network.

The rules are those of webhooks, except for the port. A name is resolved for each request, every address is checked, and
the connection goes to a checked one: a name that resolves differently the second time gains nothing.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx

from foundation.addresses import Refused, Target, is_local, refused_host, resolve
from foundation.errors import Invalid
from foundation.outbound import tls_context

NO_ADDRESS = "This is no address of a sign-in provider; it looks like https://login.example.com"


def read_issuer(url: str, *, loopback: bool) -> Target:
    """The target of an issuer URL; `Invalid` says why it is refused. ``loopback``: local mode."""
    if any(letter <= " " or letter == "\\" or letter > "\x7e" for letter in url):
        raise _invalid("Letters, digits and punctuation only; write other names in their xn-- form")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError as error:
        raise _invalid(NO_ADDRESS) from error
    if not host or "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise _invalid(NO_ADDRESS)
    local = loopback and is_local(host)
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise _invalid("It begins with https://")
    if not local and (reason := refused_host(host)):
        raise _invalid(reason)
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), parts.path)


def _invalid(reason: str) -> Invalid:
    return Invalid("issuer_refused", reason, field="issuer")


class CheckedAddresses(httpx.AsyncBaseTransport):
    """Connects only to checked addresses; the Host header and the TLS name stay the original ones."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, loopback: bool) -> None:
        self._inner = inner
        self._loopback = loopback

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        bare = request.url.copy_with(query=None, fragment=None)
        try:
            target = read_issuer(str(bare), loopback=self._loopback)
            address = await resolve(target, loopback=self._loopback)
        except (Refused, Invalid) as refused:
            raise httpx.ConnectError(str(refused), request=request) from refused
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, **({"sni_hostname": target.host} if target.scheme == "https" else {})},
        )
        return await self._inner.handle_async_request(dialled)

    async def aclose(self) -> None:
        await self._inner.aclose()


def provider_client(*, ca_file: Path | None, loopback: bool) -> httpx.AsyncClient:
    """A client for an address that an organisation entered."""
    transport = httpx.AsyncHTTPTransport(verify=tls_context(ca_file), retries=0)
    return httpx.AsyncClient(
        transport=CheckedAddresses(transport, loopback=loopback), timeout=10.0, follow_redirects=False
    )
