"""Tables of payroll: own profiles, batches with their files, and what each batch paid."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base

STATES = ("queued", "done", "failed", "withdrawn")


class PayrollProfile(Base, Identified, Timestamped):
    """An organisation's own mapping profile; those that come ready are in `profiles`. ``version`` counts changes."""

    __tablename__ = "payroll_profiles"

    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    definition: Mapped[dict[str, object]]
    version: Mapped[int] = mapped_column(server_default=sa.text("1"))


class PayrollBatch(Base, Identified, Timestamped):
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

    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), unique=True)
    state: Mapped[str] = mapped_column(sa.String(12), server_default="queued")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    filters: Mapped[dict[str, object]] = mapped_column(server_default=sa.text("'{}'"))
    unapproved: Mapped[bool] = mapped_column(server_default=sa.false())
    profile_code: Mapped[str] = mapped_column(sa.String(40))
    profile_name: Mapped[str] = mapped_column(sa.String(120))
    definition: Mapped[dict[str, object]]
    made_by: Mapped[str] = mapped_column(sa.String(80))
    made_name: Mapped[str] = mapped_column(sa.String(200))
    request_key: Mapped[str | None] = mapped_column(sa.String(100))
    file_name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    media_type: Mapped[str] = mapped_column(sa.String(80), server_default="")
    sha256: Mapped[str] = mapped_column(sa.String(64), server_default="")
    size: Mapped[int] = mapped_column(server_default=sa.text("0"))
    rows: Mapped[int] = mapped_column(server_default=sa.text("0"))
    people: Mapped[int] = mapped_column(server_default=sa.text("0"))
    differences: Mapped[bool] = mapped_column(server_default=sa.false())
    totals: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default=sa.text("'[]'"))
    warnings: Mapped[list[str]] = mapped_column(server_default=sa.text("'[]'"))
    error: Mapped[str] = mapped_column(sa.Text, server_default="")
    done_at: Mapped[datetime | None]
    withdrawn_name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(sa.Text, server_default="")


class PayrollFile(Base):
    """The file of a batch, byte for byte as it was made."""

    __tablename__ = "payroll_files"

    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payroll_batches.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes]


class PayrollPaid(Base):
    """What a batch paid of one person and day: ``amounts`` are differences, each with code, kind, rate and unit.

    ``carried_in``: the period in which a correction of a closed day is paid; None for the days of the batch itself.
    """

    __tablename__ = "payroll_paid"
    __table_args__ = (sa.Index("ix_payroll_paid_staff_id_work_date", "staff_id", "work_date"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payroll_batches.id", ondelete="RESTRICT"), index=True)
    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="RESTRICT"))
    work_date: Mapped[date]
    carried_in: Mapped[UUID | None] = mapped_column(sa.ForeignKey("attendance_periods.id", ondelete="RESTRICT"))
    amounts: Mapped[list[dict[str, object]]] = mapped_column(JSONB)
