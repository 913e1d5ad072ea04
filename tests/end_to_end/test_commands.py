"""The console script as a person uses it: simulated clocks and organisations from the shell."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from control_plane.local.home import free_ports
from control_plane.local.platform import Platform
from tests.end_to_end.test_platform import punctual
from tests.operator import Client, Operator, until

PUNCTUAL = str(Path(sys.executable).parent / "punctual")


@asynccontextmanager
async def simulated(home: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A simulated clock in the foreground of a shell, with a standard input to punch at."""
    process = await asyncio.create_subprocess_exec(
        PUNCTUAL,
        "simulate",
        *arguments,
        env={**os.environ, "PUNCTUAL_HOME": str(home)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def test_clocks_from_the_shell_reach_the_api(
    platform: Platform, operator: Operator, two_organisations: tuple[str, str], tmp_path: Path
) -> None:
    slug, home = two_organisations[1], platform.home.root
    made = punctual(home, "organisation", "client", slug, "--name", "Shell", "--scopes", SCOPES)
    assert made.returncode == 0, made.stderr
    document = json.loads(made.stdout)
    client = Client(**{name: document[name] for name in Client.__dataclass_fields__})
    users, logs = tmp_path / "users.csv", tmp_path / "logs.csv"
    users.write_text("pin,name,card,privilege\n31,Ann Shell,0,0\n")
    logs.write_text("pin,local_time,status,verify\n31,2026-11-12 08:00:00,0,1\n")
    port = free_ports(1)[0]
    files = ("--users", str(users), "--logs", str(logs))
    async with operator.tenant(client) as api:
        for body in (
            {"device_serial": "SHELLPUSH", "name": "P", "connection": "push"},
            {
                "device_serial": "SHELLPULL",
                "name": "T",
                "connection": "pull",
                "ip_address": "127.0.0.1",
                "port": port,
            },
        ):
            answer = await api.post("/api/devices", json=body)
            assert answer.status_code == 201, answer.text
        async with (
            simulated(home, "terminal", "--port", str(port), "--serial", "SHELLPULL", "--profile", "zk8", *files),
            simulated(
                home, "push", "--url", client.push_url, "--serial", "SHELLPUSH", "--profile", "att-2.4", *files
            ) as push,
        ):

            async def both() -> bool:
                found = await api.get("/api/attendance/logs", params={"from": "2026-11-12", "to": "2026-11-12"})
                return {log["device_serial"] for log in found.json()["items"]} == {"SHELLPUSH", "SHELLPULL"}

            await until(both, what="the logs of both clocks")
            assert push.stdin is not None
            push.stdin.write(b"punch 31 1\n")
            await push.stdin.drain()

            async def punched() -> bool:
                found = await api.get("/api/attendance/logs", params={"limit": 5})
                return any(log["status"] == 1 and log["pin"] == "31" for log in found.json()["items"])

            await until(punched, what="the punch made by hand")


SCOPES = "devices:create devices:read attendance:read"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("organisation", "create", "Bad_Slug", "--name", "X", "--owner-email", "o@x.example"), "slug"),
        (("organisation", "create", "console", "--name", "X", "--owner-email", "o@x.example"), "console"),
        (("organisation", "show", "nobody"), "nobody"),
        (("simulate", "push", "--url", "https://x.devices.localhost", "--serial", "S", "--profile", "none"), "att-2.4"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(platform: Platform, arguments: tuple[str, ...], sentence: str) -> None:
    done = punctual(platform.home.root, *arguments)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
