"""What a page learns about who is signed in."""

from __future__ import annotations

from pydantic import BaseModel


class SignedInUser(BaseModel):
    id: str
    name: str
    email: str


class OrganisationFacts(BaseModel):
    """``zone`` is the organisation's IANA zone: what "today" means where nothing else is said."""

    slug: str
    name: str
    zone: str


class SessionView(BaseModel):
    """The caller, what they may do, and where. ``break_glass``: they came in without the provider, for an hour."""

    user: SignedInUser
    roles: list[str]
    permissions: list[str]
    organisation: OrganisationFacts
    break_glass: bool = False
