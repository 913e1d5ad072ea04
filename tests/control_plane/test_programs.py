"""The console's programs as processes of their own, and the command line that talks to them over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from control_plane import main
from control_plane.commands.console_client import ConsoleConnection
from control_plane.commands.organisation import build_app
from control_plane.migrations import MIGRATIONS
from control_plane.ports.driver import Role
from control_plane.worker import Worker, lacks_a_program
from foundation.valkey import Valkey
from tests.control_plane.conftest import free_port
from tests.control_plane.console import CLI, CLI_SECRET, console_document
from tests.control_plane.world import World

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.control_plane.world", "control_plane.main"])


def _backend(document: dict[str, object], ready: Any) -> None:
    main.run_backend(document, ready.set)


def _worker(document: dict[str, object], ready: Any) -> None:
    main.run_worker(document, ready.set)


@dataclass
class Console:
    """A console that runs in a process of its own."""

    world: World
    url: str
    document: dict[str, object]
    backend: BaseProcess

    async def command(self, *arguments: str, secret: str = CLI_SECRET) -> Result:
        """Run ``punctual organisation …`` in a thread, as it makes an event loop of its own."""
        app = build_app(lambda: ConsoleConnection(self.url, None, CLI, secret))
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(arguments)))


async def _start(target: Callable[..., None], document: dict[str, object]) -> BaseProcess:
    ready = forks.Event()
    process = forks.Process(target=target, args=(document, ready))
    process.start()
    assert await asyncio.to_thread(ready.wait, 30), f"{target.__name__} did not get ready"
    return process


async def _end(process: BaseProcess, seconds: float = 10) -> float:
    """SIGTERM; how long it took."""
    began = time.monotonic()
    if process.pid and process.is_alive():
        os.kill(process.pid, signal.SIGTERM)
    await asyncio.to_thread(process.join, seconds)
    if process.is_alive():
        process.kill()
        await asyncio.to_thread(process.join)
    return time.monotonic() - began


@pytest.fixture
async def running(world: World) -> AsyncIterator[Console]:
    port = free_port()
    url = f"http://localhost:{port}"
    document = console_document(world.places, listen=f"127.0.0.1:{port}", public_url=url)
    backend = await _start(_backend, document)
    try:
        yield Console(world, url, document, backend)
    finally:
        await _end(backend)


@contextlib.asynccontextmanager
async def _working(world: World) -> AsyncIterator[Worker]:
    """The worker's loop with the fakes behind it."""
    worker = Worker(world.database, world.reconciler(), 60)

    async def loop() -> None:
        while True:
            await worker.tick()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(loop())
    try:
        yield worker
    finally:
        task.cancel()
        await worker.close()


async def test_create_watches_until_it_is_active(running: Console, slug: str) -> None:
    running.world.tenant.connect(f"org-{slug}")
    async with _working(running.world):
        made = await running.command("create", slug, "--name", "Acme Ltd", "--owner-email", "o@acme.test", "--json")
        assert made.exit_code == 0, made.output
        document = json.loads(made.stdout)
        assert document["phase"] == "active"
        assert document["sign_in"]["user_name"] == "o@acme.test"
        assert document["sign_in"]["initial_password"]

        listed = json.loads((await running.command("list", "--json")).stdout)
        assert [each["slug"] for each in listed] == [slug]
        shown = await running.command("show", slug)
        assert shown.exit_code == 0
        assert "active" in shown.stdout
        assert "Database org_" in shown.stdout

        client = await running.command("client", slug, "--name", "Payroll", "--scopes", "staff:read devices:read")
        assert client.exit_code == 0, client.output
        assert json.loads(client.stdout)["scopes"] == ["staff:read", "devices:read"]
        bad = await running.command("client", slug, "--name", "Bird", "--scopes", "staff:fly")
        assert (bad.exit_code, bad.stderr.strip()) == (1, "staff:fly is no scope")


async def test_create_tells_the_steps_as_they_come(running: Console, slug: str) -> None:
    running.world.tenant.connect(f"org-{slug}")
    async with _working(running.world):
        made = await running.command("create", slug, "--name", "Acme Ltd", "--owner-email", "o@acme.test")
    assert made.exit_code == 0, made.output
    assert "✓ database" in made.stderr
    assert "✓ smoke" in made.stderr
    assert f"https://{slug}.example.test" in made.stdout


