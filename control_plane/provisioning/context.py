"""What a step is given: facts about the organisation, and the ports through which it acts. No ORM, no session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx

from control_plane.drivers.base import StackDriver
from control_plane.drivers.databases import DatabaseServer
from control_plane.drivers.identities import IdentityProvider
from control_plane.drivers.keys import VaultAdmin
from control_plane.drivers.queue_users import QueueUsers
from control_plane.drivers.routers import Router
from control_plane.organisations.naming import Names


@dataclass(frozen=True)
class OrganisationFacts:
    """An organisation as it was asked for at ``generation``."""

    id: UUID
    slug: str
    name: str
    owner_email: str
    owner_name: str
    zone: str
    generation: int


@dataclass(frozen=True)
class Ports:
    """The servers and programs through which steps act. ``http`` is for public addresses, through the gateway.

    ``vault_url``, ``device_networks``, ``ca_file``, ``log_level``, ``smtp_url`` and ``control_url`` (where stacks ask
    whose a serial is) are handed on to the stacks. Without ``smtp_url`` each writes its mail into a folder of its own
    under ``mail_root``.
    """

    databases: DatabaseServer
    vault: VaultAdmin
    queue_users: QueueUsers
    driver: StackDriver
    router: Router
    identities: IdentityProvider
    http: httpx.AsyncClient
    base_domain: str
    release: str
    vault_url: str
    device_networks: tuple[str, ...] = ()
    ca_file: Path | None = None
    log_level: str = "INFO"
    smtp_url: str | None = None
    mail_root: Path | None = None
    control_url: str | None = None


def never_reached(_: str) -> None:
    """The fail point of a worker that is not under test."""


@dataclass
class StepContext:
    """One round for one organisation. ``applied`` holds the fingerprint last applied, by step.

    ``reach`` is called with the name of each place where a test may kill the worker.
    """

    organisation: OrganisationFacts
    ports: Ports
    applied: dict[str, str] = field(default_factory=dict)
    reach: Callable[[str], None] = never_reached

    @property
    def names(self) -> Names:
        return Names(self.organisation.slug, self.ports.base_domain)
