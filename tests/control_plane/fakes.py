"""Fakes with behaviour for the places where stacks run. They keep their state in files, so that it outlives a killed
worker, as the real things do."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from control_plane.ports.driver import (
    SERVICES,
    ComponentObservation,
    DriverError,
    Health,
    Observed,
    Role,
    StackSpec,
)
from control_plane.ports.identities import Account, ClientRegistration
from control_plane.ports.router import Route
from foundation.clock import utc_now


class Store:
    """A JSON document in a file, changed by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    @contextlib.contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            document = self.read()
            yield document
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(document))
            fresh.rename(self._path)


@dataclass
class Behaviour:
    """How a driver misbehaves. ``delay``: seconds until a program is ready; ``never``: it never is; ``refusals``: so
    many calls of apply raise; ``broken_migrations``: so many migrations fail; ``away``: nothing can be seen."""

    delay: float = 0.05
    never: bool = False
    refusals: int = 0
    broken_migrations: int = 0
    away: bool = False


@dataclass
class FakeDriver:
    """Stacks as lines in a file."""

    folder: Path
    behaviour: Behaviour = field(default_factory=Behaviour)

    @property
    def _store(self) -> Store:
        return Store(self.folder / "stacks.json")

    def starts(self, organisation: str, role: Role) -> int:
        """How often a program was started, ever."""
        return int(self._store.read().get("starts", {}).get(f"{organisation}/{role}", 0))

    def settings(self, organisation: str, role: Role) -> dict[str, Any]:
        """The settings with which a program runs."""
        return dict(self._store.read()["stacks"][organisation][role]["settings"])

    def kill(self, organisation: str, role: Role) -> None:
        """A program dies by itself."""
        with self._store.change() as document:
            del document["stacks"][organisation][role]

    async def apply(self, spec: StackSpec) -> None:
        if self.behaviour.refusals:
            self.behaviour.refusals -= 1
            raise DriverError("The place where stacks run is too busy")
        with self._store.change() as document:
            stack = document.setdefault("stacks", {}).setdefault(spec.organisation, {})
            wanted = {component.role for component in spec.components}
            if wanted & set(SERVICES):  # jobs alone leave the services as they are
                for role in set(stack) - wanted:
                    del stack[role]
            for component in spec.components:
                self._start(document, stack, spec, component.role, component.settings)

    def _start(
        self, document: dict[str, Any], stack: dict[str, Any], spec: StackSpec, role: Role, settings: dict[str, object]
    ) -> None:
        running = stack.get(role)
        if running and not running["failed"] and (running["settings"], running["release"]) == (settings, spec.release):
            return
        key = f"{spec.organisation}/{role}"
        starts = document.setdefault("starts", {})
        starts[key] = starts.get(key, 0) + 1
        failed = role is Role.MIGRATE and self.behaviour.broken_migrations > 0
        self.behaviour.broken_migrations -= failed
        stack[role] = {"since": time.time(), "release": spec.release, "settings": settings, "failed": failed}

    async def observe(self, organisation: str) -> Observed:
        if self.behaviour.away:
            raise DriverError("The place where stacks run does not answer")
        stack = self._store.read().get("stacks", {}).get(organisation, {})
        return Observed({Role(role): self._seen(Role(role), running) for role, running in stack.items()})

    def _seen(self, role: Role, running: dict[str, Any]) -> ComponentObservation:
        release = str(running["release"])
        if self.behaviour.never or time.time() < running["since"] + self.behaviour.delay:
            return ComponentObservation(Health.STARTING, release, "still starting")
        if running["failed"]:
            return ComponentObservation(Health.FAILED, release, 'relation "staff" already exists')
        return ComponentObservation(Health.FINISHED if role is Role.MIGRATE else Health.READY, release)

    async def remove(self, organisation: str) -> None:
        with self._store.change() as document:
            document.setdefault("stacks", {}).pop(organisation, None)

    async def logs(self, organisation: str, role: Role, *, lines: int = 200) -> list[str]:
        return []

    async def inventory(self) -> list[str]:
        return sorted(self._store.read().get("stacks", {}))

    def address(self, organisation: str, role: Role) -> str:
        name = {Role.BACKEND: "backend", Role.BRIDGE: "bridge", Role.WORKER: "worker", Role.MIGRATE: "migrate"}[role]
        return f"unix:{self.folder}/{organisation}-{name}.sock"


@dataclass
class FakeRouter:
    """A gateway's routes in a file. The first request after a change finds nobody yet, as if it reloaded."""

    folder: Path

    @property
    def _store(self) -> Store:
        return Store(self.folder / "routes.json")

    async def apply(self, owner: str, routes: tuple[Route, ...]) -> None:
        with self._store.change() as document:
            document[owner] = {"loaded": False, "routes": [asdict(route) for route in routes]}

    async def observe(self, owner: str) -> tuple[Route, ...]:
        entry = self._store.read().get(owner, {"routes": []})
        return tuple(Route(each["host"], each["upstream"], tuple(each["blocked"])) for each in entry["routes"])

    async def remove(self, owner: str) -> None:
        with self._store.change() as document:
            document.pop(owner, None)

    def upstream(self, host: str) -> str | None:
        """Where requests for a host go now."""
        with self._store.change() as document:
            for entry in document.values():
                for route in entry["routes"]:
                    if route["host"] == host:
                        loaded, entry["loaded"] = entry["loaded"], True
                        return str(route["upstream"]) if loaded else None
        return None


