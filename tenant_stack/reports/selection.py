"""Restricting a query to the people and days that a report is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from foundation.sign_in.principal import Principal
from tenant_stack.access.scope import Scope, people_within
from tenant_stack.access.scope import scope_of as scope_of_caller
from tenant_stack.reports.fields import R
from tenant_stack.reports.filters import Filters
from tenant_stack.tables.device_groups import DeviceGroup, DeviceGroupSite, DeviceGroupStaff
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

Query = sa.Select[*tuple[Any, ...]]


def people_of(query: Query, filters: Filters) -> Query:
    """Only these people, and only such as the caller may see. The query must have staff joined."""
    if filters.parts is not None:
        query = query.where(people_within(scope_of(filters.parts)))
    if filters.site_ids:
        query = query.where(Staff.site_id.in_(filters.site_ids))
    if filters.departments:
        query = query.where(Staff.department.in_(filters.departments))
    if filters.staff_ids:
        query = query.where(Staff.id.in_(filters.staff_ids))
    if filters.group_ids:
        query = query.where(_belongs(filters.group_ids))
    return query


def _belongs(group_ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """People who belong on the clocks of one of these groups."""
    group = sa.select(DeviceGroup.id).where(DeviceGroup.id.in_(group_ids))
    return sa.or_(
        group.where(
            sa.or_(DeviceGroup.everybody, DeviceGroup.departments.contains(sa.func.jsonb_build_array(Staff.department)))
        )
        .correlate(Staff)
        .exists(),
        Staff.id.in_(sa.select(DeviceGroupStaff.staff_id).where(DeviceGroupStaff.group_id.in_(group_ids))),
        Staff.site_id.in_(sa.select(DeviceGroupSite.site_id).where(DeviceGroupSite.group_id.in_(group_ids))),
    )


def scope_of(parts: frozenset[str]) -> Scope:
    """The sites and departments of a caller's parts."""
    return scope_of_caller(Principal("user", "", "", frozenset(), parts=parts))


def narrowed(filters: Filters) -> bool:
    """Is the report about certain people, so that punches of nobody are no part of it?"""
    return bool(filters.site_ids or filters.departments or filters.staff_ids or filters.group_ids) or (
        filters.parts is not None
    )


def records_of(query: Query, filters: Filters) -> Query:
    """Records of these people and days."""
    query = query.select_from(R).join(Staff, Staff.id == R.staff_id).outerjoin(Site, Site.id == Staff.site_id)
    query = query.where(R.work_date.between(filters.first, filters.last))
    if filters.statuses:
        query = query.where(R.status.in_([each.value for each in filters.statuses]))
    if filters.states:
        query = query.where(R.state.in_(filters.states))
    return people_of(query, filters)
