"""What pages see of support access."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

State = Literal["waiting", "open", "ended", "declined"]


class SupportView(BaseModel):
    """``ends_at``: when the access, or the waiting for its approval, is over. Instants are UTC."""

    id: UUID
    operator: str
    reason: str
    ticket: str
    write: bool
    minutes: int
    state: State
    asked_at: datetime
    approved_by: str
    began_at: datetime | None
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str


class SupportNow(BaseModel):
    """What everybody signed in is told: who looks in now, and, for those who decide, who asks to.

    ``own`` is the caller's own access, when the caller is an operator.
    """

    open: list[SupportView]
    waiting: list[SupportView]
    own: UUID | None


class SupportPolicyView(BaseModel):
    """Must an administrator approve each access before it begins?"""

    model_config = ConfigDict(extra="forbid")

    approval_required: bool
