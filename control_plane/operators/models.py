"""Accounts of operators and of the machines that act for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.organisations.models import Base
from foundation.database import Identified, Timestamped


class Operator(Identified, Timestamped, Base):
    """A person who runs the platform, known by issuer and subject; e-mail and name are only shown."""

    __tablename__ = "operators"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject", name="uq_operators_issuer_subject"),)

    issuer: Mapped[str] = mapped_column(sa.String(300))
    subject: Mapped[str] = mapped_column(sa.String(255))
    email: Mapped[str] = mapped_column(sa.String(254), server_default="")
    name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    last_sign_in_at: Mapped[datetime | None]


class OAuthClient(Identified, Timestamped, Base):
    """A machine. Only the SHA-256 of its secret is kept: secrets are long and random, so a slow hash adds nothing."""

    __tablename__ = "oauth_clients"
    __table_args__ = (sa.UniqueConstraint("client_id", name="uq_oauth_clients_client_id"),)

    client_id: Mapped[str] = mapped_column(sa.String(80))
    name: Mapped[str] = mapped_column(sa.String(120))
    secret_sha256: Mapped[str] = mapped_column(sa.String(64))
    scopes: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    last_used_at: Mapped[datetime | None]


class AuditAnchor(Base):
    """A line of an organisation's audit chain as it was seen: whoever cuts or rewrites the chain can't reach this.

    Rows are only inserted. ``hash`` is SHA-256 in hex.
    """

    __tablename__ = "audit_anchors"

    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("organisations.id", ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(sa.String(64))
    taken_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
