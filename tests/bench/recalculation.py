"""Seconds to compute 22 days of 1,000 and of 10,000 people from their raw punches, in one process.

A database of its own with shifts, four punches a day, a break rule and weekly overtime. Every record is written the
first time; the second time everything is computed again and nothing has changed. The statements of each batch are
counted.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

import asyncpg
import sqlalchemy as sa
from sqlalchemy import event

from control_plane.local.platform import Platform
from foundation.database import Database
from tenant_stack import schema
from tenant_stack.attendance.day_processor import BATCH, process_batch
from tenant_stack.attendance.pending_days import mark_period
from tenant_stack.punches.partitions import Months
from tests.bench.figure import Figure
from tests.operator import Operator

NAME = "bench_records"
ZONE = "Asia/Dubai"
FIRST, DAYS = date(2026, 9, 1), 22
LAST = date(2026, 9, FIRST.day + DAYS - 1)
NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
SMALL, LARGE = 1_000, 10_000
BUDGET_SECONDS = 10.0
MOST_STATEMENTS = 20
LINEAR = 1.3

SHIFT = {"start": 9 * 3600, "end": 18 * 3600, "before": 7200, "after": 4 * 3600, "unpaid_break": 3600}
RULES = {
    "breaks": [{"code": "meal", "method": "deduct", "steps": [[6 * 3600, 3600]]}],
    "punctuality": {"late_grace": 300, "early_grace": 300},
    "overtime": {"tiers": [{"code": "OT", "basis": "weekly", "rate": "1.5", "after": 48 * 3600}]},
}
CONFIGURE = """
WITH s AS (INSERT INTO shifts (code, name) VALUES ('DAY', 'Day') RETURNING id)
INSERT INTO shift_versions (shift_id, effective, definition) SELECT id, '-infinity', $1::text::jsonb FROM s
"""
LAY_DOWN = """
INSERT INTO rule_set_versions (rule_set_id, effective, definition)
SELECT id, '-infinity', $1::text::jsonb FROM rule_sets WHERE is_default
ON CONFLICT (rule_set_id, effective) DO UPDATE SET definition = excluded.definition
"""
HIRE = """
INSERT INTO staff (employee_id, name) SELECT n::text, 'Person ' || n FROM generate_series($1::integer, $2::integer) n
"""
ASSIGN = """
INSERT INTO shift_assignments (staff_id, rotation, starts_on, weekdays)
SELECT s.id, '["DAY"]', '2026-01-01', '[0,1,2,3,4,5]' FROM staff s
WHERE NOT EXISTS (SELECT 1 FROM shift_assignments a WHERE a.staff_id = s.id)
"""
# Every person comes and goes a few minutes differently each day.
PUNCH = """
INSERT INTO punch_logs (device_id, pin, raw_pin, local_time, zone, punched_at, status, verify, work_code, source,
                        received_at, raw, staff_id)
SELECT d.id, s.employee_id, s.employee_id, t.at, 'Asia/Dubai', t.at AT TIME ZONE 'Asia/Dubai', k.status, 1, '', 'push',
       t.at AT TIME ZONE 'Asia/Dubai', '', s.id
FROM staff s CROSS JOIN devices d CROSS JOIN generate_series($1::date, $2::date, interval '1 day') AS day
CROSS JOIN (VALUES (0, interval '8 h 50 min'), (2, interval '13 h'), (3, interval '13 h 50 min'), (1, interval '18 h'))
    AS k(status, at)
CROSS JOIN LATERAL (SELECT day + k.at + make_interval(
    secs => (s.employee_id::integer * 37 + extract(day FROM day)::integer * 101 + k.status * 211) % 1500) AS at) t
