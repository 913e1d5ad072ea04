"""Users of the Valkey server: one for each organisation, bound to its own keys and channels."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote, urlsplit

from redis.asyncio import Redis
from redis.exceptions import ResponseError

COMMANDS = ("+@all", "-@dangerous", "-@admin", "+info")


class ValkeyUsers:
    """The server's user list, managed as its administrator (`QueueUsers`)."""

    def __init__(self, admin_url: str) -> None:
        self._client: Redis = Redis.from_url(
            admin_url, decode_responses=True, socket_timeout=5, socket_connect_timeout=2
        )
        parts = urlsplit(admin_url)
        self._place = f"{parts.hostname}:{parts.port or 6379}/{parts.path.lstrip('/') or '0'}"

    def tenant_url(self, name: str, password: str) -> str:
        return f"redis://{name}:{quote(password, safe='')}@{self._place}"

    async def has(self, name: str, prefix: str, password: str) -> bool:
        answer = await self._tell("ACL", "GETUSER", name)
        if answer is None:
            return False
        user = _as_mapping(answer)
        return (
            "on" in user["flags"]
            and list(user["passwords"]) == [_hash(password)]
            and str(user["keys"]).split() == [f"~{prefix}*"]
            and str(user["channels"]).split() == [f"&{prefix}*"]
            and sorted(str(user["commands"]).split()) == sorted(COMMANDS)
        )

    async def put(self, name: str, prefix: str, password: str) -> None:
        await self._tell(
            "ACL",
            "SETUSER",
            name,
            "reset",
            "on",
            f"#{_hash(password)}",
            f"~{prefix}*",
            "resetchannels",
            f"&{prefix}*",
            *COMMANDS,
        )
        await self._save()

    async def remove(self, name: str) -> None:
        await self._tell("ACL", "DELUSER", name)
        await self._save()

    async def close(self) -> None:
        await self._client.aclose()

    async def _tell(self, *words: str) -> Any:
        return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]

    async def _save(self) -> None:
        try:
            await self._tell("ACL", "SAVE")
        except ResponseError as error:
            # A server that is told its users by its configuration has no such file; then nothing is to be saved.
            if "ACL file" not in str(error):
                raise


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _as_mapping(answer: Any) -> dict[str, Any]:
    """RESP2 answers with a flat list, RESP3 and redis-py's own parser with a mapping."""
    if isinstance(answer, dict):
        return answer
    return dict(zip(answer[::2], answer[1::2], strict=True))
