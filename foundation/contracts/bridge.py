"""The contract between an organisation's device bridge and its back end.

The bridge calls the back end under ``/internal/bridge`` (bearer: the bridge token); the back end's worker calls the
bridge under ``/internal`` (same token). Every time is either an aware instant or the device's own *text*
(``YYYY-MM-DD HH:MM:SS``): clocks know no zone, so the zone is added by the back end, which knows the device's site.

Back end, called by the bridge:

=========================================  ============================================================
``POST /internal/bridge/contacts``         ``Contact`` → ``DeviceDecision``
``POST /internal/bridge/punches``          ``PunchBatch`` → ``BatchResult`` (committed when it answers)
``POST /internal/bridge/users``            ``UserBatch`` → ``BatchResult``
``POST /internal/bridge/commands/lease``   ``CommandLease`` → ``CommandBatch``
``POST /internal/bridge/commands/results`` ``CommandResults`` → 204
``GET  /internal/bridge/terminals``        → ``TerminalList``: the pull devices to talk to
``POST /internal/bridge/terminals/seen``   ``TerminalReport`` → 204
=========================================  ============================================================

Bridge, called by the back end's worker:

=========================================  ============================================================
``GET  /internal/health``                  → ``{"status": "ok"}``
``POST /internal/terminals/refresh``       re-read ``TerminalList`` now → 204
``POST /internal/terminals/{serial}/sync`` → ``SyncSummary`` (problem+json 502/504 with a code on failure)
=========================================  ============================================================

A push request of a serial that the organisation does not know, or has not approved, is answered 403 with the code
``device_unknown`` / ``device_waiting`` by the back end and passed on as 403 to the clock, which then keeps its data.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

LOCAL_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

Serial = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Pin = Annotated[str, Field(min_length=1, max_length=24)]


class Message(BaseModel):
    """Base of every message: immutable, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactKind(StrEnum):
    """Why a device spoke to us; ``last_seen`` is kept per kind."""

    HANDSHAKE = "handshake"
    POLL = "poll"
    UPLOAD = "upload"
    COMMAND = "command"
    PULL = "pull"


class Contact(Message):
    """A push device made contact. ``info`` holds what it said of itself (options, firmware, counts) as text."""

    serial: Serial
    kind: ContactKind
    source_address: str
    at: AwareDatetime
    info: dict[str, str] = Field(default_factory=dict)


class DeviceDecision(Message):
    """What the organisation says of a serial that made contact."""

    serial: Serial
    device_id: str
    zone: str = Field(description="IANA zone of the device's site, e.g. Asia/Dubai")
    utc_offset_minutes: int = Field(description="The zone's offset valid now; what the handshake tells the clock")
    poll_seconds: int = Field(ge=1, le=60, description="How often the clock asks for commands (ADMS `Delay`)")


class Punch(Message):
    """One log line as the clock wrote it. ``pin`` is the raw text or number; normalising is the back end's work."""

    pin: Pin
    local_time: str = Field(description="Device-local wall time, YYYY-MM-DD HH:MM:SS; always a real date")
    status: int = Field(ge=0, le=255)
    verify: int = Field(ge=0, le=255)
    work_code: str = Field(default="", max_length=24)
    raw: str = Field(default="", max_length=512, description="The line, or the record in hex, as received")


class RejectedLine(Message):
    """A line that could not be read: kept raw with the reason, never dropped."""

    raw: str = Field(max_length=4096)
    reason: str


class BatchSource(StrEnum):
    """The road by which a batch came."""

    PUSH = "push"
    PULL = "pull"
    LIVE = "live"


class PunchBatch(Message):
    """Punches of one device in the order received; at most 5,000."""

    serial: Serial
    source: BatchSource
    received_at: AwareDatetime
    source_address: str = ""
    clock_offset_seconds: int | None = Field(default=None, description="Device clock minus true time; None = unknown")
    punches: list[Punch] = Field(max_length=5000)
    rejected: list[RejectedLine] = Field(default_factory=list, max_length=5000)


