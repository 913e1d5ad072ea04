"""Reports: a month of 1,000 people on paper and 310,000 rows in a sheet, beside the same library in a bare loop.

The report reads PostgreSQL, makes its cells and adds up; the baseline has the cells ready in memory and only writes.
Memory is the peak of the writing process; the service itself holds no more than a batch of rows.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date

import asyncpg

from control_plane.local.platform import Platform
from foundation.database import Database
from tenant_stack import schema
from tenant_stack.reports.definitions import build
from tenant_stack.reports.filters import Filters
from tenant_stack.reports.headings import describe
from tenant_stack.reports.query import stream, totals
from tenant_stack.reports.render_process import write_file
from tests.bench.figure import Figure

NAME = "bench_reports"
PEOPLE, DAYS = 10_000, 31
PAPER_PEOPLE = 1_000
FIRST, LAST = date(2026, 10, 1), date(2026, 10, DAYS)
HIRE = """
INSERT INTO staff (employee_id, name, department)
SELECT lpad(n::text, 6, '0'), 'Person ' || n, CASE WHEN n <= $2 THEN 'Paper' ELSE 'Department ' || n % 40 END
FROM generate_series(1, $1::integer) n
"""
WORK = """
INSERT INTO attendance_records (staff_id, work_date, zone, first_in, last_out, worked_minutes, status, punch_count,
  worked_seconds, expected_seconds, late_seconds, overtime_seconds, shifts)
SELECT s.id, day, 'Asia/Dubai', day + interval '5 h', day + interval '14 h', 480, 'present', 2,
  28800 + (s.employee_id::integer * 37 + extract(day FROM day)::integer * 101) % 5000, 28800,
  (s.employee_id::integer + extract(day FROM day)::integer) % 7 * 60, 600, '["DAY"]'
FROM staff s CROSS JOIN generate_series($1::date, $2::date, interval '1 day') AS day
"""
# The same library, the same cells, nothing else.
BARE_SHEET = """
import io, json, sys
from rustpy_xlsxwriter import write_worksheet
titles, rows = json.load(sys.stdin)
write_worksheet((dict(zip(titles, row)) for row in rows), io.BytesIO(), sheet_name="Report")
"""
BARE_PAPER = """
import json, sys
from typst import compile
from tenant_stack.reports.writers.pdf import font_folders
titles, rows = json.load(sys.stdin)
source = '#set page(flipped: true)\\n#set text(size: 5pt, font: "Noto Sans")\\n'
source += '#let rows = json(bytes(sys.inputs.rows))\\n#table(columns: %d, ..rows.flatten().map(str))' % len(titles)
texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
compile(source.encode(), format="pdf", font_paths=font_folders(), ignore_system_fonts=True,
        sys_inputs={"rows": json.dumps(texts)}, pdf_tags=False)
"""


@dataclass(frozen=True)
class Measured:
    """``memory`` in MiB is the peak of the largest child process so far: measure small ones first."""

    seconds: float
    memory: float
    rows: int
    size: int


async def measure(platform: Platform) -> list[Figure]:
    """On a database of its own; dropped afterwards."""
    return await measured(platform.postgres.dsn(), platform.postgres.dsn(NAME))


async def measured(admin_dsn: str, dsn: str) -> list[Figure]:
    await _run(admin_dsn, f'CREATE DATABASE "{NAME}"')
    try:
        await schema.migrate(dsn)
        await _run(dsn, HIRE, PEOPLE, PAPER_PEOPLE)
        await _run(dsn, WORK, FIRST, LAST)
        await _run(dsn, "VACUUM ANALYZE attendance_records, staff")
        database = Database(dsn)
        try:
            sheet = await _report(database, "daily", "xlsx", Filters(first=FIRST, last=LAST))
            bare_sheet = await _bare(database, "daily", BARE_SHEET, Filters(first=FIRST, last=LAST))
            few = Filters(first=FIRST, last=LAST, departments=["Paper"])
            paper = await _report(database, "monthly", "pdf", few)
            bare_paper = await _bare(database, "monthly", BARE_PAPER, few)
        finally:
            await database.close()
    finally:
        await _run(admin_dsn, f'DROP DATABASE "{NAME}" WITH (FORCE)')
    assert sheet.rows == PEOPLE * DAYS
    assert paper.rows == PAPER_PEOPLE
    return [
        *_figures(f"XLSX of {sheet.rows:,} rows from the database", sheet, bare_sheet, 60.0, 100.0),
        *_figures(f"PDF of a month of {paper.rows:,} people from the database", paper, bare_paper, 20.0, 600.0),
    ]


def _figures(what: str, ours: Measured, bare: Measured, seconds: float, memory: float) -> list[Figure]:
    return [
        Figure(
            what=f"{what} ({ours.size / 1e6:.1f} MB)",
            value=ours.seconds,
            unit="s",
            baseline=bare.seconds,
            baseline_name="the library alone over the same rows in memory",
            budget=f"≤ {seconds:.0f} s",
            within=lambda figure: figure.value <= seconds,
        ),
        Figure(
            what=f"{what}, peak memory of the writing process",
            value=ours.memory,
            unit="MiB",
            baseline=bare.memory,
            baseline_name="the library alone with its rows",
            budget=f"≤ {memory:.0f} MiB",
            within=lambda figure: figure.value <= memory,
        ),
    ]


async def _report(database: Database, kind: str, form: str, filters: Filters) -> Measured:
    """A report as a worker writes it; memory is that of a fresh process that does the same writing."""
    definition = build(kind, filters)
    size = 0

    async def sink(piece: bytes) -> None:
        nonlocal size
        size += len(piece)

    began = time.monotonic()
    async with database.transaction() as session:
        added = await totals(session, definition)
        document = await describe(
            session,
            definition,
            filters,
            added,
            form=form,
            organisation="Bench",
            home_zone="Asia/Dubai",
            by="make bench",
        )
        rows = await write_file(session, definition, document, sink=sink, progress=lambda _: None)
    seconds = time.monotonic() - began
    async with database.transaction() as session:
        lines = [json.dumps(document.plain())]
        async for batch in stream(session, definition):
            lines.append(json.dumps([(line.level, *line.cells) for line in batch]))
    _, memory = await asyncio.to_thread(
        _child, [sys.executable, "-m", "tenant_stack.reports.writers"], "\n".join(lines)
    )
    return Measured(seconds, memory, rows, size)


async def _bare(database: Database, kind: str, script: str, filters: Filters) -> Measured:
    definition = build(kind, filters)
    rows: list[tuple[object, ...]] = []
    async with database.transaction() as session:
        async for batch in stream(session, definition):
            rows += [line.cells for line in batch]
    given = json.dumps([[column.name for column in definition.columns], rows])
    seconds, memory = await asyncio.to_thread(_child, [sys.executable, "-c", script], given)
    return Measured(seconds, memory, len(rows), 0)


def _child(command: list[str], given: str) -> tuple[float, float]:
    """Seconds and peak MiB of one process; a parent in between sees no other child's memory."""
    began = time.monotonic()
    wrapper = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", wrapper, *command], input=given.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    # Linux counts KiB, macOS bytes.
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return time.monotonic() - began, int(done.stdout.split()[-1]) / unit


async def _run(dsn: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()
