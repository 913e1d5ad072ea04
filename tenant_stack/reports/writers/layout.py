"""The page: sizes worked out before anything is set, and the Typst template. Lengths are points (1/72 inch)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tenant_stack.reports.columns import Column

A4 = (595.0, 842.0)
MARGIN = 30.0
TOP, FOOT = 30.0, 34.0
FIRST_HEAD, CHART, FILTER = 93.0, 84.0, 11.5
NEXT_HEAD = 26.0
LARGEST, SMALLEST = 8.5, 4.6
# The most that the organisation's own logo takes of the first page's head, and what our mark takes in its place.
LOGO = (120.0, 32.0)
MARK = (32.0, 32.0)
# Noto Sans' mean advance in ems, with what a cell keeps free at its sides.
EM = 0.6


@dataclass(frozen=True)
class Layout:
    """``size`` of the text, height of a ``row`` and of the table's ``head``, and how many rows a page holds."""

    width: float
    height: float
    size: float
    row: float
    head: float
    rows_first: int
    rows_next: int


def weight(column: Column) -> float:
    """The share of the width that a column gets."""
    if column.kind == "mark":
        return column.width + 0.4
    return max(column.width, len(column.title) * 0.75) + (3.0 if column.kind == "date" else 1.2)


def head_of(filters: int) -> float:
    """Height of the first page's head with so many lines of filters."""
    return FIRST_HEAD + FILTER * filters


def logo_size(png: bytes) -> tuple[float, float]:
    """Width and height of the logo on paper, its proportions kept; our mark's when there is none."""
    if not png:
        return MARK
    width, height = struct.unpack(">II", png[16:24])
    scale = min(LOGO[0] / width, LOGO[1] / height)
    return round(width * scale, 2), round(height * scale, 2)


def layout_of(columns: Sequence[Column], *, has_chart: bool, filters: int) -> Layout:
    """Upright when the columns fit at a size people can read, else across."""
    wanted = sum(weight(column) for column in columns) * EM
    width, height = A4
    if (width - 2 * MARGIN) / wanted < 7.5:
        width, height = height, width
    size = max(SMALLEST, min(LARGEST, (width - 2 * MARGIN) / wanted))
    row = round(size * 1.85, 2)
    head = round(size * 2.4, 2)
    free = height - TOP - FOOT - head
    first = free - head_of(filters) - (CHART if has_chart else 0)
    return Layout(width, height, size, row, head, max(1, int(first / row)), max(1, int((free - NEXT_HEAD) / row)))


