"""Roles: the built-in ones, and the organisation's own, made from the resource × action matrix."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Conflict, NotFound
from foundation.sign_in.principal import Principal
from tenant_stack.access.grants import check_permissions
from tenant_stack.access.people_schemas import RoleIn, RoleList, RoleView
from tenant_stack.access.permissions import ACTIONS
from tenant_stack.tables.access import Permission, Role, RolePermission, UserRole
from tenant_stack.tables.base import audited
from tenant_stack.views import view_of

PERMISSION_NAME = Permission.resource + ":" + Permission.action


async def list_roles(session: AsyncSession) -> RoleList:
    """All roles by title, built-in ones first."""
    return RoleList(
        items=await _views(session), matrix={resource: list(actions) for resource, actions in ACTIONS.items()}
    )


async def read_role(session: AsyncSession, name: str) -> RoleView:
    """One role; `NotFound` when there is none."""
    await session.flush()
    found = [each for each in await _views(session) if each.name == name]
    if not found:
        raise NotFound("role_not_found", "There is no such role")
    return found[0]


async def _views(session: AsyncSession) -> list[RoleView]:
    granted: dict[object, list[str]] = {}
    pairs = sa.select(RolePermission.role_id, PERMISSION_NAME).join(
        Permission, Permission.id == RolePermission.permission_id
    )
    for role_id, permission in await session.execute(pairs):
        granted.setdefault(role_id, []).append(permission)
    users = sa.select(sa.func.count()).where(UserRole.role_id == Role.id).scalar_subquery()
    rows = await session.execute(sa.select(Role, users).order_by(Role.built_in.desc(), Role.title, Role.id))
    return [view_of(RoleView, role, permissions=sorted(granted.get(role.id, ())), users=count) for role, count in rows]


async def create_role(session: AsyncSession, caller: Principal, entered: RoleIn) -> RoleView:
    """A role with permissions that the caller holds."""
    check_permissions(caller.permissions, entered.permissions)
    await _refuse_same_title(session, entered.title, None)
    stem = re.sub(r"[^a-z0-9]+", "-", entered.title.lower()).strip("-")[:30] or "role"
    taken = await session.scalar(sa.select(Role.id).where(Role.name == stem))
    role = Role(name=f"{stem}-{secrets.token_hex(3)}" if taken else stem, title=entered.title)
    session.add(role)
    await session.flush()
    await _set_permissions(session, role, entered.permissions)
    after: dict[str, object] = {"title": role.title, "permissions": sorted(set(entered.permissions))}
    audited(session, caller.actor, "role.create", "role", role.name, after=after)
    return await read_role(session, role.name)


async def update_role(session: AsyncSession, caller: Principal, name: str, entered: RoleIn) -> RoleView:
    """Replace a role's title and permissions; the caller must hold the old and the new permissions."""
    role, before = await _changeable(session, name)
    check_permissions(caller.permissions, [*before, *entered.permissions])
    await _refuse_same_title(session, entered.title, name)
    was: dict[str, object] = {"title": role.title, "permissions": before}
    role.title = entered.title
    await _set_permissions(session, role, entered.permissions)
    after: dict[str, object] = {"title": role.title, "permissions": sorted(set(entered.permissions))}
    audited(session, caller.actor, "role.update", "role", name, before=was, after=after)
    return await read_role(session, name)


async def delete_role(session: AsyncSession, caller: Principal, name: str) -> None:
    """Remove a role that nobody has; `Conflict` otherwise."""
    role, before = await _changeable(session, name)
    check_permissions(caller.permissions, before)
    if await session.scalar(sa.select(sa.exists().where(UserRole.role_id == role.id))):
        raise Conflict("role_in_use", "Somebody has this role; give them another one first")
    await session.delete(role)
    audited(session, caller.actor, "role.delete", "role", name, before={"title": role.title, "permissions": before})


async def _refuse_same_title(session: AsyncSession, title: str, name: str | None) -> None:
    found = await session.scalar(sa.select(Role.name).where(sa.func.lower(Role.title) == title.lower()))
    if found is not None and found != name:
        raise Conflict("title_taken", "Another role already has this title", field="title")


async def _changeable(session: AsyncSession, name: str) -> tuple[Role, list[str]]:
    role = await session.scalar(sa.select(Role).where(Role.name == name).with_for_update())
    if role is None:
        raise NotFound("role_not_found", "There is no such role")
    if role.built_in:
        raise Conflict("role_built_in", "Built-in roles stay as they are; make a role of your own instead")
    return role, await permissions_of(session, [name])


async def permissions_of(session: AsyncSession, names: Sequence[str]) -> list[str]:
    """What roles allow together, sorted."""
    query = (
        sa.select(PERMISSION_NAME)
        .distinct()
        .join(RolePermission, RolePermission.permission_id == Permission.id)
        .join(Role, Role.id == RolePermission.role_id)
        .where(Role.name.in_(names))
    )
    return sorted(await session.scalars(query))


async def _set_permissions(session: AsyncSession, role: Role, permissions: Sequence[str]) -> None:
    await session.execute(sa.delete(RolePermission).where(RolePermission.role_id == role.id))
    ids = await session.scalars(sa.select(Permission.id).where(PERMISSION_NAME.in_(sorted(set(permissions)))))
    session.add_all(RolePermission(role_id=role.id, permission_id=each) for each in ids)
    await session.flush()
