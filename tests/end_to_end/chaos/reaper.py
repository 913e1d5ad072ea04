"""Kills programs of a platform at random, and remembers whom."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter

from control_plane.local.platform import Platform
from control_plane.local.process import Lock


class Reaper:
    """``await reap(seconds)`` sends SIGKILL to one living victim every few seconds."""

    def __init__(self, platform: Platform, organisation: str, chance: random.Random) -> None:
        self._chance = chance
        self.killed: Counter[str] = Counter()
        self._victims = {
            "database": platform.postgres.lock,
            "queue": platform.valkey.lock,
            "gateway": platform.gateway.lock,
            **{
                role.removeprefix("tenant-"): Lock(platform.components.files(organisation, role).lock)
                for role in ("tenant-backend", "tenant-worker", "device-bridge")
            },
        }
        # The organisation's own three programs die more often than the servers that all organisations share.
        self._names = [*self._victims, "backend", "worker", "device-bridge"]

    async def reap(self, seconds: float) -> None:
        """Kill until ``seconds`` have passed; each kind is killed at least once before any is by chance."""
        loop = asyncio.get_running_loop()
        over = loop.time() + seconds
        first = self._chance.sample(sorted(self._victims), len(self._victims))
        while (left := over - loop.time()) > 0:
            await asyncio.sleep(min(left, self._chance.uniform(2.0, 8.0)))
            name = first[-1] if first else self._chance.choice(self._names)
            pid = self._victims[name].holder()
            if pid is None:
                continue  # not back yet since the last time
            os.kill(pid, signal.SIGKILL)
            self.killed[name] += 1
            if first:
                first.pop()
