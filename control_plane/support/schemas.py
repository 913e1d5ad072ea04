"""What the console sends and sees of support access."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class SupportIn(BaseModel):
    """``write``: more than reading is needed. ``minutes`` begin when the organisation lets the operator in."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]
    ticket: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    minutes: int = Field(default=30, ge=1, le=30)
    write: bool = False


class SupportOut(BaseModel):
    """``ends_at``: when the access, or the waiting for the organisation's approval, is over. ``own``: the caller's."""

    id: UUID
    operator: str
    reason: str
    ticket: str
    minutes: int
    write: bool
    asked_at: datetime
    state: Literal["waiting", "open", "ended", "declined"]
    ends_at: datetime
    ended_by: str
    own: bool


class SupportList(BaseModel):
    """The newest hundred, newest first."""

    items: list[SupportOut]


class SupportLink(BaseModel):
    """Opens the organisation's portal, once, within a minute."""

    url: str
    expires_in: int
