"""Device groups: enter, list, read, change, remove. The planner does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import unique
from foundation.errors import Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.people.groups.schemas import GroupDetail, GroupDevice, GroupIn, GroupView, Named, Progress
from tenant_stack.people.groups.wanted_pairs import WANTED
from tenant_stack.tables.base import audited
from tenant_stack.tables.device_groups import DeviceGroup, DeviceGroupDevice, DeviceGroupSite, DeviceGroupStaff
from tenant_stack.tables.devices import Device
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

# Of each wanted pair the best row counts: a clock may know a person under two numbers.
PROGRESS = sa.text(
    WANTED  # noqa: S608 - both parts are constants
    + """, pairs AS (
    SELECT DISTINCT m.group_id, gd.device_id, m.staff_id
    FROM members m JOIN device_group_devices gd ON gd.group_id = m.group_id
    WHERE m.group_id = ANY(CAST(:groups AS uuid[]))
), states AS (
    SELECT p.group_id, p.device_id,
           (SELECT e.status FROM device_enrollments e WHERE e.device_id = p.device_id AND e.staff_id = p.staff_id
            ORDER BY e.status = 'enrolled' DESC, e.status IN ('removing', 'removed'), e.id LIMIT 1) AS status,
           EXISTS (SELECT 1 FROM conflicts c WHERE c.resolved_at IS NULL AND c.device_id = p.device_id
                   AND c.staff_id = p.staff_id) AS contested
    FROM pairs p
)
SELECT group_id, device_id, count(*) AS wanted, count(*) FILTER (WHERE status = 'enrolled') AS confirmed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE contested AND status IS DISTINCT FROM 'enrolled') AS contested
FROM states GROUP BY group_id, device_id
"""
)
PEOPLE = sa.text(
    WANTED
    + """
