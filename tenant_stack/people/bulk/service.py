"""Files of people in and out: try one, import it, name the rows that were not taken, write everybody into one."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.errors import Invalid
from foundation.sign_in.principal import Principal
from tenant_stack.access.scope import scope_of
from tenant_stack.people.bulk.batch_writes import write
from tenant_stack.people.bulk.columns import FIELDS, TITLES, cell_out, match_headers, missing
from tenant_stack.people.bulk.file_reader import Table, read_table
from tenant_stack.people.bulk.row_checks import ENTERED, Change, Checked, Places, check, read_places
from tenant_stack.people.bulk.schemas import (
    ChangedRow,
    FieldChange,
    ImportColumn,
    ImportView,
    NewRow,
    WrongRow,
)
from tenant_stack.tables.schedules import Site
from tenant_stack.tables.staff import Staff

LISTED = 200
EXAMPLES = 3
BOM = "\ufeff"
# One import at a time: two files could give one badge to two people.
IMPORT_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203415)")
# Our columns under the names that files use.
OUTSIDE = {"site_id": "site", "rule_set_code": "rule_set"}
EXAMPLE = ("1001", "Ann Lee", "", "", "ann@example.com", "", "Sales", "Clerk", "2026-03-02", "", "", "yes", "")


async def import_people(
    session: AsyncSession,
    caller: Principal,
    data: bytes,
    file_name: str,
    mapping: Mapping[str, str | None] | None,
    *,
    dry_run: bool,
) -> ImportView:
    """Enter and change the people of a file; rows that are wrong are left out and named. ``dry_run`` writes nothing."""
    table = await asyncio.to_thread(read_table, data)
    fields = match_headers(table.headers, mapping)
    lacking = missing(fields)
    if lacking and not dry_run:
        raise Invalid("column_missing", "Say which column holds the employee number", field="mapping")
    places = await read_places(session)
    checked = Checked()
    if not lacking:
        if not dry_run:
            await session.execute(IMPORT_LOCK)
        checked = await check(session, table, fields, scope_of(caller), places, lock=not dry_run)
    if not dry_run:
        await write(session, caller.actor, checked, file_name)
    return _view(table, fields, checked, places, dry_run=dry_run, lacking=lacking)


async def wrong_rows(
    session: AsyncSession, caller: Principal, data: bytes, mapping: Mapping[str, str | None] | None
) -> str:
    """The rows of a file that are not taken, as they were, with their line and the reason: a CSV to be mended."""
    table = await asyncio.to_thread(read_table, data)
    fields = match_headers(table.headers, mapping)
    if missing(fields):
        raise Invalid("column_missing", "Say which column holds the employee number", field="mapping")
    checked = await check(session, table, fields, scope_of(caller), await read_places(session), lock=False)
    width = len(table.headers)
    lines = (
        (
            *(_as_was(cell) for cell in (*each.row.cells, *[""] * (width - len(each.row.cells)))[:width]),
            each.row.line,
            f"{FIELDS[each.field]}: {each.reason}" if each.field in FIELDS else each.reason,
        )
        for each in checked.wrong
    )
    return _csv([*table.headers, "Line", "Reason"], lines)


def template() -> str:
    """A file with the columns and one example row."""
    return _csv(TITLES.values(), [EXAMPLE])


async def export_people(session: AsyncSession, *, active: bool | None, department: str | None) -> str:
    """Everybody whom the caller sees, in the columns of an import; importing it again changes nothing."""
    columns = [Site.code if name == "site_id" else getattr(Staff, name) for name in ENTERED]
    query = sa.select(*columns).select_from(Staff).outerjoin(Site, Site.id == Staff.site_id)
    if active is not None:
        query = query.where(Staff.active == active)
    if department is not None:
        query = query.where(Staff.department == department)
    order = [OUTSIDE.get(name, name) for name in ENTERED]
    places = [order.index(name) for name in TITLES]
    rows = await session.execute(query.order_by(Staff.employee_id))
    return _csv(TITLES.values(), ([cell_out(row[place]) for place in places] for row in rows))


def _as_was(cell: str) -> str:
    """A cell of the file: what would run as a formula keeps an apostrophe, what has one has one still."""
    return cell_out(cell)


def _csv(header: Iterable[str], lines: Iterable[Sequence[object]]) -> str:
    output = io.StringIO(newline="")
    output.write(BOM)
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(list(header))
    writer.writerows(lines)
    return output.getvalue()


def _view(
    table: Table, fields: Sequence[str | None], checked: Checked, places: Places, *, dry_run: bool, lacking: list[str]
) -> ImportView:
    new, changed = checked.new(), checked.changed()
    facts: dict[str, Any] = {
        "dry_run": dry_run,
        "encoding": table.encoding,
        "separator": table.separator,
        "note": table.note,
        "columns": [
            ImportColumn.model_validate({"header": header, "field": field, "examples": _examples(table, place)})
            for place, (header, field) in enumerate(zip(table.headers, fields, strict=True))
        ],
        "missing": lacking,
        "rows": len(table.rows),
        "new": len(new),
        "changed": len(changed),
        "unchanged": checked.unchanged,
        "wrong": len(checked.wrong),
        "new_rows": [NewRow(**_who(each)) for each in new[:LISTED]],
        "changed_rows": [ChangedRow(**_who(each), changes=_changes(each, places)) for each in changed[:LISTED]],
        "wrong_rows": [
            WrongRow(
                line=each.row.line,
                employee_id=each.employee_id,
                name=each.name,
                field=each.field,
                reason=each.reason,
            )
            for each in checked.wrong[:LISTED]
        ],
    }
    return ImportView(**facts)


def _examples(table: Table, place: int) -> list[str]:
    cells = (row.cells[place].strip() for row in table.rows[:50] if place < len(row.cells))
    return [cell[:60] for cell in cells if cell][:EXAMPLES]


def _who(each: Change) -> dict[str, Any]:
    return {"line": each.row.line, "employee_id": each.new_value("employee_id"), "name": each.new_value("name")}


def _changes(each: Change, places: Places) -> list[FieldChange]:
    return [
        FieldChange(field=OUTSIDE.get(name, name), before=_words(old, places), after=_words(new, places))
        for name in ENTERED
        if (old := each.old_value(name)) != (new := each.new_value(name))
    ]


def _words(value: object, places: Places) -> str:
    if isinstance(value, UUID):
        return places.names.get(value, str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