WHERE s.employee_id::integer BETWEEN $3 AND $4
"""


@dataclass(frozen=True)
class Measured:
    """``statements`` is the largest number of SQL statements of one batch."""

    days: int
    seconds: float
    cpu_seconds: float
    statements: int


async def measure(platform: Platform, operator: Operator, slug: str) -> list[Figure]:
    """The organisation is not touched: its worker would compute beside us."""
    return await measured(platform.postgres.dsn(), platform.postgres.dsn(NAME))


async def measured(admin_dsn: str, dsn: str) -> list[Figure]:
    """Figures from a new database on the server of ``admin_dsn``; dropped afterwards."""
    await _admin(admin_dsn, f'CREATE DATABASE "{NAME}"')
    try:
        await schema.migrate(dsn)
        database = Database(dsn)
        try:
            await Months(database).create([(FIRST.year, month) for month in (8, 9, 10)])
            await _prepare(dsn)
            await _hire(dsn, 1, SMALL)
            small, small_again = await _run(database), await _run(database)
            await _hire(dsn, SMALL + 1, LARGE)
            await _forget(dsn)
            large = await _run(database)
        finally:
            await database.close()
    finally:
        await _admin(admin_dsn, f'DROP DATABASE "{NAME}" WITH (FORCE)')
    return _figures(small, small_again, large)


def _figures(small: Measured, again: Measured, large: Measured) -> list[Figure]:
    what = f"{SMALL:,} people × {DAYS} days"
    return [
        Figure(
            what=f"{what}, every record written ({small.cpu_seconds:.1f} s in this process, the rest PostgreSQL)",
            value=small.seconds,
            unit="s",
            baseline=None,
            baseline_name="",
            budget=f"≤ {BUDGET_SECONDS:.0f} s",
            within=lambda figure: figure.value <= BUDGET_SECONDS,
        ),
        Figure(
            what=f"{what}, computed again, nothing changed",
            value=again.seconds,
            unit="s",
            baseline=small.seconds,
            baseline_name="every record written",
            budget=f"≤ {BUDGET_SECONDS:.0f} s",
            within=lambda figure: figure.value <= BUDGET_SECONDS,
        ),
        Figure(
            what=f"{LARGE:,} people × {DAYS} days, every record written",
            value=large.seconds,
            unit="s",
            baseline=small.seconds * LARGE / SMALL,
            baseline_name=f"{LARGE // SMALL} times {SMALL:,} people",
            budget=f"linear: ≤ {LINEAR} of the baseline",
            within=lambda figure: (figure.ratio or 0) <= LINEAR,
        ),
        Figure(
            what=f"SQL statements of a batch of {BATCH:,} staff-days, at most",
            value=float(max(small.statements, again.statements, large.statements)),
            unit="statements",
            baseline=None,
            baseline_name="",
            budget=f"≤ {MOST_STATEMENTS}",
            within=lambda figure: figure.value <= MOST_STATEMENTS,
        ),
    ]


async def _run(database: Database) -> Measured:
    """Mark the whole period and compute until nothing is marked."""
    async with database.transaction() as session:
        marked = await mark_period(session, FIRST, LAST, None, LAST)
    counted: list[str] = []
    engine = database.engine.sync_engine

    def count(_: object, __: object, statement: str, *___: object) -> None:
        counted.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    began, cpu = time.monotonic(), time.process_time()
    days, most = 0, 0
    while True:
        counted.clear()
        async with database.transaction() as session:
            computed, _ = await process_batch(session, ZONE, now=NOW)
        most = max(most, len(counted))
        days += computed
        if computed == 0:
            break
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    event.remove(engine, "before_cursor_execute", count)
    assert days == marked
    async with database.transaction() as session:
        stored = await session.scalar(
            sa.text("SELECT count(*) FROM attendance_records WHERE work_date BETWEEN :first AND :last"),
            {"first": FIRST, "last": LAST},
        )
    assert stored == days, f"{stored} records of {days} staff-days"
    return Measured(days, seconds, cpu, most)


async def _prepare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(CONFIGURE, json.dumps(SHIFT))
        await connection.execute(LAY_DOWN, json.dumps(RULES))
        await connection.execute(
            "INSERT INTO devices (device_serial, name, connection, port, comm_key, zone, approved_at, last_seen_at) "
            "VALUES ('BENCH', 'Bench', 'push', 4370, 0, 'Asia/Dubai', now(), $1)",
            NOW,
        )
    finally:
        await connection.close()


async def _hire(dsn: str, first: int, last: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(HIRE, first, last)
        await connection.execute(ASSIGN)
        await connection.execute(PUNCH, FIRST, LAST, first, last)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _forget(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("TRUNCATE attendance_records, attendance_anomalies, pending_staff_days")
    finally:
        await connection.close()


async def _admin(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
