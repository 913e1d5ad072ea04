"""Tables of people and of their numbers on clocks."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.pins import NORMAL_PIN_SQL
from tenant_stack.tables.base import Base


class Staff(Base, Identified, Timestamped):
    """A person who punches. ``badge_pin`` and ``employee_pin`` are the PINs under which a clock may know them.

    ``card_number`` is the card that clocks are told; without one a badge of digits serves. ``clock_facts_at`` is when
    something last changed that clocks are told (name, card): the time of our side when a clock says something else.

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
    card_number: Mapped[int | None] = mapped_column(sa.BigInteger)
    clock_facts_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
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
    ``assigned`` by a person here, ``group`` by a device group, ``matched_badge`` or ``matched_employee_id`` by the
    first punch, ``matched_device`` by the same number and name on another clock, ``adopted`` by a person who knew
    whose it was, ``reported`` by the device's list of users.

    ``by_hand`` and ``by_group`` say who wants them there; a row that neither wants is only observed. A row is never
    deleted when its person leaves the clock (``removed``): late punches of that number are still theirs.

    Three pairs of facts (name, card, privilege) are compared, see `tenant_stack.people.enrollments.person_merge`:
    ``agreed`` is what we held when clock and we last said the same, ``seen`` what the clock said that has been dealt
    with, ``sent`` what it was asked to hold. ``facts_at``: what changed here since then may have to be sent.
    ``written_at``: the clock said that it has done so; what it reports after that is its confirmation. ``listed_at``:
    on its newest whole list. ``retry_at``: when what failed for a cause that may pass is sent again; ``retries``: how
    often it has been. ``on_device`` is None while the clock has not said. ``kept_apart``: the number alone shall not
    make them anybody.
    """

    __tablename__ = "device_enrollments"
    __table_args__ = (
        sa.UniqueConstraint("device_id", "pin"),
        sa.CheckConstraint("status IN ('pending', 'enrolled', 'failed', 'removing', 'removed')", name="status"),
        sa.CheckConstraint(
            "origin IN ('assigned', 'group', 'matched_badge', 'matched_employee_id', 'matched_device', 'adopted', "
            "'reported')",
            name="origin",
        ),
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
    reported_privilege: Mapped[int | None] = mapped_column(sa.SmallInteger)
    reported_at: Mapped[datetime | None]
    by_hand: Mapped[bool] = mapped_column(server_default=sa.false())
    by_group: Mapped[bool] = mapped_column(server_default=sa.false())
    privilege: Mapped[int] = mapped_column(sa.SmallInteger, server_default=sa.text("0"))
    on_device: Mapped[bool | None]
    kept_apart: Mapped[bool] = mapped_column(server_default=sa.false())
    listed_at: Mapped[datetime | None]
    agreed: Mapped[dict[str, object] | None]
    seen: Mapped[dict[str, object] | None]
    sent: Mapped[dict[str, object] | None]
    facts_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    written_at: Mapped[datetime | None]
    retries: Mapped[int] = mapped_column(sa.SmallInteger, server_default=sa.text("0"))
    retry_at: Mapped[datetime | None]


class DeviceList(Base):
    """The newest whole list of users of a device. It proves absence only once the device's own count agreed with it."""

    __tablename__ = "device_lists"

    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    taken_at: Mapped[datetime]
    people: Mapped[int]
    verified_at: Mapped[datetime | None]
