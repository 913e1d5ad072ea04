"""Tables of accounts, roles, permissions, machine clients and the sign-in connection."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.base import Base


class User(Base, Identified, Timestamped):
    """Somebody who signs in; known by issuer and subject, never by e-mail."""

    __tablename__ = "users"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"),)

    issuer: Mapped[str] = mapped_column(sa.String(300))
    subject: Mapped[str] = mapped_column(sa.String(200))
    email: Mapped[str] = mapped_column(sa.String(254))
    name: Mapped[str] = mapped_column(sa.String(200), server_default="")
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    last_sign_in_at: Mapped[datetime | None]
    # The same person as somebody who punches: nobody approves their own attendance.
    staff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff.id", ondelete="SET NULL"))


class Role(Base, Identified):
    """A named set of permissions."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    title: Mapped[str] = mapped_column(sa.String(80))


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
    """A machine. ``secret_hash`` is SHA-256 in hex of a random secret of 256 bits, so it needs no slow hash."""

    __tablename__ = "oauth_clients"

    client_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    scopes: Mapped[list[str]]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


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
