"""Background jobs on Dramatiq: declared as data, bound to a broker only in the process that runs them.

``@job`` remembers a coroutine function under its name ``noun.event``; nothing connects at import, so a zygote may hold
every job. `JobQueue` sends; `run_worker` executes, with exponential backoff and jitter. A message is a hint: whatever a
lost or doubled message would change is kept as state in PostgreSQL, and the `every` functions look for it.
"""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import dramatiq
from dramatiq.asyncio import EventLoopThread, get_event_loop_thread
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, AsyncIO, Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit

from foundation.logs import correlation_id, get_logger

JobFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Job:
    """One kind of job. ``time_limit`` in seconds; the function receives the worker's context, then ids only."""

    name: str
    function: JobFunction
    queue: str
    max_retries: int
    min_backoff: float
    max_backoff: float
    time_limit: float


@dataclass(frozen=True)
class Schedule:
    """A function run again and again in the worker, ``seconds`` apart (± 10 %, so that stacks spread out)."""

    name: str
    seconds: float
    function: Callable[[Any], Awaitable[None]]


@dataclass
class JobRegistry:
    """The jobs and schedules of one service; modules fill it when they are imported."""

    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: list[Schedule] = field(default_factory=list)

    def job(
        self,
        name: str,
        *,
        queue: str = "default",
        max_retries: int = 8,
        min_backoff: float = 1.0,
        max_backoff: float = 300.0,
        time_limit: float = 60.0,
    ) -> Callable[[JobFunction], JobFunction]:
        def register(function: JobFunction) -> JobFunction:
            if name in self.jobs:
                raise ValueError(f"two jobs are called {name}")
            self.jobs[name] = Job(name, function, queue, max_retries, min_backoff, max_backoff, time_limit)
            return function

        return register

    def every(self, name: str, seconds: float) -> Callable[[JobFunction], JobFunction]:
        def register(function: JobFunction) -> JobFunction:
            self.schedules.append(Schedule(name, seconds, function))
            return function

        return register


class JobQueue:
    """Sends jobs; cheap to make, connects on first use. ``namespace`` keeps one organisation's queue to itself."""

    def __init__(self, url: str, namespace: str, registry: JobRegistry) -> None:
        self.registry = registry
        self.broker = RedisBroker(url=url, namespace=namespace, middleware=[])  # type: ignore[no-untyped-call]

    async def send(self, name: str, /, delay: float = 0, **arguments: str | int) -> None:
        """Enqueue without blocking the loop; arguments are ids, never data. Raises when Valkey does not answer."""
        job = self.registry.jobs[name]
        message: dramatiq.Message[Any] = dramatiq.Message(
            queue_name=job.queue,
            actor_name=name,
            args=(),
            kwargs=dict(arguments),
            options={"correlation_id": correlation_id.get()},
        )
        delay_ms = int(delay * 1000) or None
        await asyncio.to_thread(self._enqueue, message, delay_ms)

    def _enqueue(self, message: dramatiq.Message[Any], delay_ms: int | None) -> None:
        self.broker.declare_queue(message.queue_name)
        self.broker.enqueue(message, delay=delay_ms)

    def close(self) -> None:
        self.broker.close()


def run_worker(
    registry: JobRegistry,
    *,
    url: str,
    namespace: str,
    open_context: Callable[[], Awaitable[Any]],
    close_context: Callable[[Any], Awaitable[None]],
    announce_ready: Callable[[], None],
    threads: int = 4,
) -> None:
    """Run jobs and schedules until SIGTERM or SIGINT, then let running jobs finish (20 s at most).

    ``open_context`` is awaited once on the worker's event loop; its result is the first argument of every job.
    """
    runtime = _Runtime(open_context, close_context)
    broker = RedisBroker(  # type: ignore[no-untyped-call]
        url=url,
        namespace=namespace,
        # TimeLimit before Retries, so that a job that ran out of time is tried again.
        middleware=[AgeLimit(), TimeLimit(), ShutdownNotifications(), Callbacks(), Pipelines(), Retries(), runtime],
    )
    dramatiq.set_broker(broker)
    for job in registry.jobs.values():
        _declare(broker, job, runtime)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=250)
    worker.start()
    if runtime.failure is not None:
        raise runtime.failure
    tasks = [runtime.start(_repeat(schedule, runtime.context)) for schedule in registry.schedules]
    announce_ready()
    stop.wait()
    for task in tasks:
        task.cancel()
    worker.stop(timeout=20_000)
    broker.close()


class _Runtime(AsyncIO):
    """Dramatiq's event loop, with the service's context open on it before the first job and closed after the last."""

    def __init__(
        self, open_context: Callable[[], Awaitable[Any]], close_context: Callable[[Any], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._open = open_context
        self._close = close_context
        self.context: Any = None
        self.failure: Exception | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        super().before_worker_boot(broker, worker)  # type: ignore[no-untyped-call]
        try:
            self.context = self._loop().run_coroutine(self._open())
        except Exception as error:  # noqa: BLE001 - Dramatiq would only log it; `run_worker` raises it
            self.failure = error

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self._loop().run_coroutine(self._close(self.context))
        super().after_worker_shutdown(broker, worker)  # type: ignore[no-untyped-call]

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop().loop)

    @staticmethod
    def _loop() -> EventLoopThread:
        loop = get_event_loop_thread()
        if loop is None:
            raise RuntimeError("the worker's event loop is not running")
        return loop


def _declare(broker: RedisBroker, job: Job, runtime: _Runtime) -> None:
    async def perform(**arguments: Any) -> None:
        await job.function(runtime.context, **arguments)

    dramatiq.actor(
        actor_name=job.name,
        queue_name=job.queue,
        broker=broker,
        max_retries=job.max_retries,
        min_backoff=int(job.min_backoff * 1000),
        max_backoff=int(job.max_backoff * 1000),
        time_limit=job.time_limit * 1000,
    )(perform)


async def _repeat(schedule: Schedule, context: Any) -> None:
    while True:
        try:
            await schedule.function(context)
        except Exception:  # noqa: BLE001 - a schedule must outlive one failing round; the next round sees the same state
            get_logger().error("schedule.failed", schedule=schedule.name, exc_info=True)
        await asyncio.sleep(schedule.seconds * random.uniform(0.9, 1.1))
