"""A clock's side of HTTP, as bare as a clock's own: one TLS connection, a request, the answer's last line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from foundation.outbound import LOOPBACK, tls_context


class Wire:
    """A kept connection to one push address."""

    def __init__(self, url: str, ca_file: Path) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._host, self._port = parts.hostname, parts.port or 443
        self._tls = tls_context(ca_file)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            LOOPBACK, self._port, ssl=self._tls, server_hostname=self._host
        )

    async def post(self, path: str, body: bytes) -> str:
        """Send a body and return the text of the answer; anything but 200 fails."""
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert answer.startswith("http/1.1 200"), answer
        length = int(answer.partition("content-length:")[2].partition("\r\n")[0])
        return (await self._reader.readexactly(length)).decode()

    def close(self) -> None:
        self._writer.close()
