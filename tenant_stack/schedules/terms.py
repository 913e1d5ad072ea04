"""The terms of people: everything of the configuration that the engine needs about them, in the engine's own types.

Eight statements however many people are asked for. People of one site, and everybody of the organisation, share the
same objects, which lets the engine build each shift's day once for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tenant_stack.rules.inputs import Assignment, Calendar, Leave, Shift, WeeklyOff
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.schedules.stored_definitions import rules_of, shift_of
from tenant_stack.tables import schedules as rows
from tenant_stack.tables.staff import Staff

# Overtime looks back to the start of its two weeks and nights a little further; see ``engine.reach``.
MARGIN = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Terms:
    """What one person works by. ``zone`` is their site's, without a site the organisation's. ``shifts`` holds every
    version of every shift; ``rules`` the versions of their rule set, oldest first, never empty; assignments, calendar
    and leave cover the dates asked for and a month around them."""

    zone: str
    shifts: Mapping[str, tuple[Shift, ...]]
    assignments: tuple[Assignment, ...]
    default_shift: str | None
    rules: tuple[RuleSet, ...]
    calendar: Calendar
    leaves: tuple[Leave, ...]
    joined: date | None
    left: date | None
    active: bool


async def terms_of(
    session: AsyncSession, staff_ids: Collection[UUID], first: date, last: date, organisation_zone: str
) -> dict[UUID, Terms]:
    """The terms of people for the local dates ``first``..``last``, both included. Unknown ids have no entry.

    Where nothing is configured the engine's defaults hold: the rule set ``default``, no shifts, an empty calendar.
    """
    if not staff_ids:
        return {}
    ids = list(staff_ids)
    first, last = _widened(first, last)
    people = (
        await session.execute(
            sa.select(Staff.id, Staff.hired_on, Staff.active, Staff.rule_set_code, Staff.site_id, rows.Site.zone)
            .outerjoin(rows.Site, rows.Site.id == Staff.site_id)
            .where(among(Staff.id, ids))
        )
    ).all()
    shifts = await load_shifts(session)
    rules, default_rules = await _load_rules(session)
    default_shift = await load_default_shift(session)
    calendars = await _load_calendars(session, first, last, {person.site_id for person in people})
    assignments = await _load_assignments(session, ids, first, last)
    leaves = await _load_leaves(session, ids, first, last)
    return {
        person.id: Terms(
            zone=person.zone or organisation_zone,
            shifts=shifts,
            assignments=tuple(assignments.get(person.id, ())),
            default_shift=default_shift if default_shift in shifts else None,
            rules=rules.get(person.rule_set_code or "", default_rules),
            calendar=calendars[person.site_id],
            leaves=tuple(leaves.get(person.id, ())),
            joined=person.hired_on,
            left=None,
            active=person.active,
        )
        for person in people
    }


def among(column: sa.ColumnElement[UUID] | InstrumentedAttribute[UUID], ids: list[UUID]) -> sa.ColumnElement[bool]:
    """``column`` is one of ``ids``: one array parameter, so the statement is the same for one id and for thousands."""
    return column == sa.any_(sa.literal(ids, ARRAY(sa.Uuid)))


def _widened(first: date, last: date) -> tuple[date, date]:
    return max(first, date.min + MARGIN) - MARGIN, min(last, date.max - MARGIN) + MARGIN


async def load_shifts(session: AsyncSession) -> dict[str, tuple[Shift, ...]]:
    """Every version of every shift by code, oldest first."""
    found: dict[str, list[Shift]] = defaultdict(list)
    query = (
        sa.select(rows.Shift.code, rows.ShiftVersion.effective, rows.ShiftVersion.definition)
        .join(rows.ShiftVersion, rows.ShiftVersion.owner_id == rows.Shift.id)
        .order_by(rows.Shift.code, rows.ShiftVersion.effective)
    )
    for code, effective, definition in await session.execute(query):
        found[code].append(shift_of(code, effective, definition))
    return {code: tuple(versions) for code, versions in found.items()}


async def _load_rules(session: AsyncSession) -> tuple[dict[str, tuple[RuleSet, ...]], tuple[RuleSet, ...]]:
    """Every rule set's versions by code, oldest first, and those of the default one."""
    found: dict[str, list[RuleSet]] = defaultdict(list)
    default: str | None = None
    query = (
        sa.select(
            rows.RuleSetRow.code,
            rows.RuleSetRow.is_default,
            rows.RuleSetVersion.effective,
            rows.RuleSetVersion.definition,
        )
        .join(rows.RuleSetVersion, rows.RuleSetVersion.owner_id == rows.RuleSetRow.id)
        .order_by(rows.RuleSetRow.code, rows.RuleSetVersion.effective)
    )
    for code, is_default, effective, definition in await session.execute(query):
        found[code].append(rules_of(code, effective, definition))
        default = code if is_default else default
    rules = {code: tuple(versions) for code, versions in found.items()}
    return rules, rules.get(default or "", (RuleSet(),))


