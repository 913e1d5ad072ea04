"""The contract between the control plane and an organisation's back end.

The control plane calls the back end under ``/internal/control`` (bearer: the control token of that organisation):

=======================================  ======================================================================
``GET  /internal/health``                → ``Health``
``PUT  /internal/control/sign-in``       ``SignInConnection`` → 204; replaces the organisation's OpenID connection
``PUT  /internal/control/owner``         ``Owner`` → 204; creates the account with the role ``owner`` if missing
``POST /internal/control/clients``       ``ClientRequest`` → ``ClientCreated``
``GET  /internal/control/audit/head``    → ``AuditHead``; the newest line of the audit chain, to be anchored
``POST /internal/control/audit/verify``  ``AuditAnchors`` → ``AuditReport``
``PUT  /internal/control/support``       ``SupportRequest`` → ``SupportState``; an operator asks to be let in
``GET  /internal/control/support/ID``    → ``SupportState``
``POST /internal/control/support/ID/token``  ``SupportExchange`` → ``SupportToken``; 409 while it is not open
``POST /internal/control/support/ID/end``    → ``SupportState``; the operator's side ends it
=======================================  ======================================================================

The back end calls the control plane at its public address (bearer: the same token, with the slug it belongs to):

=======================================  ======================================================================
``POST /api/device-claims``              ``DeviceClaims`` → ``DeviceClaimsAnswer``
=======================================  ======================================================================
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

SLUG_PATTERN = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$"

Slug = Annotated[str, Field(pattern=SLUG_PATTERN, description="Lower-case DNS label, 3-40 characters")]


class Message(BaseModel):
    """Base of every message: immutable, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Health(Message):
    """``status`` is ``ok`` when the parts a request needs answer; ``version`` is the distribution's version."""

    status: str
    version: str
    schema_head: str | None = None


class SignInConnection(Message):
    """An OpenID Connect client registration at the organisation's provider.

    ``secret_path`` names the OpenBao key-value path that holds ``client_secret``; the secret itself never travels here.
    """

    issuer: str
    client_id: str
    secret_path: str
    display_name: str = "Sign in"


class Owner(Message):
    """The first account, keyed by issuer and subject (never by e-mail alone)."""

    issuer: str
    subject: str
    email: str
    name: str = ""


class ClientRequest(Message):
    """An OAuth client for machines; ``scopes`` are ``resource:action``."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    scopes: list[str] = Field(min_length=1)


class ClientCreated(Message):
    """``client_secret`` is shown once and stored hashed."""

    client_id: str
    client_secret: str
    scopes: list[str]


class AuditAnchor(Message):
    """A line of an organisation's audit chain as it was once seen: its number and its hash in hex."""

    number: int = Field(ge=1)
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditHead(Message):
    """The newest chained line, None while there is none; ``waiting`` lines are not chained yet."""

    newest: AuditAnchor | None
    sealed_at: datetime | None
    waiting: int


class AuditAnchors(Message):
    """What the control plane remembers of a chain, oldest first."""

    anchors: list[AuditAnchor] = Field(max_length=100_000)


class AuditReport(Message):
    """``broken_number`` is the first line of the chain that is not as it was; ``problem`` says how, for a person.

    ``checked`` counts lines; ``anchors`` those of the control plane that agreed; ``waiting`` lines are not chained yet.
    """

    intact: bool
    checked: int
    anchors: int
    waiting: int
    broken_number: int | None = None
    problem: str = ""


class SupportRequest(Message):
    """An operator asks to look into the organisation. ``operator`` is how people recognise them."""

    id: UUID
    operator_id: Annotated[str, Field(min_length=1, max_length=80)]
    operator: Annotated[str, Field(min_length=1, max_length=120)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    ticket: Annotated[str, Field(min_length=1, max_length=60)]
    minutes: int = Field(ge=1, le=30)
    write: bool = False


class SupportState(Message):
    """``waiting`` for the organisation's approval, ``open``, ``ended`` or ``declined``.

    ``ends_at`` is when the access, or the waiting, is over; ``ended_by`` names who ended or declined it before.
    """

    id: UUID
    state: Literal["waiting", "open", "ended", "declined"]
    ends_at: datetime
    ended_by: str = ""


class SupportExchange(Message):
    """Who wants to use the access now; it must be the operator it was given to."""

    operator_id: str


class SupportToken(Message):
    """The answer of a token exchange (RFC 8693, 2.2.1). The token opens one session, once, within a minute.

    Its claim ``act`` names the operator, ``sub`` the access on whose behalf they act.
    """

    access_token: str = Field(repr=False)
    issued_token_type: str = "urn:ietf:params:oauth:token-type:jwt"
    token_type: str = "N_A"
    expires_in: int


SerialNumber = Annotated[str, Field(min_length=1, max_length=64)]


class DeviceClaims(Message):
    """Serials of clocks that an organisation has. ``whole``: these are all; it lets go of any others.

    ``removed``: clocks that it has no more, whose serials are free from now on.
    """

    slug: Slug
    serials: list[SerialNumber] = Field(max_length=20_000)
    whole: bool = False
    removed: list[SerialNumber] = Field(default=[], max_length=100)


class DeviceClaimsAnswer(Message):
    """Which of the serials are the organisation's; ``elsewhere`` are another's, which is not named."""

    ours: list[str]
    elsewhere: list[str]
