"""Sites: enter, list, read, change, remove."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.schedules.definition_errors import refusal
from tenant_stack.schedules.schemas import SiteIn, SiteView
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import RuleSetRow, Site


def _entered(site: Site) -> dict[str, object]:
    return {name: getattr(site, name) for name in SiteIn.model_fields}


async def list_sites(session: AsyncSession, page: PageRequest) -> Page[SiteView]:
    """Sites by code."""
    table = Site.__table__.c
    rows, cursor, total = await paginate(session, sa.select(Site), page, order=[table.code, table.id])
    return Page(items=[SiteView.model_validate(row[0]) for row in rows], next_cursor=cursor, total=total)


async def get_site(session: AsyncSession, site_id: UUID, *, lock: bool = False) -> Site:
    """One site; `NotFound` when there is none."""
    site = await session.get(Site, site_id, with_for_update={"key_share": True} if lock else None)
    if site is None:
        raise NotFound("site_not_found", "There is no such site")
    return site


def _check_place(entered: SiteIn) -> None:
    if (entered.latitude is None) != (entered.longitude is None):
        missing = "latitude" if entered.latitude is None else "longitude"
        raise refusal(missing, "give both latitude and longitude, or neither")


async def create_site(session: AsyncSession, actor: Actor, entered: SiteIn) -> SiteView:
    """Enter a site."""
    _check_place(entered)
    site = Site(**entered.model_dump())
    async with unique(session, uq_sites_code="code"):
        session.add(site)
    await session.refresh(site)
    audited(session, actor, "site.create", "site", site.id, after=_entered(site))
    return SiteView.model_validate(site)


async def update_site(session: AsyncSession, actor: Actor, site_id: UUID, entered: SiteIn) -> SiteView:
    """Replace what was entered about a site. Records keep the zone they were computed in until they are again."""
    _check_place(entered)
    site = await get_site(session, site_id, lock=True)
    before = _entered(site)
    async with unique(session, uq_sites_code="code"):
        for name, value in entered.model_dump().items():
            setattr(site, name, value)
    await session.refresh(site)
    if (after := _entered(site)) != before:
        audited(session, actor, "site.update", "site", site.id, before=before, after=after)
    return SiteView.model_validate(site)


async def delete_site(session: AsyncSession, actor: Actor, site_id: UUID) -> None:
    """Remove a site that nothing belongs to; `Conflict` otherwise."""
    site = await get_site(session, site_id, lock=True)
    before = _entered(site)
    try:
        async with session.begin_nested():
            await session.delete(site)
            await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "site_in_use", f"People, clocks, holidays or weekly offs belong to {before['name']}; move them first"
        ) from error
    audited(session, actor, "site.delete", "site", site_id, before=before)


async def require_site(session: AsyncSession, site_id: UUID | None) -> None:
    """`Invalid` when a site is named that does not exist."""
    if site_id is None:
        return
    if await session.scalar(sa.select(Site.id).where(Site.id == site_id).with_for_update(key_share=True, read=True)):
        return
    raise Invalid("unknown_site", "There is no such site", field="site_id")


async def require_rule_set(session: AsyncSession, code: str | None, field: str = "rule_set_code") -> None:
    """`Invalid` when a rule set is named that does not exist."""
    if code is None:
        return
    query = sa.select(RuleSetRow.id).where(RuleSetRow.code == code).with_for_update(key_share=True, read=True)
    if await session.scalar(query) is None:
        raise Invalid("unknown_rule_set", f"There is no rule set {code}", field=field)
