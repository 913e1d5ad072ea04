"""Enrolling a person by API: on which clocks, under which PIN, and whether a finger is captured at one of them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tenant_stack.biometrics.schemas import EnrolmentView, RemoteEnrolmentIn
from tenant_stack.people.staff.schemas import EnrollmentView


class EnrollIn(BaseModel):
    """Put a person on clocks. Without ``pin`` the number is their badge or employee number, else the next free one.

    With ``biometric`` a finger is captured at one clock now; without consent that is a 409 ``consent_missing``.
    """

    model_config = ConfigDict(extra="forbid")

    device_ids: list[UUID] = Field(default_factory=list, max_length=1000)
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")] | None = None
    biometric: RemoteEnrolmentIn | None = None


class EnrollAnswer(BaseModel):
    """Where the person is enrolled, and the remote capture that was started, if one was requested."""

    enrollments: list[EnrollmentView]
    enrolment: EnrolmentView | None = None
