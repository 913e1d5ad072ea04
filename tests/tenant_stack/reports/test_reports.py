"""What reports say: their structure, and that the API, the spreadsheet, the paper and the CSV agree to the second."""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from foundation.clock import utc_now
from foundation.database import Database
from foundation.pagination import PageRequest
from tenant_stack.reports.headings import bars
from tenant_stack.reports.query import stream
from tenant_stack.reports.schemas import ReportRequest
from tenant_stack.reports.service import page_of, resolve
from tests.tenant_stack.actors import Api
from tests.tenant_stack.records import run
from tests.tenant_stack.reports.conftest import DAYS, FIRST, NAMES

LAST = FIRST + timedelta(days=DAYS - 1)
PERIOD = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
KINDS = (
    *("daily", "late", "early", "absences", "missing", "monthly", "period", "departments"),
    *("overtime", "exceptions", "device-log"),
)


def seconds_of(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = (int(each) for each in text.lstrip("-").split(":"))
    return sign * (hours * 3600 + minutes * 60 + seconds)


def shown(seconds: int) -> str:
    sign, size = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{size // 3600}:{size // 60 % 60:02}:{size % 60:02}"


async def fetch(api: Api, kind: str, form: str, **params: Any) -> bytes:
    answer = await api.client.get(f"/api/reports/{kind}", params={**params, "format": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


async def everything(api: Api, kind: str, **params: Any) -> dict[str, Any]:
    """All pages of a report, seven rows at a time."""
    report = await api.get(f"/api/reports/{kind}", limit=7, **params)
    items, cursor = report["items"], report["next_cursor"]
    while cursor:
        page = await api.get(f"/api/reports/{kind}", limit=7, cursor=cursor, **params)
        items += page["items"]
        cursor = page["next_cursor"]
    return {**report, "items": items}


def sheet_totals(data: bytes) -> tuple[dict[str, Any], int]:
    """The last row of the sheet by title, and the number of data rows."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Report"]
    rows = list(sheet.iter_rows(values_only=True))
    titles = [str(each) for each in rows[0]]
    data_rows = [row for row in rows[1:] if not str(row[0]).startswith("Total")]
    return dict(zip(titles, rows[-1], strict=True)), len(data_rows)


def plain(value: Any) -> int:
    return round(value.total_seconds()) if isinstance(value, timedelta) else int(value)


async def test_every_kind_answers_in_every_format(api: Api, busy: dict[str, Any]) -> None:
    catalogue = await api.get("/api/reports")
    assert [kind["kind"] for kind in catalogue["kinds"]] == list(KINDS)
    assert catalogue["departments"] == ["Sales", "Stores"]
    for kind in KINDS:
        report = await everything(api, kind, **PERIOD)
        names = [column["name"] for column in report["columns"]]
        assert all(list(item) == names for item in report["items"])
        assert len(report["items"]) == report["total"]
        # The only clock hangs in the organisation's own zone; people are counted in their site's.
        zones = ["Asia/Dubai"] if kind == "device-log" else ["Asia/Dubai", "Europe/Madrid"]
        assert set(report["zones"]) <= set(zones)
        for column in report["columns"]:
            if column["total"]:
                added = sum(item[column["name"]] or 0 for item in report["items"])
                assert report["totals"][column["name"]] == added, (kind, column["name"])
        assert (await fetch(api, kind, "csv", **PERIOD)).startswith(b"\xef\xbb\xbf")
        assert (await fetch(api, kind, "xlsx", **PERIOD)).startswith(b"PK")
        assert (await fetch(api, kind, "pdf", **PERIOD)).startswith(b"%PDF")


async def test_reports_say_what_the_records_say(api: Api, busy: dict[str, Any], database: Database) -> None:
    report = await everything(api, "daily", **PERIOD)
    (truth,) = await run(
        database,
        "SELECT count(*), sum(worked_seconds), sum(late_seconds), sum(overtime_seconds) FROM attendance_records "
        "WHERE work_date BETWEEN '2026-09-01' AND '2026-09-12'",
    )
    totals = report["totals"]
    assert (report["total"], totals["worked"], totals["late"], totals["overtime"]) == tuple(truth)
    assert truth[2] > 0
    assert truth[3] > 0
    monthly = await api.get("/api/reports/monthly", **PERIOD)
    assert monthly["totals"]["worked"] == truth[1]
    assert [item["name"] for item in monthly["items"]] == list(NAMES)
    first = monthly["items"][0]
    days = {item["work_date"]: item["status"] for item in report["items"] if item["name"] == NAMES[0]}
    marks = {"Present": "P", "Absent": "A", "Incomplete": "?", "Half day": "½"}
    assert all(first[day] == marks[status] for day, status in days.items())
    worked = await api.get("/api/reports/monthly", cells="worked", **PERIOD)
    assert sum(worked["totals"][(FIRST + timedelta(days=n)).isoformat()] for n in range(DAYS)) == truth[1]


@pytest.mark.parametrize("seed", range(5))
async def test_paper_sheet_and_api_agree(seed: int, api: Api, busy: dict[str, Any]) -> None:
    """Five random sets of filters: the same totals, read back from the files by other libraries."""
    chance = random.Random(seed)
    kind = chance.choice(["daily", "period", "monthly", "late", "overtime"])
    first = FIRST + timedelta(days=chance.randint(0, 4))
    params: dict[str, Any] = {
        "from": first.isoformat(),
        "to": (first + timedelta(days=chance.randint(0, 7))).isoformat(),
    }
    if chance.random() < 0.5:
        params["department"] = chance.choice(["Sales", "Stores"])
    if chance.random() < 0.4:
        params["site_id"] = chance.choice(busy["sites"])
    if chance.random() < 0.4:
        params["staff_id"] = [person["id"] for person in chance.sample(busy["staff"], 5)]
    report = await api.get(f"/api/reports/{kind}", **params)
    sheet, rows = sheet_totals(await fetch(api, kind, "xlsx", **params))
    assert rows == report["total"]
    text = "\n".join(
        page.extract_text() for page in PdfReader(io.BytesIO(await fetch(api, kind, "pdf", **params))).pages
    )
    lines = list(csv.DictReader(io.StringIO((await fetch(api, kind, "csv", **params)).decode("utf-8-sig"))))
    assert len(lines) == report["total"]
    for column in report["columns"]:
        if not column["total"]:
            continue
        total = report["totals"][column["name"]]
        assert plain(sheet[column["title"]]) == total, column
        read = seconds_of if column["kind"] == "duration" else int
        assert sum(read(line[column["title"]]) for line in lines if line[column["title"]]) == total, column
        if report["total"]:
            assert (shown(total) if column["kind"] == "duration" else f"{total:,}") in text, column
    assert report["zones"]
    assert all(zone in text for zone in report["zones"])


async def test_the_sheet_is_typed_and_names_stay_names(api: Api, busy: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await fetch(api, "daily", "xlsx", **PERIOD)))
    sheet = book["Report"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref
    titles = [cell.value for cell in sheet[1]]
    cells = {title: sheet[2][index] for index, title in enumerate(titles)}
    assert cells["Name"].value == "=HYPERLINK(1)"
    assert cells["Name"].data_type == "s"
    assert cells["Day"].is_date
    assert cells["Worked"].number_format == "[h]:mm:ss"
    facts = dict(list(book["About"].iter_rows(values_only=True)))
    assert facts["Time zone"] == "Asia/Dubai, Europe/Madrid"
    assert facts["Days"] == "1 September 2026 to 12 September 2026"
    text = (await fetch(api, "daily", "csv", **PERIOD)).decode("utf-8-sig")
    assert ",'=HYPERLINK(1)," in text
    assert ",'@sum," in text
    assert ",+971501234567," in text
    assert "+02:00" in text
    assert "+04:00" in text


async def test_custom_reports(api: Api, busy: dict[str, Any]) -> None:
    shape = {"title": "Hours by department", "columns": ["work_date", "name", "worked"], "group_by": ["department"]}
    body = {"first": FIRST.isoformat(), "last": LAST.isoformat(), "shape": shape, "name": "Hours"}
    answer = await api.post("/api/reports/custom?limit=200", body, 200)
    assert answer["report"]["title"] == "Hours by department"
    assert [item["department"] for item in answer["report"]["items"]] == sorted(
        item["department"] for item in answer["report"]["items"]
    )
    saved = (await api.get("/api/reports/saved"))["items"]
    assert [(each["name"], each["id"]) for each in saved] == [("Hours", answer["saved_id"])]
    await api.post("/api/reports/custom", body, 409)

    grouped = {**shape, "detail": False, "columns": ["days", "worked", "overtime"], "group_by": ["department", "week"]}
    sums = (await api.post("/api/reports/custom", {**body, "shape": grouped, "name": None}, 200))["report"]
    assert sums["totals"]["worked"] == answer["report"]["totals"]["worked"]
    assert {item["week"] for item in sums["items"]} == {"2026-08-31", "2026-09-07"}

    for wrong in (
        {**shape, "columns": ["salary"]},
        {**grouped, "columns": ["first_in"]},
        {**grouped, "group_by": []},
        {**shape, "columns": []},
    ):
        await api.post("/api/reports/custom", {**body, "shape": wrong, "name": None}, 422)
    await api.delete(f"/api/reports/saved/{answer['saved_id']}")
    assert (await api.get("/api/reports/saved"))["items"] == []


async def test_days_are_checked(api: Api) -> None:
    for params in (
        {"date": "2026-09-01", "month": "2026-09"},
        {"from": "2026-09-02", "to": "2026-09-01"},
        {"from": "2025-01-01", "to": "2026-09-01"},
        {"month": "2026-13"},
        {"month": "0000-01"},
        {"from": "2026-09-02"},
    ):
        await api.call("GET", "/api/reports/daily", 422, params=params)
    await api.call("GET", "/api/reports/monthly", 422, params={"from": "2026-01-01", "to": "2026-02-20"})
    assert (await api.get("/api/reports/monthly", month="2026-02"))["last"] == "2026-02-28"
    assert (await api.get("/api/reports/daily"))["items"] == []
    await api.call("GET", "/api/reports/daily", 422, params={"cursor": "nonsense", "date": "2026-09-01"})


async def test_device_groups_narrow_a_report(api: Api, busy: dict[str, Any], database: Database) -> None:
    await run(database, "INSERT INTO device_groups (name, departments) VALUES ('Gate', '[\"Sales\"]')")
    ((group_id,),) = await run(database, "SELECT id FROM device_groups")
    people = (await api.get("/api/reports/period", group_id=str(group_id), **PERIOD))["items"]
    assert {item["department"] for item in people} == {"Sales"}
    assert len(people) == 3


async def test_the_audit_trail_knows_every_export(api: Api, busy: dict[str, Any], database: Database) -> None:
    await fetch(api, "daily", "csv", **PERIOD)
    async with database.transaction() as session:
        ((after,),) = await session.execute(sa.text("SELECT after FROM audit_log WHERE action = 'report.export'"))
    assert after["rows"] == (await api.get("/api/reports/daily", **PERIOD))["total"]
    (entry,) = (await api.get("/api/reports/runs"))["items"]
    assert entry["checksum"] == after["checksum"]
    assert entry["state"] == "done"
    assert entry["file"] is False


async def test_a_limited_caller_sees_their_part_only(api: Api, busy: dict[str, Any], database: Database) -> None:
    """On every path: pages, totals, streams, charts. The limit travels with the filters, not with the session."""
    for kind in KINDS:
        limited = resolve(
            ReportRequest(kind=kind, first=FIRST, last=LAST), utc_now(), "Asia/Dubai", frozenset({"department:Sales"})
        )
        whole = await api.get(f"/api/reports/{kind}", limit=200, department="Sales", **PERIOD)
        async with database.transaction() as session:
            page = await page_of(session, limited, PageRequest(limit=200), "Acme")
            streamed = [line async for lines in stream(session, limited.definition) for line in lines]
            chart = await bars(session, kind, limited.filters)
        assert page.items == whole["items"]
        assert page.totals == whole["totals"]
        assert len([line for line in streamed if line.level == 0]) == whole["total"]
        assert sum(sum(bar.parts) for bar in chart) <= 3 * DAYS
        assert page.filters == ["Only the sites and departments that its reader is responsible for"]
    nobody = resolve(ReportRequest(kind="daily", first=FIRST, last=LAST), utc_now(), "UTC", frozenset({"site:"}))
    async with database.transaction() as session:
        assert (await page_of(session, nobody, PageRequest(), "Acme")).total == 0


async def test_of_nothing_the_paper_says_so_in_words(api: Api, busy: dict[str, Any]) -> None:
    nothing = {"from": "2019-03-01", "to": "2019-03-31"}
    report = await api.get("/api/reports/late", **nothing)
    assert (report["total"], report["zones"]) == (0, ["Asia/Dubai"])
    (page,) = PdfReader(io.BytesIO(await fetch(api, "late", "pdf", **nothing))).pages
    text = page.extract_text()
    assert "Nothing matches these days and filters." in text
    assert "Time zone: Asia/Dubai" in text


async def test_where_nothing_is_added_up_there_is_no_total(api: Api, busy: dict[str, Any]) -> None:
    for kind, expected in (("device-log", 0), ("late", 1)):
        pages = PdfReader(io.BytesIO(await fetch(api, kind, "pdf", **PERIOD))).pages
        assert sum(page.extract_text().split().count("Total") for page in pages) == expected, kind


@pytest.mark.parametrize("path", ["reports/daily", "reports/device-log", "reports/payroll", "payroll/records"])
async def test_a_misspelt_filter_is_refused(api: Api, path: str) -> None:
    answer = await api.client.get(f"/api/{path}", params={"form": "2026-10-01"})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["field"]) == ("unknown_parameter", "form")
    assert " from" in problem["detail"] or "cursor" in problem["detail"]
