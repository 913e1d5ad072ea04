"""One attempt to deliver a webhook, and signatures."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from foundation.addresses import Refused, read_url, resolve
from tenant_stack.webhooks.delivery import CAP_SECONDS, retry_delay
from tenant_stack.webhooks.delivery_attempt import post
from tenant_stack.webhooks.signatures import new_secret, signature, verify
from tests.tenant_stack.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as found:
        yield found


class Names:
    """A name server that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


async def test_a_name_that_turns_private_is_refused(monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient) -> None:
    names = Names(["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8", "10.0.0.5"], ["::ffff:127.0.0.1"])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    target = read_url("https://rebind.example.com/", loopback=False)
    assert await resolve(target, loopback=False) == "8.8.8.8"
    for _ in range(2):
        with pytest.raises(Refused):
            await resolve(target, loopback=False)
    outcome = await post(client, "https://rebind.example.com/", {}, b"{}", loopback=False)
    assert (outcome.ok, outcome.error) == (False, "The address is private, local or reserved")
    assert names.answers == []  # once for each try


async def test_the_connection_goes_to_the_checked_address(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, client: httpx.AsyncClient
) -> None:
    """The name is never asked for again: the one answer there is has been used up by the check."""
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Names())
    url = f"http://hooks.localhost:{receiver.port}/in?a=1"
    outcome = await post(client, url, {"x-a": "1"}, b"{}", loopback=True)
    assert outcome.ok
    assert receiver.received[0].headers["host"] == f"hooks.localhost:{receiver.port}"
    assert receiver.received[0].path == "/in?a=1"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n", "redirects are not followed"),
        (b"500 Oops\r\ncontent-length: 6\r\n\r\nsecret", "It answered 500"),
        (b"200 OK\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000, "longer than 64 kB"),
        (b"200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000, "longer than 64 kB"),
        (b"nonsense\r\n\r\n", "The connection failed"),
    ],
)
async def test_answers_that_are_no_success(
    answer: bytes, error: str, receiver: Receiver, client: httpx.AsyncClient
) -> None:
    receiver.answers = [answer]
    outcome = await post(client, receiver.url, {}, b"{}", loopback=True)
    assert not outcome.ok
    assert error in outcome.error
    assert "secret" not in outcome.error
    assert len(receiver.received) == 1


async def test_a_slow_receiver_is_left(receiver: Receiver, client: httpx.AsyncClient) -> None:
    receiver.silent = True
    began = time.monotonic()
    outcome = await post(client, receiver.url, {}, b"{}", loopback=True, seconds=0.3)
    assert outcome.error == "No answer within 0.3 seconds"
    assert time.monotonic() - began < 5


async def test_what_a_receiver_asks_for(receiver: Receiver, client: httpx.AsyncClient) -> None:
    receiver.answers = [b"503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", b"410 Gone\r\n\r\n"]
    assert (await post(client, receiver.url, {}, b"", loopback=True)).retry_after == 120
    assert (await post(client, receiver.url, {}, b"", loopback=True)).gone


def test_retry_delays_grow_to_an_hour_with_full_jitter() -> None:
    assert [retry_delay(attempt, None, lambda: 1.0) for attempt in (1, 2, 5, 12, 99)] == [
        2,
        4,
        32,
        CAP_SECONDS,
        CAP_SECONDS,
    ]
    assert retry_delay(5, None, lambda: 0.0) == 0
    assert retry_delay(1, 600, lambda: 0.5) == 600
    assert retry_delay(1, 99_999, lambda: 0.5) == CAP_SECONDS


def test_signatures() -> None:
    old, new, now = new_secret(), new_secret(), 1_800_000_000
    header = signature([new, old], now, "e1", b'{"a":1}')
    assert verify(header, old, "e1", b'{"a":1}', now + 10)
    assert verify(header, new, "e1", b'{"a":1}', now - 10)
    assert not verify(header, new_secret(), "e1", b'{"a":1}', now)
    assert not verify(header, new, "e2", b'{"a":1}', now)
    assert not verify(header, new, "e1", b'{"a":2}', now)
    assert not verify(header, new, "e1", b'{"a":1}', now + 301)  # replayed too late
    assert not verify("v1=1", new, "e1", b"", now)
