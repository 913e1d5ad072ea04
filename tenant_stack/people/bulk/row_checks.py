"""Which rows of a file are new, changed, unchanged or wrong, against the people who are here. Reads, writes nothing.

A column that the file lacks leaves its field alone; an empty cell empties it, save the name and "active", which keep
what they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.access.scope import Scope
from tenant_stack.people.bulk.columns import CELLS, Refused, active_in, cell_in, day_in
from tenant_stack.people.bulk.file_reader import Row, Table
from tenant_stack.people.staff.schemas import StaffIn

ENTERED = tuple(StaffIn.model_fields)
# Cells that are taken as they stand; the form checks them.
AS_WRITTEN = CELLS.keys() - {"name", "hired_on", "active", "site", "rule_set"}
CHUNK = 2_000
# The whole file is locked in one order, so that two changes of many people wait for each other and never entangle.
# Joined with the list, not compared with it: a plan that does not know the list's length compares each person with all.
LISTED = "FROM unnest(CAST(:ids AS text[])) AS t(number) JOIN staff s ON s.employee_id = t.number"
LOCK = sa.text(f"SELECT s.id {LISTED} ORDER BY s.id FOR NO KEY UPDATE OF s")
KNOWN = sa.text(f"SELECT s.id, {', '.join(f's.{name}' for name in ENTERED)} {LISTED}")
HOLDERS = sa.text("""
SELECT s.badge_number, s.employee_id FROM unnest(CAST(:badges AS text[])) AS t(number)
JOIN staff s ON s.badge_number = t.number
""")
SITES = sa.text("SELECT id, code, name FROM sites")
RULE_SETS = sa.text("SELECT code, name FROM rule_sets")
OUT_OF_SIGHT = "This employee number belongs to somebody whom you may not change"
OUT_OF_REACH = "You may only enter people of your own sites and departments"

_Named = TypeVar("_Named")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is not taken."""

    row: Row
    employee_id: str
    name: str
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """A row to be written: all that is to be entered about a person, in the order of `ENTERED`.

    ``id`` and ``before`` are None for somebody new.
    """

    row: Row
    after: tuple[Any, ...]
    id: UUID | None
    before: tuple[Any, ...] | None

    def new_value(self, name: str) -> Any:
        return self.after[ENTERED.index(name)]

    def old_value(self, name: str) -> Any:
        return self.before[ENTERED.index(name)] if self.before else None


@dataclass(slots=True)
class Checked:
    """What the file comes to."""

    changes: list[Change] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    unchanged: int = 0

    def new(self) -> list[Change]:
        return [each for each in self.changes if each.id is None]

    def changed(self) -> list[Change]:
        return [each for each in self.changes if each.id is not None]


@dataclass(frozen=True, slots=True)
class Places:
    """Sites and rule sets by what people call them, in small letters; None is a name that two share."""

    sites: dict[str, UUID | None]
    rule_sets: dict[str, str | None]
    names: dict[UUID, str]


async def read_places(session: AsyncSession) -> Places:
    sites: dict[str, UUID | None] = {}
    names: dict[UUID, str] = {}
    rows = list(await session.execute(SITES))
    for row in rows:
        names[row.id] = row.name
        key = row.name.casefold()
        sites[key] = None if key in sites else row.id
    sites |= {row.code.casefold(): row.id for row in rows} | {str(row.id): row.id for row in rows}
    rules: dict[str, str | None] = {}
    rows = list(await session.execute(RULE_SETS))
    for row in rows:
        key = row.name.casefold()
        rules[key] = None if key in rules else row.code
    rules |= {row.code.casefold(): row.code for row in rows}
    return Places(sites, rules, names)


async def check(
    session: AsyncSession,
    table: Table,
    fields: Sequence[str | None],
    scope: Scope,
    places: Places,
    *,
    lock: bool,
) -> Checked:
    """Every row's fate. ``lock``: the people of the file are locked for a change until the transaction ends."""
    checked = Checked()
    numbered = list(_numbered(table, fields, checked))
    if lock:
        await session.execute(LOCK, {"ids": [employee_id for employee_id, _ in numbered]})
    for start in range(0, len(numbered), CHUNK):
        chunk = numbered[start : start + CHUNK]
        found = await session.execute(KNOWN, {"ids": [employee_id for employee_id, _ in chunk]})
        known = {row.employee_id: row for row in found}
        for employee_id, row in chunk:
            _take(checked, row, known.get(employee_id), fields, scope, places)
    await _settle_badges(session, checked)
    checked.wrong.sort(key=lambda each: each.row.line)
    return checked


def _numbered(table: Table, fields: Sequence[str | None], checked: Checked) -> Iterator[tuple[str, Row]]:
    """Rows with their employee number; the second row of a number is wrong, and so is one without."""
    place = fields.index("employee_id")
    seen: dict[str, int] = {}
    for row in table.rows:
        extra = any(cell.strip() for cell in row.cells[len(table.headers) :])
        employee_id = cell_in(row.cells[place]).strip() if place < len(row.cells) else ""
        if extra:
            reason = "This row has more cells than there are columns"
            checked.wrong.append(Wrong(row, employee_id, "", None, reason))
        elif not employee_id:
            checked.wrong.append(Wrong(row, "", _name(row, fields), "employee_id", "The employee number is missing"))
        elif employee_id in seen:
            reason = f"Line {seen[employee_id]} has the same employee number"
            checked.wrong.append(Wrong(row, employee_id, _name(row, fields), "employee_id", reason))
        else:
            seen[employee_id] = row.line
            yield employee_id, row


