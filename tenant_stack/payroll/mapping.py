"""From pay lines to the rows of a file, by a profile. Pure.

Every figure is rounded once, and the totals are the sums of the rounded figures: what the screen says is what the
file adds up to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from foundation.spreadsheets import harmless
from tenant_stack.payroll.definition import TOKEN, Code, Column, Definition
from tenant_stack.payroll.lines import DAYS, SECONDS, Measure, PayLine, Person

NO_DAY = date.min
# By these an importer knows people.
NUMBERS = ("employee_id", "badge_number")


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure as it goes into the file: ``ticks`` of the profile's measure."""

    person: Person
    day: date | None
    carried: bool
    code: str
    ours: str
    unit: str
    rate: Decimal
    ticks: int


@dataclass(frozen=True, slots=True)
class Total:
    """``text`` is the sum of the file's figures; ``exact`` what they were before rounding: seconds, or hundredths of
    days."""

    code: str
    unit: str
    text: str
    exact: int
    people: int


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself."""

    first: date
    last: date
    organisation: str
    profile: str
    batch: int | None = None
    created: date | None = None
    unapproved: bool = False
    differences: bool = False


@dataclass(slots=True)
class Sheet:
    """Everything a writer needs. ``unmapped``: pay codes that the profile does not know, with their people;
    ``cut``: columns in which text was too long, with the rows concerned; ``nameless``: numbers of people that the file
    cannot hold, so that it would name somebody else."""

    definition: Definition
    about: About
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    unmapped: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)

    @property
    def file_name(self) -> str:
        """The profile's name for the file; one with records nobody approved says so."""
        name = self.fill(self.definition.file_name)
        stem, dot, ending = name.rpartition(".")
        if self.about.unapproved:
            stem, name = (stem or name), f"{stem or name}-UNAPPROVED{dot}{ending if dot else ''}"
        return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name)

    def fill(self, line: str) -> str:
        """A line with its tokens replaced."""
        about = self.about
        values = {
            "period_start": written(about.first, self.definition.dates),
            "period_end": written(about.last, self.definition.dates),
            "batch": str(about.batch or 0),
            "batch3": f"{(about.batch or 0) % 1000:03d}",
            "rows": str(len(self.rows) or len(self.entries)),
            "total": self.definition.measure.text(
                sum(each.ticks for each in self.entries if each.unit == SECONDS), SECONDS
            ),
            "organisation": about.organisation,
            "profile": about.profile,
            "created": written(about.created, self.definition.dates) if about.created else "",
        }
        values |= {f"setting.{name}": value for name, value in self.definition.settings.items()}
        return TOKEN.sub(lambda found: values[found[1]], line)


def code_of(codes: Mapping[str, Code], line: PayLine) -> Code | None:
    """The most exact mapping of a line: its code, its kind at its rate, its kind, anything."""
    rate = f"{line.rate.normalize():f}"
    for name in (line.code, f"{line.kind}@{rate}", line.kind, "*"):
        if (found := codes.get(name)) is not None:
            return found
    return None


def written(day: date, pattern: str) -> str:
    """A date as ``YYYY-MM-DD``, ``D/M/YY`` …"""
    parts = {
        "YYYY": f"{day.year:04d}",
        "YY": f"{day.year % 100:02d}",
        "MM": f"{day.month:02d}",
        "DD": f"{day.day:02d}",
        "M": str(day.month),
        "D": str(day.day),
    }
    return re.sub("YYYY|YY|MM|DD|M|D", lambda found: parts[found[0]], pattern)


def make_sheet(definition: Definition, lines: Iterable[PayLine], people: Mapping[UUID, Person], about: About) -> Sheet:
    """The rows of the file and their totals. Lines come in the order in which people shall appear."""
    sheet = Sheet(definition, about)
    exact = _entries(sheet, lines, people)
    _total(sheet, exact)
    if definition.layout in ("delimited", "fixed"):
        if definition.shape == "long":
            _long(sheet)
        else:
            _wide(sheet)
    return sheet


