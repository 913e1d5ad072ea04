"""What pages and programs see of machine clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class ClientIn(BaseModel):
    """``scopes`` are ``resource:action``."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    scopes: list[Annotated[str, StringConstraints(max_length=48)]] = Field(min_length=1, max_length=100)
    requests_per_minute: int = Field(default=600, ge=1, le=6000)


class SecretView(BaseModel):
    """A valid secret; the secret itself was shown once."""

    id: UUID
    created_at: datetime
    last_used_at: datetime | None


class ClientView(BaseModel):
    """``granted_by`` answers for the scopes (None: the platform's operator); when they are suspended the client may
    nothing."""

    client_id: str
    name: str
    scopes: list[str]
    requests_per_minute: int
    granted_by: str | None
    grantor_active: bool
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    secrets: list[SecretView]


class NewSecret(BaseModel):
    """``client_secret`` is in this answer and nowhere else."""

    client: ClientView
    client_secret: str
