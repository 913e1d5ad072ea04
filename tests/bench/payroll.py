"""Seconds and memory of the payroll file of 10,000 people for a month, and of a batch of them.

A database of its own with 300,000 approved records. Each measurement runs in a process of its own, so that its peak
memory is its own. The baseline is the least that could do the same: fetch the records, sum each person's codes, write
the lines with the ``csv`` module.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID

import asyncpg

from control_plane.local.platform import Platform
from foundation.database import Database
from foundation.sign_in.principal import Principal
from tenant_stack import schema
from tenant_stack.payroll import batches, service
from tenant_stack.payroll.lines import Measure
from tenant_stack.payroll.queries import Scope
from tenant_stack.payroll.schemas import NewBatch
from tenant_stack.payroll.writers.files import written_file
from tests.bench.figure import Figure

NAME = "bench_payroll"
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
PEOPLE = 10_000
BUDGET_SECONDS = 10.0
BATCH_SECONDS = 30.0
BUDGET_MB = 400.0

HIRE = "INSERT INTO staff (employee_id, name) SELECT n::text, 'Person ' || n FROM generate_series(1, $1::integer) n"
WORK = """
INSERT INTO attendance_records (staff_id, work_date, zone, worked_minutes, status, punch_count, worked_seconds, pay,
                                premiums, fractions, state, snapshot)
SELECT s.id, day, 'Asia/Dubai', 540, 'present', 4, 32400,
       jsonb_build_array(jsonb_build_object('code', 'REG', 'rate', '1', 'seconds', 28800 - x.n),
                         jsonb_build_object('code', 'OT', 'rate', '1.5', 'seconds', 3600 + x.n)),
       jsonb_build_array(jsonb_build_object('code', 'NIGHT', 'rate', '0.25', 'seconds', 1800 + x.n)),
       '{"present": "1"}', 'approved', '{}'
FROM staff s CROSS JOIN generate_series($1::date, $2::date, interval '1 day') day
CROSS JOIN LATERAL (SELECT (s.employee_id::integer * 37 + extract(day FROM day)::integer * 101) % 1500 AS n) x
"""
ROWS = "SELECT s.employee_id, s.name, r.pay, r.premiums FROM attendance_records r JOIN staff s ON s.id = r.staff_id"


async def measure(platform: Platform) -> list[Figure]:
    return await measured(platform.postgres.dsn(), platform.postgres.dsn(NAME))


async def measured(admin_dsn: str, dsn: str) -> list[Figure]:
    """Figures from a new database on the server of ``admin_dsn``; dropped afterwards."""
    await _run(admin_dsn, f'CREATE DATABASE "{NAME}"')
    try:
        await schema.migrate(dsn)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(HIRE, PEOPLE)
            await connection.execute(WORK, FIRST, LAST)
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()
        bare, file, batch = [await asyncio.to_thread(_apart, kind, dsn) for kind in ("bare", "file", "batch")]
    finally:
        await _run(admin_dsn, f'DROP DATABASE "{NAME}" WITH (FORCE)')
    assert bare["hours"] == file["hours"], f"the file says {file['hours']} hours, the bare loop {bare['hours']}"
    what, least = f"payroll CSV, {PEOPLE:,} people × a month", "a bare csv loop"

    def seconds(name: str, value: float, most: float) -> Figure:
        return Figure(name, value, "s", float(bare["seconds"]), least, f"≤ {most:.0f} s", lambda f: f.value <= most)

    return [
        seconds(what, float(file["seconds"]), BUDGET_SECONDS),
        seconds(f"{what}, as a batch that counts as paid (by the worker)", float(batch["seconds"]), BATCH_SECONDS),
        Figure(
            f"{what}: peak memory of the process",
            float(file["megabytes"]),
            "MB",
            float(bare["megabytes"]),
            least,
            f"≤ {BUDGET_MB:.0f} MB",
            lambda figure: figure.value <= BUDGET_MB,
        ),
    ]


async def _run(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _apart(kind: str, dsn: str) -> dict[str, float | str]:
    command = [sys.executable, "-m", "tests.bench.payroll", kind, dsn]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    found: dict[str, float | str] = json.loads(answer.stdout)
    return found


async def _bare(dsn: str) -> Decimal:
    connection = await asyncpg.connect(dsn)
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for number, name, pay, premiums in await connection.fetch(ROWS):
        for line in json.loads(pay) + json.loads(premiums):
            sums[number, name, line["code"]] += line["seconds"]
    await connection.close()
    out = io.StringIO()
    writer = csv.writer(out)
    total, hours = Decimal(0), Measure()
    for (number, name, code), seconds in sorted(sums.items()):
        ticks = hours.ticks(Decimal(seconds), "seconds")
        writer.writerow((number, name, code, hours.text(ticks, "seconds")))
        total += Decimal(ticks) / 100
    return total


async def _file(dsn: str) -> Decimal:
    database = Database(dsn)
    async with database.transaction() as session:
        profile = await service.find_profile(session, "generic-long")
        sheet = await service.sheet_of(session, Scope(FIRST, LAST), profile, "Bench")
    await database.close()
    assert written_file(sheet).content
    return sum((Decimal(total.text) for total in sheet.totals if total.unit == "seconds"), Decimal(0))


async def _batch(dsn: str) -> Decimal:
    database = Database(dsn)
    caller = Principal("user", str(UUID(int=1)), "Bench", frozenset())
    wanted = NewBatch.model_validate({"from": FIRST, "to": LAST, "profile": "generic-long"})
    async with database.transaction() as session:
        made = await batches.create_batch(session, wanted, None, caller, "Bench")
    async with database.transaction() as session:
        await batches.make_queued(session, made.id, "Bench")
    async with database.transaction() as session:
        done = batches.batch_view(await batches.find_batch(session, made.id))
    await database.close()
    assert done.state == "done", done.error
    return sum((Decimal(total.figure) for total in done.totals if total.unit == "hours"), Decimal(0))


def main(kind: str, dsn: str) -> None:
    work = {"bare": _bare, "file": _file, "batch": _batch}[kind]
    began = time.monotonic()
    hours = asyncio.run(work(dsn))
    seconds = time.monotonic() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"hours": str(hours), "seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
