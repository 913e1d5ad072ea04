"""Tables of webhooks: where events go, and each event's way there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, Timestamped, column
from tenant_stack.tables.base import Base


class Webhook(Identified, Timestamped, Base, table=True):
    """An address that is told of events. Its secrets are ciphertexts of OpenBao's, each bound to this row.

    ``previous_secret`` signs too until ``previous_until``, so that a receiver can change over without a gap.
    ``failing_since``: when the first of an unbroken row of failures was; long enough, and the webhook is disabled.
    """

    __tablename__ = "webhooks"

    name: str = Field(max_length=120)
    url: str = Field(max_length=500)
    events: list[str] = column(Json)
    active: bool = column(server_default=sa.true())
    disabled_reason: str = column(sa.Text, server_default="")
    secret: str = column(sa.Text)
    previous_secret: str | None = column(sa.Text)
    previous_until: datetime | None = column(Instant)
    secret_made_at: datetime = column(Instant, server_default=sa.func.now())
    failing_since: datetime | None = column(Instant)
    last_success_at: datetime | None = column(Instant)


class WebhookDelivery(Identified, Timestamped, Base, table=True):
    """One event on its way to one address; ``body`` is what is sent and signed, to the byte.

    ``began_at`` is when trying began: a day later it is given up. ``held_until``: a worker has it.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
        sa.Index("ix_webhook_deliveries_due", "next_at", postgresql_where=sa.text("state = 'waiting'")),
    )

    webhook_id: UUID = Field(foreign_key="webhooks.id", ondelete="CASCADE")
    event_id: UUID
    event: str = Field(max_length=40)
    body: str = column(sa.Text)
    state: str = column(server_default="waiting", max_length=12)
    attempts: int = column(server_default=sa.text("0"))
    began_at: datetime = column(Instant, server_default=sa.func.now())
    next_at: datetime = column(Instant, server_default=sa.func.now())
    held_until: datetime | None = column(Instant)
    last_status: int | None = None
    last_error: str = column(sa.Text, server_default="")
    last_at: datetime | None = column(Instant)
    milliseconds: int | None = None
    delivered_at: datetime | None = column(Instant)
