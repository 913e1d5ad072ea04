"""The zygote: imports everything once, then forks each program of ours in milliseconds, memory shared.

It holds no thread, connection, event loop or secret: a request is read by the forked child, so settings never pass
through the parent. Forked children live on when the zygote dies; a new one is started by ``punctual up``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fastapi.routing import iter_route_contexts
from sqlalchemy.orm import configure_mappers

import control_plane.main
import device_bridge.app
import device_bridge.main
import tenant_stack.app
import tenant_stack.main
from control_plane.local.home import write_private
from control_plane.local.process import open_log, take

Service = Callable[[dict[str, object], Callable[[], None]], None]
Errand = Callable[[dict[str, object]], str]

# Made before the fork: each child is one organisation's and uses its copy once.
TENANT_API = tenant_stack.app.describe()
BRIDGE_API = device_bridge.app.describe()

SERVICES: dict[str, Service] = {
    "control-backend": control_plane.main.run_backend,
    "control-worker": control_plane.main.run_worker,
    "tenant-backend": partial(tenant_stack.main.run_backend, described=TENANT_API),
    "tenant-worker": tenant_stack.main.run_worker,
    "device-bridge": partial(device_bridge.main.run, described=BRIDGE_API),
}
ERRANDS: dict[str, Errand] = {
    "control-migrate": control_plane.main.migrate,
    "tenant-migrate": tenant_stack.main.migrate,
}

# What the programs import only once they serve; imported here, every child shares it.
PRELOADED = (
    "anyio._backends._asyncio",
    "asyncpg",
    "fastapi.telemetry._runtime",
    "httpcore",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
REQUEST_LIMIT = 1_000_000
FIRST_FREE_DESCRIPTOR = 3


def main() -> None:
    """Listen on the socket named on the command line and fork for every request until SIGTERM."""
    path = Path(sys.argv[1])
    coming = path.with_name(f"{path.name}~")
    coming.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)  # kept by every child: what our programs write is their owner's alone
    listener.bind(str(coming))
    listener.listen(64)
    coming.replace(path)  # whoever sees the socket can connect to it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps; liveness is told by locks
    for name in PRELOADED:
        importlib.import_module(name)
    configure_mappers()
    for api in (TENANT_API, BRIDGE_API):
        # FastAPI works its routes out at the first request, which every child would pay for in memory of its own.
        for _ in iter_route_contexts(api.routes):
            pass
    gc.collect()
    gc.freeze()  # the shared objects are never looked at by a child's collector, so their pages stay shared
    while True:
        connection, _ = listener.accept()
        pid = os.fork()
        if pid == 0:
            try:
                _child(connection)
            except BaseException:  # noqa: BLE001 - the child must end here, whatever happened, and never return to the loop
                traceback.print_exc()
            finally:
                os._exit(1)
        connection.close()


def _child(connection: socket.socket) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    keep = connection.fileno()
    os.closerange(FIRST_FREE_DESCRIPTOR, keep)
    os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65_536 else 65_536)
    with connection:
        connection.settimeout(10)
        request = _read(connection)
        component = _Component(request)
        answer: dict[str, object] = {"pid": os.getpid()} if component.claim() else {"running": True}
        connection.sendall(json.dumps(answer).encode() + b"\n")
    if "pid" in answer:
        component.run()


def _read(connection: socket.socket) -> dict[str, Any]:
    received = b""
    while not received.endswith(b"\n"):
        part = connection.recv(65_536)
        if not part or len(received) > REQUEST_LIMIT:
            raise ValueError("the request was cut off or is too large")
        received += part
    document: dict[str, Any] = json.loads(received)
    return document


class _Component:
    """The forked process, from its claim on the lock to its end."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._role = str(request["role"])

    def claim(self) -> bool:
        """Take the lock, which is held until this process is gone, and write the pid into it."""
        self._lock = os.open(self._request["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        if not take(self._lock):
            return False
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        self._report("starting")
        return True

    def run(self) -> None:
        """Be the service or run the errand; ends the process."""
        log = open_log(Path(self._request["log"]))
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        random.seed()
        with contextlib.suppress(OSError):  # a name for `ps`; only Linux has it
            Path("/proc/self/comm").write_text(f"{self._request['owner']}/{self._role}"[-15:])
        try:
            settings = dict(self._request["settings"])
            if self._role in ERRANDS:
                self._report("finished", ERRANDS[self._role](settings))
            else:
                SERVICES[self._role](settings, lambda: self._report("ready"))
                self._report("ended")
            code = 0
        except BaseException as error:  # noqa: BLE001 - the last word of this process
            traceback.print_exc()
            self._report("failed", f"{type(error).__name__}: {error}"[:2000])
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def _report(self, state: str, message: str = "") -> None:
        document = {
            "pid": os.getpid(),
            "state": state,
            "message": message,
            "version": self._request["version"],
            "digest": self._request["digest"],
        }
        write_private(Path(self._request["report"]), json.dumps(document))


if __name__ == "__main__":
    main()
