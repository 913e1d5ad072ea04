"""Every ready profile writes the file its importer expects, to the byte; figures add up; names do no harm."""

from __future__ import annotations

import csv
import io
import json
import os
import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from foundation.spreadsheets import harmless
from tenant_stack.payroll.definition import Code, Column, Definition
from tenant_stack.payroll.lines import DAYS, SECONDS, Measure, PayLine, Person
from tenant_stack.payroll.mapping import About, Sheet, make_sheet, written
from tenant_stack.payroll.profiles import READY
from tenant_stack.payroll.writers.files import written_file

GOLDEN = Path(__file__).parent / "golden"
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 7)
ANN, OMAR, EVIL = UUID(int=1), UUID(int=2), UUID(int=3)
PEOPLE = {
    ANN: Person(ANN, "00417", "Ann O'Neill, Jr", department="Sales, North", job_title="Clerk", site_code="DXB"),
    OMAR: Person(OMAR, "58", "عمر الفاروق", department="المبيعات", site_code="AUH"),
    EVIL: Person(EVIL, "+971501234567", '=HYPERLINK("http://x")', department="@home"),
}
SETTINGS = {
    "company_code": "AB1",
    "client_id": "12345678",
    "company_name": "Acme Ltd",
    "company": "Acme & Sons",
    "customer": "Internal",
}


def line(
    who: UUID, day: int | None, code: str, kind: str, amount: int, *, rate: str = "1", before: int = 0, **more: bool
) -> PayLine:
    unit = DAYS if kind in ("leave", "holiday", "absence", "presence") else SECONDS
    when = None if day is None else date(2026, 3, day)
    return PayLine(who, when, more.get("carried", False), code, kind, Decimal(rate), unit, before, before + amount)


def lines_of(each: str) -> list[PayLine]:
    """Three people: regular time, two tiers of overtime, a night premium, leave, an absence, a correction."""
    daily = [
        line(ANN, 2, "REG", "regular", 28_800),
        line(ANN, 2, "OT1", "overtime", 5_430, rate="1.5"),
        line(ANN, 3, "REG", "regular", 27_015),
        line(ANN, 3, "NIGHT", "premium", 3_600, rate="0"),
        line(ANN, 4, "LEAVE.ANNUAL", "leave", 50),
        line(OMAR, 2, "REG", "regular", 28_790),
        line(OMAR, 2, "OT2", "overtime", 7_200, rate="2"),
        line(OMAR, 5, "ABSENT", "absence", 100),
        line(OMAR, 6, "PRESENT", "presence", 100),
        line(EVIL, 2, "REG", "regular", 3_600),
    ]
    correction = PayLine(EVIL, date(2026, 2, 20), True, "REG", "regular", Decimal(1), SECONDS, 0, -1_800)
    if each == "day":
        return [*daily, correction]
    sums: dict[tuple[UUID, str], list[PayLine]] = {}
    for each_line in daily:
        sums.setdefault((each_line.staff_id, each_line.code), []).append(each_line)
    found = [
        PayLine(p[0].staff_id, None, False, p[0].code, p[0].kind, p[0].rate, p[0].unit, 0, sum(x.now for x in p))
        for p in sums.values()
    ]
    return [*found, correction]


def sheet_of(code: str) -> Sheet:
    definition = READY[code].definition
    known = {name: SETTINGS.get(name, value) for name, value in definition.settings.items()}
    definition = definition.model_copy(update={"settings": known})
    about = About(FIRST, LAST, "Acme", READY[code].name, batch=7, created=date(2026, 3, 9))
    return make_sheet(definition, lines_of(definition.each), PEOPLE, about)


@pytest.mark.parametrize("code", sorted(READY))
def test_ready_profiles_write_their_golden_files(code: str) -> None:
    file = written_file(sheet_of(code))
    golden = GOLDEN / f"{code}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_bytes(file.content)
    assert file.content == golden.read_bytes()


# The importers' column tables, apart from the code above.
COLUMNS = {
    "adp-workforce-now": "Co Code|Batch ID|File #|Reg Hours|O/T Hours|Hours 3 Code|Hours 3 Amount|Hours 4 Code|"
    "Hours 4 Amount",
    "paychex-flex": "Client ID|Worker ID|Org|Job Number|Pay Component|Rate|Rate Number|Hours|Units|Line Date|Amount|"
    "Check Seq|Override State|Override Local",
    "gusto": "last_name|first_name|title|gusto_employee_id|regular_hours|overtime_hours|double_overtime_hours|"
    "pto_hours|sick_hours|holiday_hours|bonus|commission|paycheck_tips|cash_tips|correction_payment|reimbursement|"
    "personal_note",
    "zoho-payroll": "Employee Number|LOP Days|LOP Reversal Days|Overtime Hours",
    "generic-long": "employee_no|last_name|first_name|period_start|period_end|date|department|cost_centre|pay_code|"
    "hours|days|rate|amount|reference",
}


