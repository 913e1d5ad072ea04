"""A report into a file: rows stream from the database into a writing process, and the file streams back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.apart import start_apart
from foundation.errors import Invalid
from foundation.logs import get_logger
from tenant_stack.reports.definitions import Definition
from tenant_stack.reports.query import stream
from tenant_stack.reports.writers.document import Document

Sink = Callable[[bytes], Awaitable[None]]
Progress = Callable[[int], None]

READ = 256 * 1024
# A sheet of Excel holds 1,048,576 rows; on paper nobody reads more than this.
MOST_ROWS = {"csv": 5_000_000, "xlsx": 1_000_000, "pdf": 20_000}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class WriterFailed(Exception):
    """The writing process ended without a file."""


def refuse_too_many(form: str, rows: int) -> None:
    """A format that cannot hold so many rows says so before any work is done."""
    if rows > MOST_ROWS[form]:
        raise Invalid(
            "too_many_rows",
            f"{form.upper()} holds up to {MOST_ROWS[form]:,} rows and this report has {rows:,}: "
            "choose fewer days or people, or another format",
            field="format",
        )


async def write_file(
    session: AsyncSession, definition: Definition, document: Document, *, sink: Sink, progress: Progress
) -> int:
    """Write the report; ``sink`` gets the file piece by piece, ``progress`` the number of rows read so far.

    Returns the number of data rows. When this is cancelled, the writing process is killed.
    """
    refuse_too_many(document.format, document.count)
    process = await start_apart("tenant_stack.reports.writers")
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    receiving = asyncio.create_task(_receive(process.stdout, sink))
    try:
        rows = await _feed(session, definition, document, process.stdin, progress)
        await receiving
        code = await process.wait()
        if code != 0:
            said = (await errors).decode(errors="replace")
            get_logger().error("report.writer_failed", code=code, said=said[-2000:])
            raise WriterFailed(f"the writing process ended with {code}")
        return rows
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for task in (receiving, errors):
            task.cancel()
        await asyncio.gather(receiving, errors, return_exceptions=True)


async def _feed(
    session: AsyncSession,
    definition: Definition,
    document: Document,
    pipe: asyncio.StreamWriter,
    progress: Progress,
) -> int:
    rows = 0
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    try:
        pipe.write(encode(document.plain()).encode() + b"\n")
        async for lines in stream(session, definition):
            pipe.write(encode([(line.level, *line.cells) for line in lines]).encode() + b"\n")
            await pipe.drain()
            rows += sum(1 for line in lines if line.level == 0)
            progress(rows)
        pipe.close()
    except (BrokenPipeError, ConnectionResetError):
        # The process has ended: its exit code says why.
        return rows
    return rows


async def _receive(pipe: asyncio.StreamReader, sink: Sink) -> None:
    while piece := await pipe.read(READ):
        await sink(piece)
