"""Tables of people and of their numbers on clocks."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.base import Base
from tenant_stack.punches.pins import NORMAL_PIN_SQL


class Staff(Base, Identified, Timestamped):
    """A person who punches. ``badge_pin`` and ``employee_pin`` are the PINs under which a clock may know them.

    Without a site they are counted in the organisation's zone; without a rule set by the default one.
    """

    __tablename__ = "staff"
    __table_args__ = (
        sa.CheckConstraint(
            "enrollment_status IN ('not_enrolled', 'pending', 'partial', 'enrolled')", name="enrollment_status"
        ),
        sa.Index("ix_staff_name_id", "name", "id"),
        sa.Index("ix_staff_badge_pin", "badge_pin"),
        sa.Index("ix_staff_employee_pin", "employee_pin"),
    )

    employee_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    badge_number: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    email: Mapped[str | None] = mapped_column(sa.String(254))
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    department: Mapped[str | None] = mapped_column(sa.String(120))
    job_title: Mapped[str | None] = mapped_column(sa.String(120))
    hired_on: Mapped[date | None]
    site_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sites.id", ondelete="RESTRICT"))
    rule_set_code: Mapped[str | None] = mapped_column(
        sa.String(40), sa.ForeignKey("rule_sets.code", onupdate="CASCADE", ondelete="RESTRICT")
    )
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    notes: Mapped[str | None] = mapped_column(sa.Text)
    enrollment_status: Mapped[str] = mapped_column(sa.String(16), server_default="not_enrolled")
    employee_pin: Mapped[str] = mapped_column(
        sa.String(64), sa.Computed(NORMAL_PIN_SQL.format(column="employee_id"), persisted=True)
    )
    badge_pin: Mapped[str | None] = mapped_column(
        sa.String(64), sa.Computed(NORMAL_PIN_SQL.format(column="badge_number"), persisted=True)
    )


class DeviceEnrollment(Base, Identified, Timestamped):
    """A PIN on a device: whose it is, and whether the device has confirmed it.

    ``staff_id`` is None for somebody whom the device knows and we do not (yet). ``origin`` says how the row came to be:
    ``assigned`` by a person here, ``matched_badge`` or ``matched_employee_id`` by the first punch, ``reported`` by the
    device's list of users.
    """

    __tablename__ = "device_enrollments"
    __table_args__ = (
        sa.UniqueConstraint("device_id", "pin"),
        sa.CheckConstraint("status IN ('pending', 'enrolled', 'failed', 'removing')", name="status"),
        sa.CheckConstraint("origin IN ('assigned', 'matched_badge', 'matched_employee_id', 'reported')", name="origin"),
        sa.Index("ix_device_enrollments_staff_id", "staff_id"),
    )

    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    pin: Mapped[str] = mapped_column(sa.String(24))
    staff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(sa.String(16), server_default="pending")
    origin: Mapped[str] = mapped_column(sa.String(24), server_default="assigned")
    message: Mapped[str] = mapped_column(sa.String(300), server_default="")
    reported_name: Mapped[str | None] = mapped_column(sa.String(48))
    reported_card: Mapped[int | None] = mapped_column(sa.BigInteger)
    confirmed_at: Mapped[datetime | None]
