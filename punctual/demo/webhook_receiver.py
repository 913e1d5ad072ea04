"""The demo's payroll system: it receives webhooks on loopback and stores their bodies."""

from __future__ import annotations

import asyncio
from pathlib import Path

LARGEST = 1_000_000
REQUEST_SECONDS = 5.0


async def listen(port: int, store: Path) -> asyncio.Server:
    """Receive deliveries at this port of 127.0.0.1; each body becomes a line of the file."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                body = await _body(reader)
                answer = "400 Bad Request" if body is None else "204 No Content"
                if body is not None:
                    with store.open("ab") as file:
                        file.write(body.replace(b"\n", b" ") + b"\n")
                writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the sender tries again
        finally:
            writer.close()

    return await asyncio.start_server(take, "127.0.0.1", port)


async def _body(reader: asyncio.StreamReader) -> bytes | None:
    """The body of a POST with a length; None for anything else."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    length = headers.get("content-length", "")
    if not head[0].startswith("POST ") or not length.isdigit() or int(length) > LARGEST:
        return None
    return await reader.readexactly(int(length))
