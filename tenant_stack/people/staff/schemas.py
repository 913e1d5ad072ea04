"""People as the API takes and shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tenant_stack.text_types import BlankIsNone, Email, Notes, Text40, Text64, Text120, Text200


class StaffIn(BaseModel):
    """What people enter about a person. ``employee_id`` and ``badge_number`` are unique in the organisation.

    ``card_number`` is the card that clocks are told; without one, a badge of digits is taken for it.
    Days are counted in the site's zone, without a site in the organisation's; without a rule set the default counts.
    """

    model_config = ConfigDict(extra="forbid")

    employee_id: Text64
    name: Text200
    badge_number: Annotated[Text64 | None, BlankIsNone] = None
    card_number: Annotated[Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None, BlankIsNone] = None
    email: Annotated[Email | None, BlankIsNone] = None
    phone: Annotated[Text40 | None, BlankIsNone] = None
    department: Annotated[Text120 | None, BlankIsNone] = None
    job_title: Annotated[Text120 | None, BlankIsNone] = None
    hired_on: date | None = None
    site_id: UUID | None = None
    rule_set_code: Annotated[Text40 | None, BlankIsNone] = None
    active: bool = True
    notes: Annotated[Notes | None, BlankIsNone] = None


class EnrollmentView(BaseModel):
    """A person's number on a device. ``origin`` says how we know of it; ``message`` why it failed, if it did.

    ``by_hand`` and ``by_group`` say who wants them there; ``reported_name`` is how the device shows them. What failed
    for a cause that may pass is sent again at ``retry_at``; ``retries`` is how often it has been.
    """

    id: UUID
    device_id: UUID
    device_name: str
    pin: str
    status: Literal["pending", "enrolled", "failed", "removing", "removed"]
    message: str
    origin: Literal[
        "assigned", "group", "matched_badge", "matched_employee_id", "matched_device", "adopted", "reported"
    ]
    confirmed_at: datetime | None
    by_hand: bool
    by_group: bool
    reported_name: str | None
    retries: int
    retry_at: datetime | None


class StaffView(BaseModel):
    """A person with the progress of their enrolment."""

    id: UUID
    employee_id: str
    name: str
    badge_number: str | None
    card_number: int | None
    email: str | None
    phone: str | None
    department: str | None
    job_title: str | None
    hired_on: date | None
    site_id: UUID | None
    rule_set_code: str | None
    active: bool
    notes: str | None
    enrollment_status: Literal["not_enrolled", "pending", "partial", "enrolled"]
    devices_enrolled: int
    devices_assigned: int
    last_punch_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StaffDetail(StaffView):
    enrollments: list[EnrollmentView]