TEMPLATE = r"""
#let d = json(bytes(sys.inputs.data))
#let ink = rgb("#1b2733")
#let soft = rgb("#5c6b7a")
#let line = rgb("#d5dde5")
#let accent = rgb("#0f5ea8")
#let colours = (rgb("#2f8f6b"), rgb("#d9902f"), rgb("#c94a4a"), rgb("#6b87c7"), rgb("#a9b4bf"))
#let marks = (
  "A": (rgb("#fbe3e3"), rgb("#a02c2c")), "L": (rgb("#e4ebfa"), rgb("#34569e")), "?": (rgb("#fff0d6"), rgb("#8a5a00")),
  "½": (rgb("#fff6e3"), rgb("#8a5a00")), "H": (rgb("#eef1f4"), soft), "–": (rgb("#eef1f4"), soft),
  "HW": (rgb("#e2f3ec"), rgb("#1c6b4c")), "OW": (rgb("#e2f3ec"), rgb("#1c6b4c")),
)
#set page(width: d.width * 1pt, height: d.height * 1pt, margin: (x: 30pt, top: 30pt, bottom: 0pt))
#set text(font: ("Noto Sans", "Noto Sans Arabic"), size: d.size * 1pt, fill: ink, lang: "en")
#set par(leading: 0.5em, spacing: 0pt)
#set block(spacing: 0pt)
#let mark(side) = box(width: side, height: side, radius: side / 5, fill: accent, {
  place(center + horizon, circle(radius: side * 0.31, stroke: side * 0.08 + white))
  place(center + horizon, dy: -side * 0.1, rect(width: side * 0.07, height: side * 0.22, fill: white))
  place(center + horizon, dx: side * 0.08, rect(width: side * 0.2, height: side * 0.07, fill: white))
})
#let logo = box(height: 32pt, align(horizon, if d.logo.len() > 0 {
  image(bytes(d.logo), format: "png", width: d.logo_size.at(0) * 1pt, height: d.logo_size.at(1) * 1pt)
} else { mark(32pt) }))
#let said(body) = box(width: 100%, height: 1.3em, clip: true, place(left + horizon, box(width: 2000pt, body)))
// One line, smaller when there is little room beside the logo, cut when there is none.
#let fitting(room, most, least, weight, body) = {
  let wide = measure(text(size: most, weight: weight, body)).width
  let size = calc.max(least, calc.min(most, most * (room / wide) * 0.99))
  text(size: size, weight: weight, said(body))
}
#let first-head = block(width: 100%, height: d.first_head * 1pt, {
  grid(columns: (d.logo_size.at(0) * 1pt + 8pt, 1fr, auto), column-gutter: (0pt, 10pt), align: (left, left, right),
    logo,
    layout(place => {
      text(fill: soft, fitting(place.width, 9pt, 7pt, "regular", d.organisation))
      v(-2pt)
      fitting(place.width, 17pt, 9pt, "bold", d.title)
    }),
    { set text(size: 9pt)
      text(weight: "semibold", d.period); v(4pt)
      text(fill: soft, "Time zone: " + d.zone) })
  v(7pt)
  for filter in d.filters { block(height: 11.5pt, text(size: 7.5pt, fill: soft, said(filter))) }
  v(5pt)
  if d.tiles.len() > 0 {
    grid(columns: (1fr,) * 5, column-gutter: 8pt,
      ..d.tiles.map(tile => block(width: 100%, height: 37pt, radius: 4pt, fill: rgb("#f2f6fa"),
        inset: (x: 8pt, y: 6pt), {
          text(size: 7pt, fill: soft, tile.at(0)); v(4pt); text(size: 12pt, weight: "bold", tile.at(1))
        })))
  }
})
#let chart = block(width: 100%, height: 84pt, {
  // A few bars stay slim; many share the whole width.
  let wide = if d.bars.len() > 12 { 100% } else { 44pt }
  grid(columns: (1fr,) * d.bars.len(), column-gutter: 2pt, rows: (52pt, 10pt), align: center + bottom,
    ..d.bars.map(bar => stack(dir: ttb, ..bar.parts.enumerate().rev().map(((index, part)) =>
        rect(width: wide, height: 50pt * part / d.highest, fill: colours.at(index), stroke: none)))),
    ..d.bars.map(bar => text(size: 6pt, fill: soft, bar.label)))
  v(6pt)
  d.legend.enumerate().map(((index, name)) => {
    box(width: 6pt, height: 6pt, fill: colours.at(index)); h(3pt); text(size: 7pt, fill: soft, name); h(10pt)
  }).join()
})
#let next-head = block(width: 100%, height: 26pt, {
  set text(size: 8pt, fill: soft)
  grid(columns: (1fr, auto), text(weight: "semibold", d.title + " · " + d.organisation), d.period + " · " + d.zone)
})
#let right-hand(kind) = kind == "number" or kind == "duration"
// A text beside figures needs more air than figures beside a text.
#let sides(index) = {
  let follows = index > 0 and right-hand(d.kinds.at(index - 1)) and not right-hand(d.kinds.at(index))
  (left: if follows and d.kinds.at(index) != "mark" { 1.1em } else { 0.4em }, right: 0.4em)
}
#let heading(index) = {
  let kind = d.kinds.at(index)
  let side = if right-hand(kind) { right } else if kind == "mark" { center } else { left }
  grid.cell(fill: rgb("#e8eef5"), inset: sides(index), align: side + horizon,
    text(size: 0.88em, weight: "semibold", d.titles.at(index)))
}
#let cell(row, number, index) = {
  let value = row.cells.at(index)
  let kind = d.kinds.at(index)
  let strong = if row.level > 0 { "bold" } else { "regular" }
  let fill = if row.level > 0 { rgb("#e8eef5") } else if calc.odd(number) { rgb("#f8fafc") } else { none }
  if kind == "mark" {
    let found = marks.at(value, default: none)
    grid.cell(fill: if found != none { found.at(0) } else { fill }, align: center + horizon,
      text(fill: if found != none { found.at(1) } else { ink }, weight: strong, value))
  } else if right-hand(kind) {
    grid.cell(fill: fill, inset: (x: 0.4em), align: right + horizon, text(weight: strong, value))
  } else {
    let body = text(weight: strong, value)
    let shown = place(left + horizon, box(width: 2000pt, body))
    grid.cell(fill: fill, inset: sides(index), if row.level > 0 { shown } else {
      box(width: 100%, height: d.row * 1pt, clip: true, shown)
    })
  }
}
#let foot(number) = place(bottom, dy: -16pt, block(width: 100%, {
  set text(size: 7pt, fill: soft)
  grid(columns: (1fr, auto), d.made, "Page " + str(number) + " of " + str(d.page_count))
}))
#for (offset, page) in d.pages.enumerate() {
  if offset > 0 { pagebreak() }
  let number = d.before + offset + 1
  if number == 1 {
    first-head
    if d.bars.len() > 0 { chart }
  } else { next-head }
  if page.len() == 0 {
    v(20pt)
    align(center, text(size: 11pt, fill: soft, "Nothing matches these days and filters."))
  } else {
    grid(
      columns: d.weights.map(each => each * 1fr),
      rows: (d.head * 1pt, ..(d.row * 1pt,) * page.len()),
      stroke: (x, y) => (bottom: 0.4pt + line),
      ..d.titles.enumerate().map(((index, _)) => heading(index)),
      ..page.enumerate().map(((index, row)) => range(row.cells.len()).map(each => cell(row, index, each))).flatten(),
    )
  }
  if number == d.page_count {
    for note in d.notes { v(5pt); text(size: 6.5pt, fill: soft, note) }
  }
  foot(number)
}
"""
