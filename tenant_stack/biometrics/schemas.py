"""Biometrics as the API takes and shows them. Nothing here can carry a template out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
TemplateTypeName = Literal["FINGERPRINT", "FACE", "PALM"]
How = Literal["written", "electronic", "spoken"]
CopyState = Literal["pending", "sent", "written", "confirmed", "unfit", "refused", "removing", "removed"]
EnrolmentState = Literal[
    "asked", "sent", "started", "touch", "stored", "distributed", "failed", "cancelled", "timed_out"
]
FingerIndex = Annotated[
    int, Field(ge=0, le=9, description="0-4 left little finger to thumb, 5-9 right thumb to little finger")
]


class TemplateIn(BaseModel):
    """A template from elsewhere, in Base64. It is encrypted before it is stored and never shown again."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    template_type: TemplateTypeName
    template_format: Annotated[str, Field(pattern=r"^(zk|iso|ansi)/\d{1,3}(\.\d{1,3})?$")]
    template_data: Annotated[str, Field(repr=False, min_length=4, max_length=200_000, pattern=r"^[A-Za-z0-9+/]+=*$")]
    quality_score: Annotated[int, Field(ge=0, le=100)] | None = None
    finger_index: FingerIndex | None = Field(default=None, description="Required for a fingerprint")
    part: Annotated[int, Field(ge=0, le=31)] = 0
    duress: bool = False


class CopyView(BaseModel):
    """A template on one clock; ``message`` says why it is not there, if it is not."""

    device_id: UUID
    device_name: str
    state: CopyState
    message: str
    confirmed_at: datetime | None


class BiometricView(BaseModel):
    """What is known of a template, never the template itself. ``unreadable`` means that it does not decrypt."""

    id: UUID
    template_type: TemplateTypeName
    template_format: str
    finger_index: int | None
    part: int
    quality_score: int | None
    duress: bool
    state: Literal["quarantined", "active", "revoked"]
    unreadable: bool
    origin: Literal["walk_up", "enrolment", "entered"]
    origin_device_name: str | None
    key_version: int | None
    captured_at: datetime
    created_at: datetime
    erased_at: datetime | None
    erased_because: str
    copies: list[CopyView]


class BiometricList(BaseModel):
    items: list[BiometricView]


class EraseAnswer(BaseModel):
    """How many were erased here; the clocks confirm one by one, see the copies in the list."""

    erased: int


class AccessView(BaseModel):
    """One access to a template."""

    id: int
    at: datetime
    template_id: UUID
    staff_id: UUID | None
    staff_name: str | None
    device_id: UUID | None
    device_name: str | None
    purpose: str
    actor_kind: str
    actor_label: str


class QuarantinedView(BaseModel):
    """A template that came unasked. ``erased_on`` is when it goes if nothing happens."""

    id: UUID
    staff_id: UUID | None
    staff_name: str | None
    pin: str | None
    device_id: UUID | None
    device_name: str | None
    template_type: TemplateTypeName
    finger_index: int
    reason: str
    captured_at: datetime
    erased_on: datetime


class ConsentTextIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=20, max_length=20_000, pattern=r"^[^\x00]*$")
    ]


class ConsentTextView(BaseModel):
    """A version of the text; ``people`` is how many stand on it now."""

    id: UUID
    version: int
    title: str
    text: str
    created_by: str
    created_at: datetime
    people: int


class ConsentIn(BaseModel):
    """Somebody agreed to ``version`` (None: the newest) of the text; ``given_at`` None means now."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)] | None = None
    how: How
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400, pattern=PRINTABLE)] = ""
    given_at: AwareDatetime | None = None


class ConsentView(BaseModel):
    id: UUID
    version: int
    title: str
    how: str
    note: str
    given_at: datetime
    recorded_by: str
    created_at: datetime
    ended_at: datetime | None
    ended_because: str
    ended_by: str


class ConsentList(BaseModel):
    items: list[ConsentView]


class BiometricSettings(BaseModel):
    """How long what is kept, in days; ``rotation_days`` is the life of a version of the key."""

    model_config = ConfigDict(extra="forbid")

    walk_up_days: Annotated[int, Field(ge=1, le=365)] = 30
    leaver_days: Annotated[int, Field(ge=0, le=1095)] = 30
    rotation_days: Annotated[int, Field(ge=1, le=1095)] = 90


class KeyView(BaseModel):
    """The organisation's template key: versions, and how many templates wait to be renewed."""

    latest: int
    oldest_readable: int
    to_renew: int
    unreadable: int


class RemoteEnrolmentIn(BaseModel):
    """Capture a finger at one clock now. ``overwrite`` replaces a template that the clock holds there."""

    model_config = ConfigDict(extra="forbid")

    device_id: UUID
    template_type: TemplateTypeName = "FINGERPRINT"
    finger_index: FingerIndex = 0
    overwrite: bool = False
    seconds: Annotated[int, Field(ge=15, le=300)] = 90


class EnrolmentStepView(BaseModel):
    at: datetime
    step: str
    touch: int
    message: str


class EnrolmentView(BaseModel):
    """A remote capture; ``open`` while the person may still come to the clock."""

    id: UUID
    staff_id: UUID
    staff_name: str
    device_id: UUID
    device_name: str
    zone: str
    pin: str
    template_type: TemplateTypeName
    finger_index: int
    state: EnrolmentState
    open: bool
    touch: int
    message: str
    requested_by: str
    template_id: UUID | None
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None
    steps: list[EnrolmentStepView]
    copies: list[CopyView]
