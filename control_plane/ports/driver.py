"""What a driver is: five calls that start, watch and remove the stack of one organisation.

Suspension and upgrade are other specs, not other verbs. Every driver passes the same contract suite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """The programs of a stack. ``migrate`` runs once and ends; the others stay."""

    MIGRATE = "tenant-migrate"
    BACKEND = "tenant-backend"
    WORKER = "tenant-worker"
    BRIDGE = "device-bridge"


SERVICES = (Role.BACKEND, Role.WORKER, Role.BRIDGE)


class Health(StrEnum):
    """``unknown`` is neither down nor gone: nothing is recreated or removed because of it."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    UNREADY = "unready"
    FINISHED = "finished"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Component:
    """One program of a stack with the settings document it is given (secrets included, so never logged)."""

    role: Role
    settings: dict[str, object] = field(repr=False)


@dataclass(frozen=True)
class StackSpec:
    """What is wanted of one organisation's stack. Equal specs mean: nothing to do.

    ``organisation`` is the organisation's id in the form the naming module gives to stacks (``org-acme``). ``release``
    is the version of the product. Services that run and are not listed are stopped, unless only jobs are listed.
    """

    organisation: str
    release: str
    components: tuple[Component, ...]


@dataclass(frozen=True)
class ComponentObservation:
    """What was seen of one component: its health, version, and a sentence for people."""

    health: Health
    version: str = ""
    message: str = ""


@dataclass(frozen=True)
class Observed:
    """What was seen of a stack, per role; a role that is missing here is absent."""

    components: dict[Role, ComponentObservation] = field(default_factory=dict)

    def health(self, role: Role) -> Health:
        seen = self.components.get(role)
        return seen.health if seen else Health.ABSENT


class DriverError(Exception):
    """The driver could not do it now; the message is a sentence for people. The caller tries again later."""


class StackDriver(Protocol):
    """The five calls. All are idempotent and may be interrupted anywhere."""

    async def apply(self, spec: StackSpec) -> None:
        """Make it so: start what is missing or differs from the spec, stop what is not listed. Returns without waiting
        for readiness; ``migrate`` components run anew when the last run is not of this release or failed."""

    async def observe(self, organisation: str) -> Observed:
        """What is there now. Raises `DriverError` (meaning unknown) when the place itself does not answer."""

    async def remove(self, organisation: str) -> None:
        """Stop and forget everything of this stack; fine when nothing is there."""

    async def logs(self, organisation: str, role: Role, *, lines: int = 200) -> list[str]:
        """The newest log lines of a component, oldest first."""

    async def inventory(self) -> list[str]:
        """The organisations (same ids as in `StackSpec`) of which anything is there."""

    def address(self, organisation: str, role: Role) -> str:
        """Where a service of this stack listens: ``unix:/path`` or ``host:port``. Fixed for the stack's life."""
