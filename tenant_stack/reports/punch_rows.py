"""The device log: a row for each punch as its clock wrote it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tenant_stack.punches.names import STATUS_NAMES, verify_name
from tenant_stack.reports.columns import Column
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.selection import narrowed, people_of
from tenant_stack.tables.devices import Device
from tenant_stack.tables.punches import PunchLog
from tenant_stack.tables.staff import Staff

P = PunchLog
VERIFY_WORDS = {code: verify_name(code) for code in (*range(30), 200)}

COLUMNS = (
    Column("at", "Punched", "instant", width=18),
    Column("employee_id", "Employee", width=10),
    Column("name", "Name", width=24),
    Column("pin", "PIN", width=10),
    Column("device", "Clock", width=18),
    Column("serial", "Serial", width=14),
    Column("direction", "Direction", width=11),
    Column("method", "Method", width=11),
    Column("work_code", "Work code", width=9),
    Column("clock_ahead", "Clock ahead (s)", "number", width=10),
    Column("received_at", "Received", "instant", width=18),
    Column("source", "Came by", width=8),
    Column("count", "Count", "number", total=True, width=6),
    Column("zone", "Time zone", width=14),
)


def query(filters: Filters) -> tuple[sa.Select[*tuple[Any, ...]], int]:
    """The rows and how many key columns order them; days are those of the clock's wall time."""
    first = datetime.combine(filters.first, datetime.min.time())
    last = datetime.combine(filters.last, datetime.min.time()) + timedelta(days=1)
    chosen: dict[str, sa.SQLColumnExpression[Any]] = {
        "at": P.punched_at,
        "employee_id": sa.func.coalesce(Staff.employee_id, ""),
        "name": sa.func.coalesce(Staff.name, "(unknown PIN)"),
        "pin": P.pin,
        "device": Device.name,
        "serial": Device.device_serial,
        "direction": sa.case(STATUS_NAMES, value=P.status, else_=sa.cast(P.status, sa.Text)),
        "method": sa.case(VERIFY_WORDS, value=P.verify, else_=sa.cast(P.verify, sa.Text)),
        "work_code": P.work_code,
        "clock_ahead": P.clock_offset_seconds,
        "received_at": P.received_at,
        "source": P.source,
        "count": sa.literal(1),
        "zone": P.zone,
        "row_zone": P.zone,
        "k0": P.punched_at,
        "k1": P.id,
    }
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(*(expression.label(name) for name, expression in chosen.items()))
        .select_from(P)
        .join(Device, Device.id == P.device_id)
        .outerjoin(Staff, Staff.id == P.staff_id)
        .where(P.local_time >= first, P.local_time < last)
    )
    return (people_of(found, filters) if narrowed(filters) else found), 2
