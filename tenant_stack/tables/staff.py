"""Tables of people and of their numbers on clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from foundation.database import Identified, Instant, Json, Timestamped, column
from tenant_stack.pins import NORMAL_PIN_SQL
from tenant_stack.tables.base import Base
from tenant_stack.text_types import BlankIsNone, Email, Notes, Text40, Text64, Text120, Text200


@dataclass(frozen=True)
class Cell:
    """A field in a file of people: the title of its column, other headers that mean it, and its name if it has another.

    Headers are compared without spaces, signs and capitals.
    """

    title: str
    headers: str
    name: str = ""


class StaffFields(SQLModel):
    """What people enter about a person: the declaration that table, form, view and files of people share."""

    employee_id: Annotated[
        Text64,
        Cell(
            "Employee number",
            "employeeid employeeno employeecode empid empno empcode empnumber staffid staffno staffnumber staffcode "
            "personnelnumber personnelno payrollnumber payrollid id number no userid",
        ),
    ] = Field(unique=True)
    name: Annotated[Text200, Cell("Name", "fullname employeename staffname displayname employee person")]
    badge_number: Annotated[
        Text64 | None, BlankIsNone, Cell("Badge number", "badge badgeno badgeid pin clocknumber clockid")
    ] = Field(default=None, unique=True)
    card_number: Annotated[
        Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None,
        BlankIsNone,
        Cell("Card number on clocks", "card cardno cardid cardnumber rfid"),
    ] = column(sa.BigInteger)
    email: Annotated[Email | None, BlankIsNone, Cell("E-mail", "email emailaddress mail workemail")] = None
    phone: Annotated[
        Text40 | None, BlankIsNone, Cell("Phone", "phonenumber telephone tel mobile mobilenumber cell cellphone")
    ] = None
    department: Annotated[Text120 | None, BlankIsNone, Cell("Department", "dept departmentname team division")] = None
    job_title: Annotated[
        Text120 | None, BlankIsNone, Cell("Job title", "title position role jobposition designation jobname")
    ] = None
    hired_on: Annotated[
        date | None,
        Cell("Hired on", "hiredon hiredate hired startdate joiningdate joined dateofjoining joindate employedsince"),
    ] = None
    site_id: Annotated[
        UUID | None, Cell("Site", "sitename sitecode sitename location branch office workplace siteid", "site")
    ] = Field(default=None, foreign_key="sites.id", ondelete="RESTRICT")
    rule_set_code: Annotated[Text40 | None, BlankIsNone, Cell("Rules", "ruleset rulesetcode rules", "rule_set")] = (
        column(sa.ForeignKey("rule_sets.code", onupdate="CASCADE", ondelete="RESTRICT"))
    )
    active: Annotated[bool, Cell("Active", "isactive status state enabled employed")] = column(
        default=True, server_default=sa.true()
    )
    notes: Annotated[Notes | None, BlankIsNone, Cell("Notes", "note comment comments remark remarks")] = column(sa.Text)


class Staff(StaffFields, Identified, Timestamped, Base, table=True):
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

    clock_facts_at: datetime = column(Instant, server_default=sa.func.now())
    enrollment_status: str = column(server_default="not_enrolled", max_length=16)
    employee_pin: str = column(sa.Computed(NORMAL_PIN_SQL.format(column="employee_id"), persisted=True), max_length=64)
    badge_pin: str | None = column(
        sa.Computed(NORMAL_PIN_SQL.format(column="badge_number"), persisted=True), max_length=64
    )


class DeviceEnrollment(Identified, Timestamped, Base, table=True):
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

    device_id: UUID = Field(foreign_key="devices.id", ondelete="RESTRICT")
    pin: str = Field(max_length=24)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", ondelete="RESTRICT")
    status: str = column(server_default="pending", max_length=16)
    origin: str = column(server_default="assigned", max_length=24)
    message: str = column(server_default="", max_length=300)
    reported_name: str | None = Field(default=None, max_length=48)
    reported_card: int | None = column(sa.BigInteger)
    confirmed_at: datetime | None = column(Instant)
    reported_privilege: int | None = column(sa.SmallInteger)
    reported_at: datetime | None = column(Instant)
    by_hand: bool = column(server_default=sa.false())
    by_group: bool = column(server_default=sa.false())
    privilege: int = column(sa.SmallInteger, server_default=sa.text("0"))
    on_device: bool | None = None
    kept_apart: bool = column(server_default=sa.false())
    listed_at: datetime | None = column(Instant)
    agreed: dict[str, object] | None = column(Json)
    seen: dict[str, object] | None = column(Json)
    sent: dict[str, object] | None = column(Json)
    facts_at: datetime | None = column(Instant)
    sent_at: datetime | None = column(Instant)
    written_at: datetime | None = column(Instant)
    retries: int = column(sa.SmallInteger, server_default=sa.text("0"))
    retry_at: datetime | None = column(Instant)


class DeviceList(Base, table=True):
    """The newest whole list of users of a device. It proves absence only once the device's own count agreed with it."""

    __tablename__ = "device_lists"

    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE", primary_key=True)
    taken_at: datetime = column(Instant)
    people: int
    verified_at: datetime | None = column(Instant)
