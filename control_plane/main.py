"""The control plane's programs: its back end, its worker, and the migration of its database.

Each is called in a fresh process with its settings; nothing is opened at import.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import FrameType
from typing import Any

from control_plane import app
from control_plane.console.composition import open_parts
from control_plane.migrations import MIGRATIONS
from control_plane.provisioning.fail_point import fail_point
from control_plane.provisioning.reconcile import Reconciler
from control_plane.provisioning.steps import STEPS
from control_plane.settings import ControlSettings
from control_plane.worker import Worker, registry
from foundation import jobs, logs
from foundation.web import serve

Handler = Callable[[int, FrameType | None], Any]


def run_backend(document: dict[str, object], announce_ready: Callable[[], None]) -> None:
    """Serve the console and its API until SIGTERM."""
    settings = ControlSettings.model_validate(document)
    logs.configure("control-backend", level=settings.log_level)

    application = app.build(settings)

    async def ready() -> None:
        _tell_streams_to_end(application.state.parts.stopping)
        announce_ready()

    asyncio.run(serve(application, settings.listen, on_ready=ready))


def _tell_streams_to_end(stopping: asyncio.Event) -> None:
    """On SIGTERM end the event streams too: the server waits for answers under way, and those never end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(
            received: int, frame: FrameType | None, before: signal.Handlers | Handler | int | None = before
        ) -> None:
            loop.call_soon_threadsafe(stopping.set)
            if callable(before):
                before(received, frame)

        signal.signal(number, handle)


def run_worker(document: dict[str, object], announce_ready: Callable[[], None]) -> None:
    """Reconcile organisations until SIGTERM."""
    settings = ControlSettings.model_validate(document)
    logs.configure("control-worker", level=settings.log_level)
    opened = AsyncExitStack()

    async def open_worker() -> Worker:
        parts = await opened.enter_async_context(open_parts(settings, "control-worker"))
        reconciler = Reconciler(
            database=parts.database,
            ports=parts.ports,
            steps=STEPS,
            notify=parts.notify,
            reach=fail_point(settings.fail_point),
        )
        return Worker(parts.database, reconciler, settings.lease_seconds)

    async def close_worker(worker: Worker) -> None:
        await worker.close()
        await opened.aclose()

    jobs.run_worker(
        registry,
        url=settings.valkey_url.get_secret_value(),
        namespace=settings.jobs_namespace,
        open_context=open_worker,
        close_context=close_worker,
        announce_ready=announce_ready,
        threads=2,
    )


def migrate(document: dict[str, object]) -> str:
    """Bring the control database to the head; returns the head revision."""
    settings = ControlSettings.model_validate(document)
    logs.configure("control-migrate", level=settings.log_level)
    return asyncio.run(MIGRATIONS.run(settings.database_url.get_secret_value()))
