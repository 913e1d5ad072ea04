"""Requests that two servers could read in two ways, written by hand to the gateway: refused, and nothing after them."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from control_plane.local.platform import Platform

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = "POST /api/session HTTP/1.1\r\nHost: {host}\r\n"


async def answers(platform: Platform, host: str, request: bytes) -> bytes:
    """Everything the gateway says until it closes or falls silent."""
    trust = ssl.create_default_context(cafile=str(platform.home.ca_file))
    port = platform.state.ports.gateway
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=host.split(":")[0])
    writer.write(request)
    await writer.drain()
    said = b""
    try:
        async with asyncio.timeout(5):
            while chunk := await reader.read(65_536):
                said += chunk
    except TimeoutError:
        pass
    writer.close()
    return said


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\nContent-Length: 44\r\n\r\nhello" + SMUGGLED,
        b"Content-Length: +5\r\n\r\nhello" + SMUGGLED,
        b"Content-Length: -1\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding: chunked\r\n\r\n5;x\n\nhello\r\nZ\r\n" + SMUGGLED,
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n" + SMUGGLED,
        b"X: a\r\n b\r\nContent-Length : 0\r\n\r\n" + SMUGGLED,
        b"Host: evil.example\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_and_the_line_closed(platform: Platform, rest: bytes) -> None:
    host = f"console.{platform.base_domain}"
    said = await answers(platform, host, HEAD.format(host=host).encode() + rest)
    heads = [line for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert len(heads) <= 1, said[:600]
    # 502: the gateway had begun to pass the body on when its chunks broke, and cut the line on both sides.
    refused = (b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 502")
    assert [head for head in heads if not head.startswith(refused)] == [], said[:600]


async def test_with_a_length_and_chunks_the_chunks_alone_count(platform: Platform) -> None:
    """RFC 9112 6.3 allows both at once if the chunks win and the line is closed: the rest is no second request."""
    host = f"console.{platform.base_domain}"
    head = HEAD.format(host=host).encode()
    both = head + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED
    said = await answers(platform, host, both)
    assert b"smuggled" not in said
    assert b"HTTP/1.1 200" not in said


async def test_an_honest_request_is_answered(platform: Platform) -> None:
    """Otherwise silence above would prove nothing."""
    host = f"console.{platform.base_domain}"
    request = f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert (await answers(platform, host, request)).startswith(b"HTTP/1.1 ")
