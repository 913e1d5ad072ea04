"""Rows as separated or fixed-width text."""

from __future__ import annotations

import csv
import io
from typing import Literal

from tenant_stack.payroll.mapping import Sheet

_QUOTING: dict[str, Literal[0, 1]] = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL}


def delimited(sheet: Sheet) -> str:
    """Heading, titles, rows and trailer, each line ended as the profile says."""
    definition = sheet.definition
    out = io.StringIO(newline="")
    for line in definition.heading:
        out.write(sheet.fill(line) + definition.line_end)
    rows = [sheet.header, *sheet.rows] if definition.header else sheet.rows
    if definition.quoting == "none":
        for row in rows:
            out.write(definition.separator.join(_bare(cell, definition.separator) for cell in row))
            out.write(definition.line_end)
    else:
        writer = csv.writer(
            out,
            delimiter=definition.separator,
            quoting=_QUOTING[definition.quoting],
            lineterminator=definition.line_end,
        )
        writer.writerows(rows)
    for line in definition.trailer:
        out.write(sheet.fill(line) + definition.line_end)
    return out.getvalue()


def fixed(sheet: Sheet) -> str:
    """Columns of fixed width, nothing between them; no titles."""
    definition = sheet.definition
    lines = [sheet.fill(line) for line in definition.heading]
    lines += ["".join(row) for row in sheet.rows]
    lines += [sheet.fill(line) for line in definition.trailer]
    return "".join(line + definition.line_end for line in lines)


def _bare(cell: str, separator: str) -> str:
    return cell.replace(separator, " ")
