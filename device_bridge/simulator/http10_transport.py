"""HTTP/1.0 as old firmware speaks it: a connection for each request, no chunks, the answer ends with the connection."""

from __future__ import annotations

import asyncio
import ssl

import httpx

LARGEST_ANSWER = 4_000_000


class OldHttp(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient`; everything else (faults, cookies, time limits) stays as it is."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request. Raises `httpx.TransportError` for whatever goes wrong on the line."""
        secure = request.url.scheme == "https"
        name = request.extensions.get("sni_hostname") or request.url.host
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(
                    request.url.host,
                    request.url.port or (443 if secure else 80),
                    ssl=self._context if secure else None,
                    server_hostname=str(name) if secure else None,
                )
                try:
                    return await _exchange(request, reader, writer)
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise httpx.ReadError(f"{type(error).__name__}") from error


async def _exchange(
    request: httpx.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> httpx.Response:
    head = [f"{request.method} {request.url.raw_path.decode('ascii')} HTTP/1.0"]
    dropped = ("connection", "transfer-encoding", "accept-encoding")
    head += [f"{name}: {value}" for name, value in request.headers.items() if name not in dropped]
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    assert isinstance(request.stream, httpx.AsyncByteStream)
    async for piece in request.stream:
        writer.write(piece)
    await writer.drain()
    answer = await reader.read(LARGEST_ANSWER)
    while (piece := await reader.read(LARGEST_ANSWER)) and len(answer) < LARGEST_ANSWER:
        answer += piece
    top, separator, body = answer.partition(b"\r\n\r\n")
    status, *lines = top.decode("latin-1").split("\r\n")
    words = status.split(" ")
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise httpx.RemoteProtocolError("the answer is no HTTP", request=request)
    pairs = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    stated = next((value for name, value in pairs if name.lower() == "content-length"), None)
    if stated is not None and int(stated) != len(body):
        raise httpx.RemoteProtocolError("the answer was cut short", request=request)
    return httpx.Response(int(words[1]), headers=pairs, content=body)
