"""What a step is given: facts about the organisation, and the ports through which it acts. No ORM, no session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from control_plane.organisations.naming import Names
from control_plane.ports.bundle import Ports


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
