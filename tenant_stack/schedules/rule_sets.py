"""Rule sets: enter, list, read, change, and their versions. One is always the organisation's default."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.schedules.definition_errors import check_rules
from tenant_stack.schedules.definitions import RuleSetDefinition
from tenant_stack.schedules.schemas import (
    RuleSetChange,
    RuleSetIn,
    RuleSetVersionIn,
    RuleSetVersionView,
    RuleSetView,
)
from tenant_stack.schedules.stored_definitions import Stored, rules_of, stored_rules
from tenant_stack.schedules.versions import (
    add_version,
    in_force,
    remove_version,
    replace_version,
    shown_date,
    versions_of,
)
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import RuleSetRow, RuleSetVersion

DEFAULT_LOCK = 5_310_447


def _view(row: RuleSetRow, versions: list[RuleSetVersion], today: date) -> RuleSetView:
    definitions = {
        each.id: RuleSetDefinition.from_engine(rules_of(row.code, each.effective, each.definition)) for each in versions
    }
    return RuleSetView(
        id=row.id,
        code=row.code,
        name=row.name,
        is_default=row.is_default,
        definition=definitions[in_force(versions, today).id],
        versions=[
            RuleSetVersionView(id=each.id, effective=shown_date(each.effective), definition=definitions[each.id])
            for each in versions
        ],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _entered(row: RuleSetRow) -> dict[str, object]:
    return {"code": row.code, "name": row.name, "is_default": row.is_default}


def _checked(code: str, definition: RuleSetDefinition) -> Stored:
    rules = definition.rules(code)
    check_rules(rules)
    return stored_rules(rules)


async def list_rule_sets(session: AsyncSession, page: PageRequest, today: date) -> Page[RuleSetView]:
    """Rule sets by code."""
    table = RuleSetRow.__table__.c
    rows, cursor, total = await paginate(session, sa.select(RuleSetRow), page, order=[table.code, table.id])
    found: list[RuleSetRow] = [row[0] for row in rows]
    versions = await versions_of(session, RuleSetVersion, [each.id for each in found])
    items = [_view(each, versions[each.id], today) for each in found]
    return Page(items=items, next_cursor=cursor, total=total)


async def get_rule_set(session: AsyncSession, rule_set_id: UUID, *, lock: bool = False) -> RuleSetRow:
    """One rule set; `NotFound` when there is none."""
    row = await session.get(RuleSetRow, rule_set_id, with_for_update={"key_share": True} if lock else None)
    if row is None:
        raise NotFound("rule_set_not_found", "There is no such rule set")
    return row


async def read_rule_set(session: AsyncSession, rule_set_id: UUID, today: date) -> RuleSetView:
    """One rule set with its versions."""
    await session.flush()
    row = await get_rule_set(session, rule_set_id)
    return _view(row, (await versions_of(session, RuleSetVersion, [rule_set_id]))[rule_set_id], today)


async def create_rule_set(session: AsyncSession, actor: Actor, entered: RuleSetIn, today: date) -> RuleSetView:
    """Enter a rule set with its first version."""
    definition = _checked(entered.code, entered.definition)
    row = RuleSetRow(code=entered.code, name=entered.name, is_default=False)
    async with unique(session, uq_rule_sets_code="code"):
        session.add(row)
    if entered.is_default:
        await make_default(session, row)
    await session.refresh(row)
    audited(session, actor, "rule_set.create", "rule_set", row.id, after=_entered(row))
    await add_version(session, actor, RuleSetVersion, row.id, entered.effective, definition)
    return await read_rule_set(session, row.id, today)


async def update_rule_set(
    session: AsyncSession, actor: Actor, rule_set_id: UUID, entered: RuleSetChange, today: date
) -> RuleSetView:
    """Rename a rule set, or make it the default."""
    row = await get_rule_set(session, rule_set_id, lock=True)
    before = _entered(row)
    if row.is_default and not entered.is_default:
        raise Conflict("default_needed", "There is always a default: make another one it", field="is_default")
    async with unique(session, uq_rule_sets_code="code"):
        row.code, row.name = entered.code, entered.name
    if entered.is_default:
        await make_default(session, row)
    await session.refresh(row)
    if (after := _entered(row)) != before:
        audited(session, actor, "rule_set.update", "rule_set", rule_set_id, before=before, after=after)
    return await read_rule_set(session, rule_set_id, today)


async def make_default(session: AsyncSession, row: RuleSetRow) -> None:
    """Make a rule set the default instead of the one that is. Two who do so at once wait for each other."""
    if row.is_default:
        return
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(DEFAULT_LOCK)))
    for other in await session.scalars(sa.select(RuleSetRow).where(RuleSetRow.is_default).with_for_update()):
        other.is_default = False
    await session.flush()
    row.is_default = True
    await session.flush()


async def add_rule_set_version(
    session: AsyncSession, actor: Actor, rule_set_id: UUID, entered: RuleSetVersionIn, today: date
) -> RuleSetView:
    """Rules change from a date on; earlier dates keep what they had."""
    row = await get_rule_set(session, rule_set_id, lock=True)
    definition = _checked(row.code, entered.definition)
    await add_version(session, actor, RuleSetVersion, rule_set_id, entered.effective, definition)
    return await read_rule_set(session, rule_set_id, today)


async def replace_rule_set_version(
    session: AsyncSession, actor: Actor, rule_set_id: UUID, version_id: UUID, entered: RuleSetVersionIn, today: date
) -> RuleSetView:
    """Correct a version that was entered wrongly."""
    row = await get_rule_set(session, rule_set_id, lock=True)
    definition = _checked(row.code, entered.definition)
    await replace_version(session, actor, RuleSetVersion, rule_set_id, version_id, entered.effective, definition)
    return await read_rule_set(session, rule_set_id, today)


async def remove_rule_set_version(session: AsyncSession, actor: Actor, rule_set_id: UUID, version_id: UUID) -> None:
    """Remove a version; the one before it holds instead."""
    await get_rule_set(session, rule_set_id, lock=True)
    await remove_version(session, actor, RuleSetVersion, rule_set_id, version_id)
