"""Organisations and their steps."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, Relationship

from control_plane.phase import Desired, StepState
from control_plane.tables.base import Base
from foundation.database import Identified, Instant, Timestamped, column


class OrganisationStep(Base, table=True):
    """What was last seen of one step. ``message`` and ``advice`` are sentences for people.

    ``misses`` counts rounds in a row in which it was not satisfied; ``attempts`` counts applications since it last was.
    ``fingerprint`` tells which inputs were applied, for steps whose effect can't be read back.
    """

    __tablename__ = "organisation_steps"
    __table_args__ = (sa.CheckConstraint("state IN ('pending', 'ok', 'failed', 'unknown')", name="state_known"),)

    organisation_id: UUID = Field(foreign_key="organisations.id", ondelete="RESTRICT", primary_key=True)
    name: str = Field(max_length=40, primary_key=True)
    state: str = column(server_default=StepState.PENDING, max_length=16)
    message: str = column(sa.Text, server_default="")
    advice: str | None = column(sa.Text)
    attempts: int = column(server_default=sa.text("0"))
    misses: int = column(server_default=sa.text("0"))
    applied_generation: int = column(server_default=sa.text("0"))
    fingerprint: str = column(server_default="", max_length=64)
    started_at: datetime | None = column(Instant)
    checked_at: datetime | None = column(Instant)
    duration_ms: int | None = None


class Organisation(Identified, Timestamped, Base, table=True):
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

    slug: str = Field(max_length=40)
    name: str = Field(max_length=200)
    owner_email: str = Field(max_length=254)
    owner_name: str = column(server_default="", max_length=200)
    zone: str = column(server_default="UTC", max_length=64)
    desired: str = column(server_default=Desired.RUNNING, max_length=16)
    generation: int = column(server_default=sa.text("1"))
    observed_generation: int = column(server_default=sa.text("0"))
    release: str = column(server_default="", max_length=40)
    first_active_at: datetime | None = column(Instant)
    stuck_rounds: int = column(server_default=sa.text("0"))
    next_reconcile_at: datetime = column(Instant, server_default=sa.func.now())
    lease_token: int = column(sa.BigInteger, server_default=sa.text("0"))
    lease_until: datetime | None = column(Instant)

    steps: list[OrganisationStep] = Relationship(sa_relationship_kwargs={"lazy": "raise", "viewonly": True})