@pytest.mark.parametrize("code", sorted(COLUMNS))
def test_columns_are_those_of_the_importer(code: str) -> None:
    text = written_file(sheet_of(code)).content.decode(READY[code].definition.encoding)
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == COLUMNS[code].split("|")
    assert {len(row) for row in rows} == {len(rows[0])}


def test_adp_keeps_leading_zeros_and_puts_further_codes_into_pairs() -> None:
    sheet = sheet_of("adp-workforce-now")
    assert written_file(sheet).name == "EPIAB1007.csv"
    assert sheet.rows[0] == ["AB1", "PUNCTUAL", "000417", "15.50", "1.51", "NIGHT", "1.00", "PTO", "4.00"]
    assert sheet.rows[1] == ["AB1", "PUNCTUAL", "000058", "8.00", "", "DBL", "2.00", "", ""]


def test_quickbooks_rows_end_before_midnight() -> None:
    definition = READY["quickbooks-iif"].definition
    about = About(FIRST, LAST, "Acme", "QuickBooks")
    sheet = make_sheet(definition, [line(ANN, 2, "REG", "regular", 25 * 3600)], PEOPLE, about)
    assert [row[6] for row in sheet.rows] == ["23:59", "01:01"]
    assert sheet.totals[0].text == "25:00"
    rows = written_file(sheet_of("quickbooks-iif")).content.decode("cp1252").split("\r\n")
    assert rows[3].split("\t")[:7] == ["TIMEACT", "03/02/26", "", "Ann O'Neill, Jr", "", "Hourly", "08:00"]
    assert all("\t" in row for row in rows[:-1])


def test_xero_has_a_number_for_each_day_of_the_period() -> None:
    found = json.loads(written_file(sheet_of("xero")).content)
    ann = next(each for each in found if each["EmployeeID"] == "00417")
    assert (ann["StartDate"], ann["EndDate"], ann["Status"]) == ("2026-03-01", "2026-03-07", "DRAFT")
    units = {each["EarningsRateID"]: each["NumberOfUnits"] for each in ann["TimesheetLines"]}
    assert units["Ordinary Hours"] == [0, 8.0, 7.5, 0, 0, 0, 0]


def test_tally_is_a_document_with_one_entry_for_each_type() -> None:
    content = written_file(sheet_of("tally")).content
    root = ElementTree.fromstring(content)
    assert root.findtext(".//SVCURRENTCOMPANY") == "Acme & Sons"
    entries = [
        (each.findtext("NAME"), each.findtext("ATTENDANCETYPE"), each.findtext("ATTDTYPEVALUE"))
        for each in root.iter("ATTENDANCEENTRIES.LIST")
    ]
    assert ("عمر الفاروق", "Absent", "1.00") in entries
    assert ("عمر الفاروق", "Overtime", "2.00") in entries


def test_sage_has_a_slip_for_each_person_and_day() -> None:
    text = written_file(sheet_of("sage-50")).content.decode("cp1252")
    assert text.startswith('<Version>\r\n"12001","1"\r\n</Version>\r\n<Timeslip>\r\n"Ann O\'Neill, Jr"\r\n')
    assert '"1","7-1","3-2-2026"\r\n"Internal","Regular","08:00:00"\r\n"Internal","Overtime","01:30:30"' in text


def test_names_do_no_harm_in_a_spreadsheet() -> None:
    text = written_file(sheet_of("generic-long")).content.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["employee_no"] == "+971501234567"]
    assert [row["hours"] for row in rows] == ["1.00", "-0.50"]  # numbers stay numbers
    assert {row["department"] for row in rows} == {"'@home"}
    assert rows[0]["last_name"] == '\'=HYPERLINK("http://x")'
    assert rows[1]["reference"] == "batch 7, correction of 2026-02-20"
    assert "الفاروق" in text
    assert harmless("-1+cmd|' /C calc'!A0").startswith("'")
    assert harmless("+971 50 123-4567") == "+971 50 123-4567"


def test_a_letter_that_the_encoding_lacks_is_counted() -> None:
    file = written_file(sheet_of("quickbooks-iif"))
    assert file.lost > 0
    assert b"?" in file.content


@pytest.mark.parametrize(
    ("time", "places", "seconds", "text"),
    [
        ("decimal", 2, 27_015, "7.50"),
        ("decimal", 2, 27_018, "7.51"),  # 7.505 hours, half up
        ("decimal", 2, -18, "-0.01"),
        ("decimal", 0, 5_400, "2"),
        ("hh:mm", 2, 90_000, "25:00"),
        ("hh:mm", 2, -1_830, "-00:31"),
        ("hh:mm:ss", 2, 5_430, "01:30:30"),
        ("minutes", 2, 5_430, "91"),
        ("seconds", 2, 5_431, "5431"),
    ],
)
def test_one_final_conversion(time: str, places: int, seconds: int, text: str) -> None:
    measure = Measure(time, places)  # type: ignore[arg-type]
    assert measure.text(measure.ticks(Decimal(seconds), SECONDS), SECONDS) == text


