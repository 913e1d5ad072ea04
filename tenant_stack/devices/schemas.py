"""Clocks as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from foundation.contracts.bridge import Serial
from foundation.views import IdentifiedView
from tenant_stack.tables.devices import SyncFields
from tenant_stack.text_types import PRINTABLE, BlankIsNone, ZoneName

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=PRINTABLE)]
Zone = Annotated[ZoneName | None, BlankIsNone]
Place = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=PRINTABLE)]
Location = Annotated[Place | None, BlankIsNone]
Connection = Literal["push", "pull"]
Trust = Literal["full", "punches"]
Status = Literal["online", "late", "offline", "never_seen", "waiting_approval"]


class DeviceIn(BaseModel):
    """What people enter about a clock. ``zone`` None means the organisation's; ``comm_key`` is never shown again.

    ``site_id`` says where it hangs, which tells journeys that nobody can make; its zone stays its own.

    In a change, ``comm_key`` None leaves the key as it is.
    """

    model_config = ConfigDict(extra="forbid")

    device_serial: Serial
    name: Name
    connection: Connection
    ip_address: Annotated[Annotated[str, Field(max_length=64)] | None, BlankIsNone] = None
    port: Annotated[int, Field(ge=1, le=65535)] = 4370
    comm_key: Annotated[Annotated[int, Field(ge=0, le=999_999)] | None, BlankIsNone] = None
    zone: Zone = None
    location: Location = None
    site_id: UUID | None = None
    device_config: Annotated[dict[str, object], Field(max_length=50)] = Field(default_factory=dict)


class ApproveIn(BaseModel):
    """Accept a clock that called by itself."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    zone: Zone = None
    location: Location = None


class DeviceView(BaseModel):
    """A clock with what it told us. ``stored_punches`` is how many we hold of it."""

    id: UUID
    device_serial: str
    name: str
    connection: Connection
    ip_address: str | None
    port: int
    zone: str
    location: str | None
    site_id: UUID | None
    device_config: dict[str, object]
    status: Status
    status_message: str
    approved_at: datetime | None
    last_seen_at: datetime | None
    last_sync_at: datetime | None
    source_address: str | None
    firmware: str | None
    clock_offset_seconds: int | None
    counts: dict[str, int]
    stored_punches: int
    trust: Trust
    pinned_address: str | None
    new_address: str | None
    claim_state: Literal["unasked", "ours", "elsewhere"]
    created_at: datetime
    updated_at: datetime


class SyncView(SyncFields, IdentifiedView):
    """One synchronisation: what was asked, how far it is, what it brought."""


class LastSeen(BaseModel):
    """When a clock was last seen, by kind of contact."""

    handshake: datetime | None = None
    poll: datetime | None = None
    upload: datetime | None = None
    command: datetime | None = None
    pull: datetime | None = None


class CompletenessView(BaseModel):
    """Is everything of a clock here? ``on_clock`` and ``held`` (punches, and lines in quarantine) were compared at
    ``checked_at``, of a push clock up to its local time ``until_local``; ``difference`` is what is missing here.

    ``explained``: how many lines the clock holds that are no punches of their own, such as doubles; negative after its
    log was emptied. ``received`` = ``stored`` + ``duplicate`` + ``quarantined``: every line that ever came.
    """

    method: Literal["", "counts", "sum"]
    state: Literal["unknown", "equal", "missing", "full_ring", "unsaid"]
    sentence: str
    on_clock: int | None
    held: int | None
    difference: int
    explained: int
    until_local: str | None
    zone: str
    checked_at: datetime | None
    verified_at: datetime | None
    differs_since: datetime | None
    next_check_at: datetime | None
    received: int
    stored: int
    duplicate: int
    quarantined: int


class CommandView(BaseModel):
    """A command to a clock in plain words. ``held_because``: why it is not sent now, though it waits."""

    id: str
    device_id: UUID
    device_name: str
    kind: str
    what: str
    state: Literal["queued", "sent", "done", "failed", "cancelled"]
    words: str
    held_because: str | None
    attempts: int
    count: int | None
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    can_retry: bool
    can_cancel: bool


class FailedSyncView(BaseModel):
    """A clock whose last synchronisation failed for good."""

    id: UUID
    device_id: UUID
    device_name: str
    message: str
    attempts: int
    finished_at: datetime | None


Action = Literal["check", "info", "verify", "read_all", "reboot", "set_time", "clear_log"]


class ActionIn(BaseModel):
    """Something to do on a clock now. ``clear_log`` wants the clock's serial once more, as ``confirm_serial``."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    confirm_serial: Annotated[str | None, Field(max_length=64)] = None


class ActionView(BaseModel):
    """What was set going, in words; its progress is in the list of commands, or of synchronisations."""

    action: Action
    message: str
    command_id: str | None = None
    sync_id: UUID | None = None


class TrustIn(BaseModel):
    """What may be sent to a clock: ``punches`` keeps templates, passwords and administrator rights from it."""

    model_config = ConfigDict(extra="forbid")

    trust: Trust


class AddressIn(BaseModel):
    """Is the new address the clock's (``accept``), or somebody else's?"""

    model_config = ConfigDict(extra="forbid")

    accept: bool


class AlertView(BaseModel):
    """Something that is (or was) the matter. ``times``: how often it came back within a day of having gone."""

    id: UUID
    kind: str
    title: str
    severity: Literal["info", "warning", "critical"]
    text: str
    device_id: UUID | None
    device_name: str | None
    device_serial: str | None
    times: int
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str


class AlertCounts(BaseModel):
    """Open alerts; ``critical`` are unacknowledged ones."""

    open: int
    unacknowledged: int
    critical: int


class AcknowledgeIn(BaseModel):
    """What is being done about an alert, if there is something to say."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=PRINTABLE)] = ""


class DeviceStatusView(BaseModel):
    """Is the clock there, and is everything of it here? ``on_device`` is its own count of punches, if it said one."""

    status: Status
    status_message: str
    last_seen: LastSeen
    last_sync_at: datetime | None
    clock_offset_seconds: int | None
    on_device: int | None
    stored: int
    queued_commands: int
    last_sync: SyncView | None
    completeness: CompletenessView


class DeviceUserView(BaseModel):
    """Somebody that a clock knows; ``staff_id`` is None when we do not know whose number it is."""

    id: UUID
    pin: str
    staff_id: UUID | None
    staff_name: str | None
    reported_name: str | None
    status: str
    origin: str
    message: str
    confirmed_at: datetime | None
