"""What an import answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from tenant_stack.people.bulk.columns import FIELDS

ImportField = Annotated[str, Field(json_schema_extra={"enum": [*FIELDS]})]


class ImportColumn(BaseModel):
    """A column of the file, what it is taken for (None: left out), and what is in its first rows."""

    header: str
    field: ImportField | None
    examples: list[str]


class WrongRow(BaseModel):
    """A row that is not taken. ``line`` is its line in the file, counted from 1; ``field`` None: the whole row."""

    line: int
    employee_id: str
    name: str
    field: str | None
    reason: str


class NewRow(BaseModel):
    """Somebody who was not here before."""

    line: int
    employee_id: str
    name: str


class FieldChange(BaseModel):
    field: str
    before: str
    after: str


class ChangedRow(BaseModel):
    """Somebody of whom the file says something else than we do."""

    line: int
    employee_id: str
    name: str
    changes: list[FieldChange]


class ImportView(BaseModel):
    """What an import does, or did. ``dry_run``: nothing was written. ``missing``: fields that no column gives, without
    which nothing can be read. Of new, changed and wrong rows the first 200 each are listed."""

    dry_run: bool
    encoding: str
    separator: str
    note: str = Field(description="What to know of how the file was read; empty if there is nothing")
    columns: list[ImportColumn]
    missing: list[ImportField]
    rows: int
    new: int
    changed: int
    unchanged: int
    wrong: int
    new_rows: list[NewRow]
    changed_rows: list[ChangedRow]
    wrong_rows: list[WrongRow]
