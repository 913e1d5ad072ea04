"""The table of conflicts between clocks and us."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified
from tenant_stack.tables.base import Base


class ConflictRow(Base, Identified):
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

    kind: Mapped[str] = mapped_column(sa.String(24))
    enrollment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("device_enrollments.id", ondelete="CASCADE"), index=True)
    device_id: Mapped[UUID] = mapped_column(sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff.id", ondelete="SET NULL"))
    pin: Mapped[str] = mapped_column(sa.String(24))
    fields: Mapped[list[str]]
    agreed: Mapped[dict[str, object] | None]
    ours: Mapped[dict[str, object] | None]
    theirs: Mapped[dict[str, object]]
    ours_at: Mapped[datetime | None]
    theirs_at: Mapped[datetime]
    rule: Mapped[str] = mapped_column(sa.String(300))
    automatic: Mapped[bool] = mapped_column(server_default=sa.false())
    taken: Mapped[str | None] = mapped_column(sa.String(8))
    result: Mapped[dict[str, object] | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str] = mapped_column(sa.String(200), server_default="")
    before: Mapped[dict[str, object] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
