"""The entry points of a tenant stack, called after the fork; each blocks until SIGTERM, except `migrate`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import uvloop
from fastapi import FastAPI

from foundation import logs, web
from foundation.jobs import JobQueue
from foundation.jobs import run_worker as run_jobs
from tenant_stack import schema
from tenant_stack.app import create_app
from tenant_stack.jobs import registry
from tenant_stack.settings import TenantSettings
from tenant_stack.worker import WorkerContext, close_context, open_context


def _settings(document: dict[str, object], service: str) -> TenantSettings:
    settings = TenantSettings.model_validate(document)
    logs.configure(service, organisation=settings.organisation, level=settings.log_level)
    return settings


def run_backend(
    document: dict[str, object], announce_ready: Callable[[], None], described: FastAPI | None = None
) -> None:
    """Serve HTTP until SIGTERM. ``described`` is an application prepared before the fork."""
    settings = _settings(document, "tenant-backend")

    async def ready() -> None:
        announce_ready()

    # Uvicorn raises the signal again after its own shutdown, when nothing is left to stop.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(web.serve(create_app(settings, described), settings.listen, on_ready=ready))


def run_worker(document: dict[str, object], announce_ready: Callable[[], None]) -> None:
    """Run jobs and schedules until SIGTERM."""
    settings = _settings(document, "tenant-worker")
    url = settings.valkey_url.get_secret_value()

    async def open_() -> WorkerContext:
        return await open_context(settings, JobQueue(url, settings.jobs_namespace, registry))

    run_jobs(
        registry,
        url=url,
        namespace=settings.jobs_namespace,
        open_context=open_,
        close_context=close_context,
        announce_ready=announce_ready,
        threads=2,  # jobs are coroutines on one loop; a thread only waits for its job
    )


def migrate(document: dict[str, object]) -> str:
    """Upgrade the organisation's database to the newest revision; returns that revision."""
    settings = _settings(document, "tenant-migrate")
    return asyncio.run(schema.migrate(settings.database_url.get_secret_value(), settings.application_role))
