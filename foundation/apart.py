"""A module of ours in a process of its own, for work whose memory or input must not stay in a service."""

from __future__ import annotations

import asyncio
import os
import sys


async def start_apart(module: str) -> asyncio.subprocess.Process:
    """Start ``python -m module`` with pipes for all it reads and writes, and none of the service's environment: it may
    hold secrets. Whoever calls this ends the process when it is not wanted any more."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