def _cells(row: Row, fields: Sequence[str | None]) -> dict[str, str]:
    cells = (*row.cells, *[""] * (len(fields) - len(row.cells)))
    return {name: cell_in(cell) for name, cell in zip(fields, cells, strict=False) if name}


def _name(row: Row, fields: Sequence[str | None]) -> str:
    return _whole_name(_cells(row, fields)) or ""


def _whole_name(cells: dict[str, str]) -> str | None:
    if "name" in cells:
        return cells["name"].strip()
    parts = [cells[part].strip() for part in ("first_name", "last_name") if part in cells]
    return " ".join(part for part in parts if part) if parts else None


def _take(checked: Checked, row: Row, known: Any, fields: Sequence[str | None], scope: Scope, places: Places) -> None:
    cells = _cells(row, fields)
    employee_id = cells["employee_id"].strip()
    before = tuple(known[1:]) if known is not None else None
    try:
        if known is not None and not scope.has_person(known.site_id, known.department):
            raise Refused("employee_id", OUT_OF_SIGHT)
        after = _merged(cells, before, places)
        if not scope.has_person(after[ENTERED.index("site_id")], after[ENTERED.index("department")]):
            raise Refused("site" if scope.sites is not None else "department", OUT_OF_REACH)
    except Refused as refused:
        name = _whole_name(cells) or ""
        checked.wrong.append(Wrong(row, employee_id, name, refused.field, refused.reason))
        return
    if after == before:
        checked.unchanged += 1
    else:
        checked.changes.append(Change(row, after, known.id if known is not None else None, before))


def _merged(cells: dict[str, str], before: tuple[Any, ...] | None, places: Places) -> tuple[Any, ...]:
    """What is to be entered: what was, under what the file says. `Refused` for the first cell that cannot be."""
    facts: dict[str, Any] = dict(zip(ENTERED, before, strict=True)) if before else {}
    for name in AS_WRITTEN:
        if name in cells:
            facts[name] = cells[name]
    if whole_name := _whole_name(cells):
        facts["name"] = whole_name
    if "hired_on" in cells:
        facts["hired_on"] = day_in(cells["hired_on"])
    if "active" in cells and (active := active_in(cells["active"])) is not None:
        facts["active"] = active
    if "site" in cells:
        facts["site_id"] = _named(places.sites, cells["site"], "site", "site")
    if "rule_set" in cells:
        facts["rule_set_code"] = _named(places.rule_sets, cells["rule_set"], "rule_set", "rule set")
    try:
        entered = StaffIn.model_validate(facts)
    except ValidationError as error:
        raise _refused(error) from None
    return tuple(getattr(entered, name) for name in ENTERED)


def _named(known: Mapping[str, _Named | None], text: str, field: str, noun: str) -> _Named | None:
    key = text.strip().casefold()
    if not key:
        return None
    if key not in known:
        raise Refused(field, f"There is no {noun} called {text.strip()[:60]}")
    found = known[key]
    if found is None:
        raise Refused(field, f"Two are called {text.strip()[:60]}; write the {noun}'s code")
    return found


def _refused(error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_input=False)[0]
    name = {"rule_set_code": "rule_set", "site_id": "site"}.get(str(first["loc"][0]), str(first["loc"][0]))
    match first["type"]:
        case "missing" | "string_too_short":
            reason = "This is missing"
        case "string_too_long":
            reason = f"This is longer than {first['ctx']['max_length']} characters"
        case "string_pattern_mismatch" if name == "email":
            reason = "This is not an e-mail address"
        case "string_pattern_mismatch":
            reason = "This holds characters that cannot be shown, such as a line break"
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            reason = "This is not a whole number"
        case "greater_than_equal" | "less_than_equal":
            reason = "A card number is between 0 and 4294967295"
        case _:
            reason = str(first["msg"])
    return Refused(name, reason)


async def _settle_badges(session: AsyncSession, checked: Checked) -> None:
    """A badge is one person's, after the whole file: people may swap theirs, but nobody gets one that stays another's.

    A row that is refused keeps its person's badge, which may make another row wrong: looked at until nothing changes.
    """
    wanted = [each for each in checked.changes if each.new_value("badge_number") != each.old_value("badge_number")]
    badges = sorted({each.new_value("badge_number") for each in wanted} - {None})
    if not badges:
        return
    holders = {row.badge_number: row.employee_id for row in await session.execute(HOLDERS, {"badges": badges})}
    final = {each.new_value("employee_id"): each for each in wanted}
    while True:
        refused: list[tuple[Change, str]] = []
        claimed: dict[str, Change] = {}
        for each in final.values():
            badge = each.new_value("badge_number")
            if badge is None:
                continue
            holder = holders.get(badge)
            if holder is not None and holder != each.new_value("employee_id") and holder not in final:
                refused.append((each, "This badge number is somebody else's"))
            elif badge in claimed:
                refused.append((each, f"Line {claimed[badge].row.line} has the same badge number"))
            else:
                claimed[badge] = each
        if not refused:
            return
        for each, reason in refused:
            del final[each.new_value("employee_id")]
            name, employee_id = each.new_value("name"), each.new_value("employee_id")
            checked.wrong.append(Wrong(each.row, employee_id, name, "badge_number", reason))
        gone = {id(each) for each, _ in refused}
        checked.changes = [each for each in checked.changes if id(each) not in gone]
