"""What pages and programs see of users, their roles and their sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
RoleName = Annotated[str, StringConstraints(max_length=40)]
Department = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
UserStatus = Literal["invited", "active", "suspended"]
MailState = Literal["", "pending", "sending", "sent", "failed"]


class UserIn(BaseModel):
    """``site_ids`` and ``departments`` limit what the person sees; None is no limit."""

    model_config = ConfigDict(extra="forbid")

    name: Name = ""
    roles: list[RoleName] = Field(min_length=1, max_length=20)
    site_ids: list[UUID] | None = Field(default=None, max_length=200)
    departments: list[Department] | None = Field(default=None, max_length=200)
    active: bool = True
    staff_id: UUID | None = None


class InviteIn(BaseModel):
    """Somebody who will sign in at the organisation's provider under this e-mail address."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    name: Name = ""
    roles: list[RoleName] = Field(min_length=1, max_length=20)
    site_ids: list[UUID] | None = Field(default=None, max_length=200)
    departments: list[Department] | None = Field(default=None, max_length=200)
    staff_id: UUID | None = None


class UserView(BaseModel):
    """``status``: ``invited`` until the first sign-in. ``permissions`` are those of all roles together.

    ``invitation_mail`` is what came of mailing the newest invitation's link; empty when none was made.
    """

    id: UUID
    email: str
    name: str
    status: UserStatus
    roles: list[str]
    permissions: list[str]
    site_ids: list[UUID] | None
    departments: list[str] | None
    staff_id: UUID | None
    last_sign_in_at: datetime | None
    invitation_expires_at: datetime | None
    invitation_mail: MailState
    created_at: datetime


class Invitation(BaseModel):
    """``url`` is in this answer and nowhere else: send it to the person. It works once, until it expires."""

    user: UserView
    url: str
    expires_at: datetime


class RoleIn(BaseModel):
    """``permissions`` are ``resource:action``."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    permissions: list[Annotated[str, StringConstraints(max_length=48)]] = Field(max_length=100)


class RoleView(BaseModel):
    """``users`` counts who has it."""

    name: str
    title: str
    built_in: bool
    permissions: list[str]
    users: int


class RoleList(BaseModel):
    """All roles, and the matrix they are made from: resource → its actions."""

    items: list[RoleView]
    matrix: dict[str, list[str]]


class SessionFacts(BaseModel):
    """A browser that is signed in. ``current`` is the one that asks."""

    id: str
    began_at: datetime
    seen_at: datetime
    logged_in_at: datetime
    ends_at: datetime
    address: str
    agent: str
    current: bool


class SessionList(BaseModel):
    items: list[SessionFacts]
