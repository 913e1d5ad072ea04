"""Versions of shifts and rule sets: one is in force on a date, the latest that is effective by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Conflict, NotFound
from tenant_stack.schedules.stored_definitions import Stored
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import RuleSetVersion, ShiftVersion

BEGINNING = date.min

Version = TypeVar("Version", ShiftVersion, RuleSetVersion)

KINDS: dict[type[object], tuple[str, str]] = {
    ShiftVersion: ("shift", "uq_shift_versions_shift_id_effective"),
    RuleSetVersion: ("rule_set", "uq_rule_set_versions_rule_set_id_effective"),
}


def shown_date(effective: date) -> date | None:
    """None stands for the beginning of time, on the way out as on the way in."""
    return None if effective == BEGINNING else effective


def in_force(versions: list[Version], day: date) -> Version:
    """The version that counts on a date; before the first one, the first. ``versions`` are oldest first."""
    begun = [each for each in versions if each.effective <= day]
    return begun[-1] if begun else versions[0]


async def versions_of(
    session: AsyncSession, table: type[Version], owner_ids: Collection[UUID]
) -> dict[UUID, list[Version]]:
    """The versions of each, oldest first."""
    found: dict[UUID, list[Version]] = defaultdict(list)
    query = sa.select(table).where(table.owner_id.in_(owner_ids)).order_by(table.effective)
    for version in await session.scalars(query):
        found[version.owner_id].append(version)
    return found


def _entered(version: ShiftVersion | RuleSetVersion) -> dict[str, object]:
    return {"effective": str(shown_date(version.effective) or "beginning"), "definition": version.definition}


async def add_version(
    session: AsyncSession,
    actor: Actor,
    table: type[Version],
    owner_id: UUID,
    effective: date | None,
    definition: Stored,
) -> None:
    """Add a version; `Conflict` when one begins on that date already."""
    kind, constraint = KINDS[table]
    version = table(owner_id=owner_id, effective=effective or BEGINNING, definition=definition)
    async with unique(session, **{constraint: "effective"}):
        session.add(version)
    audited(session, actor, f"{kind}.add_version", kind, owner_id, after=_entered(version))


async def replace_version(
    session: AsyncSession,
    actor: Actor,
    table: type[Version],
    owner_id: UUID,
    version_id: UUID,
    effective: date | None,
    definition: Stored,
) -> None:
    """Correct a version. Records stay as they are until they are computed again."""
    kind, constraint = KINDS[table]
    version = await _get(session, table, owner_id, version_id)
    before = _entered(version)
    async with unique(session, **{constraint: "effective"}):
        version.effective = effective or BEGINNING
        version.definition = definition
    if (after := _entered(version)) != before:
        audited(session, actor, f"{kind}.replace_version", kind, owner_id, before=before, after=after)


async def remove_version(
    session: AsyncSession, actor: Actor, table: type[Version], owner_id: UUID, version_id: UUID
) -> None:
    """Remove a version, but never the last one. The caller has locked the owner."""
    kind, _ = KINDS[table]
    version = await _get(session, table, owner_id, version_id)
    count = await session.scalar(sa.select(sa.func.count()).select_from(table).where(table.owner_id == owner_id))
    if count == 1:
        raise Conflict("last_version", "This is the only version; change it instead")
    await session.delete(version)
    await session.flush()
    audited(session, actor, f"{kind}.remove_version", kind, owner_id, before=_entered(version))


async def _get(session: AsyncSession, table: type[Version], owner_id: UUID, version_id: UUID) -> Version:
    version = await session.get(table, version_id)
    if version is None or version.owner_id != owner_id:
        raise NotFound("version_not_found", "There is no such version")
    return version