def test_batches_add_up_to_what_one_batch_would_have_been() -> None:
    definition = READY["generic-long"].definition
    about = About(FIRST, LAST, "Acme", "Generic")
    generator = random.Random(20260301)
    for _ in range(50):
        steps = [generator.randint(0, 40_000) for _ in range(5)]
        paid, figures = 0, []
        for now in steps:
            each = PayLine(ANN, None, False, "REG", "regular", Decimal(1), SECONDS, paid, now)
            sheet = make_sheet(definition, [each], PEOPLE, about)
            figures += [Decimal(row[9]) for row in sheet.rows]
            paid = now
        whole = make_sheet(definition, [line(ANN, None, "REG", "regular", steps[-1])], PEOPLE, about)
        assert sum(figures) == sum(Decimal(row[9]) for row in whole.rows)


@pytest.mark.parametrize("code", ["generic-long", "generic-wide", "adp-workforce-now", "gusto", "paychex-flex"])
def test_totals_are_the_sums_of_the_file(code: str) -> None:
    sheet = sheet_of(code)
    in_file = sum(
        Decimal(cell)
        for row in sheet.rows
        for title, cell in zip(sheet.header, row, strict=True)
        if cell and (title.endswith(("ours", "Amount", "days")) or title in {each.code for each in sheet.totals})
    )
    assert in_file == sum(Decimal(total.text) for total in sheet.totals)


def test_what_a_profile_does_not_know_is_said() -> None:
    definition = Definition(codes=(Code(ours="REG", theirs="1"),), columns=(Column(title="H", source="hours"),))
    sheet = make_sheet(definition, lines_of("period"), PEOPLE, About(FIRST, LAST, "Acme", "Own"))
    assert sheet.unmapped == {"ABSENT": 1, "LEAVE.ANNUAL": 1, "NIGHT": 1, "OT1": 1, "OT2": 1, "PRESENT": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"codes": []}, "codes"),
        ({"codes": [{"ours": "a b"}]}, "codes.0.ours"),
        ({"codes": [{"ours": "REG"}, {"ours": "REG"}]}, "codes"),
        ({"columns": []}, "columns"),
        ({"columns": [{"source": "amount", "value": "X"}]}, "columns.0.source"),
        ({"columns": [{"source": "setting", "value": "co"}]}, "columns.0.value"),
        ({"layout": "fixed"}, "columns.0.width"),
        ({"layout": "tally_xml"}, "settings"),
        ({"file_name": "../{batch}"}, "file_name"),
        ({"file_name": "{secret}"}, "file_name"),
        ({"heading": ["{setting.none}"]}, "heading"),
        ({"dates": "YYYYmm"}, "dates"),
        ({"decimal_mark": ",", "quoting": "none"}, "decimal_mark"),
        ({"places": 9}, "places"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_profile_names_its_field(change: dict[str, object], field: str) -> None:
    plain = {"codes": [{"ours": "regular", "theirs": "R"}], "columns": [{"title": "H", "source": "hours"}]}
    Definition.model_validate(plain)
    with pytest.raises(ValidationError) as caught:
        Definition.model_validate({**plain, **change})
    error = caught.value.errors()[0]
    where = ".".join(str(part) for part in error["loc"]) or error["msg"].removeprefix("Value error, ").split(":")[0]
    assert where == field


def test_fixed_width() -> None:
    definition = Definition(
        layout="fixed",
        codes=(Code(ours="regular", theirs="01"), Code(ours="*", theirs="")),
        columns=(
            Column(source="employee_id", width=6, pad="left"),
            Column(source="text", value="E", width=1, pad="right"),
            Column(source="code", width=4, pad="right"),
            Column(source="hours", width=8, pad="zero"),
        ),
        trailer=("T{rows} {total}",),
        neutralise=False,
    )
    sheet = make_sheet(definition, lines_of("period")[:1], PEOPLE, About(FIRST, LAST, "Acme", "Preview"))
    assert written_file(sheet).content == b" 00417E01  00015.50\r\nT1 15.50\r\n"


def test_an_unapproved_file_says_so() -> None:
    about = About(FIRST, LAST, "Acme", "Generic", unapproved=True)
    sheet = make_sheet(READY["generic-long"].definition, [], PEOPLE, about)
    assert sheet.file_name == "payroll-2026-03-01-2026-03-07-UNAPPROVED.csv"
    assert written(date(2026, 3, 9), "D/M/YY") == "9/3/26"
