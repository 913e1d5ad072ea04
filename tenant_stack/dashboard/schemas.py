"""The present day at a glance."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from tenant_stack.devices.schemas import Connection, Status
from tenant_stack.punches.schemas import PunchView


class DeviceBrief(BaseModel):
    id: UUID
    name: str
    device_serial: str
    status: Status
    status_message: str
    last_seen_at: datetime | None
    connection: Connection


class HourCount(BaseModel):
    """Punches within an hour of the organisation's day (0 to 23)."""

    hour: int
    count: int


class Dashboard(BaseModel):
    """``date`` is today in the organisation's ``zone``; counts are of people unless they say otherwise."""

    date: date
    zone: str
    generated_at: datetime
    staff_total: int
    present: int
    missing_out: int
    late: int
    absent: int
    on_leave: int
    not_arrived: int
    unknown_today: int
    devices: list[DeviceBrief]
    waiting_devices: int
    recent: list[PunchView]
    by_hour: list[HourCount]
