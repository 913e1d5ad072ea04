"""PDF by Typst: one layout for every report. Rows are cut into pages here, so that parts can be set one after another.

The fonts are packaged (Noto Sans, which has Latin and Devanagari, and Noto Sans Arabic); nothing is looked for on the
system or a network.
Texts reach the template as data, never as markup. A part is set in a forked process: the typesetter keeps what it has
seen, and only the end of a process gives that back.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from tenant_stack.reports.columns import TOTAL, Cell, Column, Line, duration_text
from tenant_stack.reports.writers.document import Document
from tenant_stack.reports.writers.layout import TEMPLATE, Layout, head_of, layout_of, logo_size, weight

FONT_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
CELLS_A_PART = 45_000
MOST_FILTERS = 3
NARROW = 5


def font_folders() -> list[str]:
    """Where the packaged fonts lie."""
    found = []
    for name in FONT_PACKAGES:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        found.append(str(Path(spec.origin).parent / "files"))
    return found


def write(document: Document, lines: Iterable[Line], output: BinaryIO) -> None:
    # Of nothing there is no total: the page says so in words.
    rows = [line for line in lines if document.count]
    kept = _kept(document, rows)
    columns = [document.columns[index] for index in kept]
    if not any(column.total for column in columns):
        rows = [line for line in rows if line.level != TOTAL]
    layout = layout_of(columns, has_chart=bool(document.bars), filters=len(document.filters[:MOST_FILTERS]))
    pages = _paged(rows, kept, layout)
    a_part = max(1, CELLS_A_PART // (layout.rows_next * len(columns)))
    parts = [pages[start : start + a_part] for start in range(0, len(pages), a_part)]
    made = []
    for number, part in enumerate(parts):
        data = _data(document, columns, layout, number * a_part, len(pages))
        data["pages"] = [[_texts(line, columns, kept) for line in page] for page in part]
        made.append(_set(data) if len(parts) == 1 else _set_apart(data))
    output.write(made[0] if len(made) == 1 else _joined(made))


def _kept(document: Document, rows: Sequence[Line]) -> list[int]:
    """Columns worth their paper: not the zone when the header names the only one, nor what is empty everywhere."""
    data = [line.cells for line in rows if line.level == 0]
    first = data[0] if data else ()
    kept = []
    for index, column in enumerate(document.columns):
        if column.name == "zone" and len(document.zones) <= 1:
            continue
        if column.name == "count":
            continue
        if column.name == "weekday" and any(other.name == "work_date" for other in document.columns):
            continue  # on paper a date says its weekday
        if column.name == "work_date" and first and all(cells[index] == first[index] for cells in data):
            continue
        if column.kind == "text" and data and all(cells[index] in (None, "") for cells in data):
            continue
        kept.append(index)
    return kept


def _paged(rows: Sequence[Line], kept: Sequence[int], layout: Layout) -> list[Sequence[Line]]:
    if not rows:
        return [[]]
    pages: list[Sequence[Line]] = [rows[: layout.rows_first]]
    start = layout.rows_first
    while start < len(rows):
        pages.append(rows[start : start + layout.rows_next])
        start += layout.rows_next
    return pages


def _texts(line: Line, columns: Sequence[Column], kept: Sequence[int]) -> dict[str, Any]:
    cells = [_text(column, line.cells[index], line.level) for column, index in zip(columns, kept, strict=True)]
    if line.level and not any(isinstance(line.cells[i], str) for i in kept):
        cells[0] = "Total"
    return {"level": line.level, "cells": cells}


def _text(column: Column, value: Cell, level: int) -> str:
    if value is None:
        return ""
    if column.kind == "duration":
        if value == 0 and level != TOTAL:
            return ""
        return duration_text(int(value)) if column.width > NARROW else narrow_hours(int(value))
    if column.kind == "number":
        return "" if value == 0 and level != TOTAL else f"{value:,}"
    text = str(value)
    if level:
        return clipped(text, 60)
    if column.kind == "date":
        return _day(text)
    if column.kind == "instant":
        return text[11:19] if column.width < 12 else text[:19].replace("T", " ")
    return clipped(text, column.width)


def narrow_hours(seconds: int) -> str:
    """A duration in a day's column: hours and minutes, from 100 hours on whole hours, which is what fits."""
    if seconds >= 100 * 3600:
        return f"{(seconds + 1800) // 3600}h"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day:%a} {day.day} {day:%b %y}"


def clipped(text: str, width: int) -> str:
    """As much of a text as its column can show; the box of the cell cuts what is still too wide."""
    tidy = " ".join(text.split())
    most = width + width // 4
    return tidy if len(tidy) <= most else f"{tidy[: most - 1]}…"


def _data(document: Document, columns: Sequence[Column], layout: Layout, before: int, pages: int) -> dict[str, Any]:
    first = before == 0
    logo = base64.b64decode(document.logo) if first else b""
    return {
        "title": document.title,
        "organisation": clipped(document.organisation, 60),
        "period": document.period,
        "zone": ", ".join(document.zones),
        "filters": [clipped(text, 120) for text in document.filters[:MOST_FILTERS]],
        "made": document.made,
        "tiles": document.tiles if first else [],
        "bars": [{"label": bar.label, "parts": bar.parts} for bar in document.bars] if first else [],
        "highest": max((sum(bar.parts) for bar in document.bars), default=1) or 1,
        "legend": document.legend,
        # The template takes the bytes as numbers: it reads no files.
        "logo": list(logo),
        "logo_size": logo_size(logo),
        "notes": document.notes,
        "titles": [column.title for column in columns],
        "kinds": [column.kind for column in columns],
        "weights": [weight(column) for column in columns],
        "width": layout.width,
        "height": layout.height,
        "size": layout.size,
        "first_head": head_of(len(document.filters[:MOST_FILTERS])),
        "row": layout.row,
        "head": layout.head,
        "before": before,
        "page_count": pages,
    }


def _set(data: dict[str, Any]) -> bytes:
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=font_folders())
    made = typst.compile(
        TEMPLATE.encode(), font_paths=fonts, format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_tags=False
    )
    assert isinstance(made, bytes)
    return made


def _set_apart(data: dict[str, Any]) -> bytes:
    """`_set` in a fork of this process, which has one thread and no connections."""
    read, wrote = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        code = 1
        try:
            with os.fdopen(wrote, "wb") as pipe:
                pipe.write(_set(data))
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(wrote)
    with os.fdopen(read, "rb") as pipe:
        made = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError("a part of the document could not be set")
    return made


def _joined(parts: Sequence[bytes]) -> bytes:
    from pypdf import PdfReader, PdfWriter

    whole = PdfWriter()
    for part in parts:
        whole.append(PdfReader(io.BytesIO(part)))
    made = io.BytesIO()
    whole.write(made)
    return made.getvalue()
