"""The queue of anomalies: what a person must look at, and what they said about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.errors import Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from foundation.sign_in.principal import Principal
from tenant_stack.attendance.filters import AnomalyFilter, restricted
from tenant_stack.attendance.schemas import AnomalyView, ResolveAnomaly
from tenant_stack.rules.anomalies import CATALOGUE
from tenant_stack.tables.access import User
from tenant_stack.tables.attendance import AttendanceAnomaly, AttendanceRecord
from tenant_stack.tables.base import audited
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of


def anomaly_query() -> sa.Select[*tuple[Any, ...]]:
    """Anomalies with the names that people know and the record of their day, if there is one."""
    return (
        sa.select(AttendanceAnomaly, Staff.employee_id, Staff.name, AttendanceRecord.id.label("record_id"))
        .join(Staff, Staff.id == AttendanceAnomaly.staff_id)
        .outerjoin(
            AttendanceRecord,
            sa.and_(
                AttendanceRecord.staff_id == AttendanceAnomaly.staff_id,
                AttendanceRecord.work_date == AttendanceAnomaly.work_date,
            ),
        )
    )


def anomaly_view(row: Any) -> AnomalyView:
    kind = CATALOGUE.get(row[0].kind)
    return view_of(
        AnomalyView,
        row[0],
        employee_id=row[1],
        staff_name=row[2],
        record_id=row[3],
        owner_role=kind.owner if kind else "manager",
        advice=kind.resolution if kind else "",
    )


async def list_anomalies(session: AsyncSession, page: PageRequest, wanted: AnomalyFilter) -> Page[AnomalyView]:
    """Anomalies, newest day first."""
    query = restricted(anomaly_query(), AttendanceAnomaly, wanted)
    order = [AttendanceAnomaly.__table__.c.work_date, AttendanceAnomaly.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[anomaly_view(row) for row in rows], next_cursor=cursor, total=total)


async def change_anomaly(
    session: AsyncSession, anomaly_id: UUID, wanted: ResolveAnomaly, caller: Principal
) -> AnomalyView:
    """Resolve an anomaly, make it active again, or give it to somebody."""
    found = await session.get(AttendanceAnomaly, anomaly_id, with_for_update=True)
    if found is None:
        raise NotFound("anomaly_not_found", "There is no such anomaly (any more)")
    before: dict[str, object] = {
        "state": found.state,
        "resolution": found.resolution,
        "owner_id": _text(found.owner_id),
    }
    if wanted.owner_id is not None and await session.get(User, wanted.owner_id) is None:
        raise Invalid("unknown_owner", "There is no such account", field="owner_id")
    found.state = wanted.state
    if wanted.resolution is not None:
        found.resolution = wanted.resolution
    if wanted.owner_id is not None:
        found.owner_id = wanted.owner_id
    resolved = wanted.state == "resolved"
    found.resolved_by = caller.label[:200] if resolved else ""
    found.resolved_at = utc_now() if resolved else None
    after: dict[str, object] = {"state": found.state, "resolution": found.resolution, "owner_id": _text(found.owner_id)}
    audited(
        session, caller.actor, "attendance.anomaly.change", "attendance_anomaly", found.id, before=before, after=after
    )
    await session.flush()
    return anomaly_view((await session.execute(anomaly_query().where(AttendanceAnomaly.id == anomaly_id))).one())


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
