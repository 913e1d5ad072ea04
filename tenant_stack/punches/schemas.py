"""Raw punches and quarantined lines as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class PunchView(BaseModel):
    """One raw punch. ``local_time`` is the clock's wall time in ``zone``; ``clock_offset_seconds`` is how far the clock
    was ahead of true time when it sent this, None when that is not known."""

    id: UUID
    device_id: UUID
    device_serial: str
    device_name: str
    staff_id: UUID | None
    staff_name: str | None
    employee_id: str | None
    pin: str
    local_time: str
    zone: str
    punched_at: datetime
    status: int
    status_name: str
    verify: int
    verify_name: str
    work_code: str
    source: Literal["push", "pull", "live"]
    clock_offset_seconds: int | None
    received_at: datetime
    flags: list[str]


class QuarantineView(BaseModel):
    """A line that could not be placed in time, as it came."""

    id: UUID
    device_id: UUID
    device_serial: str
    raw: str
    reason: str
    received_at: datetime