def _entries(sheet: Sheet, lines: Iterable[PayLine], people: Mapping[UUID, Person]) -> dict[tuple[str, str], Decimal]:
    """Lines under their new codes, summed exactly, then rounded once each."""
    definition = sheet.definition
    measure, codes = definition.measure, {code.ours: code for code in definition.codes}
    merged = definition.shape == "wide" and definition.each == "period"
    sums: dict[tuple[UUID, date, bool, str, str], list[Decimal]] = {}
    about: dict[tuple[UUID, date, bool, str, str], PayLine] = {}
    unmapped: dict[str, set[UUID]] = defaultdict(set)
    for line in lines:
        code = code_of(codes, line)
        if code is None:
            unmapped[line.code].add(line.staff_id)
            continue
        if not code.theirs:
            continue
        unit = SECONDS if code.unit == "hours" else DAYS
        theirs = line.code if code.theirs == "=" else code.theirs
        day, carried = (NO_DAY, False) if merged else (line.day or NO_DAY, line.carried)
        key = (line.staff_id, day, carried, theirs, unit)
        found = sums.setdefault(key, [Decimal(0), Decimal(0)])
        found[0] += measure.exact(line.before, line.unit, unit)
        found[1] += measure.exact(line.now, line.unit, unit)
        about.setdefault(key, line)
    exact: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for key, (before, now) in sums.items():
        staff_id, day, carried, theirs, unit = key
        ticks = measure.ticks(now, unit) - measure.ticks(before, unit)
        exact[theirs, unit] += now - before
        if not ticks:
            continue
        line = about[key]
        when = None if day == NO_DAY else day
        for part in _parts(ticks, unit, definition, measure):
            sheet.entries.append(Entry(people[staff_id], when, carried, theirs, line.code, unit, line.rate, part))
    sheet.unmapped = {code: len(found) for code, found in sorted(unmapped.items())}
    return exact


def _parts(ticks: int, unit: str, definition: Definition, measure: Measure) -> list[int]:
    if definition.longest is None or unit != SECONDS:
        return [ticks]
    most = measure.ticks(Decimal(definition.longest), SECONDS)
    sign = -1 if ticks < 0 else 1
    whole, rest = divmod(abs(ticks), most)
    return [sign * most] * whole + ([sign * rest] if rest else [])


def _total(sheet: Sheet, exact: Mapping[tuple[str, str], Decimal]) -> None:
    ticks: dict[tuple[str, str], int] = defaultdict(int)
    people: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for entry in sheet.entries:
        ticks[entry.code, entry.unit] += entry.ticks
        people[entry.code, entry.unit].add(entry.person.id)
    measure = sheet.definition.measure
    for key, sum_of in ticks.items():
        code, unit = key
        precise = int(exact[key] * (1 if unit == SECONDS else 100))
        sheet.totals.append(Total(code, unit, measure.text(sum_of, unit), precise, len(people[key])))


def _long(sheet: Sheet) -> None:
    columns = sheet.definition.columns
    sheet.header = [column.title for column in columns]
    sheet.rows = [[_cell(sheet, column, entry, entry.ticks) for column in columns] for entry in sheet.entries]


def _wide(sheet: Sheet) -> None:
    columns = sheet.definition.columns
    named = {column.value for column in columns if column.source == "amount"}
    others = list(dict.fromkeys(each.code for each in sheet.entries if each.code not in named))
    expanded: list[Column] = []
    for column in columns:
        if column.source == "codes":
            made = [column.model_copy(update={"title": column.title.replace("{code}", c), "value": c}) for c in others]
            expanded += [each.model_copy(update={"source": "amount"}) for each in made]
        else:
            expanded.append(column)
    sheet.header = [column.title for column in expanded]
    slots = sum(column.source == "slot_amount" for column in expanded)
    rows: dict[tuple[UUID, date | None, bool], list[Entry]] = {}
    for entry in sheet.entries:
        rows.setdefault((entry.person.id, entry.day, entry.carried), []).append(entry)
    for entries in rows.values():
        loose = [entry for entry in entries if entry.code not in named] if slots else []
        parts = [loose[at : at + slots] for at in range(0, len(loose), slots)] if slots else []
        amounts: dict[str, tuple[int, str]] = {}
        for entry in entries:
            amounts[entry.code] = (amounts.get(entry.code, (0, ""))[0] + entry.ticks, entry.unit)
        for number, part in enumerate(parts or [[]]):
            # Figures with a column of their own stand in the first of a person's rows only.
            sheet.rows.append(_wide_row(sheet, expanded, entries[0], amounts if number == 0 else {}, part))


