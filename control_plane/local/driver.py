"""The driver `processes`: an organisation's stack as forked processes on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from control_plane.local.components import ComponentHost, digest_of
from control_plane.ports.driver import SERVICES, ComponentObservation, Health, Observed, Role, StackSpec

SOCKETS = {Role.BACKEND: "backend", Role.BRIDGE: "bridge", Role.WORKER: "worker", Role.MIGRATE: "migrate"}
LIVING = {Health.STARTING, Health.READY, Health.UNREADY}


class ProcessesDriver:
    """A `StackDriver`. ``state_dir`` holds a folder for each stack, ``run_dir`` the sockets (their paths are short)."""

    def __init__(self, state_dir: Path, run_dir: Path, zygote_socket: Path) -> None:
        self._state_dir = state_dir
        self._run_dir = run_dir
        self._host = ComponentHost(state_dir, state_dir.parent / "logs", zygote_socket)

    async def apply(self, spec: StackSpec) -> None:
        wanted = {component.role for component in spec.components}
        if wanted & set(SERVICES):  # a spec of jobs alone leaves running services as they are
            for role in self._roles(spec.organisation):
                if role not in wanted:
                    await self._host.stop(spec.organisation, role)
        for component in spec.components:
            role = component.role
            seen = self._host.observe(spec.organisation, role)
            digest = self._host.digest(spec.organisation, role)
            if digest is None:
                continue  # somebody else has just started it; the next look tells with what
            same = digest == digest_of(role, spec.release, component.settings)
            if role is Role.MIGRATE:
                if seen.health in LIVING or (same and seen.health is Health.FINISHED):
                    continue
            elif seen.health in LIVING:
                if same:
                    continue
                await self._host.stop(spec.organisation, role)
            await self._host.start(spec.organisation, role, spec.release, component.settings)

    async def observe(self, organisation: str) -> Observed:
        seen: dict[Role, ComponentObservation] = {}
        for role in self._roles(organisation):
            seen[role] = self._host.observe(organisation, role)
        return Observed(seen)

    async def remove(self, organisation: str) -> None:
        await self._host.stop_all(organisation)
        shutil.rmtree(self._state_dir / organisation, ignore_errors=True)
        for role in Role:
            self._socket(organisation, role).unlink(missing_ok=True)

    async def logs(self, organisation: str, role: Role, *, lines: int = 200) -> list[str]:
        path = self._host.files(organisation, role).log
        if not path.exists():
            return []
        return path.read_text(errors="replace").splitlines()[-lines:]

    async def inventory(self) -> list[str]:
        return [owner for owner in self._host.owners() if owner.startswith("org-")]

    def address(self, organisation: str, role: Role) -> str:
        return f"unix:{self._socket(organisation, role)}"

    def _socket(self, organisation: str, role: Role) -> Path:
        return self._run_dir / f"{organisation}-{SOCKETS[role]}.sock"

    def _roles(self, organisation: str) -> list[Role]:
        known = {role.value for role in Role}
        return [Role(name) for name in self._host.roles(organisation) if name in known]
