"""What pages see of the audit trail."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class AuditLine(BaseModel):
    """``number`` is its place in the chain, None for some seconds after it was written. Instants are UTC."""

    id: int
    number: int | None
    at: datetime
    actor_kind: str
    actor_id: str
    actor_label: str
    address: str
    action: str
    target_kind: str
    target_id: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    correlation_id: str


class AuditActions(BaseModel):
    """The actions that occur, for a filter."""

    items: list[str]
