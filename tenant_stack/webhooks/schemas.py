"""Inputs and answers of the webhook API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(min_length=8, max_length=500, strip_whitespace=True)]
Event = Literal["period.approved", "period.locked", "record.corrected", "payroll.batch.created", "alert.opened"]
Events = Annotated[list[Event], Field(min_length=1, max_length=20)]
State = Literal["waiting", "delivered", "failed"]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewWebhook(Input):
    name: Name
    url: Url
    events: Events


class ChangedWebhook(NewWebhook):
    """``active`` true again clears why it was disabled."""

    active: bool


class WebhookView(BaseModel):
    """``second_secret_until``: until when the secret before signs too."""

    id: UUID
    name: str
    url: str
    events: list[str]
    active: bool
    disabled_reason: str
    failing_since: datetime | None
    last_success_at: datetime | None
    secret_made_at: datetime
    second_secret_until: datetime | None
    waiting: int
    failed: int
    created_at: datetime


class WebhookMade(WebhookView):
    """``secret`` is shown this once."""

    secret: str


class DeliveryView(BaseModel):
    id: UUID
    event_id: UUID
    event: str
    state: State
    attempts: int
    created_at: datetime
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str
    milliseconds: int | None
    delivered_at: datetime | None
    body: str


class Replayed(BaseModel):
    """How many deliveries are sent again."""

    deliveries: int
