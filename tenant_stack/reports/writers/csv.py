"""CSV (RFC 4180): UTF-8 with a byte order mark, CRLF, one line a data row. No totals: machines add up themselves.

Durations are ``h:mm:ss``, dates ISO, instants ``YYYY-MM-DD hh:mm:ss+hh:mm``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import BinaryIO

from foundation.spreadsheets import harmless
from tenant_stack.reports.columns import DATA, Cell, Column, Line, duration_text
from tenant_stack.reports.writers.document import Document

FLUSH_EVERY = 500


def _reader(column: Column) -> Callable[[Cell], Cell]:
    if column.kind == "duration":
        return lambda value: None if value is None else duration_text(int(value))
    if column.kind == "instant":
        return lambda value: None if value is None else str(value).replace("T", " ")
    if column.kind in ("number", "date"):
        return lambda value: value
    return lambda value: None if value is None else harmless(str(value))


def write(document: Document, lines: Iterable[Line], output: BinaryIO) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    readers = [_reader(column) for column in document.columns]
    output.write(b"\xef\xbb\xbf")
    writer.writerow([column.title for column in document.columns])
    waiting = 0
    for line in lines:
        if line.level != DATA:
            continue
        writer.writerow([read(cell) for read, cell in zip(readers, line.cells, strict=True)])
        waiting += 1
        if waiting >= FLUSH_EVERY:
            output.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
            waiting = 0
    output.write(buffer.getvalue().encode())
