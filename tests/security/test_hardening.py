"""What happens when a server is away, when somebody sends too much, and when a name is no name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.app import create_app
from tenant_stack.settings import TenantSettings
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import client_of, page_headers, sign_in
from tests.tenant_stack.records import run

AWAY = {"valkey_url": "redis://127.0.0.1:1/0", "vault_url": "http://127.0.0.1:1"}


async def test_with_sessions_and_keys_away_people_wait_and_punches_are_kept(
    api: Api, document: dict[str, object], database: Database
) -> None:
    await api.add_device()
    app = create_app(TenantSettings.model_validate({**document, **AWAY}))
    async with app.router.lifespan_context(app):
        async with client_of(app, **page_headers("anything")) as person:
            for path in ("/api/staff", "/api/devices", "/api/session"):
                answer = await person.get(path)
                assert answer.status_code == 503, f"{path}: {answer.text}"
        async with client_of(app, authorization="Bearer bridge-token") as client:
            bridge = Bridge(client)
            await bridge.contact()
            stored = await bridge.punches(punch("7", "2026-03-02 08:00:00"), punch("8", "2026-03-02 08:01:00"))
    assert stored["stored"] == 2
    assert [row[0] for row in await run(database, "SELECT pin FROM punch_logs ORDER BY pin")] == ["7", "8"]


async def test_a_body_without_a_length_is_cut_off_all_the_same(app: FastAPI) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(800):
            sent += 65_536
            yield b" " * 65_536

    async with client_of(app, **page_headers(await sign_in(app))) as client:
        answer = await client.post("/api/staff", content=flood(), headers={"content-type": "application/json"})
        assert answer.status_code == 413, answer.text
        assert answer.json()["code"]
    assert sent > 1_000_000  # it really was more than is taken


async def test_a_deep_document_is_refused_before_it_is_read(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app))) as client:
        for deep in (b"[" * 10_000 + b"]" * 10_000, b'{"name":' * 10_000 + b"1" + b"}" * 10_000):
            answer = await client.post("/api/staff", content=deep, headers={"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, answer.status_code


def test_a_name_cannot_write_a_line_of_the_log() -> None:
    """Line ends and terminal escapes stay inside one JSON line; words that name a secret are masked."""
    script = """
import logging
from foundation import logs
logs.configure("backend", level="DEBUG")
name = 'Eve\\n{"event": "forged"}\\r\\x1b[31m\\u2028red'
logs.get_logger().info("staff.create", name=name, client_secret="s3cr3t")
logging.getLogger("library").warning("said %s", name)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=True)
    lines = done.stdout.decode().splitlines()
    assert [json.loads(line)["event"].split()[0] for line in lines] == ["staff.create", "said"]
    assert "\x1b" not in done.stdout.decode()
    assert b"s3cr3t" not in done.stdout
