"""Everything a running platform keeps, as bytes to search: databases, Valkey, logs, files; and a secret's disguises."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
from redis.asyncio import Redis

from control_plane.local.platform import Platform

# OpenBao is where secrets are; its storage is sealed with a key of its own. PostgreSQL's files are read as tables.
ELSEWHERE = ("openbao", "postgres")


def disguises(secret: bytes) -> list[bytes]:
    """The secret as it might lie about: raw, hex, Base64 at three offsets, URL-encoded, escaped in JSON."""
    found = [secret, secret.hex().encode(), secret.hex().upper().encode(), quote(secret).encode()]
    # At each offset the letters in the middle are the same whatever stands around them.
    found += [base64.b64encode(b"\0" * offset + secret)[4 : -4 or None] for offset in range(3)]
    return [*found, json.dumps(secret.decode("latin-1")).encode()[1:-1]]


def found_in(haystack: bytes, secret: bytes) -> bool:
    """Is the secret in there, in any disguise? A number is looked for as a number: not within a longer one."""
    if secret.isdigit():
        return re.search(rb"(?<![\w.-])" + secret + rb"(?![\w.-])", haystack) is not None
    return any(each in haystack for each in disguises(secret))


async def everything(platform: Platform) -> dict[str, bytes]:
    """By place. Nothing is skipped but what `ELSEWHERE` names."""
    return {**await databases(platform), "valkey": await valkey(platform), **files(platform.home.root)}


async def databases(platform: Platform) -> dict[str, bytes]:
    """Every row of every table of every database as text, read by the superuser."""
    found = {}
    admin = await asyncpg.connect(platform.postgres.dsn())
    names = await admin.fetch("SELECT datname FROM pg_database WHERE NOT datistemplate")
    await admin.close()
    for (name,) in names:
        connection = await asyncpg.connect(platform.postgres.dsn(name))
        try:
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            for schema, table in tables:
                rows = await connection.fetch(f'SELECT t::text AS row FROM "{schema}"."{table}" t')
                # A bytea shows as hex, so what is in it is looked for in both forms.
                found[f"database {name}.{table}"] = b"\n".join(row["row"].encode() for row in rows)
        finally:
            await connection.close()
    return found


async def valkey(platform: Platform) -> bytes:
    """Every key with its value, of every type, uncompressed."""
    parts: list[bytes] = []
    async with Redis.from_url(platform.valkey.admin_url) as client:
        async for key in client.scan_iter(count=1000):
            parts += [key, *_bytes_of(await _value(client, key))]
    return b"\n".join(parts)


async def _value(client: Redis, key: bytes) -> Any:
    kind: Any = await client.type(key)
    match kind.decode():
        case "string":
            return await client.get(key)
        case "hash":
            return await client.hgetall(key)
        case "list":
            return await client.lrange(key, 0, -1)
        case "set":
            return await client.smembers(key)
        case "zset":
            return await client.zrange(key, 0, -1)
        case "stream":
            return await client.xrange(key)
        case "none":  # it ran out meanwhile
            return None
        case other:
            raise AssertionError(f"no way to read a {other}")


def _bytes_of(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _bytes_of([*value.keys(), *value.values()])
    elif isinstance(value, list | set | tuple):
        for each in value:
            yield from _bytes_of(each)


def files(root: Path) -> dict[str, bytes]:
    """Every file below the platform's folder: logs, settings, certificates, the provider's, Valkey's own."""
    found = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and inside.parts[0] not in ELSEWHERE:
            found[f"file {inside}"] = path.read_bytes()
    return found


async def settled(platform: Platform, seconds: float = 1.0) -> dict[str, bytes]:
    """`everything`, once the workers had a moment to write what they write afterwards."""
    await asyncio.sleep(seconds)
    return await everything(platform)
