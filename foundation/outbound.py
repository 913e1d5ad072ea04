"""HTTP that we send: time limits always, no redirects, and names ending in ``.localhost`` dialled on loopback.

RFC 6761 §6.3 says that such names mean this machine; glibc's resolver does not know, so local mode needs it here.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

LOOPBACK = "127.0.0.1"
CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=16)


def is_localhost_name(host: str) -> bool:
    """True for ``localhost`` and every name below it."""
    return host == "localhost" or host.endswith(".localhost")


class _LoopbackNames(httpx.AsyncBaseTransport):
    """Dials ``*.localhost`` at 127.0.0.1; the Host header and the TLS server name stay what the caller wrote."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if is_localhost_name(host):
            # A copy: the caller's request keeps its address, on which cookies and redirects depend.
            request = httpx.Request(
                request.method,
                request.url.copy_with(host=LOOPBACK),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, and one more (the local gateway's, say) when a file is given."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


def http_client(*, ca_file: Path | None = None, timeout: float = 10.0) -> httpx.AsyncClient:
    """A client for addresses on the network."""
    transport = httpx.AsyncHTTPTransport(verify=tls_context(ca_file), retries=0)
    return httpx.AsyncClient(transport=_LoopbackNames(transport), timeout=timeout, follow_redirects=False)


def service_client(listen: str, *, token: str, timeout: float = 10.0, ca_file: Path | None = None) -> httpx.AsyncClient:
    """A client for another service of the same stack: ``unix:/path``, ``host:port`` or ``http(s)://host:port``."""
    socket_file = listen.removeprefix("unix:") if listen.startswith("unix:") else None
    address = "http://service" if socket_file else listen if "://" in listen else f"http://{listen}"
    # Without TLS an empty context does: loading authorities costs memory in every process.
    verify = tls_context(ca_file) if address.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=socket_file, verify=verify, limits=CONNECTIONS),
        base_url=address,
        timeout=httpx.Timeout(timeout, connect=5.0),
        headers={"authorization": f"Bearer {token}"},
        trust_env=False,
    )
