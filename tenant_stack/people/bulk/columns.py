"""Columns of a file of people: what they are called, which header means which, what is in a cell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from foundation.errors import Invalid
from foundation.spreadsheets import as_meant, harmless
from tenant_stack.tables.staff import Cell, StaffFields

CELLS = {
    cell.name or name: cell
    for name, field in StaffFields.model_fields.items()
    for cell in field.metadata
    if isinstance(cell, Cell)
}
# Field → the title in our own files. The order is that of the file.
TITLES = {name: cell.title for name, cell in CELLS.items()}
# A name may come in two columns.
PARTS_OF_NAME = {
    "first_name": Cell("First name", "firstname givenname forename"),
    "last_name": Cell("Last name", "lastname surname familyname"),
}
COLUMNS = {"employee_id": CELLS["employee_id"], "name": CELLS["name"], **PARTS_OF_NAME, **CELLS}
FIELDS = {name: cell.title for name, cell in COLUMNS.items()}
YES = {"yes", "y", "true", "1", "active", "x", "on", "enabled"}
NO = {"no", "n", "false", "0", "inactive", "off", "disabled", "left"}
ISO_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """A cell that cannot be taken: which field, and why, as a sentence."""

    field: str
    reason: str


def _plain(header: str) -> str:
    return "".join(letter for letter in header.casefold() if letter.isalnum())


KNOWN = {
    **{word: field for field, cell in COLUMNS.items() for word in cell.headers.split()},
    **{_plain(title): field for field, title in FIELDS.items()},
    **{_plain(field): field for field in FIELDS},
}


def match_headers(headers: Sequence[str], chosen: Mapping[str, str | None] | None = None) -> list[str | None]:
    """The field of each header; None for a column that is left out. ``chosen`` (header → field) goes before our guess.

    A field is taken by one column only: the first that means it. `Invalid` for a choice that cannot be.
    """
    chosen = chosen or {}
    for header, field in chosen.items():
        if header not in headers:
            raise Invalid("unknown_column", f"The file has no column {header[:80]!r}", field="mapping")
        if field is not None and field not in FIELDS:
            raise Invalid("unknown_field", f"There is nothing called {field[:80]!r} to enter", field="mapping")
    wanted = [field for field in chosen.values() if field]
    if twice := {field for field in wanted if wanted.count(field) > 1}:
        raise Invalid("column_twice", f"Two columns are both {FIELDS[min(twice)]}; choose one", field="mapping")
    taken = set(wanted)
    found: list[str | None] = []
    for place, header in enumerate(headers):
        again = header in headers[:place]
        field = chosen[header] if header in chosen else KNOWN.get(_plain(header))
        if field in taken and (again or header not in chosen):
            field = None
        if field:
            taken.add(field)
        found.append(field)
    return found


def missing(fields: Sequence[str | None]) -> list[str]:
    """Fields without which the file cannot be read. Names may be missing: people who are known keep theirs."""
    return [] if "employee_id" in fields else ["employee_id"]


def cell_in(text: str) -> str:
    """A cell as it was meant: the apostrophe that keeps a spreadsheet from calculating is none of it."""
    return as_meant(text)


def cell_out(value: object) -> str:
    """A value as a cell that no spreadsheet runs as a formula; `cell_in` gives it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(str(value))


def day_in(text: str) -> date | None:
    """``2026-03-31``, ``2026/3/31`` or ``31.3.2026``; `Refused` for what may be read in two ways."""
    text = text.strip()
    if not text:
        return None
    if found := ISO_DATE.fullmatch(text):
        parts = found.groups()
    elif found := DOTTED_DATE.fullmatch(text):
        parts = found.groups()[::-1]
    else:
        raise Refused("hired_on", "Write the day as year-month-day, like 2026-03-31")
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        raise Refused("hired_on", f"There is no day {text[:20]}") from None


def active_in(text: str) -> bool | None:
    """Yes or no; None for an empty cell, which leaves it as it is."""
    word = text.strip().casefold()
    if not word:
        return None
    if word not in YES | NO:
        raise Refused("active", "Write yes or no")
    return word in YES
