"""The contract between an organisation's device bridge and its back end.

The bridge calls the back end under ``/internal/bridge`` (bearer: the bridge token); the back end's worker calls the
bridge under ``/internal`` (same token). Every time is either an aware instant or the device's own *text*
(``YYYY-MM-DD HH:MM:SS``): clocks know no zone, so the zone is added by the back end, which knows the device's site.

Back end, called by the bridge:

=========================================  ============================================================
``POST /internal/bridge/contacts``         ``Contact`` → ``DeviceDecision``
``POST /internal/bridge/punches``          ``PunchBatch`` → ``BatchResult`` (committed when it answers)
``POST /internal/bridge/users``            ``UserBatch`` → ``BatchResult``
``POST /internal/bridge/templates``        ``TemplateBatch`` → ``BatchResult``
``POST /internal/bridge/templates/wanted`` ``TemplateDemand`` → ``WantedTemplates``: what a pull device still lacks
``POST /internal/bridge/templates/seen``   ``TemplateReport`` → 204: what a pull device now has, by read-back
``POST /internal/bridge/enrolments/step``  ``EnrolmentStep`` → 204: progress of an enrolment at a distance
``POST /internal/bridge/commands/lease``   ``CommandLease`` → ``CommandBatch``
``POST /internal/bridge/commands/results`` ``CommandResults`` → 204
``GET  /internal/bridge/terminals``        → ``TerminalList``: the pull devices to talk to
``POST /internal/bridge/terminals/seen``   ``TerminalReport`` → 204
=========================================  ============================================================

Bridge, called by the back end's worker:

=========================================  ============================================================
``GET  /internal/health``                  → ``{"status": "ok"}``
``POST /internal/terminals/refresh``       re-read ``TerminalList`` now → 204
``POST /internal/terminals/{serial}/sync`` → ``SyncSummary`` (problem+json 502/504 with a code on failure);
                                           ``?full=true`` reads the whole log whatever the counts say
``POST /internal/terminals/{serial}/act``  ``TerminalAction`` → ``ActionResult``: clock, restart, enrolment, log
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
    """Base of every message: immutable, unknown fields refused; the text of an error never repeats the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


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
    device_type: Literal["", "att", "acc"] = Field(default="", description="The push family it named before, if any")


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


class TemplateType(StrEnum):
    """The specification's kinds of biometric template."""

    FINGERPRINT = "FINGERPRINT"
    FACE = "FACE"
    PALM = "PALM"


class Template(Message):
    """One part of a biometric template, in clear: it exists in memory only, between a clock and the key store.

    ``template_index`` is the finger (0-9) or the number of the face or palm. A near-infrared face has several parts,
    everything else one. ``template_format`` is encoding and algorithm version, ``zk/10.0`` for ZKFinger 10: formats do
    not mix. ``valid`` is 1, or 3 for a finger that means duress (0: the clock itself holds it to be useless).
    ``template_data`` is Base64, byte-exact; it is kept out of every representation, so that no log can show it.
    """

    id: str | None = Field(default=None, description="Ours, when the organisation sends it to a device")
    pin: Pin
    template_type: TemplateType
    template_index: int = Field(ge=0, le=9)
    part: int = Field(default=0, ge=0, le=31)
    template_format: str = Field(pattern=r"^(zk|iso|ansi)/\d{1,3}(\.\d{1,3})?$")
    valid: Literal[0, 1, 3] = 1
    template_data: str = Field(repr=False, min_length=4, max_length=200_000, pattern=r"^[A-Za-z0-9+/]+=*$")


class TemplateBatch(Message):
    """Templates that a device reported, at most 200. ``rejected`` lines carry no biometric bytes in their raw text."""

    serial: Serial
    received_at: AwareDatetime
    source_address: str = ""
    templates: list[Template] = Field(max_length=200)
    rejected: list[RejectedLine] = Field(default_factory=list, max_length=200)


class TemplateDemand(Message):
    """A pull device is connected and its people are written: which templates shall it have now?"""

    serial: Serial
    fingerprint_format: str = Field(default="", description="What the device's algorithm takes, e.g. zk/10.0")
    limit: int = Field(default=50, ge=1, le=200)


class TemplateName(Message):
    """A template without its bytes."""

    pin: Pin
    template_type: TemplateType
    template_index: int = Field(ge=0, le=9)


class WantedTemplates(Message):
    """``remove`` names what must go (by PIN, type and index; their data is not sent)."""

    templates: list[Template]
    remove: list[TemplateName] = Field(default_factory=list)


class TemplateReport(Message):
    """``written`` are ids read back byte for byte; ``refused`` maps an id to the reason in words."""

    serial: Serial
    at: AwareDatetime
    written: list[str] = Field(default_factory=list)
    refused: dict[str, str] = Field(default_factory=dict)
    removed: list[TemplateName] = Field(default_factory=list)


class EnrolmentStep(Message):
    """Progress of an enrolment at a distance. ``enrolment`` is the id that the command or action carried."""

    serial: Serial
    enrolment: str = Field(max_length=64)
    at: AwareDatetime
    step: Literal["started", "touch", "stored", "failed", "cancelled"]
    touch: int = Field(default=0, ge=0, le=10, description="Which of three presses, for the step touch")
    message: str = Field(default="", max_length=300)


class CommandKind(StrEnum):
    """What the organisation may ask of a push clock (there is no shell, on purpose)."""

    USER_UPDATE = "user_update"
    USER_DELETE = "user_delete"
    USER_QUERY = "user_query"
    TEMPLATE_UPDATE = "template_update"
    TEMPLATE_DELETE = "template_delete"
    TEMPLATE_QUERY = "template_query"
    ENROLL = "enroll"
    CHECK = "check"
    INFO = "info"
    QUERY_PUNCHES = "query_punches"
    VERIFY_PUNCHES = "verify_punches"
    CLEAR_LOG = "clear_log"
    REBOOT = "reboot"


class Command(Message):
    """One queued command. ``id`` is at most 16 alphanumerics: it goes over the wire and comes back."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$")]
    kind: CommandKind
    user: DeviceUser | None = None
    template: Template | None = None
    target: TemplateName | None = Field(default=None, description="For template_delete, template_query and enroll")
    pin: Pin | None = Field(default=None, description="For user_query")
    overwrite: bool = Field(default=False, description="For enroll: replace a template that is there")
    since: str | None = Field(default=None, description="Device-local text, for query_punches and verify_punches")
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
    count: int | None = Field(default=None, ge=0, description="Punches on the clock, the answer to verify_punches")


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
    templates_due: int = Field(default=0, ge=0, description="How many templates wait to be written or removed")
    read_templates: bool = Field(default=False, description="Whether to report the templates that are on it")
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
    refused_pins: dict[str, str] = Field(default_factory=dict, description="PIN → why it was not written or removed")


class TerminalAction(Message):
    """One thing to do on a pull device now. ``clear_log`` is refused unless the clock's count is ``expected_count``."""

    action: Literal["set_time", "restart", "enroll", "cancel_enroll", "clear_log"]
    target: TemplateName | None = None
    enrolment: str = Field(default="", max_length=64, description="Under which id steps are reported")
    seconds: int = Field(default=60, ge=5, le=300, description="Time limit of an enrolment")
    expected_count: int | None = Field(default=None, ge=0)


class ActionResult(Message):
    """What was done, in words; ``offset_before`` and ``offset_after`` (seconds) for set_time, counts for clear_log."""

    serial: Serial
    done: bool
    message: str = ""
    offset_before: int | None = None
    offset_after: int | None = None
    count_before: int | None = None
    count_after: int | None = None


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
