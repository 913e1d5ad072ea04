"""A mapping profile as data: which codes, columns and formats a payroll system expects. Pure, validated on entry.

Where a column's content comes from is its ``source``:

- about the person: ``employee_id badge_number name last_name first_name last_first email department job_title
  site_code site_name``
- about the line: ``period_start period_end date code our_code rate hours days reference``; ``text`` is the column's
  own ``value``; ``setting`` is the profile's setting of the name in ``value`` (a company code, say)
- wide files: ``amount`` is the figure of the code in ``value``; ``codes`` becomes one column for each code that is in
  no other column, its title made from ``{code}``; ``slot_code`` and ``slot_amount`` hold such a code and its figure,
  pair by pair, with more rows where a person has more codes than pairs
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tenant_stack.payroll.lines import HOUR, KINDS, Measure, Rounding, TimeFormat

Short = Annotated[str, StringConstraints(max_length=80)]
Text = Annotated[str, StringConstraints(max_length=400)]

PERSON = [
    *("employee_id", "badge_number", "name", "last_name", "first_name", "last_first", "email", "department"),
    *("job_title", "site_code", "site_name"),
]
LINE = ["period_start", "period_end", "date", "reference", "text", "setting"]
LONG = ["code", "our_code", "rate", "hours", "days"]
WIDE = ["amount", "codes", "slot_code", "slot_amount"]
# What a layout cannot do without.
NEEDED = {"sage_imp": ("version", "country", "customer"), "tally_xml": ("company",), "xero_json": ("status",)}
TOKENS = {"period_start", "period_end", "batch", "batch3", "rows", "total", "organisation", "profile", "created"}
TOKEN = re.compile(r"\{([a-z0-9_.]*)\}")
OURS = re.compile(rf"(?P<kind>{'|'.join(KINDS)})(@(?P<rate>\d+(\.\d+)?))?|\*|[^\s@]+")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Code(Part):
    """``ours``: a pay code, or a kind (``overtime``), or a kind at a rate (``overtime@2``), or ``*``; the most exact
    one counts. ``theirs``: the code there; ``=`` keeps ours, empty leaves it out on purpose. ``unit``: what they
    count in."""

    ours: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    theirs: Short = ""
    unit: Literal["hours", "days"] = "hours"


class Column(Part):
    """``width`` cuts text and, with ``pad``, fills up; ``zero`` fills with zeros on the left. ``sign``: only figures
    above zero, or only those below zero, without their minus."""

    title: Short = ""
    source: Literal[
        "employee_id", "badge_number", "name", "last_name", "first_name", "last_first", "email", "department",
        "job_title", "site_code", "site_name", "period_start", "period_end", "date", "reference", "text", "setting",
        "code", "our_code", "rate", "hours", "days", "amount", "codes", "slot_code", "slot_amount",
    ]  # fmt: skip
    value: Short = ""
    width: Annotated[int, Field(ge=1, le=200)] | None = None
    pad: Literal["none", "left", "right", "zero"] = "none"
    sign: Literal["both", "positive", "negative"] = "both"


class Definition(Part):
    """Everything about a file. ``each``: one figure for the period, or one for each day.

    ``heading`` and ``trailer`` are whole lines, and ``file_name`` a name, with ``{tokens}``. ``day_hours``: how long a
    day of leave is where it is counted in hours. ``blank_zero``: a figure of zero is left empty (some importers read
    0 as "overwrite"). ``longest``: a row of more seconds becomes several. ``neutralise``: text that a spreadsheet
    would run as a formula gets an apostrophe in front.
    """

    layout: Literal["delimited", "fixed", "sage_imp", "tally_xml", "xero_json"] = "delimited"
    shape: Literal["long", "wide"] = "long"
    each: Literal["period", "day"] = "period"
    codes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]
    columns: Annotated[tuple[Column, ...], Field(max_length=120)] = ()
    separator: Literal[",", ";", "\t", "|"] = ","
    quoting: Literal["minimal", "all", "none"] = "minimal"
    header: bool = True
    heading: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    trailer: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    line_end: Literal["\r\n", "\n"] = "\r\n"
    encoding: Literal["utf-8", "utf-8-sig", "cp1252"] = "utf-8"
    time: TimeFormat = "decimal"
    places: Annotated[int, Field(ge=0, le=6)] = 2
    decimal_mark: Literal[".", ","] = "."
    rounding: Rounding = "half_up"
    day_hours: Annotated[Decimal, Field(gt=0, le=24, decimal_places=2)] = Decimal(8)
    dates: Annotated[str, StringConstraints(max_length=20)] = "YYYY-MM-DD"
    blank_zero: bool = False
    neutralise: bool = True
    longest: Annotated[int, Field(ge=60, le=86_400)] | None = None
    file_name: Annotated[str, StringConstraints(min_length=1, max_length=120)] = (
        "payroll-{period_start}-{period_end}.csv"
    )
    settings: Annotated[dict[Short, Short], Field(max_length=20)] = {}

    @property
    def measure(self) -> Measure:
        return Measure(self.time, self.places, self.decimal_mark, self.rounding, int(self.day_hours * HOUR))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.layout in ("delimited", "fixed") and not self.columns:
            raise ValueError("columns: a file needs at least one column")
        for name in NEEDED.get(self.layout, ()):
            if name not in self.settings:
                raise ValueError(f"settings: this layout needs the setting {name}")
        if self.layout in NEEDED and self.shape == "wide":
            raise ValueError("shape: this layout has a line for each code, so it is long")
        if self.layout == "xero_json" and self.time != "decimal":
            raise ValueError("time: Xero counts in decimal hours")
        if self.decimal_mark == "," and self.separator == "," and self.quoting == "none" and self.layout == "delimited":
            raise ValueError("decimal_mark: a decimal comma cannot stand in an unquoted file separated by commas")
        for number, code in enumerate(self.codes):
            if not OURS.fullmatch(code.ours):
                raise ValueError(f"codes.{number}.ours: {code.ours} is no pay code and no kind of one")
        if len({code.ours for code in self.codes}) < len(self.codes):
            raise ValueError("codes: each of our codes can be mapped once")
        self._check_columns()
        for name, lines in (("heading", self.heading), ("trailer", self.trailer), ("file_name", (self.file_name,))):
            self._check_tokens(name, lines)
        if re.search(r'[\\/:*?"<>|\x00-\x1f]', self.file_name):
            raise ValueError("file_name: letters, digits and -_.() only, no folders")
        if not re.fullmatch(r"(YYYY|YY|MM|DD|M|D|[-/. ])+", self.dates):
            raise ValueError("dates: made of YYYY, YY, MM, M, DD, D and - / .")
        return self

    def _check_columns(self) -> None:
        allowed = {*PERSON, *LINE, *(LONG if self.shape == "long" else WIDE)}
        for number, column in enumerate(self.columns):
            where = f"columns.{number}"
            if column.source not in allowed:
                raise ValueError(f"{where}.source: {column.source} is not for a {self.shape} file")
            if column.source == "setting" and column.value not in self.settings:
                raise ValueError(f"{where}.value: there is no setting {column.value}")
            if column.source == "amount" and not column.value:
                raise ValueError(f"{where}.value: say which code's figure")
            if self.layout == "fixed" and (column.width is None or column.pad == "none"):
                raise ValueError(f"{where}.width: a file of fixed width needs a width and a padding")

    def _check_tokens(self, name: str, lines: tuple[str, ...]) -> None:
        for line in lines:
            for token in TOKEN.findall(line):
                setting = token.removeprefix("setting.")
                if token not in TOKENS and (setting == token or setting not in self.settings):
                    raise ValueError(f"{name}: there is no {{{token}}}")
