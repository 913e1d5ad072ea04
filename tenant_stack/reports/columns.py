"""Columns and their kinds: what the query layer hands to the API and to every writer. Nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["text", "number", "duration", "date", "instant", "mark"]
Cell = str | int | None

# Levels of a row: 0 is data, 1 to 3 the sub-total of a group, 9 the total of everything.
DATA, TOTAL = 0, 9


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Cells by ``kind``:

    ``text`` as it is; ``number`` a whole number; ``duration`` exact seconds; ``date`` ``YYYY-MM-DD`` of the site's
    calendar; ``instant`` ISO 8601 wall time at the site with its offset; ``mark`` a short code such as ``P``.
    ``total``: the column is added up. ``width`` is in characters, for paper and spreadsheets.
    """

    name: str
    title: str
    kind: Kind = "text"
    total: bool = False
    width: int = 12

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a report: its level and its cells, in the order of the columns."""

    level: int
    cells: tuple[Cell, ...]


def duration_text(seconds: int) -> str:
    """``h:mm:ss``, exact; negative durations keep their sign."""
    sign, size = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{size // 3600}:{size // 60 % 60:02}:{size % 60:02}"


def add_up(columns: Sequence[Column], sums: list[int], cells: Sequence[Cell]) -> None:
    """Add a data row to running sums, which has one place a column."""
    for index, column in enumerate(columns):
        if column.total:
            value = cells[index]
            if isinstance(value, int):
                sums[index] += value


def total_line(columns: Sequence[Column], sums: Sequence[int], level: int, label: str) -> Line:
    """A line that says ``label`` in its first text column and the sums below their columns."""
    cells: list[Cell] = [sums[index] if column.total else None for index, column in enumerate(columns)]
    for index, column in enumerate(columns):
        if not column.total:
            cells[index] = label
            break
    return Line(level, tuple(cells))
