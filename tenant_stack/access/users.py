"""Users: invite, change, suspend, delete. Nobody grants more than they hold, and the last owner stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Conflict, Forbidden, Invalid, NotFound
from foundation.pagination import Page, PageRequest, page_of
from foundation.sign_in.principal import Principal
from tenant_stack.access.grants import check_owner_role, check_permissions, check_scope
from tenant_stack.access.identities import count_owners, current_issuer, known_at, lock_accounts, roles_of
from tenant_stack.access.invitations import invitation_url, new_invitation
from tenant_stack.access.people_schemas import Invitation, InviteIn, UserIn, UserView
from tenant_stack.access.permissions import OWNER
from tenant_stack.access.roles import PERMISSION_NAME, permissions_of
from tenant_stack.access.scope import Scope, scope_of
from tenant_stack.sealing import Seals
from tenant_stack.tables.access import Permission, Role, RolePermission, User, UserRole
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of


def _status() -> sa.ColumnElement[str]:
    return sa.case((~User.active, "suspended"), (User.subject.is_(None), "invited"), else_="active")


def _query() -> sa.Select[*tuple[Any, ...]]:
    """Users with their roles and what those allow."""
    roles = (
        sa.select(sa.func.array_agg(Role.name))
        .select_from(UserRole)
        .join(Role, Role.id == UserRole.role_id)
        .where(UserRole.user_id == User.id)
        .scalar_subquery()
    )
    allowed = (
        sa.select(sa.func.array_agg(PERMISSION_NAME.distinct()))
        .select_from(UserRole)
        .join(RolePermission, RolePermission.role_id == UserRole.role_id)
        .join(Permission, Permission.id == RolePermission.permission_id)
        .where(UserRole.user_id == User.id)
        .scalar_subquery()
    )
    return sa.select(User, roles, allowed, _status(), User.invitation_mail.label("mail"))


def _view(row: Any) -> UserView:
    user: User = row[0]
    return view_of(
        UserView,
        user,
        status=row[3],
        roles=sorted(row[1] or ()),
        permissions=sorted(row[2] or ()),
        site_ids=user.sites,
        invitation_mail=row[4],
    )


async def list_users(
    session: AsyncSession,
    page: PageRequest,
    *,
    q: str | None = None,
    status: str | None = None,
    role: str | None = None,
) -> Page[UserView]:
    """Users by e-mail. ``q`` looks in name and e-mail."""
    query = _query()
    if status is not None:
        query = query.where(_status() == status)
    if role is not None:
        having = sa.select(UserRole.user_id).join(Role, Role.id == UserRole.role_id).where(Role.name == role)
        query = query.where(User.id.in_(having))
    if q:
        query = query.where(sa.or_(*(each.icontains(q, autoescape=True) for each in (User.name, User.email))))
    table = User.__table__.c
    return await page_of(session, query, page, _view, order=[table.email, table.id])


async def read_user(session: AsyncSession, user_id: UUID) -> UserView:
    """One user; `NotFound` when there is none."""
    await session.flush()
    row = (await session.execute(_query().where(User.id == user_id).execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("user_not_found", "There is no such user")
    return _view(row)


async def invite(
    session: AsyncSession, caller: Principal, entered: InviteIn, public_url: str, seals: Seals
) -> Invitation:
    """Make an account that somebody may take with the link of this answer; `Conflict` when the e-mail has one."""
    if await session.scalar(sa.select(User.id).where(sa.func.lower(User.email) == entered.email.lower())):
        raise Conflict("email_taken", "Somebody with this e-mail address is a user already", field="email")
    await _check_grant(session, caller, entered, before=[])
    user = User(
        email=entered.email,
        name=entered.name,
        sites=_sites(entered),
        departments=entered.departments,
        staff_id=await _require_staff(session, entered),
    )
    session.add(user)
    await session.flush()
    await _set_roles(session, user.id, entered.roles)
    link, expires_at = await _new_link(user, public_url, seals)
    audited(
        session, caller.actor, "user.invite", "user", user.id, after={"email": user.email, **_entered_fields(entered)}
    )
    return Invitation(user=await read_user(session, user.id), url=link, expires_at=expires_at)


async def invite_again(
    session: AsyncSession, caller: Principal, user_id: UUID, public_url: str, seals: Seals
) -> Invitation:
    """A fresh link for somebody who has not signed in yet; the link before is void."""
    user, view = await _lock(session, caller, user_id)
    if await _has_signed_in(session, user):
        raise Conflict("user_joined", "This user has signed in already and needs no invitation")
    link, expires_at = await _new_link(user, public_url, seals)
    audited(session, caller.actor, "user.invite", "user", user.id, after={"email": user.email, "roles": view.roles})
    return Invitation(user=await read_user(session, user.id), url=link, expires_at=expires_at)


async def _has_signed_in(session: AsyncSession, user: User) -> bool:
    """Does the provider that is in use know this user already?"""
    issuer = await current_issuer(session)
    if issuer is None:
        return user.subject is not None
    return bool(await session.scalar(sa.select(sa.exists().where(User.id == user.id, known_at(issuer)))))


async def _new_link(user: User, public_url: str, seals: Seals) -> tuple[str, datetime]:
    secret = await new_invitation(user, seals)
    assert user.invitation_expires_at is not None
    return invitation_url(public_url, secret), user.invitation_expires_at


async def update_user(session: AsyncSession, caller: Principal, user_id: UUID, entered: UserIn) -> UserView:
    """Replace roles, limits and whether the user may sign in; it acts on their next request."""
    user, before = await _lock(session, caller, user_id)
    if str(user_id) == caller.id:
        raise Forbidden("own_account", "Nobody changes their own roles; ask somebody else to")
    await _check_grant(session, caller, entered, before=before.roles)
    user.name = entered.name or user.name
    user.sites, user.departments, user.active = _sites(entered), entered.departments, entered.active
    user.staff_id = await _require_staff(session, entered)
    await _set_roles(session, user.id, entered.roles)
    await _require_owner(session)
    after = await read_user(session, user_id)
    audited(
        session, caller.actor, "user.update", "user", user_id, before=_audit_fields(before), after=_audit_fields(after)
    )
    return after


async def delete_user(session: AsyncSession, caller: Principal, user_id: UUID) -> None:
    """Remove an account; the trail keeps what it did. `Conflict` while it answers for machine clients."""
    user, before = await _lock(session, caller, user_id)
    if str(user_id) == caller.id:
        raise Forbidden("own_account", "Nobody removes their own account; ask somebody else to")
    try:
        async with session.begin_nested():
            await session.delete(user)
            await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "user_in_use",
            "This user answers for API clients, or decided about records; suspend the account instead",
        ) from error
    await _require_owner(session)
    audited(
        session, caller.actor, "user.delete", "user", user_id, before={"email": before.email, **_audit_fields(before)}
    )


async def _lock(session: AsyncSession, caller: Principal, user_id: UUID) -> tuple[User, UserView]:
    """The user, locked, if the caller may grant everything that the user holds."""
    await lock_accounts(session)
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("user_not_found", "There is no such user")
    view = await read_user(session, user_id)
    check_owner_role(await _roles_of(session, caller), view.roles, [])
    if set(view.permissions) - caller.permissions:
        raise Forbidden("user_above", "This user may more than you; ask somebody who may as much")
    check_scope(scope_of(caller), _scope(view.site_ids, view.departments))
    return user, view


async def _check_grant(
    session: AsyncSession, caller: Principal, entered: UserIn | InviteIn, *, before: Sequence[str]
) -> None:
    known = set(await session.scalars(sa.select(Role.name).where(Role.name.in_(entered.roles))))
    if unknown := sorted(set(entered.roles) - known):
        raise Invalid("unknown_role", f"There is no role {unknown[0]}", field="roles")
    check_owner_role(await _roles_of(session, caller), before, entered.roles)
    check_permissions(caller.permissions, await permissions_of(session, entered.roles))
    check_scope(scope_of(caller), _scope(entered.site_ids, entered.departments))
    if entered.site_ids:
        found = set(await session.scalars(sa.select(Site.id).where(Site.id.in_(entered.site_ids))))
        if found != set(entered.site_ids):
            raise Invalid("unknown_site", "There is no such site", field="site_ids")
    if OWNER in entered.roles and (entered.site_ids is not None or entered.departments is not None):
        raise Invalid("owner_unlimited", "An owner sees everything", field="roles")


def _scope(site_ids: list[UUID] | None, departments: list[str] | None) -> Scope:
    return Scope(
        None if site_ids is None else frozenset(site_ids), None if departments is None else frozenset(departments)
    )


async def _roles_of(session: AsyncSession, caller: Principal) -> set[str]:
    if caller.kind != "user":
        return set()
    return await roles_of(session, UUID(caller.id))


async def _require_staff(session: AsyncSession, entered: UserIn | InviteIn) -> UUID | None:
    if entered.staff_id is not None and not await session.scalar(
        sa.select(Staff.id).where(Staff.id == entered.staff_id)
    ):
        raise Invalid("unknown_staff", "There is no such person", field="staff_id")
    return entered.staff_id


async def _set_roles(session: AsyncSession, user_id: UUID, names: Sequence[str]) -> None:
    """A role that a group gave and that is still wanted stays the group's; it goes when the group goes."""
    ids = set(await session.scalars(sa.select(Role.id).where(Role.name.in_(names))))
    kept = set(await session.scalars(sa.select(UserRole.role_id).where(UserRole.user_id == user_id)))
    await session.execute(sa.delete(UserRole).where(UserRole.user_id == user_id, UserRole.role_id.not_in(ids)))
    session.add_all(UserRole(user_id=user_id, role_id=each) for each in ids - kept)
    await session.flush()


async def _require_owner(session: AsyncSession) -> None:
    """`Conflict` when nobody who can sign in would be an owner any more."""
    if not await count_owners(session):
        raise Conflict("last_owner", "This is the last owner who can sign in; make somebody else an owner first")


def _sites(entered: UserIn | InviteIn) -> list[str] | None:
    return None if entered.site_ids is None else sorted({str(each) for each in entered.site_ids})


def _entered_fields(entered: UserIn | InviteIn) -> dict[str, object]:
    return {
        "name": entered.name,
        "roles": sorted(set(entered.roles)),
        "site_ids": _sites(entered),
        "departments": entered.departments,
    }


def _audit_fields(view: UserView) -> dict[str, object]:
    return view.model_dump(mode="json", include={"name", "status", "roles", "site_ids", "departments", "staff_id"})