async def test_failures_are_one_sentence(running: Console, slug: str) -> None:
    common = ["--name", "Acme Ltd", "--owner-email", "o@acme.test"]
    first = await running.command("create", slug, *common, "--no-wait")
    assert first.exit_code == 0
    assert f"{slug} is requested" in first.stdout
    cases = {
        ("create", slug, *common): (
            1,
            f"The slug '{slug}' is taken; a slug is never used twice, not even after its organisation is gone",
        ),
        ("create", "console", *common): (1, "The slug 'console' is kept for the platform itself; choose another"),
        ("create", "late", *common, "--timeout", "0.3"): (
            1,
            "late is still requested after 0.3 s; database: not begun",
        ),
        ("show", "nobody"): (1, "There is no organisation 'nobody'"),
    }
    for arguments, (code, sentence) in cases.items():
        result = await running.command(*arguments)
        assert (result.exit_code, " ".join(result.stderr.split())) == (code, sentence)
    refused = await running.command("list", secret="wrong")
    assert (refused.exit_code, refused.stderr.startswith("The console does not accept")) == (1, True)


async def test_a_platform_that_is_not_running_is_said_so() -> None:
    app = build_app(lambda: ConsoleConnection(f"http://localhost:{free_port()}", None, CLI, CLI_SECRET))
    result = await asyncio.to_thread(CliRunner().invoke, app, ["list"])
    assert result.exit_code == 2
    assert "start it with `punctual up`" in " ".join(result.stderr.split())


async def test_events_show_every_change_and_end_with_the_server(running: Console, slug: str) -> None:
    phases: list[str] = []
    async with httpx.AsyncClient(base_url=running.url, timeout=10) as client:
        answer = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(CLI, CLI_SECRET))
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        await running.command("create", slug, "--name", "Acme", "--owner-email", "o@acme.test", "--no-wait")
        running.world.tenant.connect(f"org-{slug}")
        async with client.stream("GET", "/organisations/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async with _publishing(running):
                async for line in stream.aiter_lines():
                    if line.startswith("data: "):
                        phases.append(json.loads(line.removeprefix("data: "))["phase"])
                    if phases[-1:] == ["active"]:
                        break
            assert await _end(running.backend) < 5
    assert phases[0] == "requested"
    assert "provisioning" in phases


@contextlib.asynccontextmanager
async def _publishing(running: Console) -> AsyncIterator[None]:
    """A worker whose notices reach the console, as the real one's do."""
    world = running.world
    valkey = Valkey(world.places.valkey_url, str(running.document["valkey_prefix"]))

    async def notify(organisation_id: object) -> None:
        await valkey.publish("organisations", {"id": str(organisation_id)})

    reconciler = world.reconciler()
    object.__setattr__(reconciler, "notify", notify)
    worker = Worker(world.database, reconciler, 60)
    try:
        await worker.tick()
        yield
    finally:
        await worker.close()
        await valkey.close()


async def test_the_real_worker_says_why_it_cannot_go_on(running: Console, slug: str) -> None:
    """With no program starter behind the driver: three steps are made, the fourth is unknown and says so."""
    worker = await _start(_worker, running.document)
    try:
        await running.command("create", slug, "--name", "Acme", "--owner-email", "o@acme.test", "--no-wait")
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            document = json.loads((await running.command("show", slug, "--json")).stdout)
            states = {step["name"]: (step["state"], step["message"]) for step in document["steps"]}
            if states["schema"][0] == "unknown":
                break
            await asyncio.sleep(0.1)
        assert states["credentials"][0] == "ok"
        assert states["schema"] == ("unknown", "The process starter does not answer; `punctual up` brings it back")
        assert document["phase"] == "provisioning"
    finally:
        assert await _end(worker) < 8


async def test_migrating_is_an_errand_that_returns_the_head(world: World) -> None:
    assert await asyncio.to_thread(main.migrate, console_document(world.places)) == MIGRATIONS.newest()


async def test_the_watch_makes_a_stack_that_lost_a_program_due_at_once(world: World, slug: str) -> None:
    organisation = await world.add(slug)
    assert await world.round()
    worker = Worker(world.database, world.reconciler(), 60)
    await worker.watch()
    assert (await world.reread(organisation)).lease_until is None

    world.driver.kill(f"org-{slug}", Role.BRIDGE)
    assert await lacks_a_program(world.driver, f"org-{slug}")
    await worker.watch()
    await worker.settled()
    assert world.driver.starts(f"org-{slug}", Role.BRIDGE) == 2

    world.driver.behaviour.away = True
    assert not await lacks_a_program(world.driver, f"org-{slug}")
