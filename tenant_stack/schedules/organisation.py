"""What holds for the whole organisation: its default shift and rules, its periods."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import Invalid
from tenant_stack.schedules.rule_sets import make_default
from tenant_stack.schedules.schemas import AttendanceSettings, Period
from tenant_stack.schedules.terms import load_default_shift
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import OrganisationSetting, RuleSetRow, Shift


async def read_period(session: AsyncSession) -> Period:
    """How days are gathered for approval and pay; monthly unless said otherwise."""
    value = await session.scalar(sa.select(OrganisationSetting.value).where(OrganisationSetting.key == "period"))
    return Period() if value is None else Period.model_validate(value)


async def read_settings(session: AsyncSession) -> AttendanceSettings:
    """The settings as they are."""
    return AttendanceSettings(
        default_shift=await load_default_shift(session),
        default_rule_set=await session.scalar(sa.select(RuleSetRow.code).where(RuleSetRow.is_default)),
        period=await read_period(session),
    )


async def change_settings(session: AsyncSession, actor: Actor, entered: AttendanceSettings) -> AttendanceSettings:
    """Replace the settings. Records stay as they are until they are computed again."""
    before = (await read_settings(session)).model_dump(mode="json")
    if entered.default_shift is not None:
        query = sa.select(Shift.id).where(Shift.code == entered.default_shift).with_for_update(read=True)
        if await session.scalar(query) is None:
            raise Invalid("unknown_shift", f"There is no shift {entered.default_shift}", field="default_shift")
    if entered.default_rule_set is not None:
        named = sa.select(RuleSetRow).where(RuleSetRow.code == entered.default_rule_set)
        row = await session.scalar(named.with_for_update(key_share=True))
        if row is None:
            reason = f"There is no rule set {entered.default_rule_set}"
            raise Invalid("unknown_rule_set", reason, field="default_rule_set")
        await make_default(session, row)
    await _write(session, "default_shift", entered.default_shift)
    await _write(session, "period", entered.period.model_dump(mode="json"))
    after = (await read_settings(session)).model_dump(mode="json")
    if after != before:
        audited(session, actor, "settings.update", "settings", "attendance", before=before, after=after)
    return await read_settings(session)


async def _write(session: AsyncSession, key: str, value: object) -> None:
    if value is None:
        await session.execute(sa.delete(OrganisationSetting).where(OrganisationSetting.key == key))
        return
    row = insert(OrganisationSetting).values(key=key, value=value)
    await session.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value}))
