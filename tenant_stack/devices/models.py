"""Tables of clocks, of what was asked of them, and of synchronisations."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.base import Base


class Device(Base, Identified, Timestamped):
    """A clock, known by its serial. ``approved_at`` is None while nobody here has said that it is ours.

    ``last_seen`` holds an instant per kind of contact. ``pull_state`` is the bridge's last word on a pull device.
    ``announced_status`` is the status that open pages were last told.
    """

    __tablename__ = "devices"
    __table_args__ = (
        sa.CheckConstraint("connection IN ('push', 'pull')", name="connection"),
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
    """One command for a push clock. It is leased, not removed, until the clock has answered."""

    __tablename__ = "device_commands"
    __table_args__ = (
        sa.CheckConstraint("state IN ('queued', 'sent', 'done', 'failed')", name="state"),
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
    payload: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    state: Mapped[str] = mapped_column(sa.String(8), server_default="queued")
    sync_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sync_logs.id", ondelete="RESTRICT"))
    enrollment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("device_enrollments.id", ondelete="CASCADE"))
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    leased_until: Mapped[datetime | None]
    result_code: Mapped[int | None]
    result_text: Mapped[str] = mapped_column(sa.String(512), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    finished_at: Mapped[datetime | None]
