"""People with records for payroll, put straight into the tables."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from foundation.database import Database
from tests.tenant_stack.records import run

FIRST = date(2026, 3, 1)
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


async def hire(database: Database, employee_id: str, name: str, department: str = "Sales") -> str:
    """Somebody new; returns the id."""
    rows = await run(
        database,
        "INSERT INTO staff (employee_id, name, department) VALUES (:employee_id, :name, :department) RETURNING id",
        employee_id=employee_id,
        name=name,
        department=department,
    )
    return str(rows[0][0])


async def work(
    database: Database,
    staff_id: str,
    day: int,
    regular: int,
    overtime: int = 0,
    *,
    state: str = "approved",
    premium: int = 0,
    fractions: dict[str, str] | None = None,
) -> None:
    """The record of a day of March 2026, in seconds; an earlier one is replaced."""
    pay: list[dict[str, Any]] = [{"code": "REG", "rate": "1", "seconds": regular}] if regular else []
    if overtime:
        pay.append({"code": "OT", "rate": "1.5", "seconds": overtime})
    await run(
        database,
        "INSERT INTO attendance_records (staff_id, work_date, zone, worked_minutes, status, punch_count, "
        "worked_seconds, overtime_seconds, pay, premiums, fractions, state, snapshot) "
        "VALUES (CAST(:staff AS uuid), CAST(:day AS date), 'Asia/Dubai', :minutes, 'present', 2, :worked, :overtime, "
        "CAST(:pay AS jsonb), CAST(:premiums AS jsonb), CAST(:fractions AS jsonb), :state, '{}') "
        "ON CONFLICT (staff_id, work_date) DO UPDATE SET pay = excluded.pay, premiums = excluded.premiums, "
        "state = excluded.state, worked_seconds = excluded.worked_seconds, fractions = excluded.fractions",
        staff=staff_id,
        day=FIRST + timedelta(days=day - 1),
        minutes=(regular + overtime) // 60,
        worked=regular + overtime,
        overtime=overtime,
        pay=json.dumps(pay),
        premiums=json.dumps([{"code": "NIGHT", "rate": "0", "seconds": premium}] if premium else []),
        fractions=json.dumps(fractions or {"present": "1"}),
        state=state,
    )
