"""Identities of users at sign-in providers, and roles that follow from groups there."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Conflict
from tenant_stack.access.permissions import OWNER
from tenant_stack.tables.access import (
    LinkedIdentity,
    OwnConnection,
    Role,
    SignInConnectionRow,
    User,
    UserRole,
)


async def find_user(session: AsyncSession, issuer: str, subject: str) -> User | None:
    """The user with that identity; the e-mail address is not considered."""
    linked = sa.select(LinkedIdentity.user_id).where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
    return await session.scalar(
        sa.select(User).where(sa.or_(sa.and_(User.issuer == issuer, User.subject == subject), User.id.in_(linked)))
    )


async def link(session: AsyncSession, user: User, issuer: str, subject: str) -> None:
    """Add an identity to a user; `Conflict` when it is another user's."""
    await lock_accounts(session)
    owner = await find_user(session, issuer, subject)
    if owner is not None:
        if owner.id != user.id:
            raise Conflict("identity_taken", "This person is another user here already")
        return
    if user.subject is None:
        user.issuer, user.subject = issuer, subject
    else:
        session.add(LinkedIdentity(issuer=issuer, subject=subject, user_id=user.id))
    await session.flush()


async def lock_accounts(session: AsyncSession) -> None:
    """Serialise changes of accounts: two owners must not remove each other at the same time."""
    await session.execute(sa.select(Role.id).where(Role.name == OWNER).with_for_update())


async def active_connection(session: AsyncSession) -> OwnConnection | None:
    """The organisation's own connection in use; None while the platform's is."""
    return await session.scalar(sa.select(OwnConnection).where(OwnConnection.state == "active"))


async def current_issuer(session: AsyncSession) -> str | None:
    """The issuer that people sign in at now; None when nothing is set up."""
    own = await active_connection(session)
    if own is not None:
        return own.issuer
    platform = await session.get(SignInConnectionRow, 1)
    return platform.issuer if platform else None


def known_at(issuer: str) -> sa.ColumnElement[bool]:
    """A condition on users: they have an identity at that issuer."""
    linked = sa.select(LinkedIdentity.user_id).where(LinkedIdentity.issuer == issuer)
    return sa.or_(User.issuer == issuer, User.id.in_(linked))


async def count_owners(session: AsyncSession) -> int:
    """Owners who can sign in: active, and known at the organisation's own provider if it has one."""
    await session.flush()
    own = await active_connection(session)
    known = known_at(own.issuer) if own is not None else sa.true()
    return await count_holders(session, {OWNER}, User.subject.is_not(None), known)


async def count_holders(session: AsyncSession, roles: Collection[str], *conditions: sa.ColumnElement[bool]) -> int:
    """Active users with one of these roles who meet the conditions."""
    query = (
        sa.select(sa.func.count(User.id.distinct()))
        .join(UserRole, UserRole.user_id == User.id)
        .join(Role, Role.id == UserRole.role_id)
        .where(Role.name.in_(roles), User.active, *conditions)
    )
    return await session.scalar(query) or 0


async def roles_of(session: AsyncSession, user_id: UUID, *, manual: bool = False) -> set[str]:
    """Names of a user's roles; ``manual``: without those that follow from groups."""
    query = sa.select(Role.name).join(UserRole, UserRole.role_id == Role.id).where(UserRole.user_id == user_id)
    return set(await session.scalars(query.where(~UserRole.by_group) if manual else query))


def mapped_roles(group_roles: dict[str, str], groups: Collection[str]) -> set[str]:
    """The roles that follow from a person's groups."""
    return {role for group, role in group_roles.items() if group in groups}


async def sync_group_roles(session: AsyncSession, user: User, wanted: set[str]) -> tuple[list[str], list[str]]:
    """Add and remove roles so that those from groups are ``wanted``; returns what was added and removed.

    Roles given manually stay, and so does the last owner.
    """
    await lock_accounts(session)
    found = await session.execute(
        sa.select(Role.name, UserRole.by_group)
        .join(UserRole, UserRole.role_id == Role.id)
        .where(UserRole.user_id == user.id)
    )
    held = {row.name: row.by_group for row in found}
    ids = {row.name: row.id for row in await session.execute(sa.select(Role.name, Role.id))}
    given = sorted(each for each in wanted if each in ids and each not in held)
    taken = sorted(each for each, by_group in held.items() if by_group and each not in wanted)
    session.add_all(UserRole(user_id=user.id, role_id=ids[each], by_group=True) for each in given)
    if OWNER in taken and await count_owners(session) <= 1:
        taken.remove(OWNER)
    if taken:
        gone = [ids[each] for each in taken]
        await session.execute(sa.delete(UserRole).where(UserRole.user_id == user.id, UserRole.role_id.in_(gone)))
    await session.flush()
    return given, taken