class GatewayTransport(httpx.AsyncBaseTransport):
    """Public addresses as the fake gateway serves them: TLS ends here, unknown hosts get a bare 404."""

    def __init__(self, router: FakeRouter) -> None:
        self._router = router

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        upstream = self._router.upstream(request.url.host)
        if upstream is None:
            return httpx.Response(404, text="Nobody here")
        async with httpx.AsyncHTTPTransport(uds=upstream.removeprefix("unix:")) as transport:
            request.url = request.url.copy_with(scheme="http")
            answer = await transport.handle_async_request(request)
            await answer.aread()
            return answer


@dataclass
class FakeIdentityProvider:
    """A sign-in provider's clients and accounts in a file."""

    folder: Path
    issuer: str = "https://id.example.test"

    @property
    def _store(self) -> Store:
        return Store(self.folder / "identities.json")

    def document(self) -> dict[str, Any]:
        return self._store.read()

    async def put_client(self, registration: ClientRegistration) -> None:
        with self._store.change() as document:
            document.setdefault("clients", {})[registration.client_id] = json.loads(json.dumps(asdict(registration)))

    async def has_client(self, registration: ClientRegistration) -> bool:
        found = self._store.read().get("clients", {}).get(registration.client_id)
        return bool(found == json.loads(json.dumps(asdict(registration))))

    async def remove_client(self, client_id: str) -> None:
        with self._store.change() as document:
            document.setdefault("clients", {}).pop(client_id, None)

    async def ensure_account(self, email: str, name: str, *, initial_password: str) -> tuple[Account, bool]:
        with self._store.change() as document:
            accounts = document.setdefault("accounts", {})
            made = email not in accounts
            accounts.setdefault(email, {"name": name, "password": initial_password})
            return Account(subject=f"sub-{email}", email=email, name=accounts[email]["name"]), made


@dataclass
class FakeTenant:
    """Back end and bridge of every stack at once: answers health, and keeps what the control plane tells it."""

    folder: Path
    driver: FakeDriver
    told: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    refuse: int | None = None
    support: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    approval: bool = False

    def connect(self, organisation: str) -> None:
        """Let this stack's addresses lead here."""
        for role in (Role.BACKEND, Role.BRIDGE):
            path = Path(self.driver.address(organisation, role).removeprefix("unix:"))
            with contextlib.suppress(FileExistsError):
                path.symlink_to(self.folder / "tenant.sock")

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/api/health")
        @app.get("/iclock/ping")
        async def health() -> Response:
            return JSONResponse({"status": "ok"}, headers={"x-correlation-id": "fake-tenant"})

        @app.api_route("/internal/control/support{path:path}", methods=["PUT", "GET", "POST"])
        async def support(path: str, request: Request) -> Response:
            """An access as a stack keeps it: opened when asked for, unless `approval` is wanted."""
            organisation = self._owner_of(request.headers["authorization"].removeprefix("Bearer "))
            if organisation is None:
                return JSONResponse({"code": "service_token_invalid"}, status_code=401)
            kept = self.support.setdefault(organisation, {})
            if request.method == "PUT":
                wanted = await request.json()
                ends_at = (utc_now() + timedelta(minutes=wanted["minutes"])).isoformat()
                state = "waiting" if self.approval else "open"
                kept[wanted["id"]] = {"id": wanted["id"], "state": state, "ends_at": ends_at, "ended_by": ""}
                return JSONResponse(kept[wanted["id"]])
            _, grant, *verb = path.split("/")
            if grant not in kept:
                return JSONResponse({"code": "support_unknown"}, status_code=404)
            if verb == ["end"]:
                kept[grant] |= {"state": "ended", "ended_by": "the operator"}
            if verb == ["token"]:
                if kept[grant]["state"] != "open":
                    return JSONResponse({"code": "support_not_open"}, status_code=409)
                return JSONResponse({"access_token": f"pass-{grant}", "expires_in": 60})
            return JSONResponse(kept[grant])

        @app.api_route("/internal/control/{what}", methods=["PUT", "POST"])
        async def control(what: str, request: Request) -> Response:
            organisation = self._owner_of(request.headers["authorization"].removeprefix("Bearer "))
            if organisation is None:
                return JSONResponse({"code": "service_token_invalid"}, status_code=401)
            if self.refuse:
                return JSONResponse({"code": "refused", "detail": "Not now"}, status_code=self.refuse)
            body = await request.json()
            self.told.setdefault(organisation, []).append((what, body))
            if what != "clients":
                return Response(status_code=204)
            if "staff:fly" in body["scopes"]:
                problem = {"code": "unknown_scope", "detail": "staff:fly is no scope", "field": "scopes"}
                return JSONResponse(problem, status_code=422)
            created = {"client_id": f"{organisation}-1", "client_secret": "shown-once", "scopes": body["scopes"]}
            return JSONResponse(created, status_code=201)

        return app

    def _owner_of(self, token: str) -> str | None:
        stacks = Store(self.folder / "stacks.json").read().get("stacks", {})
        for organisation, stack in stacks.items():
            if stack.get(Role.BACKEND, {}).get("settings", {}).get("control_token") == token:
                return str(organisation)
        return None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        config = uvicorn.Config(self.app(), uds=str(self.folder / "tenant.sock"), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has only this flag
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await task
