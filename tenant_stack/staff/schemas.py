"""People as the API takes and shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, StringConstraints


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


# No control characters anywhere: names travel to clocks as lines of text.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _text(most: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=most, pattern=PRINTABLE)


Optional120 = Annotated[str | None, BeforeValidator(_none_if_blank), _text(120)]


class StaffIn(BaseModel):
    """What people enter about a person. ``employee_id`` and ``badge_number`` are unique in the organisation."""

    model_config = ConfigDict(extra="forbid")

    employee_id: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=PRINTABLE)
    ]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
    badge_number: Annotated[str | None, BeforeValidator(_none_if_blank), _text(64)] = None
    email: Annotated[EmailStr | None, BeforeValidator(_none_if_blank)] = None
    phone: Annotated[str | None, BeforeValidator(_none_if_blank), _text(40)] = None
    department: Optional120 = None
    job_title: Optional120 = None
    hired_on: date | None = None
    active: bool = True
    notes: Annotated[str | None, BeforeValidator(_none_if_blank), Field(max_length=4000)] = None


class EnrollmentView(BaseModel):
    """A person's number on a device. ``origin`` says how we know of it; ``message`` why it failed, if it did."""

    id: UUID
    device_id: UUID
    device_name: str
    pin: str
    status: str
    message: str
    origin: str
    confirmed_at: datetime | None


class StaffView(BaseModel):
    """A person with the progress of their enrolment."""

    id: UUID
    employee_id: str
    name: str
    badge_number: str | None
    email: str | None
    phone: str | None
    department: str | None
    job_title: str | None
    hired_on: date | None
    active: bool
    notes: str | None
    enrollment_status: str
    devices_enrolled: int
    devices_assigned: int
    last_punch_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StaffDetail(StaffView):
    enrollments: list[EnrollmentView]


class EnrollIn(BaseModel):
    """Put a person on clocks. Without ``pin`` the number is their badge or employee number, else the next free one."""

    model_config = ConfigDict(extra="forbid")

    device_ids: list[UUID] = Field(min_length=1, max_length=1000)
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")] | None = None


class EnrollAnswer(BaseModel):
    enrollments: list[EnrollmentView]


class BiometricView(BaseModel):
    """What is known of a template, never the template itself."""

    id: UUID
    template_type: str
    template_format: str
    finger_index: int | None
    quality_score: int | None
    created_at: datetime


class BiometricList(BaseModel):
    items: list[BiometricView]
