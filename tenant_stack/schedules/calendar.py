"""Days that are not working days: holidays, entered or imported, and weekly offs."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.schedules.definition_errors import refusal
from tenant_stack.schedules.schemas import (
    HolidayImport,
    HolidayIn,
    HolidayView,
    ImportAnswer,
    WeeklyOffIn,
    WeeklyOffView,
)
from tenant_stack.schedules.sites import require_site
from tenant_stack.schedules.versions import BEGINNING, shown_date
from tenant_stack.tables.base import audited
from tenant_stack.tables.schedules import HolidayRow, WeeklyOffRow
from tenant_stack.views import view_of


async def list_holidays(
    session: AsyncSession,
    page: PageRequest,
    *,
    first: date | None = None,
    last: date | None = None,
    site_id: UUID | None = None,
) -> Page[HolidayView]:
    """Holidays by date; with ``site_id`` those that count there: its own and everybody's."""
    query = sa.select(HolidayRow)
    if first is not None:
        query = query.where(HolidayRow.day >= first)
    if last is not None:
        query = query.where(HolidayRow.day <= last)
    if site_id is not None:
        query = query.where(sa.or_(HolidayRow.site_id.is_(None), HolidayRow.site_id == site_id))
    table = HolidayRow.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.day, table.id])
    return Page(items=[HolidayView.model_validate(row[0]) for row in rows], next_cursor=cursor, total=total)


def _holiday(row: HolidayRow) -> dict[str, object]:
    return {"day": str(row.day), "name": row.name, "site_id": str(row.site_id) if row.site_id else None}


async def add_holiday(session: AsyncSession, actor: Actor, entered: HolidayIn) -> HolidayView:
    """Enter a holiday; `Conflict` when that day is one already."""
    await require_site(session, entered.site_id)
    row = HolidayRow(**entered.model_dump(), origin="own")
    async with unique(session, uq_holidays_day_site_id="day"):
        session.add(row)
    audited(session, actor, "holiday.create", "holiday", row.id, after=_holiday(row))
    return HolidayView.model_validate(row)


async def remove_holiday(session: AsyncSession, actor: Actor, holiday_id: UUID) -> None:
    """Remove a holiday."""
    row = await session.get(HolidayRow, holiday_id, with_for_update=True)
    if row is None:
        raise NotFound("holiday_not_found", "There is no such holiday")
    await session.delete(row)
    await session.flush()
    audited(session, actor, "holiday.delete", "holiday", holiday_id, before=_holiday(row))


async def import_holidays(session: AsyncSession, actor: Actor, wanted: HolidayImport) -> ImportAnswer:
    """Add a country's public holidays of a year; days that are holidays already keep their names."""
    await require_site(session, wanted.site_id)
    found = public_holidays(wanted.country.upper(), wanted.subdivision, wanted.year)
    if not found:
        raise Invalid("no_holidays", f"No holidays are known of {wanted.country} in {wanted.year}", field="year")
    values = [
        {"day": day, "name": name[:200], "site_id": wanted.site_id, "origin": "library"} for day, name in found.items()
    ]
    fresh = list(
        await session.scalars(
            insert(HolidayRow)
            .values(values)
            .on_conflict_do_nothing(constraint="uq_holidays_day_site_id")
            .returning(HolidayRow.day)
        )
    )
    after: dict[str, object] = {
        **wanted.model_dump(mode="json"),
        "added": sorted(str(day) for day in fresh),
    }
    target = f"{wanted.country.upper()}-{wanted.year}"
    audited(session, actor, "holiday.import", "holiday", target, after=after)
    return ImportAnswer(added=len(fresh), kept=len(found) - len(fresh))


def public_holidays(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    """The public holidays of a country (and part of it) in a year; `Invalid` names what is not known."""
    import holidays  # here, because the library is large and only this needs it

    known = holidays.list_supported_countries()
    if country not in known:
        raise Invalid("unknown_country", f"{country} is no country whose holidays are known", field="country")
    if subdivision is not None and subdivision not in known[country]:
        options = ", ".join(known[country]) or "it has none"
        raise Invalid("unknown_subdivision", f"{subdivision} is no part of {country}: {options}", field="subdivision")
    calendar = holidays.country_holidays(country, subdiv=subdivision, years=year)
    return {day: name for day, name in sorted(calendar.items()) if day.year == year}


async def list_weekly_offs(session: AsyncSession, page: PageRequest) -> Page[WeeklyOffView]:
    """Weekly offs by their first day."""
    table = WeeklyOffRow.__table__.c
    rows, cursor, total = await paginate(session, sa.select(WeeklyOffRow), page, order=[table.starts_on, table.id])
    return Page(items=[_off_view(row[0]) for row in rows], next_cursor=cursor, total=total)


def _off_view(row: WeeklyOffRow) -> WeeklyOffView:
    return view_of(WeeklyOffView, row, starts_on=shown_date(row.starts_on))


async def add_weekly_off(session: AsyncSession, actor: Actor, entered: WeeklyOffIn) -> WeeklyOffView:
    """Enter weekdays off."""
    await require_site(session, entered.site_id)
    if entered.starts_on and entered.ends_on and entered.ends_on < entered.starts_on:
        raise refusal("ends_on", "the weekly off ends before it starts")
    row = WeeklyOffRow(
        weekdays=sorted(entered.weekdays),
        starts_on=entered.starts_on or BEGINNING,
        ends_on=entered.ends_on,
        site_id=entered.site_id,
    )
    session.add(row)
    await session.flush()
    view = _off_view(row)
    audited(session, actor, "weekly_off.create", "weekly_off", row.id, after=view.model_dump(mode="json"))
    return view


async def remove_weekly_off(session: AsyncSession, actor: Actor, weekly_off_id: UUID) -> None:
    """Remove weekdays off."""
    row = await session.get(WeeklyOffRow, weekly_off_id, with_for_update=True)
    if row is None:
        raise NotFound("weekly_off_not_found", "There is no such weekly off")
    before = _off_view(row).model_dump(mode="json")
    await session.delete(row)
    await session.flush()
    audited(session, actor, "weekly_off.delete", "weekly_off", weekly_off_id, before=before)
