"""XLSX: typed cells, a frozen header with filters, and a sheet that says what the figures are about.

Rows are written as they come. Durations are fractions of a day shown as ``[h]:mm:ss``, so spreadsheets can add them up.
Text is always a text cell: a name that looks like a formula stays a name.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

from rustpy_xlsxwriter import Format, write_worksheets

from tenant_stack.reports.columns import Cell, Column, Line
from tenant_stack.reports.writers.document import Document

DAY = 86_400
# Excel's own limit for the text of a cell.
LONGEST_TEXT = 32_767
FORMATS = {"duration": "[h]:mm:ss", "date": "yyyy-mm-dd", "instant": "yyyy-mm-dd hh:mm:ss", "number": "0"}


def titles_of(columns: Iterable[Column]) -> list[str]:
    """Titles, each once: they are the keys of the rows."""
    seen: set[str] = set()
    found = []
    for column in columns:
        title = column.title if column.title not in seen else f"{column.title} ({column.name})"
        seen.add(title)
        found.append(title)
    return found


def _reader(column: Column) -> Callable[[Cell], Any]:
    if column.kind == "duration":
        return lambda value: None if value is None else int(value) / DAY
    if column.kind == "date":
        return lambda value: _read(date.fromisoformat, value)
    if column.kind == "instant":
        # Spreadsheets know no zones: the wall time at the site, whose zone is in a column beside it.
        return lambda value: _read(lambda text: datetime.fromisoformat(text).replace(tzinfo=None), value)
    if column.kind == "number":
        return lambda value: value
    return lambda value: None if value is None else str(value)[:LONGEST_TEXT]


def _read(convert: Callable[[str], Any], value: Cell) -> Any:
    """A label of a sub-total may stand where a date would."""
    if value is None:
        return None
    try:
        return convert(str(value))
    except ValueError:
        return str(value)


def _format(column: Column) -> Format:
    made = Format()
    code = FORMATS.get(column.kind)
    if code:
        made = made.set_num_format(code)
    return made.set_align("center") if column.kind == "mark" else made


def write(document: Document, lines: Iterable[Line], output: BinaryIO) -> None:
    titles = titles_of(document.columns)
    readers = [_reader(column) for column in document.columns]

    def rows() -> Iterator[dict[str, Any]]:
        empty = True
        for line in lines:
            empty = False
            yield {title: read(cell) for title, read, cell in zip(titles, readers, line.cells, strict=True)}
        if empty:
            yield dict.fromkeys(titles)

    buffer = io.BytesIO()
    sheet = "Report"
    write_worksheets(
        [(sheet, rows()), ("About", _about(document))],
        buffer,
        freeze_panes={sheet: {"row": 1, "col": min(2, len(titles))}},
        header_format={sheet: Format().set_bold().set_background_color("#E8EEF5").set_border_bottom("thin")},
        autofilter={sheet: True},
        column_widths={
            sheet: [
                max(len(title) + 3, column.width + 2) for title, column in zip(titles, document.columns, strict=True)
            ],
            "About": [18.0, 90.0],
        },
        column_formats={
            sheet: {title: _format(column) for title, column in zip(titles, document.columns, strict=True)}
        },
    )
    output.write(buffer.getbuffer())


def _about(document: Document) -> list[dict[str, str]]:
    facts = [
        ("Report", document.title),
        ("Organisation", document.organisation),
        ("Days", document.period),
        ("Time zone", ", ".join(document.zones)),
        *(("Filter", text) for text in document.filters),
        ("Rows", str(document.count)),
        ("Made", document.made),
        ("Durations", "hours:minutes:seconds, exact; the last row of the sheet holds the totals"),
        *(("Note", text) for text in document.notes),
    ]
    return [{"Fact": name, "Value": value} for name, value in facts]
