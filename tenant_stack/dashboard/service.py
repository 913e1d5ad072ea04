"""Counts of today, in a handful of indexed queries."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now, zone
from tenant_stack.access.scope import Scope
from tenant_stack.dashboard.schemas import Dashboard, DeviceBrief, HourCount
from tenant_stack.devices.service import all_devices
from tenant_stack.punches.service import punch_query, punch_view
from tenant_stack.tables.punches import PunchLog

RECENT = 30

# Statements as text see everything by themselves: a limited caller's sites and departments go in as parameters.
PEOPLE = """(CAST(:sites AS uuid[]) IS NULL OR site_id = ANY(CAST(:sites AS uuid[])))
        AND (CAST(:departments AS text[]) IS NULL OR department = ANY(CAST(:departments AS text[])))"""
CLOCKS = "(CAST(:sites AS uuid[]) IS NULL OR site_id = ANY(CAST(:sites AS uuid[])))"
EVERYBODY = "(CAST(:sites AS uuid[]) IS NULL AND CAST(:departments AS text[]) IS NULL)"
IN_PART = f"({EVERYBODY} OR staff_id IN (SELECT id FROM staff WHERE {PEOPLE}))"  # noqa: S608 - constants only
AT_CLOCK = f"device_id IN (SELECT id FROM devices WHERE {CLOCKS})"  # noqa: S608 - constants only

COUNTS = sa.text(f"""
SELECT (SELECT count(*) FROM staff WHERE active AND {PEOPLE}) AS staff_total,
       r.present, r.missing_out, r.late, r.absent, r.on_leave,
       (SELECT count(*) FROM attendance_anomalies
        WHERE work_date = CAST(:today AS date) AND kind = 'not_arrived' AND state <> 'resolved'
          AND {IN_PART}) AS not_arrived,
       (SELECT count(*) FROM (SELECT DISTINCT device_id, pin FROM punch_logs
                              WHERE staff_id IS NULL AND {AT_CLOCK} AND local_time >= CAST(:today AS date)
                                AND local_time < CAST(:today AS date) + 1) u) AS unknown_today,
       (SELECT count(*) FROM devices WHERE approved_at IS NULL AND {CLOCKS}) AS waiting_devices
FROM (SELECT count(*) FILTER (WHERE punch_count > 0) AS present,
             count(*) FILTER (WHERE status = 'incomplete') AS missing_out,
             count(*) FILTER (WHERE late_seconds > 0) AS late,
             count(*) FILTER (WHERE status = 'absent') AS absent,
             count(*) FILTER (WHERE status = 'on_leave') AS on_leave
      FROM attendance_records WHERE work_date = CAST(:today AS date) AND {IN_PART}) r
""")  # noqa: S608 - constants only
BY_HOUR = sa.text(f"""
SELECT CAST(extract(hour FROM local_time) AS integer) AS hour, count(*) AS count
FROM punch_logs WHERE local_time >= CAST(:today AS date) AND local_time < CAST(:today AS date) + 1
  AND ({EVERYBODY} OR {IN_PART} OR (staff_id IS NULL AND {AT_CLOCK}))
GROUP BY 1 ORDER BY 1
""")  # noqa: S608 - constants only


async def dashboard(session: AsyncSession, zone_name: str, scope: Scope) -> Dashboard:
    """Today as the organisation's zone has it. ``unknown_today`` counts PINs, not punches."""
    now = utc_now()
    today = now.astimezone(zone(zone_name)).date()
    part = {
        "today": today,
        "sites": None if scope.sites is None else sorted(scope.sites),
        "departments": None if scope.departments is None else sorted(scope.departments),
    }
    counts = (await session.execute(COUNTS, part)).one()
    hours = {row.hour: row.count for row in await session.execute(BY_HOUR, part)}
    # Nobody punches in a month that has not begun: naming the newest months spares the others.
    horizon = datetime.combine(today, datetime.min.time()) + timedelta(days=2)
    recent = await session.execute(
        punch_query()
        .where(PunchLog.local_time < horizon)
        .order_by(PunchLog.punched_at.desc(), PunchLog.id.desc())
        .limit(RECENT)
    )
    devices = await all_devices(session)
    return Dashboard(
        date=today,
        zone=zone_name,
        generated_at=now,
        staff_total=counts.staff_total,
        present=counts.present,
        missing_out=counts.missing_out,
        late=counts.late,
        absent=counts.absent,
        on_leave=counts.on_leave,
        not_arrived=counts.not_arrived,
        unknown_today=counts.unknown_today,
        devices=[DeviceBrief.model_validate(device.model_dump()) for device in devices],
        waiting_devices=counts.waiting_devices,
        recent=[punch_view(row) for row in recent],
        by_hour=[HourCount(hour=hour, count=hours.get(hour, 0)) for hour in range(24)],
    )
