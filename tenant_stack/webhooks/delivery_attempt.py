"""One try of one delivery: resolve, check, connect to what was checked, send, read little."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httpx

from foundation.addresses import Refused, Target, read_url, resolve
from foundation.errors import Invalid

SECONDS = 5.0
MOST_ANSWER = 64 * 1024
GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. ``gone``: the receiver says it does not want any more. ``retry_after``: seconds it asked
    for. What it answered otherwise is neither kept nor shown."""

    ok: bool
    status: int | None
    error: str
    milliseconds: int
    gone: bool = False
    retry_after: int | None = None


async def post(
    client: httpx.AsyncClient,
    url: str,
    headers: dict[str, str],
    body: bytes,
    *,
    loopback: bool,
    seconds: float = SECONDS,
) -> Outcome:
    """Send once. ``client`` follows no redirects and uses no proxy."""
    began = time.monotonic()
    status: int | None = None
    error = ""
    retry_after: int | None = None
    try:
        async with asyncio.timeout(seconds):
            target = read_url(url, loopback=loopback)
            address = await resolve(target, loopback=loopback)
            request = _request(client, target, address, headers, body)
            answer = await client.send(request, stream=True)
            try:
                status = answer.status_code
                retry_after = _seconds(answer.headers.get("retry-after"))
                error = _judge(status) or await _read(answer)
            finally:
                await answer.aclose()
    except TimeoutError:
        error = f"No answer within {seconds:g} seconds"
    except (Refused, Invalid) as refused:
        error = str(refused)
    except httpx.HTTPError as failed:
        error = f"The connection failed ({type(failed).__name__})"
    milliseconds = int((time.monotonic() - began) * 1000)
    return Outcome(not error, status, error, milliseconds, status == GONE, retry_after)


def _request(
    client: httpx.AsyncClient, target: Target, address: str, headers: dict[str, str], body: bytes
) -> httpx.Request:
    """To the checked address; the name stays in the Host header and in what TLS checks."""
    url = httpx.URL(f"{target.scheme}://{target.authority}{target.path}").copy_with(host=address)
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    return client.build_request(
        "POST", url, headers={**headers, "host": target.authority}, content=body, extensions=extensions
    )


def _judge(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed"
    return f"It answered {status}"


async def _read(answer: httpx.Response) -> str:
    size = 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > MOST_ANSWER:
            return "Its answer is longer than 64 kB"
    return ""


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 9 else None
