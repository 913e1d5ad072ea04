"""What the console's API takes and gives about organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from control_plane.organisations.naming import Names
from control_plane.phase import Desired, Facts, Phase, StepFact, StepState, phase_of
from control_plane.tables.organisations import Organisation, OrganisationStep

EMAIL_PATTERN = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"
STUCK_ROUNDS = 10

Email = Annotated[str, Field(max_length=254, pattern=EMAIL_PATTERN, examples=["owner@acme.example"])]
Label = Annotated[str, Field(min_length=1, max_length=200)]


class Input(BaseModel):
    """Base of what callers send: unknown fields are refused, and blanks around text don't count."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class OrganisationIn(Input):
    """``zone`` is the IANA time zone in which the organisation's days begin."""

    slug: Annotated[str, Field(max_length=80, examples=["acme"])]
    name: Label
    owner_email: Email
    owner_name: Annotated[str, Field(max_length=200)] = ""
    zone: Annotated[str, Field(max_length=64)] = "UTC"


class Urls(BaseModel):
    portal: str
    api: str
    push: str


class StepOut(BaseModel):
    """``message`` says what was seen, ``advice`` what a person can do; ``duration_ms`` is the last application's."""

    name: str
    state: StepState
    message: str
    advice: str | None
    attempts: int
    started_at: datetime | None
    checked_at: datetime | None
    duration_ms: int | None


class OrganisationOut(BaseModel):
    """``desired`` and ``generation`` are what was asked; ``observed_generation``, ``phase`` and ``steps`` what was
    seen. ``stuck``: many rounds in a row fell short, so somebody should look."""

    id: UUID
    slug: str
    name: str
    owner_email: str
    owner_name: str
    zone: str
    desired: Desired
    phase: Phase
    generation: int
    observed_generation: int
    stuck: bool
    urls: Urls
    steps: list[StepOut]
    created_at: datetime
    updated_at: datetime
    next_reconcile_at: datetime


class ClientIn(Input):
    """A machine's client at the organisation's own token endpoint; scopes are ``resource:action``."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=100)]


class ClientOut(BaseModel):
    """``client_secret`` is shown this once."""

    client_id: str
    client_secret: str
    scopes: list[str]
    token_url: str
    api_url: str
    push_url: str


class SignInOut(BaseModel):
    """How the owner signs in. ``initial_password`` is None when the account had a password of its own before."""

    portal_url: str
    user_name: str
    initial_password: str | None
    issuer: str


class AccountIn(Input):
    """Somebody whom the organisation invited under this e-mail address."""

    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    name: Annotated[str, Field(max_length=200)] = ""


class AccountOut(BaseModel):
    """``initial_password`` is shown this once; None when there was such an account before."""

    user_name: str
    initial_password: str | None
    issuer: str


NEVER_TRIED: dict[str, Any] = {
    "state": StepState.PENDING,
    "message": "",
    "advice": None,
    "attempts": 0,
    "started_at": None,
    "checked_at": None,
    "duration_ms": None,
}


def describe(
    organisation: Organisation, step_names: tuple[str, ...], base_domain: str, release: str, now: datetime
) -> OrganisationOut:
    """The API's view of an organisation. A step that was never tried is pending."""
    names = Names(organisation.slug, base_domain)
    rows = {step.name: step for step in organisation.steps}
    facts = Facts(
        desired=Desired(organisation.desired),
        generation=organisation.generation,
        observed_generation=organisation.observed_generation,
        started=organisation.lease_token > 0,
        was_active=organisation.first_active_at is not None,
        steps=[
            StepFact(StepState(rows[name].state), rows[name].applied_generation, rows[name].misses)
            if name in rows
            else StepFact(StepState.PENDING)
            for name in step_names
        ],
        release_changed=organisation.release not in ("", release),
    )
    stored = {name: getattr(organisation, name) for name in OrganisationOut.model_fields if hasattr(organisation, name)}
    return OrganisationOut.model_validate(
        stored
        | {
            "phase": phase_of(facts, now),
            "stuck": organisation.stuck_rounds >= STUCK_ROUNDS,
            "urls": Urls(portal=names.public_url, api=names.public_url, push=names.push_url),
            "steps": [_step(rows[name]) if name in rows else StepOut(name=name, **NEVER_TRIED) for name in step_names],
        }
    )


def _step(row: OrganisationStep) -> StepOut:
    return StepOut.model_validate(row, from_attributes=True)
