"""The profiles that come ready, by the column tables that the vendors publish for their importers.

They cannot be changed, only copied: an own copy holds the company's codes, and may differ in anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenant_stack.payroll.definition import Code, Column, Definition

C = Column


@dataclass(frozen=True, slots=True)
class Ready:
    """``advice`` is what somebody must set or know before the first import."""

    code: str
    name: str
    advice: str
    definition: Definition


def codes(**theirs: str) -> tuple[Code, ...]:
    """Our kinds by name, ``_2`` standing for ``@2``; lists of leaves and days follow where they are needed."""
    return tuple(Code(ours=name.replace("_", "@"), theirs=code) for name, code in theirs.items())


QUIET = codes(holiday="", absence="", presence="", late="", early="")

ADP = Definition(
    shape="wide",
    codes=(
        *codes(regular="REG", overtime_2="DBL", overtime="OT", premium="=", leave="PTO", holiday="HOL"),
        *codes(absence="", presence="", late="", early=""),
    ),
    columns=(
        C(title="Co Code", source="setting", value="company_code", width=3),
        C(title="Batch ID", source="setting", value="batch_id"),
        C(title="File #", source="employee_id", width=6, pad="zero"),
        C(title="Reg Hours", source="amount", value="REG"),
        C(title="O/T Hours", source="amount", value="OT"),
        C(title="Hours 3 Code", source="slot_code"),
        C(title="Hours 3 Amount", source="slot_amount"),
        C(title="Hours 4 Code", source="slot_code"),
        C(title="Hours 4 Amount", source="slot_amount"),
    ),
    blank_zero=True,
    file_name="EPI{setting.company_code}{batch3}.csv",
    settings={"company_code": "", "batch_id": "PUNCTUAL"},
)

PAYCHEX_FLEX = Definition(
    codes=(
        *codes(regular="Hourly", overtime_2="Double Time", overtime="Overtime", premium="=", leave="PTO"),
        *codes(holiday="Holiday", absence="", presence="", late="", early=""),
    ),
    columns=(
        C(title="Client ID", source="setting", value="client_id", width=8),
        C(title="Worker ID", source="employee_id", width=10),
        C(title="Org", source="department", width=60),
        C(title="Job Number", source="text", width=25),
        C(title="Pay Component", source="code", width=20),
        C(title="Rate", source="text"),
        C(title="Rate Number", source="text"),
        C(title="Hours", source="hours"),
        C(title="Units", source="text"),
        C(title="Line Date", source="date"),
        C(title="Amount", source="text"),
        C(title="Check Seq", source="text"),
        C(title="Override State", source="text"),
        C(title="Override Local", source="text"),
    ),
    dates="MM/DD/YYYY",
    file_name="{setting.client_id}_SPI_{period_end}.csv",
    settings={"client_id": ""},
)

PAYCHEX_ONLINE = Definition(
    shape="wide",
    codes=(
        *codes(regular="Regular", overtime_2="Double Time", overtime="Overtime", premium="=", leave="PTO"),
        *codes(holiday="Holiday", absence="", presence="", late="", early=""),
    ),
    columns=(C(title="Employee ID", source="employee_id"), C(title="{code} Hours", source="codes")),
    blank_zero=True,
    file_name="paychex-online-{period_start}-{period_end}.csv",
)

QUICKBOOKS = Definition(
    each="day",
    codes=(
        *codes(regular="Hourly", overtime_2="Hourly Double Time", overtime="Hourly Overtime", premium=""),
        *codes(leave="Paid Time Off", holiday="Holiday Pay", absence="", presence="", late="", early=""),
    ),
    columns=(
        C(title="!TIMEACT", source="text", value="TIMEACT"),
        C(title="DATE", source="date"),
        C(title="JOB", source="text"),
        C(title="EMP", source="last_first"),
        C(title="ITEM", source="setting", value="item"),
        C(title="PITEM", source="code"),
        C(title="DURATION", source="hours"),
        C(title="PROJ", source="text"),
        C(title="NOTE", source="reference"),
        C(title="XFERTOPAYROLL", source="text", value="Y"),
        C(title="BILLINGSTATUS", source="text", value="0"),
    ),
    separator="\t",
    quoting="none",
    heading=(
        "!TIMERHDR\tVER\tREL\tCOMPANYNAME\tIMPORTEDBEFORE\tFROMTIMER\tCOMPANYCREATETIME",
        "TIMERHDR\t8\t0\t{setting.company_name}\tN\tY\t{setting.company_created}",
    ),
    encoding="cp1252",
    time="hh:mm",
    dates="MM/DD/YY",
    neutralise=False,
    longest=23 * 3600 + 59 * 60,
    file_name="quickbooks-{batch3}.iif",
    settings={"company_name": "", "company_created": "0", "item": ""},
)

GUSTO = Definition(
    shape="wide",
    codes=(
        *codes(regular="regular", overtime_2="double", overtime="overtime", premium="", leave="pto", holiday="holiday"),
        *codes(absence="", presence="", late="", early=""),
    ),
    columns=(
        C(title="last_name", source="last_name"),
        C(title="first_name", source="first_name"),
        C(title="title", source="job_title"),
        C(title="gusto_employee_id", source="employee_id"),
        C(title="regular_hours", source="amount", value="regular"),
        C(title="overtime_hours", source="amount", value="overtime"),
        C(title="double_overtime_hours", source="amount", value="double"),
        C(title="pto_hours", source="amount", value="pto"),
        C(title="sick_hours", source="amount", value="sick"),
        C(title="holiday_hours", source="amount", value="holiday"),
        C(title="bonus", source="text"),
        C(title="commission", source="text"),
        C(title="paycheck_tips", source="text"),
        C(title="cash_tips", source="text"),
        C(title="correction_payment", source="text"),
        C(title="reimbursement", source="text"),
        C(title="personal_note", source="reference"),
    ),
    blank_zero=True,
    file_name="gusto-{period_start}-{period_end}.csv",
)

SAGE_50 = Definition(
    layout="sage_imp",
    each="day",
    codes=(
        *codes(regular="Regular", overtime_2="Double Time", overtime="Overtime", premium="=", leave="Vacation"),
        *codes(holiday="Holiday", absence="", presence="", late="", early=""),
    ),
    time="hh:mm:ss",
    encoding="cp1252",
    neutralise=False,
    file_name="timeslips-{period_start}-{period_end}.imp",
    settings={"version": "12001", "country": "1", "customer": ""},
)

TALLY = Definition(
    layout="tally_xml",
    codes=(
        Code(ours="presence", theirs="Present", unit="days"),
        Code(ours="leave", theirs="Present", unit="days"),
        Code(ours="absence", theirs="Absent", unit="days"),
        *codes(overtime="Overtime", regular="", premium="", holiday="", late="", early=""),
    ),
    neutralise=False,
    file_name="tally-attendance-{period_start}-{period_end}.xml",
    settings={"company": ""},
)

ZOHO = Definition(
    shape="wide",
    codes=(
        Code(ours="absence", theirs="LOP", unit="days"),
        *codes(overtime="OT", regular="", premium="", leave="", holiday="", presence="", late="", early=""),
    ),
    columns=(
        C(title="Employee Number", source="employee_id"),
        C(title="LOP Days", source="amount", value="LOP", sign="positive"),
        C(title="LOP Reversal Days", source="amount", value="LOP", sign="negative"),
        C(title="Overtime Hours", source="amount", value="OT"),
    ),
    file_name="zoho-payroll-{period_start}-{period_end}.csv",
)

XERO = Definition(
    layout="xero_json",
    each="day",
    codes=(
        *codes(regular="Ordinary Hours", overtime_2="Double Time", overtime="Overtime", premium="=", leave=""),
        *QUIET,
    ),
    neutralise=False,
    file_name="xero-timesheets-{period_start}-{period_end}.json",
    settings={"status": "DRAFT"},
)

LONG = Definition(
    codes=(
        *codes(regular="=", overtime="=", premium="="),
        Code(ours="leave", theirs="=", unit="days"),
        Code(ours="holiday", theirs="=", unit="days"),
        Code(ours="absence", theirs="=", unit="days"),
        Code(ours="presence", theirs="=", unit="days"),
        *codes(late="=", early="="),
    ),
    columns=(
        C(title="employee_no", source="employee_id"),
        C(title="last_name", source="last_name"),
        C(title="first_name", source="first_name"),
        C(title="period_start", source="period_start"),
        C(title="period_end", source="period_end"),
        C(title="date", source="date"),
        C(title="department", source="department"),
        C(title="cost_centre", source="site_code"),
        C(title="pay_code", source="code"),
        C(title="hours", source="hours"),
        C(title="days", source="days"),
        C(title="rate", source="rate"),
        C(title="amount", source="text"),
        C(title="reference", source="reference"),
    ),
    encoding="utf-8-sig",
)

WIDE = Definition(
    shape="wide",
    codes=LONG.codes,
    columns=(
        C(title="employee_no", source="employee_id"),
        C(title="last_name", source="last_name"),
        C(title="first_name", source="first_name"),
        C(title="department", source="department"),
        C(title="cost_centre", source="site_code"),
        C(title="period_start", source="period_start"),
        C(title="period_end", source="period_end"),
        C(title="{code}", source="codes"),
    ),
    encoding="utf-8-sig",
)

READY = {
    each.code: each
    for each in (
        Ready("generic-long", "Generic, a row per pay code", "", LONG),
        Ready("generic-wide", "Generic, a row per person", "", WIDE),
        Ready(
            "adp-workforce-now",
            "ADP Workforce Now",
            "Copy it and set your company code; File # is the employee number with six digits.",
            ADP,
        ),
        Ready(
            "paychex-flex",
            "Paychex Flex (SPI)",
            "Copy it and set your client id and the pay components of your company.",
            PAYCHEX_FLEX,
        ),
        Ready("paychex-online", "Paychex Online", "Map the codes to those of your company.", PAYCHEX_ONLINE),
        Ready(
            "quickbooks-iif",
            "QuickBooks Desktop (IIF timer)",
            "Copy it and set the company name and its creation time as QuickBooks exports them; "
            "employee names must match exactly.",
            QUICKBOOKS,
        ),
        Ready("gusto", "Gusto", "Names must match; empty leaves what Gusto has, 0 would overwrite it.", GUSTO),
        Ready("sage-50", "Sage 50 (US and Canada)", "Copy it and set the version of your Sage 50.", SAGE_50),
        Ready("tally", "TallyPrime (attendance voucher)", "Copy it and set the company's name in Tally.", TALLY),
        Ready("zoho-payroll", "Zoho Payroll", "Loss-of-pay days come from absences.", ZOHO),
        Ready(
            "xero",
            "Xero Payroll AU (JSON)",
            "Copy it and set the ids of your earnings rates; the period must be the pay calendar's.",
            XERO,
        ),
    )
}
