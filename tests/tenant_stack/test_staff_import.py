"""Files of people: what a dry run says is what an import does, again and again, and nothing goes where it must not."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from foundation.errors import Invalid
from tenant_stack.people.bulk.columns import Refused, cell_in, cell_out, day_in, match_headers
from tenant_stack.people.bulk.file_reader import read_table
from tests.tenant_stack.actors import Api, Bridge, punch
from tests.tenant_stack.conftest import client_of, page_headers, sign_in

IMPORT = "/api/staff/import"
COUNTS = ("new", "changed", "unchanged", "wrong")


async def send(
    api: Api, content: str | bytes, *, dry_run: bool = False, mapping: Mapping[str, str | None] | None = None
) -> httpx.Response:
    data = {"mapping": json.dumps(mapping)} if mapping is not None else {}
    return await api.client.post(
        IMPORT,
        params={"dry_run": dry_run},
        files={"file": ("people.csv", content.encode() if isinstance(content, str) else content, "text/csv")},
        data=data,
    )


async def taken(api: Api, content: str | bytes, **more: Any) -> Any:
    response = await send(api, content, **more)
    assert response.status_code == 200, response.text
    return response.json()


def counts(view: Any) -> tuple[int, ...]:
    return tuple(view[name] for name in COUNTS)


def wrong(view: Any) -> list[tuple[int, str | None, str]]:
    return [(each["line"], each["field"], each["reason"]) for each in view["wrong_rows"]]


async def people(api: Api) -> dict[str, Any]:
    return {each["employee_id"]: each for each in (await api.get("/api/staff", limit=200))["items"]}


async def test_a_dry_run_writes_nothing_and_says_what_the_import_then_does(api: Api, database: Database) -> None:
    site = await api.post("/api/sites", {"code": "BER", "name": "Berlin", "zone": "Europe/Berlin"})
    await api.add_staff("1", name="Ann Lee", department="Ops", phone="1")
    await api.add_staff("2", name="Bob Ray")
    file = (
        "Emp No;Full name;Dept;Location;Start date;Active;Shoe size\r\n"
        "1;Ann Lee;Sales;berlin;2026-03-02;yes;40\r\n"
        "2;Bob Ray;;;;yes;41\r\n"
        ";;;;;;\r\n"
        "3;Cem Öz;Ops;BER;3.2.2026;no;42\r\n"
        "4;Dee;Ops;Paris;;yes;43\r\n"
    )
    tried = await taken(api, file, dry_run=True)
    assert (tried["dry_run"], tried["rows"], tried["separator"], tried["note"]) == (True, 4, "semicolon", "")
    assert counts(tried) == (1, 1, 1, 1)
    assert [each["field"] for each in tried["columns"]] == [
        "employee_id", "name", "department", "site", "hired_on", "active", None,
    ]  # fmt: skip
    assert wrong(tried) == [(6, "site", "There is no site called Paris")]
    assert tried["changed_rows"][0]["changes"] == [
        {"field": "department", "before": "Ops", "after": "Sales"},
        {"field": "hired_on", "before": "", "after": "2026-03-02"},
        {"field": "site", "before": "", "after": "Berlin"},
    ]
    assert set(await people(api)) == {"1", "2"}

    done = await taken(api, file)
    assert {**done, "dry_run": True} == tried
    found = await people(api)
    assert (found["1"]["department"], found["1"]["site_id"], found["1"]["phone"]) == ("Sales", site["id"], "1")
    assert (found["3"]["name"], found["3"]["hired_on"], found["3"]["active"]) == ("Cem Öz", "2026-02-03", False)
    assert counts(await taken(api, file)) == (0, 0, 3, 1)
    lines = (await api.get("/api/audit", target_kind="staff", limit=20))["items"]
    assert [each["action"] for each in lines[:2]] == ["staff.import", "staff.import"]
    assert sorted(each["action"] for each in lines[2:]) == [
        "staff.create", "staff.create", "staff.create", "staff.update",
    ]  # fmt: skip
    update = next(each for each in lines if each["action"] == "staff.update")
    assert (update["before"]["department"], update["after"]["department"]) == ("Ops", "Sales")


async def test_what_is_exported_is_unchanged_when_it_comes_back(api: Api) -> None:
    await api.post("/api/sites", {"code": "BER", "name": "Berlin", "zone": "Europe/Berlin"})
    file = (
        "employee_id,name,badge_number,card_number,email,phone,site,active,notes\n"
        '007,"=HYPERLINK(""http://x"")",0042,123,a@b.test,+971 50 123,BER,no,"two\nlines, one ; more "\n'
        "8,@Sum,,,,,,,'quoted\n"
        "9,- Minus,,,,,,,\n"
    )
    assert counts(await taken(api, file)) == (3, 0, 0, 0)
    assert (await people(api))["007"]["name"] == '=HYPERLINK("http://x")'
    exported = await api.client.get("/api/staff/export", params={"format": "csv"})
    assert exported.status_code == 200, exported.text
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ['\'=HYPERLINK("http://x")', "'@Sum", "'- Minus"]
    assert (rows[0]["Phone"], rows[0]["Badge number"], rows[0]["Notes"]) == (
        "+971 50 123", "0042", "two\nlines, one ; more ",
    )  # fmt: skip
    assert counts(await taken(api, exported.content)) == (0, 0, 3, 0)
    template = await api.client.get(f"{IMPORT}/template")
    assert counts(await taken(api, template.content, dry_run=True)) == (1, 0, 0, 0)


async def test_each_wrong_row_says_why_and_comes_back_in_a_file(api: Api) -> None:
    await api.add_staff("1", badge_number="100")
    file = (
        "id,name,badge,card,email,hired,active\n"
        "2,Ann,100,,,,\n"
        "3,Bob,7,,,,\n"
        "4,Cem,7,,,,\n"
        "3,Bob again,,,,,\n"
        ",Nobody,,,,,\n"
        "5,,,,,,\n"
        "6,Eve,,,not an address,,\n"
        "7,Fay,,many,,,\n"
        "8,Gus,,,,03/04/2026,\n"
        "9,Hal,,,,2026-02-30,perhaps\n"
        "10,Ina,,,,,perhaps\n"
        "11,Jon,,5000000000,,,\n"
        "12,=Kim,,,,,,surplus\n"
    )
    view = await taken(api, file, dry_run=True)
    assert wrong(view) == [
        (2, "badge_number", "This badge number is somebody else's"),
        (4, "badge_number", "Line 3 has the same badge number"),
        (5, "employee_id", "Line 3 has the same employee number"),
        (6, "employee_id", "The employee number is missing"),
        (7, "name", "This is missing"),
        (8, "email", "This is not an e-mail address"),
        (9, "card_number", "This is not a whole number"),
        (10, "hired_on", "Write the day as year-month-day, like 2026-03-31"),
        (11, "hired_on", "There is no day 2026-02-30"),
        (12, "active", "Write yes or no"),
        (13, "card_number", "A card number is between 0 and 4294967295"),
        (14, None, "This row has more cells than there are columns"),
    ]
    assert counts(await taken(api, file)) == (1, 0, 0, 12)
    answer = await api.client.post(f"{IMPORT}/wrong-rows", files={"file": ("people.csv", file.encode(), "text/csv")})
    assert answer.status_code == 200, answer.text
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["id", "name", "badge", "card", "email", "hired", "active", "Line", "Reason"]
    assert rows[1] == ["2", "Ann", "100", "", "", "", "", "2", "Badge number: This badge number is somebody else's"]
    assert (len(rows), rows[12][1]) == (13, "'=Kim")


async def test_badges_move_between_people_of_one_file(api: Api) -> None:
    for number, badge in (("1", "10"), ("2", "20"), ("3", "30")):
        await api.add_staff(number, badge_number=badge)
    # Two swap theirs; a third wants one that stays another's, because that other's row is wrong.
    file = "employee id,badge,email\n1,20,\n2,10,\n3,40,nonsense\n4,30,\n"
    view = await taken(api, file)
    assert counts(view) == (0, 2, 0, 2)
    assert [each[:2] for each in wrong(view)] == [(4, "email"), (5, "name")]
    found = await people(api)
    assert {number: each["badge_number"] for number, each in found.items()} == {"1": "20", "2": "10", "3": "30"}
    chain = "employee id,name,badge\n3,Cem,10\n2,Bob,20\n1,Ann,30\n"
    assert counts(await taken(api, chain)) == (0, 3, 0, 0)
    found = await people(api)
    assert {number: each["badge_number"] for number, each in found.items()} == {"1": "30", "2": "20", "3": "10"}
    refused = "employee id,name,badge\n2,Bob,10\n3,,\n"
    assert wrong(await taken(api, refused)) == []
    blocked = "employee id,badge,email\n3,99,nonsense\n4,10,\n1,10,\n"
    assert (await people(api))["2"]["badge_number"] == "10"
    assert [each[:2] for each in wrong(await taken(api, blocked))] == [
        (2, "email"), (3, "name"), (4, "badge_number"),
    ]  # fmt: skip


async def test_columns_may_be_named_by_hand(api: Api) -> None:
    file = "Wer,Vorname,Familie,Team\nA1,Ann,Lee,Ops\n"
    unknown = await taken(api, file, dry_run=True)
    assert (unknown["missing"], unknown["rows"], counts(unknown)) == (["employee_id"], 1, (0, 0, 0, 0))
    refused = await send(api, file)
    assert (refused.status_code, refused.json()["code"]) == (422, "column_missing")
    mapping = {"Wer": "employee_id", "Vorname": "first_name", "Familie": "last_name", "Team": None}
    assert counts(await taken(api, file, mapping=mapping)) == (1, 0, 0, 0)
    ann = (await people(api))["A1"]
    assert (ann["name"], ann["department"]) == ("Ann Lee", None)
    for bad, code in (
        ({"Wer": "salary"}, "unknown_field"),
        ({"Who": "name"}, "unknown_column"),
        ({"Wer": "name", "Team": "name"}, "column_twice"),
    ):
        answer = await send(api, file, mapping=bad)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (
        await api.client.post(IMPORT, files={"file": ("x", b"a", "text/csv")}, data={"mapping": "["})
    ).status_code == 422


async def test_files_that_cannot_be_read_say_so(api: Api) -> None:
    for content, code in (
        (b"", "file_empty"),
        (b"\r\n \r\n", "file_empty"),
        (b"PK\x03\x04rest", "file_is_workbook"),
        (b"id,name\n1,A\x00B\n", "file_not_text"),
        (b"id,name\n1,\x81\x8d\n", "file_encoding"),
        (b"id,name\n" + b"1,A\n" * 50_001, "too_many_rows"),
        (b"id,name\n" + b"x" * 10_000_000, "file_too_large"),
        (b'id,name\n1,"' + b"x" * 200_000 + b'"\n', "file_not_csv"),
    ):
        answer = await send(api, content, dry_run=True)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_old_letters_are_recognised_and_said(api: Api) -> None:
    view = await taken(api, "sep=;\r\nID;Name\r\n1;Zoë Müller\r\n".encode("cp1252"))
    assert (view["encoding"], "Windows-1252" in view["note"], view["columns"][1]["examples"]) == (
        "Windows-1252", True, ["Zoë Müller"],
    )  # fmt: skip
    assert counts(await taken(api, "\ufeffID\tName\n1\tZoë Müller\n")) == (0, 0, 1, 0)
    assert counts(await taken(api, "ID\tName\n1\tZoë Müller\n".encode("utf-16"))) == (0, 0, 1, 0)


async def test_who_sees_one_site_cannot_reach_beyond_it(api: Api, app: FastAPI, database: Database) -> None:
    north = await api.post("/api/sites", {"code": "N", "name": "North", "zone": "UTC"})
    south = await api.post("/api/sites", {"code": "S", "name": "South", "zone": "UTC"})
    await api.add_staff("1", name="Ann", site_id=north["id"])
    await api.add_staff("2", name="Bob", site_id=south["id"])
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as client:
        limited = Api(client)
        user_id = (await limited.get("/api/session"))["user"]["id"]
        async with database.transaction() as session:
            await session.execute(
                sa.text("UPDATE users SET sites = jsonb_build_array(CAST(:site AS text)) WHERE id = CAST(:id AS uuid)"),
                {"site": north["id"], "id": user_id},
            )
        file = "id,name,site\n1,Ann,S\n2,Robert,N\n3,Cem,S\n4,Dee,\n5,Eve,North\n"
        view = await taken(limited, file)
        assert counts(view) == (1, 0, 0, 4)
        assert [each[:2] for each in wrong(view)] == [(2, "site"), (3, "employee_id"), (4, "site"), (5, "site")]
        exported = await limited.client.get("/api/staff/export")
        rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
        assert [(row["Employee number"], row["Site"]) for row in rows] == [("1", "N"), ("5", "N")]
    found = await people(api)
    assert set(found) == {"1", "2", "5"}
    assert (found["1"]["site_id"], found["2"]["name"]) == (north["id"], "Bob")


async def test_importing_needs_both_permissions(api: Api, app: FastAPI) -> None:
    await api.post("/api/roles", {"title": "Entry", "permissions": ["staff:read", "staff:create"]})
    async with client_of(app, **page_headers(await sign_in(app, "viewer"))) as client:
        user_id = (await client.get("/api/session")).json()["user"]["id"]
        for role, template in (("viewer", 403), ("entry", 200)):
            await api.put(f"/api/users/{user_id}", {"roles": [role]})
            for path in (IMPORT, f"{IMPORT}/wrong-rows"):
                answer = await client.post(path, files={"file": ("x.csv", b"id,name\n1,A\n", "text/csv")})
                assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
            assert (await client.get(f"{IMPORT}/template")).status_code == template
            assert (await client.get("/api/staff/export")).status_code == 403


async def test_punches_that_came_before_their_people(api: Api, bridge: Bridge) -> None:
    await api.add_device("A1")
    await bridge.punches(punch("11", "2026-03-02 08:00:00"), serial="A1")
    assert counts(await taken(api, "id,name\n11,Ann\n")) == (1, 0, 0, 0)
    ann = (await people(api))["11"]
    assert (await api.get("/api/attendance/logs"))["items"][0]["staff_id"] == ann["id"]


async def test_fifty_thousand_people(api: Api, database: Database) -> None:
    lines = (f"{n},Person {n},B{n},p{n}@example.test,Dept {n % 40},2026-01-01" for n in range(50_000))
    file = "id,name,badge,email,department,hired\n" + "\n".join(lines) + "\n"
    sent: list[str] = []
    engine = api.client._transport.app.state.database.engine.sync_engine  # type: ignore[attr-defined]
    sa.event.listen(engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    began = time.monotonic()
    assert counts(await taken(api, file)) == (50_000, 0, 0, 0)
    first = time.monotonic() - began
    # 25 batches: read, write, tell the trail; and a few around them.
    assert len(sent) < 25 * 5 + 30
    began = time.monotonic()
    assert counts(await taken(api, file)) == (0, 0, 50_000, 0)
    again = time.monotonic() - began
    assert max(first, again) < 60, (first, again)  # a few seconds on an idle core
    async with database.transaction() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM audit_log WHERE action = 'staff.create'")) == 50_000


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    table = read_table(b'id,notes\n1,"a\nb"\n\n2,c\n')
    assert [(row.line, row.cells[0]) for row in table.rows] == [(2, "1"), (5, "2")]
    assert [row.line for row in read_table(b"sep=,\nid\n1\n").rows] == [3]


def test_headers_are_recognised_once() -> None:
    assert match_headers(["Badge No.", "badge", "E-Mail", "First Name", "Surname", "?"]) == [
        "badge_number", None, "email", "first_name", "last_name", None,
    ]  # fmt: skip
    assert match_headers(["Badge", "Badge"], {"Badge": "badge_number"}) == ["badge_number", None]
    with pytest.raises(Invalid):
        match_headers(["a"], {"b": "name"})


@pytest.mark.parametrize("text", ["=1+1", "@x", "-a", "+49 170", "plain", "", "\tx"])
def test_cells_come_back_as_they_were(text: str) -> None:
    assert cell_in(cell_out(text)) == text


def test_days_that_can_be_read_in_two_ways_are_refused() -> None:
    assert str(day_in(" 2026/3/1 ")) == "2026-03-01"
    for text in ("01/02/2026", "20260301", "tomorrow", "32.1.2026"):
        with pytest.raises(Refused):
            day_in(text)
