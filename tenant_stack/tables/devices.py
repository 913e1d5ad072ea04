"""Tables of clocks, of what was asked of them, and of synchronisations."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base


class Device(Base, Identified, Timestamped):
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

    device_serial: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    connection: Mapped[str] = mapped_column(sa.String(8))
    ip_address: Mapped[str | None] = mapped_column(sa.String(45))
    port: Mapped[int] = mapped_column(server_default=sa.text("4370"))
    comm_key: Mapped[int] = mapped_column(server_default=sa.text("0"))
    zone: Mapped[str] = mapped_column(sa.String(64))
    location: Mapped[str | None] = mapped_column(sa.String(200))
    site_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sites.id", ondelete="RESTRICT"))
    device_config: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    approved_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    source_address: Mapped[str | None] = mapped_column(sa.String(64))
    last_seen_at: Mapped[datetime | None]
    last_seen: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    last_sync_at: Mapped[datetime | None]
    last_punch_at: Mapped[datetime | None]
    pull_state: Mapped[str | None] = mapped_column(sa.String(16))
    pull_message: Mapped[str] = mapped_column(sa.String(300), server_default="")
    announced_status: Mapped[str] = mapped_column(sa.String(20), server_default="")
    firmware: Mapped[str | None] = mapped_column(sa.String(120))
    clock_offset_seconds: Mapped[int | None]
    counts: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    info: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    stored_punches: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    received_lines: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    duplicate_lines: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    quarantined_lines: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    trust: Mapped[str] = mapped_column(sa.String(8), server_default="punches")
    pinned_address: Mapped[str | None] = mapped_column(sa.String(64))
    new_address: Mapped[str | None] = mapped_column(sa.String(64))
    previous_address: Mapped[str | None] = mapped_column(sa.String(64))
    previous_address_at: Mapped[datetime | None]
    two_sources_at: Mapped[datetime | None]
    sealed_comm_key: Mapped[str | None] = mapped_column(sa.Text)
    claim_state: Mapped[str] = mapped_column(sa.String(12), server_default="unasked")


class RefusedContact(Base):
    """Contacts of serials that no longer fit among the waiting ones, counted a day, with the last as an example."""

    __tablename__ = "refused_contacts"

    day: Mapped[date] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(sa.BigInteger)
    last_serial: Mapped[str] = mapped_column(sa.String(64))
    last_address: Mapped[str] = mapped_column(sa.String(64))


class SyncLog(Base, Identified):
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

    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(sa.String(16), server_default="requested")
    state: Mapped[str] = mapped_column(sa.String(16), server_default="queued")
    requested_by: Mapped[str] = mapped_column(sa.String(200))
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    leased_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stored_before: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    received: Mapped[int] = mapped_column(server_default=sa.text("0"))
    stored: Mapped[int] = mapped_column(server_default=sa.text("0"))
    duplicate: Mapped[int] = mapped_column(server_default=sa.text("0"))
    quarantined: Mapped[int] = mapped_column(server_default=sa.text("0"))
    message: Mapped[str] = mapped_column(sa.Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class DeviceCommand(Base):
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

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(sa.String(24))
    pin: Mapped[str | None] = mapped_column(sa.String(24))
    template_id: Mapped[UUID | None]
    purpose: Mapped[str] = mapped_column(sa.String(16), server_default="")
    requested_by: Mapped[str] = mapped_column(sa.String(200), server_default="")
    payload: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    state: Mapped[str] = mapped_column(sa.String(12), server_default="queued")
    sync_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sync_logs.id", ondelete="RESTRICT"))
    enrollment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("device_enrollments.id", ondelete="CASCADE"))
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    leased_until: Mapped[datetime | None]
    result_code: Mapped[int | None]
    result_text: Mapped[str] = mapped_column(sa.String(512), server_default="")
    result_count: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    finished_at: Mapped[datetime | None]


class DeviceCompleteness(Base):
    """Is everything that is on a clock here? One row a device, see `tenant_stack.devices.completeness`.

    ``on_clock`` and ``held`` (punches and quarantined lines here) were compared at ``checked_at``; ``explained`` is the
    part of their difference that a full reading showed to be no loss. ``verified_at`` is when they last agreed.
    """

    __tablename__ = "device_completeness"
    __table_args__ = (
        sa.CheckConstraint("state IN ('unknown', 'equal', 'missing', 'full_ring', 'unsaid')", name="state"),
    )

    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    method: Mapped[str] = mapped_column(sa.String(8), server_default="")
    state: Mapped[str] = mapped_column(sa.String(12), server_default="unknown")
    on_clock: Mapped[int | None] = mapped_column(sa.BigInteger)
    held: Mapped[int | None] = mapped_column(sa.BigInteger)
    explained: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    until_local: Mapped[str | None] = mapped_column(sa.String(19))
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    differs_since: Mapped[datetime | None]
    reread_at: Mapped[datetime | None]
    reread_from: Mapped[int | None] = mapped_column(sa.BigInteger)
    next_check_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Alert(Base, Identified):
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

    kind: Mapped[str] = mapped_column(sa.String(32))
    device_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("devices.id", ondelete="CASCADE"))
    severity: Mapped[str] = mapped_column(sa.String(8))
    text: Mapped[str] = mapped_column(sa.Text)
    times: Mapped[int] = mapped_column(server_default=sa.text("1"))
    opened_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    closed_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(sa.String(200))
    note: Mapped[str] = mapped_column(sa.String(500), server_default="")


class AlertWatch(Base):
    """Since when the watch over clocks has been running without a gap: a restart of ours is no fault of a clock."""

    __tablename__ = "alert_watch"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, server_default=sa.text("1"))
    running_since: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    looked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
