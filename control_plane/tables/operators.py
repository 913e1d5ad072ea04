"""Accounts of operators and of the machines that act for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from control_plane.tables.base import Base
from foundation.database import Identified, Instant, Json, Timestamped, column


class Operator(Identified, Timestamped, Base, table=True):
    """A person who runs the platform, known by issuer and subject; e-mail and name are only shown."""

    __tablename__ = "operators"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject", name="uq_operators_issuer_subject"),)

    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=255)
    email: str = column(server_default="", max_length=254)
    name: str = column(server_default="", max_length=200)
    active: bool = column(server_default=sa.true())
    last_sign_in_at: datetime | None = column(Instant)


class OAuthClient(Identified, Timestamped, Base, table=True):
    """A machine. Only the SHA-256 of its secret is kept: secrets are long and random, so a slow hash adds nothing."""

    __tablename__ = "oauth_clients"
    __table_args__ = (sa.UniqueConstraint("client_id", name="uq_oauth_clients_client_id"),)

    client_id: str = Field(max_length=80)
    name: str = Field(max_length=120)
    secret_sha256: str = Field(max_length=64)
    scopes: list[str] = column(Json)
    active: bool = column(server_default=sa.true())
    last_used_at: datetime | None = column(Instant)


class AuditAnchor(Base, table=True):
    """A line of an organisation's audit chain as it was seen: whoever cuts or rewrites the chain can't reach this.

    Rows are only inserted. ``hash`` is SHA-256 in hex.
    """

    __tablename__ = "audit_anchors"

    organisation_id: UUID = Field(foreign_key="organisations.id", ondelete="RESTRICT", primary_key=True)
    number: int = column(sa.BigInteger, autoincrement=False, primary_key=True)
    hash: str = Field(max_length=64)
    taken_at: datetime = column(Instant, server_default=sa.func.now())
