"""What pages see and enter of the sign-in connection."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Text = StringConstraints(strip_whitespace=True, min_length=1)
Domain = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=253, pattern=r"^[^@\s]+\.[^@\s]+$")
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=200)]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Layer = Literal["address", "discovery", "keys", "sign_in", "token", "domain", "groups", "account"]
LayerState = Literal["passed", "failed", "waiting"]


class ConnectionIn(BaseModel):
    """A client registration at the organisation's provider.

    ``client_secret`` may be left out when only other things change: the one entered before stays, unless the issuer
    or the client is another. ``allowed_domains``: whose e-mail is of another domain is refused; empty allows all.
    ``group_roles`` maps groups, found in the ID token's claim ``group_claim``, to roles.
    """

    model_config = ConfigDict(extra="forbid")

    issuer: Annotated[str, Text, StringConstraints(max_length=300)]
    client_id: Annotated[str, Text, StringConstraints(max_length=200)]
    client_secret: SecretStr | None = Field(default=None, min_length=1, max_length=500)
    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    allowed_domains: list[Domain] = Field(default_factory=list, max_length=50)
    group_claim: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    group_roles: dict[Group, RoleName] = Field(default_factory=dict, max_length=100)


class LayerReport(BaseModel):
    """One thing that a test looked at, in the order in which they build on each other."""

    name: Layer
    state: LayerState
    detail: str


class ConnectionView(BaseModel):
    """A connection without its secret. ``tested_at`` is when everything in ``report`` passed, None before."""

    id: UUID
    issuer: str
    client_id: str
    display_name: str
    allowed_domains: list[str]
    group_claim: str
    group_roles: dict[str, str]
    created_at: datetime
    activated_at: datetime | None
    report: list[LayerReport] | None
    tested_at: datetime | None


class PlatformConnection(BaseModel):
    """The provider that the platform gave the organisation."""

    issuer: str
    display_name: str


class SignInSettings(BaseModel):
    """``active`` None: ``platform`` is in use. ``former`` None with an active one: before, it was the platform's.

    ``redirect_uri`` is what the provider's client must be registered with.
    """

    active: ConnectionView | None
    draft: ConnectionView | None
    former: ConnectionView | None
    platform: PlatformConnection | None
    can_roll_back: bool
    redirect_uri: str


class TestBegun(BaseModel):
    """``url`` is where the browser goes next to sign in; None when a layer failed already."""

    report: list[LayerReport]
    url: str | None


class Switched(BaseModel):
    """``invited`` were mailed a link, since they have not signed in at this provider yet."""

    settings: SignInSettings
    invited: int
