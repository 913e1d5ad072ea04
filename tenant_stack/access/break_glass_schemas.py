"""What pages see and enter of the break-glass account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=64)]


class BreakGlassIn(BaseModel):
    """A name and a password of at least fourteen characters, both to be kept where the provider is not needed."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    password: SecretStr = Field(min_length=14, max_length=200)


class BreakGlassSecrets(BaseModel):
    """In this answer and nowhere else. A recovery code counts once, in place of the authenticator's."""

    totp_secret: str
    totp_uri: str
    recovery_codes: list[str]


class BreakGlassCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=10)]


class BreakGlassView(BaseModel):
    """``unconfirmed`` opens nothing yet."""

    state: Literal["none", "unconfirmed", "ready"]
    name: str | None = None
    email: str | None = None
    recovery_codes_left: int = 0
    created_at: datetime | None = None
    last_used_at: datetime | None = None


class BreakGlassSignIn(BaseModel):
    """``code`` is the authenticator's of now, or a recovery code."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
    password: SecretStr = Field(max_length=200)
    code: Annotated[str, StringConstraints(max_length=64)]
