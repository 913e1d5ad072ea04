"""Tables of accounts, roles, permissions, machine clients and the sign-in connection."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base

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
    # The link's secret, encrypted, until the worker has mailed it; and what came of the mail.
    invitation_sealed: Mapped[str | None] = mapped_column(sa.Text)
    invitation_mail: Mapped[str] = mapped_column(sa.String(8), server_default="")


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
    # Given at sign-in because of a group at the provider, and taken again when the group is gone.
    by_group: Mapped[bool] = mapped_column(server_default=sa.false())


class LinkedIdentity(Base):
    """A further identity of a user, at the provider that the organisation changed to; the first is in ``users``."""

    __tablename__ = "linked_identities"

    issuer: Mapped[str] = mapped_column(sa.String(300), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


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
    """The OpenID connection that the platform gave; its client secret lies in OpenBao at ``secret_path``.

    It is used while the organisation has no active connection of its own (`OwnConnection`).
    """

    __tablename__ = "sign_in_connection"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, server_default=sa.text("1"))
    issuer: Mapped[str] = mapped_column(sa.String(300))
    client_id: Mapped[str] = mapped_column(sa.String(200))
    secret_path: Mapped[str] = mapped_column(sa.String(200))
    display_name: Mapped[str] = mapped_column(sa.String(80))
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), onupdate=sa.func.now())


class OwnConnection(Base, Identified):
    """An OpenID connection of the organisation's own: a draft, the active one, or the one before it.

    ``sealed_secret`` is the client secret, encrypted for this row. A draft is replaced by a new row whenever it is
    changed, so what a test found (``report``, ``tested_…``) belongs to exactly these values. ``tested_at`` is set only
    when everything in the report passed. ``group_roles`` maps the provider's groups to names of roles.
    """

    __tablename__ = "own_connections"
    __table_args__ = (
        sa.UniqueConstraint("state", deferrable=True, initially="DEFERRED"),  # two of them change places
        sa.CheckConstraint("state IN ('draft', 'active', 'former')", name="state"),
    )

    state: Mapped[str] = mapped_column(sa.String(8))
    issuer: Mapped[str] = mapped_column(sa.String(300))
    client_id: Mapped[str] = mapped_column(sa.String(200))
    sealed_secret: Mapped[str] = mapped_column(sa.Text)
    display_name: Mapped[str] = mapped_column(sa.String(80))
    allowed_domains: Mapped[list[str]] = mapped_column(JSONB)
    group_claim: Mapped[str] = mapped_column(sa.String(64))
    group_roles: Mapped[dict[str, str]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    activated_at: Mapped[datetime | None]
    report: Mapped[list[dict[str, str]] | None] = mapped_column(OPTIONAL_JSON)
    tested_at: Mapped[datetime | None]
    tested_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    tested_subject: Mapped[str | None] = mapped_column(sa.String(200))


class BreakGlass(Base):
    """The one way in without the provider: an owner's name, password and one-time code.

    ``sealed`` is the password's hash and the TOTP secret, encrypted for this user. ``recovery`` are SHA-256 digests of
    codes not used yet (80 random bits each, so they need no slow hash). ``last_step`` is the newest TOTP step used:
    no code counts twice. It opens nothing until ``confirmed_at``.
    """

    __tablename__ = "break_glass"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, server_default=sa.text("1"))
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(64))
    sealed: Mapped[str] = mapped_column(sa.Text)
    recovery: Mapped[list[str]] = mapped_column(JSONB)
    last_step: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
