"""A file of people as it arrives: which letters, which separators, where its rows are. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from foundation.errors import Invalid

LARGEST_FILE = 10_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 100
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
NOT_UTF8 = (
    "The file is not in UTF-8 and was read as Windows-1252. Check letters such as é, ü and ñ in the names before you "
    "import it."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file; ``line`` is where it begins, counted from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What was in the file. ``note`` is what a person should know of how it was read, if anything."""

    headers: tuple[str, ...]
    rows: list[Row]
    encoding: str
    separator: str
    note: str


def read_table(data: bytes) -> Table:
    """Headers and rows of a CSV file; `Invalid` with a sentence when it is none, or too large."""
    if len(data) > LARGEST_FILE:
        raise Invalid("file_too_large", "The file is larger than 10 MB; split it", field="file")
    if data.startswith(WORKBOOKS):
        raise Invalid(
            "file_is_workbook", "This is an Excel workbook; save it as “CSV UTF-8” and import that", field="file"
        )
    text, encoding, note = _decoded(data)
    if "\x00" in text:
        raise Invalid("file_not_text", "This is not a text file; save the list as CSV", field="file")
    announced, text = _announced(text)
    separator = announced or _separator(text)
    try:
        return _table(text, 1 if announced else 0, separator, encoding, note)
    except csv.Error as error:
        raise Invalid("file_not_csv", f"This file cannot be read as CSV: {error}", field="file") from error


def _decoded(data: bytes) -> tuple[str, str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), "UTF-16", ""
        except UnicodeDecodeError as error:
            raise Invalid("file_not_text", "This file is cut off or damaged", field="file") from error
    try:
        return data.decode("utf-8-sig"), "UTF-8", ""
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252", NOT_UTF8
    except UnicodeDecodeError as error:
        raise Invalid(
            "file_encoding",
            "The letters of this file are neither UTF-8 nor Windows-1252; save it as UTF-8",
            field="file",
        ) from error


def _announced(text: str) -> tuple[str | None, str]:
    """Spreadsheets may write ``sep=;`` in the first line."""
    head, _, rest = text.partition("\n")
    head = head.rstrip("\r")
    if head.casefold().startswith("sep=") and len(head) == 5 and head[4] in SEPARATORS:
        return head[4], rest
    return None, text


def _separator(text: str) -> str:
    """The one that cuts the header into most columns."""
    head = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    return max(SEPARATORS, key=lambda each: len(next(csv.reader([head], delimiter=each), [])))


def _table(text: str, before: int, separator: str, encoding: str, note: str) -> Table:
    rows: list[Row] = []
    headers: tuple[str, ...] = ()
    for row in _rows(text, before, separator):
        if not any(cell.strip() for cell in row.cells):
            continue
        if not headers:
            headers = tuple(cell.strip() for cell in row.cells)
            continue
        if len(rows) >= MOST_ROWS:
            raise Invalid("too_many_rows", f"The file has more than {MOST_ROWS:,} people; split it", field="file")
        rows.append(row)
    if not headers:
        raise Invalid("file_empty", "The file is empty", field="file")
    if len(headers) > MOST_COLUMNS:
        raise Invalid("too_many_columns", f"The file has more than {MOST_COLUMNS} columns", field="file")
    return Table(headers, rows, encoding, SEPARATORS[separator], note)


def _rows(text: str, before: int, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = before + 1
    for cells in reader:
        yield Row(begins, tuple(cells))
        begins = before + reader.line_num + 1
