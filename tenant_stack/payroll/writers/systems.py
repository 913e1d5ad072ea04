"""Layouts that are no tables: Sage 50's import file, Tally's vouchers, Xero's time sheets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from xml.sax.saxutils import escape

from tenant_stack.payroll.mapping import Entry, Sheet, written


def sage_imp(sheet: Sheet) -> str:
    """Sage 50 (US, Canada): a version block, then one time slip per person and day; hours as ``hh:mm:ss``.

    A slip holds the person, then option, slip number and date (M-D-YYYY), then per line customer, item and hours.
    """
    settings = sheet.definition.settings
    lines = ["<Version>", f'"{settings["version"]}","{settings["country"]}"', "</Version>"]
    for number, ((_, day), entries) in enumerate(_grouped(sheet, by_day=True), 1):
        first = entries[0]
        when = day or sheet.about.last
        lines += ["<Timeslip>", f'"{_sage(first.person.name)}"']
        slip = f"{sheet.about.batch or 0}-{number}"
        lines.append(f'"1","{slip}","{written(when, "M-D-YYYY")}"')
        for entry in entries:
            hours = sheet.definition.measure.text(entry.ticks, entry.unit)
            lines.append(f'"{_sage(settings["customer"])}","{_sage(entry.code)}","{hours}"')
        lines.append("</Timeslip>")
    return "".join(line + sheet.definition.line_end for line in lines)


def tally_xml(sheet: Sheet) -> str:
    """TallyPrime: one attendance voucher with an entry per person and attendance type."""
    company = escape(sheet.definition.settings["company"])
    lines = [
        "<ENVELOPE>",
        " <HEADER><TALLYREQUEST>Import Data</TALLYREQUEST></HEADER>",
        " <BODY><IMPORTDATA>",
        "  <REQUESTDESC><REPORTNAME>Vouchers</REPORTNAME>",
        f"   <STATICVARIABLES><SVCURRENTCOMPANY>{company}</SVCURRENTCOMPANY></STATICVARIABLES>",
        "  </REQUESTDESC>",
        "  <REQUESTDATA><TALLYMESSAGE>",
        '   <VOUCHER VCHTYPE="Attendance" ACTION="Create">',
        f"    <DATE>{written(sheet.about.last, 'YYYYMMDD')}</DATE>",
        "    <VOUCHERTYPENAME>Attendance</VOUCHERTYPENAME>",
    ]
    for entry in sheet.entries:
        value = sheet.definition.measure.text(entry.ticks, entry.unit)
        lines += [
            "    <ATTENDANCEENTRIES.LIST>",
            f"     <NAME>{_xml(entry.person.name)}</NAME>",
            f"     <ATTENDANCETYPE>{_xml(entry.code)}</ATTENDANCETYPE>",
            f"     <ATTDTYPEVALUE>{value}</ATTDTYPEVALUE>",
            "    </ATTENDANCEENTRIES.LIST>",
        ]
    lines += ["   </VOUCHER>", "  </TALLYMESSAGE></REQUESTDATA>", " </IMPORTDATA></BODY>", "</ENVELOPE>"]
    return "".join(line + sheet.definition.line_end for line in lines)


def xero_json(sheet: Sheet) -> str:
    """Xero Payroll AU, version 1: a time sheet per person; each earnings rate has one number of units per day of the
    period, which must be the pay calendar's. A correction of an earlier day counts on the first day."""
    first, last = sheet.about.first, sheet.about.last
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    sheets = []
    scale = 10**sheet.definition.places
    for (employee, _), entries in _grouped(sheet, by_day=False):
        units: dict[str, list[int]] = {}
        for entry in entries:
            inside = entry.day if entry.day and first <= entry.day <= last else first
            row = units.setdefault(entry.code, [0] * len(days))
            row[(inside - first).days] += entry.ticks
        sheets.append(
            {
                "EmployeeID": employee,
                "StartDate": first.isoformat(),
                "EndDate": last.isoformat(),
                "Status": sheet.definition.settings["status"],
                "TimesheetLines": [
                    {"EarningsRateID": code, "NumberOfUnits": [ticks / scale for ticks in row]}
                    for code, row in units.items()
                ],
            }
        )
    return json.dumps(sheets, ensure_ascii=False, indent=1) + "\n"


def _grouped(sheet: Sheet, *, by_day: bool) -> Iterable[tuple[tuple[str, date | None], list[Entry]]]:
    def key(entry: Entry) -> tuple[str, date | None]:
        return entry.person.employee_id, entry.day if by_day else None

    return ((found, list(entries)) for found, entries in groupby(sheet.entries, key))


def _sage(text: str) -> str:
    return " ".join(text.replace('"', "'").split())


def _xml(text: str) -> str:
    return escape("".join(letter for letter in text if letter >= " " or letter == "\t"))
