"""Tables of payroll: own profiles, batches with their files, and what each batch paid."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, Timestamped, column, identity
from tenant_stack.tables.base import Base

STATES = ("queued", "done", "failed", "withdrawn")


class PayrollProfile(Identified, Timestamped, Base, table=True):
    """An organisation's own mapping profile; those that come ready are in `profiles`. ``version`` counts changes."""

    __tablename__ = "payroll_profiles"

    code: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=120)
    definition: dict[str, object] = column(Json)
    version: int = column(server_default=sa.text("1"))


class PayrollBatch(Identified, Timestamped, Base, table=True):
    """One export that counts as paid, and what it was made with; ``number`` is what people call it.

    ``definition`` is the profile as it was. ``withdrawn``: payroll never took it, so its lines are unpaid again.
    """

    __tablename__ = "payroll_batches"
    __table_args__ = (
        sa.CheckConstraint("state IN ('queued', 'done', 'failed', 'withdrawn')", name="state"),
        sa.CheckConstraint("ends_on >= starts_on", name="span"),
        sa.UniqueConstraint("made_by", "request_key"),
        sa.Index("ix_payroll_batches_queued", "id", postgresql_where=sa.text("state = 'queued'")),
    )

    number: int = identity(unique=True)
    state: str = column(server_default="queued", max_length=12)
    starts_on: date
    ends_on: date
    filters: dict[str, object] = column(Json, server_default=sa.text("'{}'"))
    unapproved: bool = column(server_default=sa.false())
    profile_code: str = Field(max_length=40)
    profile_name: str = Field(max_length=120)
    definition: dict[str, object] = column(Json)
    made_by: str = Field(max_length=80)
    made_name: str = Field(max_length=200)
    request_key: str | None = Field(default=None, max_length=100)
    file_name: str = column(server_default="", max_length=200)
    media_type: str = column(server_default="", max_length=80)
    sha256: str = column(server_default="", max_length=64)
    size: int = column(server_default=sa.text("0"))
    rows: int = column(server_default=sa.text("0"))
    people: int = column(server_default=sa.text("0"))
    differences: bool = column(server_default=sa.false())
    totals: list[dict[str, object]] = column(Json, server_default=sa.text("'[]'"))
    warnings: list[str] = column(Json, server_default=sa.text("'[]'"))
    error: str = column(sa.Text, server_default="")
    done_at: datetime | None = column(Instant)
    withdrawn_name: str = column(server_default="", max_length=200)
    withdrawn_at: datetime | None = column(Instant)
    withdrawn_reason: str = column(sa.Text, server_default="")


class PayrollFile(Base, table=True):
    """The file of a batch, byte for byte as it was made."""

    __tablename__ = "payroll_files"

    batch_id: UUID = Field(foreign_key="payroll_batches.id", ondelete="CASCADE", primary_key=True)
    content: bytes = column(sa.LargeBinary)


class PayrollPaid(Base, table=True):
    """What a batch paid of one person and day: ``amounts`` are differences, each with code, kind, rate and unit.

    ``carried_in``: the period in which a correction of a closed day is paid; None for the days of the batch itself.
    """

    __tablename__ = "payroll_paid"
    __table_args__ = (sa.Index("ix_payroll_paid_staff_id_work_date", "staff_id", "work_date"),)

    id: int = identity(primary_key=True)
    batch_id: UUID = Field(foreign_key="payroll_batches.id", ondelete="RESTRICT", index=True)
    staff_id: UUID = Field(foreign_key="staff.id", ondelete="RESTRICT")
    work_date: date
    carried_in: UUID | None = Field(default=None, foreign_key="attendance_periods.id", ondelete="RESTRICT")
    amounts: list[dict[str, object]] = column(Json)
