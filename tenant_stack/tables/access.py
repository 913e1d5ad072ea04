"""Tables of accounts, roles, permissions, machine clients and the sign-in connection."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from foundation.database import Identified, Instant, Json, Timestamped, column
from tenant_stack.tables.base import Base

OPTIONAL_JSON = JSONB(none_as_null=True)


class User(Identified, Timestamped, Base, table=True):
    """Somebody who signs in; known by issuer and subject, never by e-mail.

    Somebody invited has neither yet: the first sign-in by the invitation's link sets them, once. ``sites`` (ids) and
    ``departments`` limit what the person sees and changes; None is no limit.
    """

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("issuer", "subject"),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity"),
    )

    issuer: str | None = Field(default=None, max_length=300)
    subject: str | None = Field(default=None, max_length=200)
    email: str = Field(max_length=254)
    name: str = column(server_default="", max_length=200)
    active: bool = column(server_default=sa.true())
    last_sign_in_at: datetime | None = column(Instant)
    # The same person as somebody who punches: nobody approves their own attendance.
    staff_id: UUID | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    sites: list[str] | None = column(Json)
    departments: list[str] | None = column(Json)
    invitation_hash: str | None = Field(default=None, max_length=64, unique=True)
    invitation_expires_at: datetime | None = column(Instant)
    # The link's secret, encrypted, until the worker has mailed it; and what came of the mail.
    invitation_sealed: str | None = column(sa.Text)
    invitation_mail: str = column(server_default="", max_length=8)


class Role(Identified, Base, table=True):
    """A named set of permissions. Built-in ones stay as they are; organisations add their own."""

    __tablename__ = "roles"

    name: str = Field(max_length=40, unique=True)
    title: str = Field(max_length=80)
    built_in: bool = column(server_default=sa.false())


class Permission(Identified, Base, table=True):
    """One action on one resource."""

    __tablename__ = "permissions"
    __table_args__ = (sa.UniqueConstraint("resource", "action"),)

    resource: str = Field(max_length=24)
    action: str = Field(max_length=16)


class RolePermission(Base, table=True):
    __tablename__ = "role_permissions"

    role_id: UUID = Field(foreign_key="roles.id", ondelete="CASCADE", primary_key=True)
    permission_id: UUID = Field(foreign_key="permissions.id", ondelete="CASCADE", primary_key=True)


class UserRole(Base, table=True):
    __tablename__ = "user_roles"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", primary_key=True)
    role_id: UUID = Field(foreign_key="roles.id", ondelete="RESTRICT", primary_key=True)
    # Given at sign-in because of a group at the provider, and taken again when the group is gone.
    by_group: bool = column(server_default=sa.false())


class LinkedIdentity(Base, table=True):
    """A further identity of a user, at the provider that the organisation changed to; the first is in ``users``."""

    __tablename__ = "linked_identities"

    issuer: str = Field(max_length=300, primary_key=True)
    subject: str = Field(max_length=200, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    linked_at: datetime = column(Instant, server_default=sa.func.now())


class OAuthClient(Identified, Base, table=True):
    """A machine. Whoever last set its scopes answers for them: it never may more than they may at that moment.

    ``granted_by`` is None for clients that the platform's operator made.
    """

    __tablename__ = "oauth_clients"

    client_id: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=120)
    scopes: list[str] = column(Json)
    granted_by: UUID | None = Field(default=None, foreign_key="users.id", ondelete="RESTRICT")
    requests_per_minute: int = column(server_default=sa.text("600"))
    revoked_at: datetime | None = column(Instant)
    last_used_at: datetime | None = column(Instant)
    created_at: datetime = column(Instant, server_default=sa.func.now())


class ClientSecret(Identified, Base, table=True):
    """One of at most two valid secrets of a client: SHA-256 in hex of 256 random bits, so it needs no slow hash."""

    __tablename__ = "client_secrets"

    owner_id: UUID = Field(foreign_key="oauth_clients.id", ondelete="CASCADE", index=True)
    digest: str = Field(max_length=64)
    created_at: datetime = column(Instant, server_default=sa.func.now())
    last_used_at: datetime | None = column(Instant)


class IdempotentCall(Base, table=True):
    """A change that a machine asked for under a key of its own, and what it was answered.

    Written in the transaction of the change, so the same key never has two effects; ``status`` is None until the answer
    is kept. Rows live 24 hours.
    """

    __tablename__ = "idempotent_calls"

    client_id: str = Field(max_length=64, primary_key=True)
    key: str = Field(max_length=128, primary_key=True)
    digest: str = Field(max_length=64)
    status: int | None = None
    media_type: str = column(server_default="", max_length=120)
    body: bytes = column(sa.LargeBinary, server_default=sa.text("''::bytea"))
    created_at: datetime = column(Instant, server_default=sa.func.now(), index=True)


class SignInConnectionRow(Base, table=True):
    """The OpenID connection that the platform gave; its client secret lies in OpenBao at ``secret_path``.

    It is used while the organisation has no active connection of its own (`OwnConnection`).
    """

    __tablename__ = "sign_in_connection"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: int = column(sa.SmallInteger, server_default=sa.text("1"), primary_key=True)
    issuer: str = Field(max_length=300)
    client_id: str = Field(max_length=200)
    secret_path: str = Field(max_length=200)
    display_name: str = Field(max_length=80)
    updated_at: datetime = column(Instant, server_default=sa.func.now(), onupdate=sa.func.now())


class OwnConnection(Identified, Base, table=True):
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

    state: str = Field(max_length=8)
    issuer: str = Field(max_length=300)
    client_id: str = Field(max_length=200)
    sealed_secret: str = column(sa.Text)
    display_name: str = Field(max_length=80)
    allowed_domains: list[str] = column(Json)
    group_claim: str = Field(max_length=64)
    group_roles: dict[str, str] = column(Json)
    created_at: datetime = column(Instant, server_default=sa.func.now())
    activated_at: datetime | None = column(Instant)
    report: list[dict[str, str]] | None = column(Json)
    tested_at: datetime | None = column(Instant)
    tested_by: UUID | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    tested_subject: str | None = Field(default=None, max_length=200)


class BreakGlass(Base, table=True):
    """The one way in without the provider: an owner's name, password and one-time code.

    ``sealed`` is the password's hash and the TOTP secret, encrypted for this user. ``recovery`` are SHA-256 digests of
    codes not used yet (80 random bits each, so they need no slow hash). ``last_step`` is the newest TOTP step used:
    no code counts twice. It opens nothing until ``confirmed_at``.
    """

    __tablename__ = "break_glass"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: int = column(sa.SmallInteger, server_default=sa.text("1"), primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    name: str = Field(max_length=64)
    sealed: str = column(sa.Text)
    recovery: list[str] = column(Json)
    last_step: int = column(sa.BigInteger, server_default=sa.text("0"))
    created_at: datetime = column(Instant, server_default=sa.func.now())
    confirmed_at: datetime | None = column(Instant)
    last_used_at: datetime | None = column(Instant)
