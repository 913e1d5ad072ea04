"""Tables of accounts, roles, permissions, machine clients and the sign-in connection."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.base import Base

OPTIONAL_JSON = JSONB(none_as_null=True)


class User(Base, Identified, Timestamped):
    """Somebody who signs in; known by issuer and subject, never by e-mail.

    Somebody invited has neither yet: the first sign-in by the invitation's link sets them, once. ``sites`` (ids) and
    ``departments`` limit what the person sees and changes; None is no limit.
    """

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("issuer", "subject"),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity"),
    )

    issuer: Mapped[str | None] = mapped_column(sa.String(300))
    subject: Mapped[str | None] = mapped_column(sa.String(200))
    email: Mapped[str] = mapped_column(sa.String(254))
    name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    last_sign_in_at: Mapped[datetime | None]
    # The same person as somebody who punches: nobody approves their own attendance.
    staff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff.id", ondelete="SET NULL"))
    sites: Mapped[list[str] | None] = mapped_column(OPTIONAL_JSON)
    departments: Mapped[list[str] | None] = mapped_column(OPTIONAL_JSON)
    invitation_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    invitation_expires_at: Mapped[datetime | None]


class Role(Base, Identified):
    """A named set of permissions. Built-in ones stay as they are; organisations add their own."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    title: Mapped[str] = mapped_column(sa.String(80))
    built_in: Mapped[bool] = mapped_column(server_default=sa.false())


class Permission(Base, Identified):
    """One action on one resource."""

    __tablename__ = "permissions"
    __table_args__ = (sa.UniqueConstraint("resource", "action"),)

    resource: Mapped[str] = mapped_column(sa.String(24))
    action: Mapped[str] = mapped_column(sa.String(16))


class RolePermission(Base):
    __tablename__ = "role_permissions"

    role_id: Mapped[UUID] = mapped_column(sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)
    permission_id: Mapped[UUID] = mapped_column(sa.ForeignKey("permissions.id", ondelete="CASCADE"), primary_key=True)


class UserRole(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[UUID] = mapped_column(sa.ForeignKey("roles.id", ondelete="RESTRICT"), primary_key=True)


class OAuthClient(Base, Identified):
    """A machine. Whoever last set its scopes answers for them: it never may more than they may at that moment.

    ``granted_by`` is None for clients that the platform's operator made.
    """

    __tablename__ = "oauth_clients"

    client_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    scopes: Mapped[list[str]]
    granted_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="RESTRICT"))
    requests_per_minute: Mapped[int] = mapped_column(server_default=sa.text("600"))
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class ClientSecret(Base, Identified):
    """One of at most two valid secrets of a client: SHA-256 in hex of 256 random bits, so it needs no slow hash."""

    __tablename__ = "client_secrets"

    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("oauth_clients.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    last_used_at: Mapped[datetime | None]


class IdempotentCall(Base):
    """A change that a machine asked for under a key of its own, and what it was answered.

    Written in the transaction of the change, so the same key never has two effects; ``status`` is None until the answer
    is kept. Rows live 24 hours.
    """

    __tablename__ = "idempotent_calls"

    client_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None]
    media_type: Mapped[str] = mapped_column(sa.String(120), server_default="")
    body: Mapped[bytes] = mapped_column(server_default=sa.text("''::bytea"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), index=True)


class SignInConnectionRow(Base):
    """The one OpenID connection of the organisation; its client secret lies in OpenBao at ``secret_path``."""

    __tablename__ = "sign_in_connection"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, server_default=sa.text("1"))
    issuer: Mapped[str] = mapped_column(sa.String(300))
    client_id: Mapped[str] = mapped_column(sa.String(200))
    secret_path: Mapped[str] = mapped_column(sa.String(200))
    display_name: Mapped[str] = mapped_column(sa.String(80))
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), onupdate=sa.func.now())