class BatchResult(Message):
    """received = stored + duplicate + quarantined, always."""

    received: int
    stored: int
    duplicate: int
    quarantined: int


class DeviceUser(Message):
    """A person as a device knows them. ``privilege`` is 0 user, 2 enroller, 6 manager, 14 super admin."""

    pin: Pin
    name: str = Field(default="", max_length=48)
    card: int = Field(default=0, ge=0, le=0xFFFFFFFF)
    privilege: int = Field(default=0, ge=0, le=14)


class UserBatch(Message):
    """Users that a device reported. ``complete`` is True only when it is the device's whole list."""

    serial: Serial
    received_at: AwareDatetime
    complete: bool = False
    users: list[DeviceUser] = Field(max_length=20000)
    rejected: list[RejectedLine] = Field(default_factory=list)


class CommandKind(StrEnum):
    """What the organisation may ask of a push clock (there is no shell, on purpose)."""

    USER_UPDATE = "user_update"
    USER_DELETE = "user_delete"
    CHECK = "check"
    INFO = "info"
    QUERY_PUNCHES = "query_punches"
    REBOOT = "reboot"


class Command(Message):
    """One queued command. ``id`` is at most 16 alphanumerics: it goes over the wire and comes back."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$")]
    kind: CommandKind
    user: DeviceUser | None = None
    since: str | None = Field(default=None, description="Device-local text, for query_punches")
    until: str | None = None


class CommandLease(Message):
    """Ask for the next commands of a device; unacknowledged ones come again after ``lease_seconds``."""

    serial: Serial
    source_address: str
    at: AwareDatetime
    info: dict[str, str] = Field(default_factory=dict)
    limit: int = Field(default=50, ge=1, le=200)
    lease_seconds: int = Field(default=60, ge=5, le=600)


class CommandBatch(Message):
    commands: list[Command]


class CommandResult(Message):
    """The clock's answer; code 0 is success, negative is an error of the push protocol."""

    id: str = Field(max_length=64)
    code: int
    text: str = Field(default="", max_length=512)


class CommandResults(Message):
    serial: Serial
    source_address: str
    at: AwareDatetime
    results: list[CommandResult]


class Terminal(Message):
    """A pull device the bridge keeps a conversation with.

    ``stored_punches`` lets the bridge skip the log when the clock's count has not moved. ``users`` are the people the
    organisation wants on this clock and that it has not confirmed yet. ``revision`` changes when any other field does
    for a reason that asks for a new connection.
    """

    serial: Serial
    address: str
    port: int = Field(ge=1, le=65535)
    comm_key: int = Field(default=0, ge=0, le=999999)
    transport: Literal["tcp", "udp", "auto"] = "auto"
    encoding: str = "UTF-8"
    zone: str
    stored_punches: int = 0
    users: list[DeviceUser] = Field(default_factory=list)
    remove_pins: list[str] = Field(default_factory=list)
    revision: str = ""


class TerminalList(Message):
    terminals: list[Terminal]


class TerminalState(StrEnum):
    """What the bridge knows of a pull device; ``refused`` = wrong key, ``unsupported`` = answer 6001 (use push)."""

    ONLINE = "online"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    MISMATCH = "mismatch"


class TerminalReport(Message):
    """Result of a contact with a pull device; ``counts`` as the device said (users, fingers, logs, capacities)."""

    serial: Serial
    state: TerminalState
    at: AwareDatetime
    message: str = ""
    clock_offset_seconds: int | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    info: dict[str, str] = Field(default_factory=dict)
    written_pins: list[str] = Field(default_factory=list, description="Confirmed by read-back")
    removed_pins: list[str] = Field(default_factory=list)


class SyncSummary(Message):
    """What one requested read of a pull device did."""

    serial: Serial
    device_records: int
    received: int
    stored: int
    duplicate: int
    quarantined: int
    users_read: int
    users_written: int
    log_read: bool = Field(description="False when the counts had not moved, so the log was not transferred")
