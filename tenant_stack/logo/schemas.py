"""What pages see of the logo."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class LogoView(BaseModel):
    """``sha256`` is of the PNG that is printed; sizes are its pixels. ``file_name`` as it was given, UTC instants."""

    sha256: str
    width: int
    height: int
    file_name: str
    changed_by: str
    changed_at: datetime


class LogoNow(BaseModel):
    """The logo, or null while there is none."""

    logo: LogoView | None
