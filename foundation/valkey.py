"""Valkey: cache, sessions and live events, every key and channel under the caller's own prefix.

The server's ACL enforces the prefix too; here it only keeps names short at the call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ValkeyConnectionError
from redis.exceptions import TimeoutError as ValkeyTimeout

from foundation.errors import Unavailable

Unreachable = (ValkeyConnectionError, ValkeyTimeout)


class Valkey:
    """A connection pool bound to one prefix such as ``org-acme:``."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix = prefix
        self.client: Redis = Redis.from_url(
            url, decode_responses=True, socket_timeout=5, socket_connect_timeout=2, health_check_interval=30
        )

    def key(self, *parts: str) -> str:
        return self.prefix + ":".join(parts)

    async def get(self, *parts: str) -> str | None:
        value = await self._guard(self.client.get(self.key(*parts)))
        return None if value is None else str(value)

    async def put(self, value: str, *parts: str, seconds: int) -> None:
        await self._guard(self.client.set(self.key(*parts), value, ex=seconds))

    async def renew(self, value: str, *parts: str, seconds: int) -> bool:
        """Write a value only where there still is one: what somebody deleted meanwhile stays deleted."""
        return bool(await self._guard(self.client.set(self.key(*parts), value, ex=seconds, xx=True)))

    async def count(self, *parts: str, seconds: int) -> int:
        """One more of something within a window of ``seconds``; answers how many there are now."""
        key = self.key(*parts)
        async with self.client.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds, nx=True)
            answers = await self._guard(pipe.execute())
        return int(answers[0])

    async def collect(self, member: str, *parts: str, seconds: int) -> None:
        """Put a member into a set that lives ``seconds`` from now on."""
        key = self.key(*parts)
        async with self.client.pipeline(transaction=True) as pipe:
            pipe.sadd(key, member)
            pipe.expire(key, seconds)
            await self._guard(pipe.execute())

    async def members(self, *parts: str) -> set[str]:
        return {str(each) for each in await self._guard(self.client.smembers(self.key(*parts)))}

    async def discard(self, member: str, *parts: str) -> None:
        await self._guard(self.client.srem(self.key(*parts), member))

    async def take(self, *parts: str) -> str | None:
        """Read and delete in one step: the value can be used once."""
        value = await self._guard(self.client.getdel(self.key(*parts)))
        return None if value is None else str(value)

    async def delete(self, *parts: str) -> None:
        await self._guard(self.client.delete(self.key(*parts)))

    async def publish(self, channel: str, message: dict[str, object]) -> None:
        await self._guard(self.client.publish(self.key(channel), json.dumps(message, separators=(",", ":"))))

    async def subscribe(self, channel: str) -> AsyncIterator[str]:
        """Messages of a channel as JSON text, until cancelled. Reconnects; a gap is the caller's to refill."""
        while True:
            pubsub = self.client.pubsub(ignore_subscribe_messages=True)
            try:
                await pubsub.subscribe(self.key(channel))
                while True:
                    message = await pubsub.get_message(timeout=30)
                    if message is not None:
                        yield str(message["data"])
            except Unreachable:
                await asyncio.sleep(1)
            finally:
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        await self.client.aclose()

    async def _guard(self, call: Awaitable[Any]) -> Any:
        """Valkey away means: refuse with 503. Never go on as if nobody were signed in, or everybody."""
        try:
            return await call
        except Unreachable as error:
            raise Unavailable("valkey_away", "The session store does not answer; try again", retry_after=5) from error
