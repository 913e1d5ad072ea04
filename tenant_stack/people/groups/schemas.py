"""Device groups as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tenant_stack.devices.schemas import Name
from tenant_stack.text_types import Text120


class GroupIn(BaseModel):
    """Clocks, and the people who belong on each of them: everybody, or departments, sites and people by hand."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    device_ids: list[UUID] = Field(default_factory=list, max_length=1000)
    everybody: bool = False
    departments: list[Text120] = Field(default_factory=list, max_length=200)
    site_ids: list[UUID] = Field(default_factory=list, max_length=200)
    staff_ids: list[UUID] = Field(default_factory=list, max_length=5000)


class Progress(BaseModel):
    """How far the clocks of a group are; counts are of pairs of person and clock.

    ``contested`` wait for somebody to say whose a number is.
    """

    wanted: int
    confirmed: int
    waiting: int
    failed: int
    contested: int


class GroupView(BaseModel):
    """A group with its progress. ``people`` are the active people who belong to it."""

    id: UUID
    name: str
    everybody: bool
    departments: list[str]
    devices: int
    people: int
    progress: Progress
    created_at: datetime
    updated_at: datetime


class Named(BaseModel):
    id: UUID
    name: str


class GroupDevice(Named):
    """A clock of a group and how far it is."""

    connection: str
    progress: Progress


class GroupDetail(GroupView):
    """``staff`` are the people chosen by hand (at most 5,000)."""

    site_ids: list[UUID]
    device_list: list[GroupDevice]
    staff: list[Named]


class StrangerView(BaseModel):
    """Somebody that a clock knows and that nobody wants there: unknown here, or taken off and back again.

    ``suggestion`` is who it may be: the same number on another clock, or the same name.
    """

    id: UUID
    device_id: UUID
    device_name: str
    pin: str
    reported_name: str | None
    reported_card: int | None
    reported_privilege: int | None
    reported_at: datetime | None
    staff_id: UUID | None
    staff_name: str | None
    kept_apart: bool
    suggestion: Named | None


class AdoptIn(BaseModel):
    """Whose number this is: somebody we have, or somebody new."""

    model_config = ConfigDict(extra="forbid")

    staff_id: UUID | None = None
    employee_id: Annotated[str | None, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = None
    name: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] = None
