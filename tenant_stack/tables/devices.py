"""Tables of clocks, of what was asked of them, and of synchronisations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from foundation.database import Identified, Instant, Json, Timestamped, column, identity
from tenant_stack.tables.base import Base


class Device(Identified, Timestamped, Base, table=True):
    """A clock, known by its serial. ``approved_at`` is None while nobody here has said that it is ours.

    ``last_seen`` holds an instant per kind of contact. ``pull_state`` is the bridge's last word on a pull device.
    ``announced_status`` is the status that open pages were last told.

    ``trust`` says what may be sent to it, see `tenant_stack.devices.trust`. ``pinned_address`` is where it called from
    when it was approved; ``new_address`` is another one that nobody has confirmed yet. An address that comes back
    within minutes of another sets ``two_sources_at``: two machines use one serial.
    ``sealed_comm_key`` is the key of a pull device, encrypted; ``comm_key`` is a clear one that waits for sealing.
    ``received_lines`` = ``stored_punches`` + ``duplicate_lines`` + ``quarantined_lines``, always.
    ``claim_state``: whether the platform holds this serial to be ours (``unasked``, ``ours``, ``elsewhere``).
    """

    __tablename__ = "devices"
    __table_args__ = (
        sa.CheckConstraint("connection IN ('push', 'pull')", name="connection"),
        sa.CheckConstraint("trust IN ('full', 'punches')", name="trust"),
        sa.CheckConstraint("claim_state IN ('unasked', 'ours', 'elsewhere')", name="claim_state"),
        sa.Index("ix_devices_name_id", "name", "id"),
    )

    device_serial: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=120)
    connection: str = Field(max_length=8)
    ip_address: str | None = Field(default=None, max_length=45)
    port: int = column(server_default=sa.text("4370"))
    comm_key: int = column(server_default=sa.text("0"))
    zone: str = Field(max_length=64)
    location: str | None = Field(default=None, max_length=200)
    site_id: UUID | None = Field(default=None, foreign_key="sites.id", ondelete="RESTRICT")
    device_config: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    approved_at: datetime | None = column(Instant)
    attempts: int = column(server_default=sa.text("0"))
    source_address: str | None = Field(default=None, max_length=64)
    last_seen_at: datetime | None = column(Instant)
    last_seen: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    last_sync_at: datetime | None = column(Instant)
    last_punch_at: datetime | None = column(Instant)
    pull_state: str | None = Field(default=None, max_length=16)
    pull_message: str = column(server_default="", max_length=300)
    announced_status: str = column(server_default="", max_length=20)
    firmware: str | None = Field(default=None, max_length=120)
    clock_offset_seconds: int | None = None
    counts: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    info: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    stored_punches: int = column(sa.BigInteger, server_default=sa.text("0"))
    received_lines: int = column(sa.BigInteger, server_default=sa.text("0"))
    duplicate_lines: int = column(sa.BigInteger, server_default=sa.text("0"))
    quarantined_lines: int = column(sa.BigInteger, server_default=sa.text("0"))
    trust: str = column(server_default="punches", max_length=8)
    pinned_address: str | None = Field(default=None, max_length=64)
    new_address: str | None = Field(default=None, max_length=64)
    previous_address: str | None = Field(default=None, max_length=64)
    previous_address_at: datetime | None = column(Instant)
    two_sources_at: datetime | None = column(Instant)
    sealed_comm_key: str | None = column(sa.Text)
    claim_state: str = column(server_default="unasked", max_length=12)


class RefusedContact(Base, table=True):
    """Contacts of serials that no longer fit among the waiting ones, counted a day, with the last as an example."""

    __tablename__ = "refused_contacts"

    day: date = Field(primary_key=True)
    attempts: int = column(sa.BigInteger)
    last_serial: str = Field(max_length=64)
    last_address: str = Field(max_length=64)


SyncState = Literal["queued", "running", "retrying", "done", "failed"]


class SyncFields(SQLModel):
    """What people see of a synchronisation."""

    device_id: UUID = Field(foreign_key="devices.id", ondelete="RESTRICT")
    kind: str = column(server_default="requested", max_length=16)
    state: SyncState = column(sa.String(16), server_default="queued")
    requested_by: str = Field(max_length=200)
    started_at: datetime | None = column(Instant)
    finished_at: datetime | None = column(Instant)
    attempts: int = column(server_default=sa.text("0"))
    received: int = column(server_default=sa.text("0"))
    stored: int = column(server_default=sa.text("0"))
    duplicate: int = column(server_default=sa.text("0"))
    quarantined: int = column(server_default=sa.text("0"))
    message: str = column(sa.Text, server_default="")
    created_at: datetime = column(Instant, server_default=sa.func.now())


class SyncLog(SyncFields, Identified, Base, table=True):
    """One synchronisation of a device; the row is the state of the job, the queue only hints at it."""

    __tablename__ = "sync_logs"
    __table_args__ = (
        sa.CheckConstraint("state IN ('queued', 'running', 'retrying', 'done', 'failed')", name="state"),
        sa.Index("ix_sync_logs_device_id_created_at_id", "device_id", "created_at", "id"),
        sa.Index(
            "uq_sync_logs_open",
            "device_id",
            unique=True,
            postgresql_where=sa.text("state IN ('queued', 'running', 'retrying')"),
        ),
    )

    next_attempt_at: datetime = column(Instant, server_default=sa.func.now())
    leased_until: datetime | None = column(Instant)
    stored_before: int = column(sa.BigInteger, server_default=sa.text("0"))


class DeviceCommand(Base, table=True):
    """One command for a push clock. It is leased, not removed, until the clock has answered.

    ``pin`` is whom it is about, in normal form. ``template_id`` names a template whose bytes are filled in when the
    clock fetches the command; they are never here. ``purpose`` tells what an answer is for (``check``: completeness).
    """

    __tablename__ = "device_commands"
    __table_args__ = (
        sa.CheckConstraint("state IN ('queued', 'sent', 'done', 'failed', 'cancelled')", name="state"),
        sa.Index("ix_device_commands_device_id_id", "device_id", "id"),
        sa.Index(
            "ix_device_commands_enrollment_id",
            "enrollment_id",
            postgresql_where=sa.text("enrollment_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_device_commands_open",
            "device_id",
            "id",
            postgresql_where=sa.text("state IN ('queued', 'sent')"),
        ),
    )

    id: int = identity(primary_key=True)
    device_id: UUID = Field(foreign_key="devices.id", ondelete="RESTRICT")
    kind: str = Field(max_length=24)
    pin: str | None = Field(default=None, max_length=24)
    template_id: UUID | None = None
    purpose: str = column(server_default="", max_length=16)
    requested_by: str = column(server_default="", max_length=200)
    payload: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    state: str = column(server_default="queued", max_length=12)
    sync_id: UUID | None = Field(default=None, foreign_key="sync_logs.id", ondelete="RESTRICT")
    enrollment_id: UUID | None = Field(default=None, foreign_key="device_enrollments.id", ondelete="CASCADE")
    attempts: int = column(server_default=sa.text("0"))
    leased_until: datetime | None = column(Instant)
    result_code: int | None = None
    result_text: str = column(server_default="", max_length=512)
    result_count: int | None = column(sa.BigInteger)
    created_at: datetime = column(Instant, server_default=sa.func.now())
    finished_at: datetime | None = column(Instant)


class DeviceCompleteness(Base, table=True):
    """Is everything that is on a clock here? One row a device, see `tenant_stack.devices.completeness`.

    ``on_clock`` and ``held`` (punches and quarantined lines here) were compared at ``checked_at``; ``explained`` is the
    part of their difference that a full reading showed to be no loss. ``verified_at`` is when they last agreed.
    """

    __tablename__ = "device_completeness"
    __table_args__ = (
        sa.CheckConstraint("state IN ('unknown', 'equal', 'missing', 'full_ring', 'unsaid')", name="state"),
    )

    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE", primary_key=True)
    method: str = column(server_default="", max_length=8)
    state: str = column(server_default="unknown", max_length=12)
    on_clock: int | None = column(sa.BigInteger)
    held: int | None = column(sa.BigInteger)
    explained: int = column(sa.BigInteger, server_default=sa.text("0"))
    until_local: str | None = Field(default=None, max_length=19)
    checked_at: datetime | None = column(Instant)
    verified_at: datetime | None = column(Instant)
    differs_since: datetime | None = column(Instant)
    reread_at: datetime | None = column(Instant)
    reread_from: int | None = column(sa.BigInteger)
    next_check_at: datetime = column(Instant, server_default=sa.func.now())


class Alert(Identified, Base, table=True):
    """Something about a clock that a person should know: opened and closed by facts, acknowledged by people.

    ``times`` counts how often the same thing came back within a day of having gone.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity"),
        sa.Index(
            "uq_alerts_open",
            "kind",
            "device_id",
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index("ix_alerts_opened_at_id", "opened_at", "id"),
        sa.Index("ix_alerts_device_id", "device_id"),
    )

    kind: str = Field(max_length=32)
    device_id: UUID | None = Field(default=None, foreign_key="devices.id", ondelete="CASCADE")
    severity: str = Field(max_length=8)
    text: str = column(sa.Text)
    times: int = column(server_default=sa.text("1"))
    opened_at: datetime = column(Instant, server_default=sa.func.now())
    last_at: datetime = column(Instant, server_default=sa.func.now())
    closed_at: datetime | None = column(Instant)
    acknowledged_at: datetime | None = column(Instant)
    acknowledged_by: str | None = Field(default=None, max_length=200)
    note: str = column(server_default="", max_length=500)


class AlertWatch(Base, table=True):
    """Since when the watch over clocks has been running without a gap: a restart of ours is no fault of a clock."""

    __tablename__ = "alert_watch"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one"),)

    id: int = column(sa.SmallInteger, server_default=sa.text("1"), primary_key=True)
    running_since: datetime = column(Instant, server_default=sa.func.now())
    looked_at: datetime = column(Instant, server_default=sa.func.now())
