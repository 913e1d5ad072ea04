"""Tables of what attendance is computed by. Everything that changes over time is dated; nothing here is a result.

``definition`` columns hold the engine's dataclasses as plain JSON (see ``definitions``): durations and wall times in
whole seconds, rates as text. A version without a beginning is effective from PostgreSQL's ``-infinity``.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base

OPTIONAL_JSON = JSONB(none_as_null=True)


class Site(Base, Identified, Timestamped):
    """A place of work: the zone its days are counted in, and its position in degrees if known."""

    __tablename__ = "sites"

    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    zone: Mapped[str] = mapped_column(sa.String(64))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class Shift(Base, Identified, Timestamped):
    """A shift by its code; what it is at a date is in its versions."""

    __tablename__ = "shifts"

    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))


class ShiftVersion(Base, Identified):
    """What a shift is for work dates from ``effective`` on, until the next version."""

    __tablename__ = "shift_versions"
    __table_args__ = (sa.UniqueConstraint("shift_id", "effective"),)

    owner_id: Mapped[UUID] = mapped_column("shift_id", sa.ForeignKey("shifts.id", ondelete="CASCADE"))
    effective: Mapped[date]
    definition: Mapped[dict[str, object]]


class ShiftAssignment(Base, Identified, Timestamped):
    """A person's cycle of shift codes (None: a free day) over a span of dates, both included."""

    __tablename__ = "shift_assignments"
    __table_args__ = (
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
        sa.Index("ix_shift_assignments_staff_id_starts_on", "staff_id", "starts_on"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))
    rotation: Mapped[list[str | None]] = mapped_column(JSONB)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    weekdays: Mapped[list[int] | None] = mapped_column(OPTIONAL_JSON)
    anchor: Mapped[date | None]


class RuleSetRow(Base, Identified, Timestamped):
    """A rule set by its code. Exactly one is the organisation's default."""

    __tablename__ = "rule_sets"
    __table_args__ = (
        sa.Index("uq_rule_sets_is_default", "is_default", unique=True, postgresql_where=sa.text("is_default")),
    )

    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    is_default: Mapped[bool] = mapped_column(server_default=sa.false())


class RuleSetVersion(Base, Identified):
    """The rules for work dates from ``effective`` on, until the next version."""

    __tablename__ = "rule_set_versions"
    __table_args__ = (sa.UniqueConstraint("rule_set_id", "effective"),)

    owner_id: Mapped[UUID] = mapped_column("rule_set_id", sa.ForeignKey("rule_sets.id", ondelete="CASCADE"))
    effective: Mapped[date]
    definition: Mapped[dict[str, object]]


class HolidayRow(Base, Identified):
    """A holiday of a site, or of all (``site_id`` None). ``origin``: entered by people, or from the library."""

    __tablename__ = "holidays"
    __table_args__ = (
        sa.UniqueConstraint("day", "site_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("origin IN ('own', 'library')", name="origin"),
    )

    day: Mapped[date]
    name: Mapped[str] = mapped_column(sa.String(200))
    site_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sites.id", ondelete="RESTRICT"))
    origin: Mapped[str] = mapped_column(sa.String(8), server_default="own")


class WeeklyOffRow(Base, Identified):
    """Weekdays off (0 = Monday) in a span of dates, of a site or of all sites that have none of their own then."""

    __tablename__ = "weekly_offs"
    __table_args__ = (sa.CheckConstraint("ends_on >= starts_on", name="span"),)

    weekdays: Mapped[list[int]] = mapped_column(JSONB)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    site_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("sites.id", ondelete="RESTRICT"))


class LeaveRow(Base, Identified, Timestamped):
    """Leave, or duty away from the clocks, of a person on a date. ``starts`` and ``ends``: wall seconds, for hours."""

    __tablename__ = "leaves"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "day"),
        sa.CheckConstraint("part IN ('full', 'first_half', 'second_half', 'hours')", name="part"),
        sa.CheckConstraint("kind IN ('leave', 'on_duty')", name="kind"),
    )

    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))
    day: Mapped[date]
    part: Mapped[str] = mapped_column(sa.String(12))
    kind: Mapped[str] = mapped_column(sa.String(8))
    code: Mapped[str] = mapped_column(sa.String(40))
    starts: Mapped[int | None]
    ends: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(sa.Text)


class OrganisationSetting(Base):
    """One setting of the organisation by name: ``default_shift``, ``period``."""

    __tablename__ = "organisation_settings"

    key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[object] = mapped_column(JSONB)