def _wide_row(
    sheet: Sheet, columns: list[Column], about: Entry, amounts: Mapping[str, tuple[int, str]], slots: list[Entry]
) -> list[str]:
    codes, figures = iter(slots), iter(slots)
    row: list[str] = []
    for column in columns:
        if column.source == "slot_code":
            found = next(codes, None)
            row.append("" if found is None else _text(sheet, column, found.code))
        elif column.source == "slot_amount":
            found = next(figures, None)
            row.append("" if found is None else _figure(sheet, column, found.ticks, found.unit))
        elif column.source == "amount":
            ticks, unit = amounts.get(column.value, (0, SECONDS))
            unit = unit or _unit_of(sheet, column.value)
            row.append(_figure(sheet, column, ticks, unit))
        else:
            row.append(_cell(sheet, column, about, 0))
    return row


def _unit_of(sheet: Sheet, theirs: str) -> str:
    return next((DAYS for code in sheet.definition.codes if code.theirs == theirs and code.unit == "days"), SECONDS)


def _cell(sheet: Sheet, column: Column, entry: Entry, ticks: int) -> str:
    match column.source:
        case "hours":
            return _figure(sheet, column, ticks, SECONDS) if entry.unit == SECONDS else ""
        case "days":
            return _figure(sheet, column, ticks, DAYS) if entry.unit == DAYS else ""
        case "code":
            return _text(sheet, column, entry.code)
        case "our_code":
            return _text(sheet, column, entry.ours)
        case "rate":
            return f"{entry.rate.normalize():f}".replace(".", sheet.definition.decimal_mark) if entry.rate else ""
        case "text":
            return _text(sheet, column, column.value)
        case "setting":
            return _text(sheet, column, sheet.definition.settings[column.value])
        case "period_start" | "period_end" | "date":
            day = sheet.about.first if column.source == "period_start" else sheet.about.last
            if column.source == "date" and entry.day is not None:
                day = entry.day
            return _text(sheet, column, written(day, sheet.definition.dates))
        case "reference":
            batch = f"batch {sheet.about.batch}" if sheet.about.batch else ""
            correction = f"correction of {entry.day}" if entry.carried and entry.day else ""
            return _text(sheet, column, ", ".join(each for each in (batch, correction) if each))
        case "last_first":
            found = f"{entry.person.last_name}, {entry.person.first_name}".rstrip(", ")
            return _text(sheet, column, found)
        case _:
            return _text(sheet, column, str(getattr(entry.person, column.source)))


def _figure(sheet: Sheet, column: Column, ticks: int, unit: str) -> str:
    if column.sign == "positive":
        ticks = max(ticks, 0)
    elif column.sign == "negative":
        ticks = max(-ticks, 0)
    if not ticks and sheet.definition.blank_zero:
        return _padded(sheet, column, "")
    return _padded(sheet, column, sheet.definition.measure.text(ticks, unit))


def _text(sheet: Sheet, column: Column, text: str) -> str:
    # One line a row, whatever somebody put into a name.
    clean = " ".join(text.split()) if any(letter in text for letter in "\r\n\t") else text
    padded = _padded(sheet, column, clean)
    return harmless(padded) if sheet.definition.neutralise else padded


def _padded(sheet: Sheet, column: Column, text: str) -> str:
    if column.width is None:
        return text
    if len(text) > column.width:
        sheet.cut[column.title or column.source] = sheet.cut.get(column.title or column.source, 0) + 1
        if column.source in NUMBERS:
            sheet.nameless.add(text)
        text = text[: column.width]
    if column.pad == "left":
        return text.rjust(column.width)
    if column.pad == "right":
        return text.ljust(column.width)
    return text.zfill(column.width) if column.pad == "zero" else text
