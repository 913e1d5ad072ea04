"""What pages see of support access."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from foundation.views import IdentifiedView
from tenant_stack.tables.support import SupportFields


class SupportView(SupportFields, IdentifiedView):
    """``ends_at``: when the access, or the waiting for its approval, is over. Instants are UTC."""


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
