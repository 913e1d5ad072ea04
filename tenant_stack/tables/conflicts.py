"""The table of conflicts between clocks and us."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, column
from tenant_stack.tables.base import Base


class ConflictRow(Identified, Base, table=True):
    """A clock and we said different things of one number; both sides are kept whatever was decided.

    ``kind``: ``changed_at_clock`` (only the clock changed), ``changed_on_both``, ``pin_collision`` (one number, two
    names). ``agreed``, ``ours``, ``theirs`` and ``result`` are facts of a person (name, card, privilege);
    ``fields`` are those that differed. ``rule`` is the sentence that decided. ``before`` is what a decision changed,
    as it was, for 24 hours of undoing.
    """

    __tablename__ = "conflicts"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('changed_at_clock', 'changed_on_both', 'pin_collision')", name="kind"),
        sa.CheckConstraint("taken IN ('ours', 'device', 'value', 'mixed')", name="taken"),
        sa.Index("ix_conflicts_created_at_id", "created_at", "id"),
        sa.Index("ix_conflicts_staff_id", "staff_id"),
        # One open question for a number on a clock.
        sa.Index("uq_conflicts_open", "enrollment_id", unique=True, postgresql_where=sa.text("resolved_at IS NULL")),
    )

    kind: str = Field(max_length=24)
    enrollment_id: UUID = Field(foreign_key="device_enrollments.id", ondelete="CASCADE", index=True)
    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE", index=True)
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    pin: str = Field(max_length=24)
    fields: list[str] = column(Json)
    agreed: dict[str, object] | None = column(Json)
    ours: dict[str, object] | None = column(Json)
    theirs: dict[str, object] = column(Json)
    ours_at: datetime | None = column(Instant)
    theirs_at: datetime = column(Instant)
    rule: str = Field(max_length=300)
    automatic: bool = column(server_default=sa.false())
    taken: str | None = Field(default=None, max_length=8)
    result: dict[str, object] | None = column(Json)
    resolved_at: datetime | None = column(Instant)
    resolved_by: str = column(server_default="", max_length=200)
    before: dict[str, object] | None = column(Json)
    created_at: datetime = column(Instant, server_default=sa.func.now())
