"""Tables of the control plane: organisations and their steps, the audit trail and the outbox."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.organisations.phase import Desired, StepState
from foundation.audit import AuditColumns
from foundation.database import NAMING_CONVENTION, Identified, Model, Timestamped
from foundation.outbox import OutboxColumns


class Base(Model):
    """Everything in the control database."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)


class Organisation(Identified, Timestamped, Base):
    """What was asked of an organisation, and the lease under which one worker may act on it.

    ``lease_token`` rises with every claim; a write that carries an older one changes nothing. The row outlives
    everything else of the organisation, so a slug is never used twice.
    """

    __tablename__ = "organisations"
    __table_args__ = (
        sa.CheckConstraint("desired IN ('running', 'suspended', 'erased')", name="desired_known"),
        sa.CheckConstraint("observed_generation <= generation", name="observed_not_ahead"),
        sa.UniqueConstraint("slug", name="uq_organisations_slug"),
        sa.Index("ix_organisations_next_reconcile_at", "next_reconcile_at"),
    )

    slug: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(200))
    owner_email: Mapped[str] = mapped_column(sa.String(254))
    owner_name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    zone: Mapped[str] = mapped_column(sa.String(64), server_default="UTC")
    desired: Mapped[str] = mapped_column(sa.String(16), server_default=Desired.RUNNING)
    generation: Mapped[int] = mapped_column(server_default=sa.text("1"))
    observed_generation: Mapped[int] = mapped_column(server_default=sa.text("0"))
    release: Mapped[str] = mapped_column(sa.String(40), server_default="")
    first_active_at: Mapped[datetime | None]
    stuck_rounds: Mapped[int] = mapped_column(server_default=sa.text("0"))
    next_reconcile_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    lease_token: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    lease_until: Mapped[datetime | None]

    steps: Mapped[list[OrganisationStep]] = relationship(lazy="raise", viewonly=True)


class OrganisationStep(Base):
    """What was last seen of one step. ``message`` and ``advice`` are sentences for people.

    ``misses`` counts rounds in a row in which it was not satisfied; ``attempts`` counts applications since it last was.
    ``fingerprint`` tells which inputs were applied, for steps whose effect can't be read back.
    """

    __tablename__ = "organisation_steps"
    __table_args__ = (sa.CheckConstraint("state IN ('pending', 'ok', 'failed', 'unknown')", name="state_known"),)

    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("organisations.id", ondelete="RESTRICT"), primary_key=True
    )
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(16), server_default=StepState.PENDING)
    message: Mapped[str] = mapped_column(sa.Text, server_default="")
    advice: Mapped[str | None] = mapped_column(sa.Text)
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    misses: Mapped[int] = mapped_column(server_default=sa.text("0"))
    applied_generation: Mapped[int] = mapped_column(server_default=sa.text("0"))
    fingerprint: Mapped[str] = mapped_column(sa.String(64), server_default="")
    started_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]


class AuditEntry(AuditColumns, Base):
    """Who did what on the platform. Rows are only inserted."""

    __tablename__ = "audit_log"


class OutboxEntry(OutboxColumns, Base):
    """What must still happen because of a committed change."""

    __tablename__ = "outbox"
