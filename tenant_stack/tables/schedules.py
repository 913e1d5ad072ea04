"""Tables of what attendance is computed by. Everything that changes over time is dated; nothing here is a result.

``definition`` columns hold the engine's dataclasses as plain JSON (see ``definitions``): durations and wall times in
whole seconds, rates as text. A version without a beginning is effective from PostgreSQL's ``-infinity``.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field as Limits
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from foundation.database import Identified, Json, Timestamped, column
from tenant_stack.tables.base import Base
from tenant_stack.text_types import Code, Text120, Text200, ZoneName

Latitude = Annotated[float, Limits(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Limits(ge=-180, le=180, allow_inf_nan=False)]


class NamedFields(SQLModel):
    """What people call something of the configuration; the code is unique among its kind."""

    code: Code = Field(unique=True)
    name: Text120


class SiteFields(NamedFields):
    """What people enter about a site."""

    zone: ZoneName
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class Site(SiteFields, Identified, Timestamped, Base, table=True):
    """A place of work: the zone its days are counted in, and its position in degrees if known."""

    __tablename__ = "sites"


class Shift(NamedFields, Identified, Timestamped, Base, table=True):
    """A shift by its code; what it is at a date is in its versions."""

    __tablename__ = "shifts"


class ShiftVersion(Identified, Base, table=True):
    """What a shift is for work dates from ``effective`` on, until the next version."""

    __tablename__ = "shift_versions"
    __table_args__ = (sa.UniqueConstraint("shift_id", "effective"),)

    owner_id: UUID = column(name="shift_id", foreign_key="shifts.id", ondelete="CASCADE")
    effective: date
    definition: dict[str, object] = column(Json)


class AssignmentFields(SQLModel):
    """An assignment as it is shown."""

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE")
    rotation: list[str | None] = column(Json)
    starts_on: date
    ends_on: date | None = None
    weekdays: list[int] | None = column(Json)
    anchor: date | None = None


class ShiftAssignment(AssignmentFields, Identified, Timestamped, Base, table=True):
    """A person's cycle of shift codes (None: a free day) over a span of dates, both included."""

    __tablename__ = "shift_assignments"
    __table_args__ = (
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
        sa.Index("ix_shift_assignments_staff_id_starts_on", "staff_id", "starts_on"),
    )


class RuleSetFields(NamedFields):
    """What people enter about a rule set beside its versions."""

    is_default: bool = column(default=False, server_default=sa.false())


class RuleSetRow(RuleSetFields, Identified, Timestamped, Base, table=True):
    """A rule set by its code. Exactly one is the organisation's default."""

    __tablename__ = "rule_sets"
    __table_args__ = (
        sa.Index("uq_rule_sets_is_default", "is_default", unique=True, postgresql_where=sa.text("is_default")),
    )


class RuleSetVersion(Identified, Base, table=True):
    """The rules for work dates from ``effective`` on, until the next version."""

    __tablename__ = "rule_set_versions"
    __table_args__ = (sa.UniqueConstraint("rule_set_id", "effective"),)

    owner_id: UUID = column(name="rule_set_id", foreign_key="rule_sets.id", ondelete="CASCADE")
    effective: date
    definition: dict[str, object] = column(Json)


HolidayOrigin = Literal["own", "library"]


class HolidayFields(SQLModel):
    """A holiday as it is shown."""

    day: date
    name: Text200
    site_id: UUID | None = Field(default=None, foreign_key="sites.id", ondelete="RESTRICT")
    origin: HolidayOrigin = column(sa.String(8), default="own", server_default="own")


class HolidayRow(HolidayFields, Identified, Base, table=True):
    """A holiday of a site, or of all (``site_id`` None). ``origin``: entered by people, or from the library."""

    __tablename__ = "holidays"
    __table_args__ = (
        sa.UniqueConstraint("day", "site_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("origin IN ('own', 'library')", name="origin"),
    )


class WeeklyOffRow(Identified, Base, table=True):
    """Weekdays off (0 = Monday) in a span of dates, of a site or of all sites that have none of their own then."""

    __tablename__ = "weekly_offs"
    __table_args__ = (sa.CheckConstraint("ends_on >= starts_on", name="span"),)

    weekdays: list[int] = column(Json)
    starts_on: date
    ends_on: date | None = None
    site_id: UUID | None = Field(default=None, foreign_key="sites.id", ondelete="RESTRICT")


class LeaveRow(Identified, Timestamped, Base, table=True):
    """Leave, or duty away from the clocks, of a person on a date. ``starts`` and ``ends``: wall seconds, for hours."""

    __tablename__ = "leaves"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "day"),
        sa.CheckConstraint("part IN ('full', 'first_half', 'second_half', 'hours')", name="part"),
        sa.CheckConstraint("kind IN ('leave', 'on_duty')", name="kind"),
    )

    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE")
    day: date
    part: str = Field(max_length=12)
    kind: str = Field(max_length=8)
    code: str = Field(max_length=40)
    starts: int | None = None
    ends: int | None = None
    note: str | None = column(sa.Text)


class OrganisationSetting(Base, table=True):
    """One setting of the organisation by name: ``default_shift``, ``period``."""

    __tablename__ = "organisation_settings"

    key: str = Field(max_length=40, primary_key=True)
    value: object = column(JSONB)
