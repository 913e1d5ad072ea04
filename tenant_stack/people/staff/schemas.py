"""People as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from foundation.views import Form, IdentifiedView
from tenant_stack.tables.staff import StaffFields


class StaffIn(StaffFields, Form):
    """What people enter about a person. ``employee_id`` and ``badge_number`` are unique in the organisation.

    ``card_number`` is the card that clocks are told; without one, a badge of digits is taken for it.
    Days are counted in the site's zone, without a site in the organisation's; without a rule set the default counts.
    """


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


class StaffView(StaffFields, IdentifiedView):
    """A person with the progress of their enrolment."""

    enrollment_status: Literal["not_enrolled", "pending", "partial", "enrolled"]
    devices_enrolled: int
    devices_assigned: int
    last_punch_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StaffDetail(StaffView):
    enrollments: list[EnrollmentView]
