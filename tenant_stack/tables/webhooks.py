"""Tables of webhooks: where events go, and each event's way there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base


class Webhook(Base, Identified, Timestamped):
    """An address that is told of events. Its secrets are ciphertexts of OpenBao's, each bound to this row.

    ``previous_secret`` signs too until ``previous_until``, so that a receiver can change over without a gap.
    ``failing_since``: when the first of an unbroken row of failures was; long enough, and the webhook is disabled.
    """

    __tablename__ = "webhooks"

    name: Mapped[str] = mapped_column(sa.String(120))
    url: Mapped[str] = mapped_column(sa.String(500))
    events: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    disabled_reason: Mapped[str] = mapped_column(sa.Text, server_default="")
    secret: Mapped[str] = mapped_column(sa.Text)
    previous_secret: Mapped[str | None] = mapped_column(sa.Text)
    previous_until: Mapped[datetime | None]
    secret_made_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    failing_since: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]


class WebhookDelivery(Base, Identified, Timestamped):
    """One event on its way to one address; ``body`` is what is sent and signed, to the byte.

    ``began_at`` is when trying began: a day later it is given up. ``held_until``: a worker has it.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
        sa.Index("ix_webhook_deliveries_due", "next_at", postgresql_where=sa.text("state = 'waiting'")),
    )

    webhook_id: Mapped[UUID] = mapped_column(sa.ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    event: Mapped[str] = mapped_column(sa.String(40))
    body: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(12), server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default=sa.text("0"))
    began_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    next_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    held_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(sa.Text, server_default="")
    last_at: Mapped[datetime | None]
    milliseconds: Mapped[int | None]
    delivered_at: Mapped[datetime | None]