async def load_default_shift(session: AsyncSession) -> str | None:
    """The code of the shift that holds for people without an assignment, if the organisation has one."""
    setting = rows.OrganisationSetting
    code = await session.scalar(sa.select(setting.value).where(setting.key == "default_shift"))
    return code if isinstance(code, str) else None


async def _load_assignments(
    session: AsyncSession, staff_ids: list[UUID], first: date, last: date
) -> dict[UUID, list[Assignment]]:
    table = rows.ShiftAssignment
    found: dict[UUID, list[Assignment]] = defaultdict(list)
    query = (
        sa.select(table)
        .where(among(table.staff_id, staff_ids), table.starts_on <= last)
        .where(sa.or_(table.ends_on.is_(None), table.ends_on >= first))
        .order_by(table.starts_on, table.id)
    )
    for row in await session.scalars(query):
        found[row.staff_id].append(assignment_of(row))
    return found


def assignment_of(row: rows.ShiftAssignment) -> Assignment:
    """The engine's assignment of a row."""
    weekdays = None if row.weekdays is None else frozenset(row.weekdays)
    return Assignment(tuple(row.rotation), row.starts_on, row.ends_on, weekdays, row.anchor)


async def _load_leaves(
    session: AsyncSession, staff_ids: list[UUID], first: date, last: date
) -> dict[UUID, list[Leave]]:
    table = rows.LeaveRow
    found: dict[UUID, list[Leave]] = defaultdict(list)
    query = (
        sa.select(table.staff_id, table.day, table.part, table.kind, table.code, table.starts, table.ends)
        .where(among(table.staff_id, staff_ids), table.day.between(first, last))
        .order_by(table.day, table.id)
    )
    for staff_id, day, part, kind, code, starts, ends in await session.execute(query):
        found[staff_id].append(Leave(day, part, kind, code, starts or 0, ends or 0))
    return found


async def _load_calendars(
    session: AsyncSession, first: date, last: date, site_ids: set[UUID | None]
) -> dict[UUID | None, Calendar]:
    """The calendar of each site, and of people without one: the organisation's holidays and the site's own."""
    holidays: dict[UUID | None, set[date]] = defaultdict(set)
    table = rows.HolidayRow
    for day, site_id in await session.execute(
        sa.select(table.day, table.site_id).where(table.day.between(first, last))
    ):
        holidays[site_id].add(day)
    offs: dict[UUID | None, list[WeeklyOff]] = defaultdict(list)
    for row in await session.scalars(sa.select(rows.WeeklyOffRow).order_by(rows.WeeklyOffRow.starts_on)):
        offs[row.site_id].append(WeeklyOff(frozenset(row.weekdays), row.starts_on, row.ends_on))
    found: dict[UUID | None, Calendar] = {}
    for site_id in site_ids:
        own = holidays.get(site_id, set()) if site_id else set()
        weekly = without(offs.get(None, []), offs[site_id]) + offs[site_id] if site_id else offs.get(None, [])
        found[site_id] = Calendar(frozenset(holidays.get(None, set()) | own), tuple(weekly))
    return found


def without(general: list[WeeklyOff], own: list[WeeklyOff]) -> list[WeeklyOff]:
    """The general weekly offs on the dates that none of a site's own cover: there the site's own hold alone."""
    left = list(general)
    for mine in own:
        kept: list[WeeklyOff] = []
        for each in left:
            if (mine.end is not None and mine.end < each.start) or (each.end is not None and each.end < mine.start):
                kept.append(each)
                continue
            if each.start < mine.start:
                kept.append(WeeklyOff(each.weekdays, each.start, mine.start - timedelta(days=1)))
            if mine.end is not None and (each.end is None or each.end > mine.end):
                kept.append(WeeklyOff(each.weekdays, mine.end + timedelta(days=1), each.end))
        left = kept
    return left