SELECT group_id, count(DISTINCT staff_id) FROM members WHERE group_id = ANY(CAST(:groups AS uuid[])) GROUP BY group_id
"""
)
MEMBER_TABLES: tuple[tuple[Any, str, str, Any, str], ...] = (
    (DeviceGroupDevice, "device_id", "device_ids", Device, "unknown_device"),
    (DeviceGroupSite, "site_id", "site_ids", Site, "unknown_site"),
    (DeviceGroupStaff, "staff_id", "staff_ids", Staff, "unknown_staff"),
)


async def list_groups(session: AsyncSession, page: PageRequest, *, q: str | None = None) -> Page[GroupView]:
    """Groups by name."""
    query = sa.select(DeviceGroup)
    if q:
        query = query.where(DeviceGroup.name.icontains(q, autoescape=True))
    table = DeviceGroup.__table__.c
    rows, cursor, total = await paginate(session, query, page, order=[table.name, table.id])
    groups = [row[0] for row in rows]
    people, progress = await _counts(session, [group.id for group in groups])
    devices = await _devices(session, [group.id for group in groups])
    items = [
        GroupView(**_facts(group, len(devices.get(group.id, [])), people.get(group.id, 0), progress, group.id))
        for group in groups
    ]
    return Page(items=items, next_cursor=cursor, total=total)


async def read_group(session: AsyncSession, group_id: UUID) -> GroupDetail:
    """One group with its clocks and people; `NotFound` when there is none."""
    group = await _get(session, group_id)
    people, progress = await _counts(session, [group_id])
    devices = (await _devices(session, [group_id])).get(group_id, [])
    staff = await session.execute(
        sa.select(Staff.id, Staff.name)
        .join(DeviceGroupStaff, DeviceGroupStaff.staff_id == Staff.id)
        .where(DeviceGroupStaff.group_id == group_id)
        .order_by(Staff.name, Staff.id)
    )
    sites = await session.scalars(sa.select(DeviceGroupSite.site_id).where(DeviceGroupSite.group_id == group_id))
    return GroupDetail(
        **_facts(group, len(devices), people.get(group_id, 0), progress, group_id),
        site_ids=list(sites),
        device_list=[
            GroupDevice(
                id=device.id,
                name=device.name,
                connection=device.connection,
                progress=_progress([row for row in progress if row.device_id == device.id]),
            )
            for device in devices
        ],
        staff=[Named(id=row.id, name=row.name) for row in staff],
    )


async def create_group(session: AsyncSession, actor: Actor, entered: GroupIn) -> GroupDetail:
    """Enter a group; its people go to its clocks in the background."""
    group = DeviceGroup(name=entered.name, everybody=entered.everybody, departments=entered.departments)
    async with unique(session, uq_device_groups_name="name"):
        session.add(group)
    await _set_members(session, group.id, entered)
    await session.refresh(group)
    audited(session, actor, "device_group.create", "device_group", group.id, after=entered.model_dump(mode="json"))
    return await read_group(session, group.id)


async def update_group(session: AsyncSession, actor: Actor, group_id: UUID, entered: GroupIn) -> GroupDetail:
    """Replace a group. People whom no group wants on a clock any more are taken off it."""
    group = await _get(session, group_id, lock=True)
    before = await _entered(session, group)
    async with unique(session, uq_device_groups_name="name"):
        group.name, group.everybody, group.departments = entered.name, entered.everybody, entered.departments
    await _set_members(session, group_id, entered)
    await session.refresh(group)
    after = await _entered(session, group)
    if after != before:
        audited(session, actor, "device_group.update", "device_group", group_id, before=before, after=after)
    return await read_group(session, group_id)


async def delete_group(session: AsyncSession, actor: Actor, group_id: UUID) -> None:
    """Remove a group; the people who were on its clocks only because of it are taken off them."""
    group = await _get(session, group_id, lock=True)
    before = await _entered(session, group)
    await session.delete(group)
    await session.flush()
    audited(session, actor, "device_group.delete", "device_group", group_id, before=before)


async def _get(session: AsyncSession, group_id: UUID, *, lock: bool = False) -> DeviceGroup:
    group = await session.get(DeviceGroup, group_id, with_for_update={"key_share": True} if lock else None)
    if group is None:
        raise NotFound("device_group_not_found", "There is no such group of clocks")
    return group


async def _set_members(session: AsyncSession, group_id: UUID, entered: GroupIn) -> None:
    for table, column, field, target, code in MEMBER_TABLES:
        wanted = set(getattr(entered, field))
        known = set(await session.scalars(sa.select(target.id).where(target.id.in_(wanted)))) if wanted else set()
        if known != wanted:
            raise Invalid(code, "One of these does not exist (any more)", field=field)
        await session.execute(sa.delete(table).where(table.group_id == group_id))
        if wanted:
            await session.execute(sa.insert(table), [{"group_id": group_id, column: each} for each in sorted(wanted)])


async def _entered(session: AsyncSession, group: DeviceGroup) -> dict[str, object]:
    """What the audit trail shows of a group."""
    facts: dict[str, object] = {
        "name": group.name,
        "everybody": group.everybody,
        "departments": list(group.departments),
    }
    for table, column, field, *_ in MEMBER_TABLES:
        members = await session.scalars(sa.select(getattr(table, column)).where(table.group_id == group.id))
        facts[field] = sorted(str(each) for each in members)
    return facts


async def _devices(session: AsyncSession, group_ids: Sequence[UUID]) -> dict[UUID, list[Device]]:
    rows = await session.execute(
        sa.select(DeviceGroupDevice.group_id, Device)
        .join(Device, Device.id == DeviceGroupDevice.device_id)
        .where(DeviceGroupDevice.group_id.in_(group_ids))
        .order_by(Device.name, Device.id)
    )
    found: dict[UUID, list[Device]] = {}
    for group_id, device in rows:
        found.setdefault(group_id, []).append(device)
    return found


async def _counts(session: AsyncSession, group_ids: Sequence[UUID]) -> tuple[dict[UUID, int], list[Any]]:
    values = {"groups": list(group_ids), "staff": None}
    people = {row[0]: row[1] for row in await session.execute(PEOPLE, values)}
    return people, list(await session.execute(PROGRESS, values))


def _progress(rows: Sequence[Any]) -> Progress:
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("wanted", "confirmed", "failed", "contested")}
    waiting = sums["wanted"] - sums["confirmed"] - sums["failed"] - sums["contested"]
    return Progress(**sums, waiting=max(0, waiting))


def _facts(group: DeviceGroup, devices: int, people: int, progress: Sequence[Any], group_id: UUID) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "everybody": group.everybody,
        "departments": list(group.departments),
        "devices": devices,
        "people": people,
        "progress": _progress([row for row in progress if row.group_id == group_id]),
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    }
